//! Tables that are altered while a process is warm: it looks again before the next run.

use rstest::rstest;

use crate::api::Service;
use crate::support::items::sample;
use crate::support::readings::{Own, insert, insert_samples, numbers, own, readings, sampled};
use crate::support::{Server, at, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

#[rstest]
#[tokio::test]
async fn a_column_that_the_server_renews_keeps_its_values_also_where_it_came_between_two_runs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert_samples(&owner, 3).await;
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 3);
    let added = "`moved` TIMESTAMP NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP";
    owner.execute(&format!("ALTER TABLE `Readings` ADD COLUMN {added}")).await;
    insert(&owner, &[(4, numbers(sampled(4)))]).await;
    owner
        .execute("UPDATE `Readings` SET `arrived` = '2024-03-05 10:30:00', `moved` = `moved` WHERE `Reading No` = 4")
        .await;

    for _ in 0..2 {
        let told = scorer.try_hop(&tick(LATER), unhurried(at(LATER))).await.unwrap_err().to_string();
        assert!(told.contains("command denied") && told.contains("`rowscore init --grant`"), "{told}");
    }
    owner.migrate().await;

    assert_eq!(scorer.tick(LATER).await.counts.predicted, 1);
    assert_eq!(owner.count("`Readings` WHERE `moved` = '2020-01-01'").await, 4);
}

#[rstest]
#[tokio::test]
async fn a_key_is_found_by_its_new_name(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let ddl = "CREATE TABLE `things` (`own` INT AUTO_INCREMENT PRIMARY KEY, `code` BIGINT NOT NULL, `values` JSON NOT NULL, \
               `prediction` JSON, `created_datetime` DATETIME NOT NULL, UNIQUE KEY `codes` (`code`))";
    let Own { owner, scorer } =
        own(server, ddl, &[("ITEMS_TABLE", "things"), ("ID_COLUMN", "code"), ("PAGE_SIZE", "10"), ("LANES", "1")])
            .await;
    let insert = async |codes: std::ops::RangeInclusive<i64>, created: &str| {
        for code in codes {
            let values = sample(code);
            owner
                .execute(&format!(
                    "INSERT INTO `things` (`code`, `values`, `created_datetime`) VALUES ({code}, '{values}', '{created}')"
                ))
                .await;
        }
    };
    insert(1..=20, "2024-03-05 09:30:00").await;
    let service = Service::of(&owner).await;
    let listed = async || service.follow("/data/all?limit=50").await.0.len();
    assert_eq!(listed().await, 20);
    let first = scorer.hurried_tick(TICK).await;
    owner.execute("ALTER TABLE `things` RENAME KEY `codes` TO `by_code`").await;

    // Its continuation, the next run, and whoever reads.
    assert_eq!(scorer.follow(first, at(TICK)).await.last().unwrap().counts.predicted, 20);
    owner.execute("ALTER TABLE `things` RENAME KEY `by_code` TO `again`").await;
    insert(21..=22, "2024-03-05 10:30:00").await;
    assert_eq!(scorer.tick(LATER).await.counts.predicted, 2);
    assert_eq!(listed().await, 22);
}
