//! A good neighbour: lanes rest between pages, as they are told by `NICE`.

use std::time::{Duration, Instant};

use futures_util::future::join;
use rowscore::answer::Outcome;
use rstest::rstest;

use crate::support::{Server, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[tokio::test]
async fn a_nice_lane_rests_as_it_was_told_holds_nothing_meanwhile_and_its_rate_has_the_rests_in_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("NICE", "0.75")]).await;
    db.fill(1..=100, CREATED).await;
    db.slow_down(10).await;

    let begun = Instant::now();
    let run = async {
        let answer = db.tick(TICK).await;
        (answer, begun.elapsed())
    };
    // Of what the lane's transactions hold, most looks see nothing.
    let look = async {
        let (mut free, mut looks) = (0, 0);
        tokio::time::sleep(Duration::from_millis(500)).await;
        while looks < 15 {
            let open: u64 = db
                .value(
                    "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p \
                       ON p.`id` = t.`trx_mysql_thread_id` WHERE p.`db` = DATABASE() AND t.`trx_rows_locked` > 0",
                )
                .await;
            free += u64::from(open == 0);
            looks += 1;
            // What InnoDB shows may be a tenth of a second old.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        free
    };
    let ((answer, took), free) = join(run, look).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 100));
    let (busy, rate): (f64, u64) = db
        .rows("SELECT `busy_ms`, CAST(1000 * `recent_rows` / `recent_ms` AS UNSIGNED) FROM `batch_lanes` WHERE `lane` = 0")
        .await
        .pop()
        .unwrap();
    // Nine rests, each three times as long as its page.
    let least = Duration::from_secs_f64(busy / 1e3 * 3.0);
    assert!(took > least, "{took:?}, of which {busy} ms were pages");
    let seen = 100.0 / took.as_secs_f64();
    assert!((rate as f64) < seen * 1.5, "{rate} items a second were noted, {seen:.0} were seen");
    assert!(free > 5, "{free} of 15 looks saw no lock");
}
