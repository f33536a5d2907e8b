//! The sample scores the samples of `init`, and nobody's rows by accident; a job has the model that it expects.

use std::collections::BTreeMap;

use rstest::rstest;

use super::{CREATED, done, failed};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::readings::{insert_samples, readings};
use crate::support::stored::Stored;
use crate::support::{Server, Setup, TestDb, model};

const INIT: [&str; 5] = ["init", "--rows", "20", "--until", "2024-03-05T10:00:00Z"];

/// The variables of somebody who has not heard of `SAMPLE_MODEL`, and more.
fn of(setup: &Setup, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut variables = setup.variables().clone();
    variables.remove("SAMPLE_MODEL");
    variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    variables
}

async fn predicted(db: &TestDb) -> u64 {
    db.count("`items` WHERE `prediction` IS NOT NULL").await
}

#[rstest]
#[tokio::test]
async fn the_sample_scores_the_samples_until_a_row_is_another_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    let variables = of(&scorer, &[]);
    done(&INIT, &of(&owner, &[])).await;
    done(&["run"], &variables).await;
    assert_eq!(predicted(&owner).await, 20);

    for (before, after) in [
        // A row behind the samples, one before them, one of them that was changed, and one that is gone.
        ("INSERT INTO `items` (`values`) VALUES ('[5.1, 3.5, 1.4, 0.2]')", "DELETE FROM `items` WHERE `id` > 20"),
        (
            "INSERT INTO `items` (`id`, `values`) VALUES (-1, '[5.1, 3.5, 1.4, 0.2]')",
            "DELETE FROM `items` WHERE `id` < 0",
        ),
        (
            "CREATE TABLE `kept` AS SELECT * FROM `items`; UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 9.9]' WHERE `id` = 20",
            "UPDATE `items` i JOIN `kept` k USING (`id`) SET i.`values` = k.`values`",
        ),
        ("DELETE FROM `items` WHERE `id` = 1", "INSERT INTO `items` SELECT * FROM `kept` WHERE `id` = 1"),
    ] {
        owner.execute(before).await;
        owner.execute("UPDATE `items` SET `prediction` = NULL").await;
        let told = failed(&["run", "--sweep"], &variables).await;
        assert!(told.contains("the model `iris` (") && told.contains("is a sample, which scores"), "{told}");
        assert!(told.contains("rowscore model push FILE") && told.contains("SAMPLE_MODEL=allow"), "{told}");
        owner.assert_refused("is a sample, which scores").await;
        assert_eq!(predicted(&owner).await, 0, "{before}");
        owner.execute(after).await;
        done(&["run", "--sweep"], &variables).await;
        assert_eq!(predicted(&owner).await, 20, "{after}");
    }
    // The same ids, and rows of the user's own.
    owner.execute("TRUNCATE TABLE `items`").await;
    owner.fill(1..=20, CREATED).await;
    for refused in [&["run"][..], &["plan"], &["run", "--canary"], &["run", "--backfill"]] {
        let told = failed(refused, &variables).await;
        assert!(told.contains("is a sample, which scores"), "{refused:?}: {told}");
    }
    assert_eq!(predicted(&owner).await, 0);
    done(&["run", "--sweep"], &of(&scorer, &[("SAMPLE_MODEL", "allow")])).await;
    assert_eq!(predicted(&owner).await, 20);
}

#[rstest]
#[tokio::test]
async fn the_sample_scores_no_table_of_a_users_own_and_another_model_scores_all(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = readings(server, &[]).await;
    insert_samples(&own.owner, 2).await;
    let init = rowscore(&["init"], &of(&own.owner, &[])).await;
    assert!(init.stderr.contains("Mind the model: the model `iris`"), "{init:?}");
    let variables = of(&own.scorer, &[]);
    let told = failed(&["run"], &variables).await;
    assert!(told.contains("is a sample, which scores"), "{told}");
    assert_eq!(own.owner.opened().await, 0);

    own.owner.use_model(other()).await;
    let init = rowscore(&["init"], &of(&own.owner, &[])).await;
    assert!(init.status.success() && !init.stderr.contains("Mind the model"), "{init:?}");
    done(&["run"], &variables).await;
    assert_eq!(own.owner.count("`Readings` WHERE `scores` IS NOT NULL").await, 2);
}

#[rstest]
#[tokio::test]
async fn samples_of_another_model_are_none_of_the_samples(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, .. } = Stored::new(server, &[]).await;
    let variables = of(&owner, &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.json");
    std::fs::write(&file, other().artifact().to_json()).unwrap();
    done(&[&INIT[..], &["--model", file.to_str().unwrap()]].concat(), &variables).await;

    assert!(failed(&["run"], &variables).await.contains("is a sample, which scores"));
    done(&["run", "--model", file.to_str().unwrap()], &variables).await;
    assert_eq!(predicted(&owner).await, 20);
}

#[rstest]
#[tokio::test]
async fn a_job_that_expects_a_model_by_name_is_scored_by_no_other(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.fill([1, 2], CREATED).await;
    owner.push(other()).await;
    let (name, version) = (other().name(), other().version().to_string());
    assert_ne!(name, model().name());
    let pinned = |name| of(&scorer, &[("MODEL_NAME", name), ("SAMPLE_MODEL", "allow")]);

    let told = failed(&["run"], &pinned(name)).await;
    let both = format!("the model is `iris` ({}), and MODEL_NAME is `{name}`", model().version());
    assert!(told.contains(&both) && told.contains("rowscore model use default VERSION"), "{told}");
    owner.assert_refused(&both).await;
    let use_it = ["model", "use", "default", version.as_str()];
    let told = failed(&use_it, &of(&owner, &[("MODEL_NAME", "iris")])).await;
    assert!(told.contains(&format!("the model is `{name}` ({version}), and MODEL_NAME is `iris`")), "{told}");

    done(&use_it, &of(&owner, &[("MODEL_NAME", name)])).await;
    done(&["run"], &pinned(name)).await;
    assert_eq!(predicted(&owner).await, 2);
}
