//! Ways in: MariaDB's own kinds of logins, certificates of a server's own making, and tunnels.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rstest::rstest;
use tokio::net::{TcpListener, TcpStream};

use crate::support::iam::IamDb;
use crate::support::own_server::OWN;
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::{OwnServer, Server, Setup, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// Certificate authorities that have not signed the test's servers.
const OTHER_CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra/rds-ca.pem");

/// The SHA-256 of the certificate that a server shows, as an operator finds it out.
fn fingerprint(port: u16) -> String {
    let shell = format!(
        "openssl s_client -starttls mysql -connect 127.0.0.1:{port} </dev/null 2>/dev/null | \
         openssl x509 -noout -fingerprint -sha256"
    );
    let output = Command::new("/bin/bash").args(["-c", &shell]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim().split_once('=').unwrap_or_else(|| panic!("{text}{output:?}", output = output.stderr)).1.to_owned()
}

#[rstest]
#[case::ed25519_of_the_old(Server::Mariadb, "ed25519")]
#[case::ed25519_of_the_new(Server::Mariadb11, "ed25519")]
#[case::parsec(Server::Mariadb11, "parsec")]
#[tokio::test]
async fn logins_of_mariadbs_own_kinds_are_taken(#[case] server: Server, #[case] plugin: &str) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    let login = db.config.mysql.user.clone();
    db.execute(&format!("ALTER USER `{login}` IDENTIFIED VIA {plugin} USING PASSWORD('{PASSWORD}')")).await;
    let tls = [("MYSQL_SERVER", "localhost"), ("MYSQL_TLS", "verify"), ("MYSQL_CA_FILE", &server.ca_file())];
    let unnamed = [("MYSQL_TLS", "verify-ca"), ("MYSQL_CA_FILE", &server.ca_file())];

    for settings in [&[][..], &tls, &unnamed] {
        let way = db.with(settings).await;
        way.database.connect().await.unwrap_or_else(|error| panic!("{settings:?}: {error}"));
        let wrong = way.with(&[("MYSQL_PASSWORD", "another")]).await.database.connect().await.unwrap_err().to_string();
        assert!(wrong.contains("check MYSQL_USER and MYSQL_PASSWORD"), "{settings:?}: {wrong}");
    }
    assert_eq!(db.tick(TICK).await.counts.predicted, 50);
}

#[rstest]
#[case::ed25519_of_the_old(Server::Mariadb, "ed25519", 1200)]
#[case::ed25519_of_the_new(Server::Mariadb11, "ed25519", 1200)]
// Each takes thirty milliseconds of computing.
#[case::parsec(Server::Mariadb11, "parsec", 300)]
#[tokio::test]
async fn whatever_random_bytes_a_server_sends_a_login_is_taken(
    #[case] server: Server,
    #[case] plugin: &str,
    #[case] logins: usize,
) {
    let db = TestDb::new(server, &[]).await;
    let login = db.config.mysql.user.clone();
    db.execute(&format!("ALTER USER `{login}` IDENTIFIED VIA {plugin} USING PASSWORD('{PASSWORD}')")).await;
    // One time in 256 they end with a zero: of 1,200, none does by one chance in a hundred.
    for _ in 0..logins {
        db.database.connect().await.unwrap().disconnect().await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn a_server_that_made_its_certificate_itself_is_reached_by_ways_that_the_error_names(
    #[values(Server::Mysql, Server::Mariadb11)] server: Server,
) {
    let own = OwnServer::start_with(server, &["--relaxed"]).await;
    let owner = own.database(&[]).await;
    owner.fill(1..=50, CREATED).await;
    let mut operator = owner.connect().await;
    operator.query_drop(format!("ALTER USER `{OWN}` REQUIRE SSL")).await.unwrap();
    let db = owner.with(&[("MYSQL_USER", OWN), ("MYSQL_PASSWORD", PASSWORD)]).await;
    let refusal = async |settings: &[(&str, &str)]| {
        let error = db.with(settings).await.database.connect().await.unwrap_err().to_string();
        assert!(error.starts_with("connecting to the database at 127.0.0.1:"), "{error}");
        error
    };
    // A login that requires TLS, a server that does, and one whose certificate nobody vouches for.
    for (required, settings) in [("OFF", &[][..]), ("ON", &[]), ("OFF", &[("MYSQL_TLS", "verify")])] {
        operator.query_drop(format!("SET GLOBAL require_secure_transport = {required}")).await.unwrap();
        let error = refusal(settings).await;
        assert!(error.contains("verify-ca") && error.contains("pin:SHA256"), "{settings:?}: {error}");
    }

    let pin = fingerprint(db.config.mysql.port);
    let pinned = format!("pin:{pin}");
    let mut ways = vec![vec![("MYSQL_TLS", pinned.as_str())]];
    let ca_file = own.folder().join("data/ca.pem").into_os_string().into_string().unwrap();
    if server == Server::Mysql {
        ways.push(vec![("MYSQL_TLS", "verify-ca"), ("MYSQL_CA_FILE", &ca_file)]);
    }
    for way in ways {
        owner.execute("UPDATE `items` SET `prediction` = NULL; DELETE FROM `batch_runs`").await;
        let answer = db.with(&way).await.tick(TICK).await;
        assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 50), "{way:?}");
    }

    let other = refusal(&[("MYSQL_TLS", &format!("pin:{}", "00".repeat(32)))]).await;
    let shown = pin.replace(':', "").to_lowercase();
    assert!(other.contains(&shown) && other.contains("new fingerprint into MYSQL_TLS"), "{other}");
    let other = refusal(&[("MYSQL_TLS", "verify-ca"), ("MYSQL_CA_FILE", OTHER_CA)]).await;
    assert!(other.contains("check that MYSQL_CA_FILE holds"), "{other}");
    let wrong = refusal(&[("MYSQL_TLS", &pinned), ("MYSQL_PASSWORD", "another")]).await;
    assert!(wrong.contains("1045") && wrong.contains("check MYSQL_USER and MYSQL_PASSWORD"), "{wrong}");
}

#[rstest]
#[tokio::test]
async fn a_certificate_with_another_name_is_taken_where_its_authority_is_enough_and_only_then(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    let own = server.ca_file();
    let way = [("MYSQL_SERVER", "127.0.0.1"), ("MYSQL_TLS", "verify-ca"), ("MYSQL_CA_FILE", own.as_str())];
    assert_eq!(db.with(&way).await.tick(TICK).await.counts.predicted, 50);
    let other = db.with(&[("MYSQL_TLS", "verify-ca"), ("MYSQL_CA_FILE", OTHER_CA)]).await;
    let refused = other.database.connect().await.unwrap_err().to_string();
    assert!(refused.contains("UnknownIssuer") && refused.contains("MYSQL_CA_FILE"), "{refused}");
}

/// A tunnel to a port of this machine: where it begins, and how many connections went through it.
async fn tunnel(port: u16) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (begins, passed) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&passed);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                // How it ends is what both sides see for themselves.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (begins, passed)
}

#[rstest]
#[tokio::test]
async fn through_a_tunnel_the_certificate_is_still_that_of_the_server(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("verify", "verify-ca")] tls: &str,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    db.execute(&format!("ALTER USER `{}` REQUIRE SSL", db.config.mysql.user)).await;
    let (begins, passed) = tunnel(db.config.mysql.port).await;
    let ca_file = server.ca_file();
    // Nothing is ever sent to that port.
    let way = [("MYSQL_SERVER", "localhost"), ("MYSQL_PORT", "1"), ("MYSQL_CONNECT_TO", begins.as_str())];
    let db = db.with(&way).await;
    let verified: Setup = db.with(&[("MYSQL_TLS", tls), ("MYSQL_CA_FILE", &ca_file)]).await;

    assert_eq!(verified.tick(TICK).await.counts.predicted, 50);

    assert!(passed.load(Ordering::Relaxed) > 0);
    let another = [("MYSQL_SERVER", "db.example.com"), ("MYSQL_TLS", "verify"), ("MYSQL_CA_FILE", ca_file.as_str())];
    let refused = db.with(&another).await.database.connect().await.unwrap_err().to_string();
    assert!(refused.contains(&format!("at {begins}: ")) && refused.contains("db.example.com"), "{refused}");
}

#[tokio::test]
async fn through_a_tunnel_a_token_is_still_for_the_server() {
    let iam = IamDb::new(&[]).await;
    let (begins, passed) = tunnel(iam.db.config.mysql.port).await;

    let variables: BTreeMap<_, _> = iam.with(&[("MYSQL_CONNECT_TO", &begins)]);
    let status = rowscore(&["status"], &variables).await;

    assert_eq!(status.status.code(), Some(0), "{status:?} {:?}", iam.refused());
    assert!(iam.accepted()[0].starts_with("localhost:"), "{:?}", iam.accepted());
    assert!(passed.load(Ordering::Relaxed) > 0);
}
