//! Score tables of tables of which the key is not one whole number: every way to a score, by every kind of key.

use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::run::{Mode, RunKind};
use rowscore::store::notation;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::Service;
use crate::keys::{BINARY, CASELESS, CHAR, DAYS, Kind, LATIN_PAIR, NEGATIVE, NUMBERS, UNSIGNED, UUID, insert, values};
use crate::support::backfills::backfill;
use crate::support::items::{sample, score, score_by};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::readings::{Own, own};
use crate::support::{Server, Setup, at, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// A table with this key and nothing to write to, with the rows of the numbers from 1 to 300, and a score table.
async fn scored(server: Server, kind: Kind, keeps: &str) -> Own {
    let ddl = format!(
        "CREATE TABLE `things` ({}, `n` BIGINT NOT NULL, `values` JSON NOT NULL, `created_datetime` DATETIME NOT NULL) \
         ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        kind.columns
    );
    let settings = [
        ("ITEMS_TABLE", "things"),
        ("ID_COLUMN", kind.named),
        ("SCORE_TABLE", "thing scores"),
        ("SCORES", keeps),
        ("PAGE_SIZE", "50"),
        ("LANES", "2"),
    ];
    let own = own(server, &ddl, &settings).await;
    insert(&own.owner, kind, 1..=300).await;
    own
}

/// The columns of a kind's key, as those of an alias.
fn same(kind: Kind) -> String {
    let names = kind.named.split(',').map(|name| format!("s.`{0}` = i.`{0}`", name.trim()));
    names.collect::<Vec<_>>().join(" AND ")
}

/// Numbers of the rows whose current score is that of their values by the embedded model, or by the other one.
async fn current(db: &Setup, kind: Kind) -> (Vec<u64>, Vec<u64>) {
    let sql = format!(
        "SELECT i.`n`, CAST(s.`prediction` AS CHAR), s.`run_id` FROM `things` i JOIN `thing scores` s ON {} \
         ORDER BY i.`n`, s.`run_id`",
        same(kind)
    );
    let mut rows: Vec<(u64, String, u64)> = db.rows(&sql).await;
    // Of a history, the last of each.
    rows.reverse();
    rows.dedup_by_key(|(n, ..)| *n);
    rows.reverse();
    let is_by = |text: &str, right: Vec<f64>| serde_json::from_str::<Vec<f64>>(text).unwrap() == right;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (n, text, _) in rows {
        match &*values(n) {
            // They were mended.
            "[]" => {
                assert!(is_by(&text, score(&sample(n as i64))) || is_by(&text, score_by(other(), &sample(n as i64))))
            }
            values if is_by(&text, score(values)) => ours.push(n),
            values if is_by(&text, score_by(other(), values)) => theirs.push(n),
            _ => panic!("row {n}: {text}"),
        }
    }
    (ours, theirs)
}

/// Rows whose values can be scored from the beginning.
fn good(upto: u64) -> Vec<u64> {
    (1..=upto).filter(|n| values(*n) != "[]").collect()
}

/// A key in an answer's JSON, in its notation.
fn key(id: &Value) -> String {
    let text = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    let parts: Vec<String> = id.as_array().map_or_else(|| vec![text(id)], |parts| parts.iter().map(text).collect());
    notation::joined(&parts)
}

/// The same as it stands in a path.
fn path(id: &Value) -> String {
    key(id).bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn a_run_says_what_its_scores_are(db: &Setup) {
    let unequal = "(SELECT r.`id` FROM `batch_runs` r LEFT JOIN `thing scores` s ON s.`run_id` = r.`id` \
                   WHERE r.`mode` = 'write' AND r.`id` = (SELECT MAX(`id`) FROM `batch_runs`) \
                   GROUP BY r.`id`, r.`predicted` HAVING COUNT(s.`run_id`) <> r.`predicted`) unequal";
    assert_eq!(db.count(unequal).await, 0);
}

async fn goes_all_ways(server: Server, kind: Kind, keeps: &str) {
    let Own { owner, scorer } = scored(server, kind, keeps).await;
    let grants: Vec<String> = owner.rows(&format!("SHOW GRANTS FOR `{}`", scorer.config.mysql.user)).await;
    let of_source: Vec<&String> = grants.iter().filter(|grant| grant.contains("`things`")).collect();
    assert!(of_source.len() == 1 && of_source[0].starts_with("GRANT SELECT ("), "{grants:#?}");

    // A window in many hops, with bad rows; what is mended is tried again, what is released, too.
    let answers = scorer.follow(scorer.hurried_tick(TICK).await, at(TICK)).await;
    let last = answers.last().unwrap();
    assert_eq!((last.outcome, last.counts.predicted, last.counts.failed), (Outcome::Finished, 297, 3), "{last:?}");
    assert_eq!(current(&owner, kind).await, (good(300), vec![]));
    a_run_says_what_its_scores_are(&owner).await;
    let mend = |n: i64| format!("UPDATE `things` SET `values` = '{}' WHERE `n` = {n}", sample(n));
    owner.execute(&mend(107)).await;
    insert(&owner, kind, 301..=320).await;
    owner.execute("UPDATE `things` SET `created_datetime` = '2024-03-05 10:30:00' WHERE `n` > 300").await;
    let second = scorer.tick(LATER).await;
    assert_eq!((second.counts.predicted, second.counts.failed), (20, 3), "{second:?}");
    let listed = rowscore(&["failures", "--json"], scorer.variables()).await;
    let listed: Vec<Value> = listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed.len(), 3, "{listed:?}");
    let sweep = Trigger::Open(Request::by_hand(RunKind::Sweep));
    let third = scorer.hop(&sweep, unhurried(at(LATER))).await;
    assert_eq!((third.counts.predicted, third.counts.failed), (0, 3), "{third:?}");
    let key = key(&listed[0]["item_id"]);
    let released = rowscore(&["release", "--json", "--", &key], scorer.variables()).await;
    assert_eq!(serde_json::from_str::<Value>(&released.stdout).unwrap(), json!({"released": 1}), "{released:?}");
    let released = owner.count("`item_failures` WHERE `attempts` = 0").await;
    assert_eq!(released, 1);

    // A backfill by another model, and what the API and the commands say of all that.
    let dry = scorer.hop_by(other(), &backfill(Mode::DryRun), unhurried(at(LATER))).await;
    let filled = scorer.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
    for answer in [&dry, &filled] {
        assert_eq!(answer.backfill.as_ref().unwrap().compared, 317, "{answer:?}");
    }
    assert_eq!((filled.counts.predicted, filled.counts.pending), (317, 0), "{filled:?}");
    assert_eq!(current(&owner, kind).await, (vec![], good(320)));
    a_run_says_what_its_scores_are(&owner).await;
    let kept = if keeps == "history" { 2 } else { 1 };
    assert_eq!(owner.count("`thing scores`").await, 317 * kept);
    let service = Service::of(&owner).await;
    let (all, _) = service.follow("/data/all?limit=50").await;
    let (predicted, _) = service.follow("/data/predicted?limit=50").await;
    let (pending, _) = service.follow("/data/unpredicted?limit=50").await;
    assert_eq!((all.len(), predicted.len(), pending.len()), (320, 317, 3));
    let mut ids: Vec<String> = all.iter().map(|item| item["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 320);
    for item in [&predicted[0], &predicted[316]] {
        let again = service.get(&format!("/data/{}", path(&item["id"]))).await;
        assert_eq!(again["prediction"], item["prediction"]);
        assert_eq!(again["run_id"], json!(filled.run_id));
        assert!(service.text(&format!("/items/{}", path(&item["id"]))).await.contains("run"));
    }
    let failure = service.get(&format!("/data/{}", path(&pending[0]["id"]))).await;
    assert_eq!(failure["failure"]["item_id"], pending[0]["id"]);
}

#[rstest]
#[tokio::test]
async fn a_score_table_knows_items_by_any_key(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
    #[values(BINARY, CHAR, CASELESS, NUMBERS, DAYS, UNSIGNED)] kind: Kind,
) {
    goes_all_ways(server, kind, keeps).await;
}

#[rstest]
#[tokio::test]
async fn a_score_table_knows_items_by_mariadb_s_uuids(
    #[values(Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
) {
    goes_all_ways(server, UUID, keeps).await;
}

/// One item has lost its score, and one score its item: there are as many of both. Each stays what it is, and the run says
/// that one is left.
async fn says_what_is_left(server: Server, kind: Kind) {
    let Own { owner, scorer } = scored(server, kind, "latest").await;
    for n in (1..=300).filter(|n| values(*n) == "[]") {
        owner.execute(&format!("UPDATE `things` SET `values` = '{}' WHERE `n` = {n}", sample(n as i64))).await;
    }
    let first = scorer.hurried_tick(TICK).await;
    let both = format!("`things` i JOIN `thing scores` s ON {}", same(kind));
    let scored: Vec<u64> = owner.rows(&format!("SELECT i.`n` FROM {both} ORDER BY i.`n`")).await;
    assert_eq!((first.outcome, scored.len()), (Outcome::Continued, 100), "{first:?}");
    owner.execute(&format!("DELETE s FROM {both} WHERE i.`n` = {}", scored[0])).await;
    owner.execute(&format!("DELETE FROM `things` WHERE `n` = {}", scored[1])).await;

    let answers = scorer.follow(first, at(TICK)).await;

    let last = answers.last().unwrap();
    assert_eq!((last.outcome, last.counts.predicted, last.counts.pending), (Outcome::Finished, 300, 1), "{last:?}");
    let sweep = Trigger::Open(Request::by_hand(RunKind::Sweep));
    let swept = scorer.hop(&sweep, unhurried(at(LATER))).await;
    assert_eq!((swept.counts.predicted, swept.counts.pending), (1, 0), "{swept:?}");
}

#[rstest]
#[tokio::test]
async fn an_item_whose_score_went_is_left_also_where_a_score_is_too_many(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, LATIN_PAIR, CASELESS, NUMBERS, DAYS, UNSIGNED, NEGATIVE)] kind: Kind,
) {
    says_what_is_left(server, kind).await;
}

#[rstest]
#[tokio::test]
async fn a_score_table_whose_key_is_another_one_is_refused_with_what_makes_it_the_same(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(
        ("INT", "BIGINT"),
        ("BIGINT", "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"),
        ("VARCHAR(20) CHARACTER SET latin1", "VARCHAR(20) CHARACTER SET utf8mb4"),
        ("VARCHAR(20) COLLATE utf8mb4_bin", "VARCHAR(20) COLLATE utf8mb4_general_ci"),
        ("DATETIME", "DATETIME(6)")
    )]
    (before, after): (&str, &str),
) {
    let ddl = format!(
        "CREATE TABLE `things` (`id` {before} NOT NULL PRIMARY KEY, `values` JSON NOT NULL, \
         `created_datetime` DATETIME NOT NULL) DEFAULT CHARACTER SET utf8mb4"
    );
    let settings = [("ITEMS_TABLE", "things"), ("SCORE_TABLE", "thing scores")];
    let Own { owner, scorer } = own(server, &ddl, &settings).await;
    let insert = async |n: u32, created: &str| {
        let key = if before == "DATETIME" { format!("2024-01-01 00:00:0{n}") } else { n.to_string() };
        let values = sample(n.into());
        owner.execute(&format!("INSERT INTO `things` VALUES ('{key}', '{values}', '{created}')")).await;
    };
    insert(1, "2024-03-05 09:30:00").await;
    insert(2, "2024-03-05 09:30:00").await;
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    owner.execute(&format!("ALTER TABLE `things` MODIFY `id` {after} NOT NULL")).await;
    insert(3, "2024-03-05 10:30:00").await;

    // The same process notices, and so does `init`.
    let told = scorer.try_hop(&tick(LATER), unhurried(at(LATER))).await.unwrap_err().to_string();
    let init = rowscore(&["init"], owner.variables()).await;

    let said = "in SCORE_TABLE `thing scores`, where its scores are looked up by it: ";
    assert!(told.contains("ID_COLUMN `id` is ") && told.contains(said), "{told}");
    assert!(init.status.code() == Some(1) && init.stderr.contains(said), "{init:?}");
    let alter = told.split_once(said).and_then(|(_, rest)| rest.split_once(" makes it the same")).unwrap().0;
    owner.execute(alter).await;
    assert_eq!(scorer.tick(LATER).await.counts.predicted, 1);
    assert_eq!(owner.count("`thing scores`").await, 3);
}
