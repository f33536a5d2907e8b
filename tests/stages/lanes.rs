//! How items are cut into lanes that are too many to be counted.

use rowscore_tests::Server;
use rstest::rstest;

use super::cutting::cut;
use super::stages::{Ground, on_every_server};
use crate::store::counts::{self, Extent};
use crate::store::ids::Ids;
use crate::store::key::Key;
use crate::store::lanes::Source;
use crate::store::selection::Selection;
use crate::window::Window;

/// Of the rows of a table with such a key, 900 of which `insert` adds, how many each of four lanes has.
async fn shares(server: Server, (columns, key, insert, last): (&str, &str, &str, &str)) -> Vec<u64> {
    let ddl = format!(
        "CREATE TABLE `things` ({columns}, `values` JSON, `prediction` JSON, `created_datetime` DATETIME, PRIMARY KEY ({key}))"
    );
    let settings = [("ITEMS_TABLE", "things"), ("ID_COLUMN", key), ("WORKERS", "2"), ("LANES", "2")];
    let ground = Ground::over(server, &ddl, &settings).await;
    let numbers = "WITH RECURSIVE m AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM m WHERE n < 900)";
    ground.execute(&format!("INSERT INTO `things` ({key}) {numbers} SELECT {insert} FROM m")).await;
    ground.execute("ANALYZE TABLE `things`").await;
    let mut conn = ground.database.connect().await.unwrap();
    ground.database.look_at_table(&mut conn).await.unwrap();
    let means = ground.hop().means;
    let wanted = means.wanted(Selection::Whole(Window::everything_before("2024-03-05T10:00:00Z".parse().unwrap())));
    let extent = Extent { ids: Ids { after: Key::Start, upto: Key::text(last) }, items: None };

    let lanes = cut(&mut conn, wanted, &[(Source::Items, extent)], means.work).await.unwrap();

    let mut shares = Vec::new();
    for lane in &lanes {
        shares.push(counts::count(&mut conn, wanted, &lane.ids).await.unwrap().unwrap());
    }
    shares
}

on_every_server! {
    async fn they_share_the_rows_whatever_the_key_is(server) {
        let pair = ("`tenant` INT, `name` VARCHAR(20)", "tenant,name", "n % 7, CONCAT('Order No. ', n)", "6,Z");
        let named = ("`name` VARCHAR(20)", "name", "CONCAT('Order No. ', n)", "P");
        let digits = ("`id` BINARY(16)", "id", "LEFT(UNHEX(SHA2(n, 256)), 16)", "ffffffffffffffffffffffffffffffff");
        let uuid = ("`id` UUID", "id", "UUID()", "ffffffff-ffff-ffff-ffff-ffffffffffff");
        for kind in [pair, named, digits, uuid] {
            if server == Server::Mysql && kind == uuid {
                continue;
            }
            let shares = shares(server, kind).await;
            assert_eq!(shares.iter().sum::<u64>(), 900, "{kind:?}: {shares:?}");
            assert!(shares.len() == 4 && shares.iter().all(|share| (130..=330).contains(share)), "{kind:?}: {shares:?}");
        }
    }
}
