//! What `rowscore apply` refuses: the dry run says so, too, and nothing is made for any other job of the file.

use rstest::rstest;

use super::{Plant, job};
use crate::support::Server;

/// Tables with their columns and keys, each as `table.name`.
async fn parts(plant: &Plant) -> Vec<String> {
    let named = |name: &str, from: &str| {
        format!(
            "SELECT CAST(CONCAT_WS('.', `table_name`, {name}) AS CHAR) AS `part` FROM `information_schema`.{from} \
             WHERE `table_schema` = DATABASE()"
        )
    };
    let (columns, keys) = (named("`column_name`", "`columns`"), named("`index_name`", "`statistics`"));
    plant.owner.rows(&format!("{columns} UNION ALL {keys} ORDER BY `part`")).await
}

/// With `people`, which lacks what rowscore adds, and some `places`.
async fn plant(server: Server) -> Plant {
    let plant = Plant::new(server, &[("people", 1), ("places", 1)], &[]).await;
    plant.owner.execute("ALTER TABLE `people` DROP COLUMN `run_id`, DROP KEY `items_window`").await;
    plant
}

/// Asserts that a file that begins with a good job over `people` is refused with these sentences, and makes nothing.
async fn assert_refused(plant: &Plant, others: &str, said: &[&str]) {
    let (before, text) = (parts(plant).await, job("good", "people", "") + others);
    for options in [["--dry-run"], ["--yes"]] {
        let applied = plant.apply(&text, &options).await;
        assert_eq!(applied.status.code(), Some(1), "{options:?}: {applied:?}");
        for said in said {
            assert!(applied.stderr.contains(said), "{options:?}: {said} in {applied:?}");
        }
        assert_eq!(parts(plant).await, before, "{options:?}");
    }
    assert_eq!(plant.owner.count("`batch_jobs` WHERE `name` = 'good'").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_score_table_by_the_name_of_somebody_elses_table(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let plant = plant(server).await;
    plant.owner.execute("CREATE TABLE `customers` (`id` BIGINT PRIMARY KEY, `name` VARCHAR(20))").await;
    let said = "job `scored`, table `places`: score_table names `customers`, which is no score table: it has no column \
                `run_id`, `model_version`, `predicted_at`; accepted: a new name";
    assert_refused(&plant, &job("scored", "places", "score_table = \"customers\""), &[said]).await;
}

#[rstest]
#[tokio::test]
async fn a_score_table_of_the_latest_that_is_to_be_a_history(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let plant = plant(server).await;
    plant.described(&job("scored", "places", "score_table = \"scores\"")).await;
    let history = "score_table = \"scores\"\nscores = \"history\"";
    let said = "job `scored`, table `places`: the primary key of score_table `scores` is (id); scores=history needs (id, \
                model_version): set scores to the other, or score_table to a new name";
    assert_refused(&plant, &job("scored", "places", history), &[said]).await;
}

#[rstest]
#[tokio::test]
async fn a_column_run_id_that_means_something_else(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let plant = plant(server).await;
    plant.owner.execute("ALTER TABLE `places` MODIFY `run_id` BIGINT NULL COMMENT 'of the pump'").await;
    let said = "job `own`, table `places`: the table has a column `run_id` that rowscore did not make and would overwrite: \
                set run_column to another name, to none, or to `run_id` if it is meant";
    assert_refused(&plant, &job("own", "places", ""), &[said]).await;
    plant.described(&job("own", "places", "run_column = \"run_id\"")).await;
}

#[rstest]
#[tokio::test]
async fn a_truth_that_is_no_column_of_the_table_the_view_or_the_query(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let plant = plant(server).await;
    plant.owner.execute("CREATE VIEW `seen` AS SELECT * FROM `places`").await;
    let of_view = "source_kind = \"view\"\nscore_table = \"s1\"\ntruth = \"churnd\"";
    let of_query = "source_query = \"SELECT * FROM `places`\"\nscore_table = \"s2\"\ntruth = \"churnd\"";
    let others = job("a", "places", "truth = \"churnd\"") + &job("b", "seen", of_view) + &job("c", "asked", of_query);
    let said = [("a", "places"), ("b", "seen"), ("c", "asked")].map(|(job, table)| {
        format!("job `{job}`, table `{table}`: truth names `churnd`, which is no column of the table")
    });
    assert_refused(&plant, &others, &[&said[0], &said[1], &said[2]]).await;

    plant
        .owner
        .execute("ALTER TABLE `places` ADD COLUMN `churnd` INT; ALTER VIEW `seen` AS SELECT * FROM `places`")
        .await;
    plant.described(&others).await;
}

#[rstest]
#[tokio::test]
async fn what_is_only_missing_is_made_and_is_nothing_to_refuse(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let plant = plant(server).await;
    plant.described(&job("scored", "places", "score_table = \"scores\"")).await;
    let more = job("scored", "places", "score_table = \"scores\"\nlabel_column = \"label\"")
        + &job("named", "people", "run_column = \"scored_by\"");
    let dry = plant.apply(&more, &["--dry-run"]).await;
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");

    plant.described(&more).await;

    let parts = parts(&plant).await;
    for part in ["scores.label", "people.scored_by", "people.items_window"] {
        assert!(parts.iter().any(|found| found == part), "{part} in {parts:?}");
    }
}

#[rstest]
#[case("--grant", "nobody", "make it with CREATE USER first")]
#[case("--grant-reader", "nobody", "make it with CREATE USER first")]
#[case("--grant", "{login}@10.0.0.1", "the name is known at %: say ")]
#[tokio::test]
async fn a_login_that_is_not_there(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[case] option: &str,
    #[case] login: &str,
    #[case] advice: &str,
) {
    let plant = plant(server).await;
    let before = parts(&plant).await;
    let login = login.replace("{login}", &plant.owner.config.mysql.database);

    let applied = plant.apply(&job("good", "people", ""), &["--yes", option, &login]).await;

    assert_eq!(applied.status.code(), Some(1), "{applied:?}");
    let name = login.split('@').next().unwrap();
    assert!(applied.stderr.contains(&format!("there is no login `{name}`@`")), "{applied:?}");
    assert!(applied.stderr.contains(advice), "{applied:?}");
    assert_eq!(parts(&plant).await, before);
}
