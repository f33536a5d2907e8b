//! `rowscore serve`, and clients that do not go on.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::programs::serve;
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::{Server, TestDb};

const HALF: &str = "GET /health HTTP/1.1\r\nHost: localh";
const WHOLE: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Connects to `address` and says `text`.
async fn client(address: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// The beginning of what is answered.
async fn heard(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 64];
    let count = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// Waits until the other side hangs up, and says whether it did so in time.
async fn is_left(stream: &mut TcpStream, within: Duration) -> bool {
    let mut rest = Vec::new();
    // What it is told then is a matter of taste: an end or a reset.
    tokio::time::timeout(within, stream.read_to_end(&mut rest)).await.is_ok()
}

#[rstest]
#[tokio::test]
async fn where_there_is_nothing_to_read_serve_says_so_and_ends(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    for (settings, said) in [
        (vec![], "make the tables with `rowscore init`"),
        (vec![("MYSQL_DATABASE", "nobodys_database")], "make the database with `rowscore init --create`"),
    ] {
        let setup = db.with(&settings).await;

        let ended = rowscore(&["serve", "--listen", "127.0.0.1:0"], setup.variables()).await;

        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.starts_with("rowscore: ") && ended.stderr.contains(said), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

#[tokio::test]
async fn while_the_database_is_away_serve_warns_and_the_page_says_so() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let away = db.with(&[("MYSQL_PORT", "1"), ("MYSQL_CONNECT_TO", "127.0.0.1:1")]).await;

    let (program, address) = serve(&away).await;

    let warned = program.output().1;
    assert!(warned.starts_with("Warning: the database cannot be read now") && warned.contains(":1: "), "{warned}");
    let mut asking = client(&address, WHOLE).await;
    assert!(heard(&mut asking).await.starts_with("HTTP/1.1 503 "));
}

#[rstest]
#[case("TERM")]
#[case("INT")]
#[tokio::test]
async fn serve_ends_at_once_whatever_its_clients_do(#[case] signal: &str) {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let (program, address) = serve(&db.reader().await).await;
    let mut kept = client(&address, WHOLE).await;
    assert!(heard(&mut kept).await.starts_with("HTTP/1.1 200 OK"));
    let clients = join_all([
        client(&address, ""),
        client(&address, HALF),
        client(&address, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf of"),
        client(&address, WHOLE),
    ])
    .await;

    let begun = Instant::now();
    program.signal(signal);
    let ended = program.end().await;

    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    drop((kept, clients));
}

#[tokio::test]
async fn a_signal_ends_serve_before_the_database_answers() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    // It takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = silent.local_addr().unwrap().to_string();
    let setup = db.with(&[("MYSQL_CONNECT_TO", &place)]).await;
    let program = Program::start(ROWSCORE, &["serve", "--listen", "127.0.0.1:0"], setup.variables());
    let (_reached, _) = silent.accept().await.unwrap();

    let begun = Instant::now();
    program.signal("TERM");

    assert_eq!(program.end().await.status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_being_answered_at_the_end_is_answered() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let (program, address) = serve(&db.reader().await).await;
    db.fill(1..=1000, "2024-03-05T09:30:00Z").await;
    let mut asking =
        client(&address, "GET /data/all?limit=1000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let first = heard(&mut asking).await;

    program.signal("TERM");
    let mut rest = String::new();
    asking.read_to_string(&mut rest).await.unwrap();

    assert!(first.starts_with("HTTP/1.1 200 OK") && rest.ends_with("}]"), "{first}{rest}");
    assert_eq!(program.end().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_request_that_does_not_arrive_is_hung_up_on() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let (mut program, address) = serve(&db.reader().await).await;
    let mut clients = join_all(["", HALF, WHOLE].map(|said| client(&address, said))).await;

    let begun = Instant::now();
    let left = join_all(clients.iter_mut().map(|client| is_left(client, Duration::from_secs(20)))).await;

    assert_eq!(left, [true; 3]);
    assert!(begun.elapsed() > Duration::from_secs(5), "who is only slow has time: {:?}", begun.elapsed());
    assert!(program.is_running());
}

#[tokio::test]
async fn half_sent_requests_are_not_held_and_keep_nobody_out() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let (program, address) = serve(&db.reader().await).await;
    // One that comes again and again, and that was silent least.
    let mut half_sent = Vec::new();
    for count in 0..1100 {
        half_sent.push(client(&address, HALF).await);
        if count % 100 == 99 {
            let begun = Instant::now();
            let mut asking = client(&address, WHOLE).await;
            assert!(heard(&mut asking).await.starts_with("HTTP/1.1 200 OK"), "beside {count} others");
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?} beside {count} others", begun.elapsed());
        }
    }

    let left = join_all(half_sent.iter_mut().map(|client| is_left(client, Duration::from_secs(2)))).await;

    let held = left.iter().filter(|left| !**left).count();
    assert!(held <= 400, "{held} are held");
    let begun = Instant::now();
    program.signal("TERM");
    assert_eq!(program.end().await.status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
