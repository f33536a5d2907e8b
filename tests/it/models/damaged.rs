//! A stored model that cannot be used: nothing is scored, and the run's row says why.

use rowscore::event::Trigger;
use rowscore::hop::Clock;
use rowscore::model::{Artifact, Digest, Model};
use rowscore::store::models::Pushed;
use rstest::rstest;

use super::{CREATED, FIRST, SECOND, written};
use crate::support::models::other;
use crate::support::stored::Stored;
use crate::support::{Server, at, continued, tick, unhurried};

/// Ways to damage it, with what is said of each.
const DAMAGE: [(&str, &str); 4] = [
    ("DELETE FROM `batch_model_parts`", "0 of its 1 parts are there"),
    ("UPDATE `batch_model_parts` SET `content` = CONCAT('x', `content`)", "it cannot be unpacked: "),
    ("UPDATE `batch_models` SET `bytes` = `bytes` - 1", "it cannot be unpacked: "),
    ("DELETE FROM `batch_models`", "the database does not have it"),
];

#[rstest]
#[tokio::test]
async fn a_damaged_model_fails_the_hop_with_a_reason_in_sql_until_it_is_stored_again(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.fill([1], CREATED).await;
    owner.use_model(other()).await;
    for (sql, told) in DAMAGE {
        owner.execute(sql).await;
        let error = scorer.try_hop(&tick(FIRST), unhurried(at(FIRST))).await.unwrap_err().to_string();
        let version = other().version();
        assert!(error.starts_with(&format!("the stored model {version} cannot be used: {told}")), "{error}");
        assert!(error.contains("rowscore model push FILE") && error.contains("rowscore model rollback"), "{error}");
        owner.assert_refused(&error).await;
        let noted: String = owner.value("SELECT `model_version` FROM `batch_runs` ORDER BY `id` DESC LIMIT 1").await;
        assert_eq!(noted, version.to_string());
        assert_eq!(written(&owner).await, []);
        // Who asks how things stand is answered all the same.
        scorer.hop(&Trigger::Status(None), unhurried(at(FIRST))).await;
        let expected = if sql.starts_with("DELETE FROM `batch_models`") { Pushed::Anew } else { Pushed::Mended };
        assert_eq!(owner.push(other()).await, expected);
    }
    assert_eq!(owner.push(other()).await, Pushed::Before);
    scorer.tick(SECOND).await;
    assert_eq!(written(&owner).await, [(other().version().to_string(), 1)]);
}

#[rstest]
#[tokio::test]
async fn a_run_under_way_says_that_its_model_cannot_be_used_and_goes_on_when_it_can(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    owner.fill(1..=30, CREATED).await;
    scorer.hop(&tick(FIRST), Clock::immediately(at(FIRST))).await;
    owner.use_model(other()).await;
    owner.execute("DELETE FROM `batch_model_parts`").await;

    let message = continued(1, 0, 2);
    let error = scorer.try_hop(&message, Clock::immediately(at(FIRST))).await.unwrap_err().to_string();
    let noted: (String, String) =
        owner.rows("SELECT `state`, `last_error` FROM `batch_runs` WHERE `id` = 1").await.remove(0);
    assert_eq!(noted, ("running".to_owned(), error));

    assert_eq!(owner.push(other()).await, Pushed::Mended);
    let answer = scorer.hop(&message, Clock::immediately(at(FIRST))).await;
    scorer.follow(answer, at(FIRST)).await;
    assert_eq!(owner.predicted_by(other()).await, Vec::from_iter(11..=30));
}

#[rstest]
#[tokio::test]
async fn a_model_of_several_parts_is_stored_whole(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.fill([1], CREATED).await;
    let mut content = other().artifact().content.clone();
    // Two and a half megabytes, which hexadecimal digits compress to about the half.
    content.label = (0_u32..40_000).map(|number| Digest::of(&number.to_le_bytes()).to_string()).collect();
    let large = Model::new(Artifact::seal(content)).unwrap();
    owner.use_model(&large).await;
    assert_eq!(owner.value::<u64>("SELECT `parts` FROM `batch_models`").await, 2);
    assert_eq!(owner.value::<u64>("SELECT MAX(LENGTH(`content`)) FROM `batch_model_parts`").await, 1_000_000);

    // The other way round.
    owner.execute("UPDATE `batch_model_parts` SET `part` = 2 WHERE `part` = 0").await;
    let error = scorer.try_hop(&tick(FIRST), unhurried(at(FIRST))).await.unwrap_err().to_string();
    assert!(error.contains("it cannot be unpacked"), "{error}");
    owner.execute("DELETE FROM `batch_model_parts` WHERE `part` = 2").await;
    let error = scorer.try_hop(&tick(FIRST), unhurried(at(FIRST))).await.unwrap_err().to_string();
    assert!(error.contains("1 of its 2 parts are there"), "{error}");
    assert_eq!(owner.push(&large).await, Pushed::Mended);
    scorer.tick(FIRST).await;
    assert_eq!(written(&owner).await, [(large.version().to_string(), 1)]);
}
