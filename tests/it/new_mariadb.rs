//! MariaDB 11.8, whose locking reads fail by default where a row has changed since the statement began.

use rstest::rstest;

use crate::support::{Server, TestDb, at, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[tokio::test]
async fn lanes_beside_each_other_never_fail_for_what_the_other_one_wrote(
    #[values(3, 60, 500, 1000, 2000, 9000)] items: i64,
) {
    let db = TestDb::new(Server::Mariadb11, &[]).await;
    let makers_default: bool = db.value("SELECT @@GLOBAL.innodb_snapshot_isolation").await;
    assert!(makers_default, "without it, this shows nothing");
    db.fill(1..=items, CREATED).await;
    db.execute("CREATE TABLE `as_made` LIKE `items`; INSERT INTO `as_made` SELECT * FROM `items`").await;
    let mut failed = Vec::new();
    for _ in 0..10 {
        let again = "DELETE FROM `batch_runs`; DROP TABLE `items`; CREATE TABLE `items` LIKE `as_made`; \
                     INSERT INTO `items` SELECT * FROM `as_made`";
        db.execute(again).await;
        match db.try_hop(&tick(TICK), unhurried(at(TICK))).await {
            Ok(answer) => assert_eq!(answer.counts.predicted, items.unsigned_abs()),
            Err(error) => failed.push(error.to_string()),
        }
    }
    assert_eq!(failed, Vec::<String>::new());
}
