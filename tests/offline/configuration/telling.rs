//! Who is told when a run ends.

use rowscore::config::{JobSettings, LineageToken};
use rowscore::run::{Channel, Channels};

use super::{problem, read};

const BUS: &str = "arn:aws:events:eu-central-1:123456789012:event-bus/default";
const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rowscore/rowscore/lineage-AbCdEf";
const TOPIC: &str = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:runs.fifo";

#[test]
fn nobody_is_told_unless_it_is_set() {
    let config = read(&[]).unwrap();
    assert!(config.work.tells.is_empty() && config.telling.channels().is_empty());

    let both = [("EVENT_BUS", BUS), ("LINEAGE_URL", "https://marquez.example.com:5000/")];
    let config = read(&both).unwrap();
    assert_eq!(config.work.tells, Channels::default().with(Channel::Bus).with(Channel::Lineage));
    assert_eq!(config.telling.bus.unwrap().as_str(), BUS);
    assert_eq!(config.telling.lineage.unwrap().url.as_str(), "https://marquez.example.com:5000");
    assert!(read(&[("EVENT_TOPIC", TOPIC)]).unwrap().telling.topic.unwrap().keeps_order());
}

#[test]
fn each_job_tells_those_that_the_process_tells() {
    let config = read(&[("EVENT_TOPIC", TOPIC)]).unwrap();
    let texts = [("source".to_owned(), "readings".to_owned())].into();
    let job = JobSettings { name: "churn".parse().unwrap(), texts };
    assert_eq!(config.of_job(&job).unwrap().tells, Channels::default().with(Channel::Topic));

    let texts = [("source", "readings"), ("event_topic", TOPIC)].map(|(key, text)| (key.to_owned(), text.to_owned()));
    let own = JobSettings { texts: texts.into(), ..job };
    let said = config.of_job(&own).unwrap_err().to_string();
    assert!(said.contains("job `churn`: there is no setting `event_topic`"), "{said}");
}

#[test]
fn what_is_no_arn_or_no_address_is_refused_with_an_example() {
    for bus in
        ["default", TOPIC, "arn:aws:events:eu-central-1:123456789012:rule/default", "arn:aws:events::1:event-bus/a"]
    {
        let said = problem(&[("EVENT_BUS", bus)]);
        let told = format!("EVENT_BUS is `{bus}`; accepted: the ARN of an event bus, like {BUS}");
        assert_eq!(said, told);
    }
    for topic in [BUS, "arn:aws:sns:eu-central-1:123456789012:", "arn:aws:sns:eu-central-1:123456789012:a b"] {
        assert!(problem(&[("EVENT_TOPIC", topic)]).starts_with(&format!("EVENT_TOPIC is `{topic}`; ")), "{topic}");
    }
    for url in ["marquez", "ftp://marquez", "https://", "https:///lineage", "https://me:secret@marquez"] {
        let said = problem(&[("LINEAGE_URL", url)]);
        assert!(said.starts_with("LINEAGE_URL is `") && !said.contains("secret"), "{said}");
    }
}

#[test]
fn a_token_is_neither_shown_nor_sent_in_clear_nor_kept_in_settings() {
    let token = ("LINEAGE_TOKEN", "t0ken");
    let config = read(&[("LINEAGE_URL", "https://marquez.example.com"), token]).unwrap();
    let given = config.telling.lineage.as_ref().unwrap().token.as_ref();
    assert!(matches!(given, Some(LineageToken::Given(token)) if token.secret() == "t0ken"), "{config:?}");
    assert!(!format!("{config:?}").contains("t0ken"));

    let said = problem(&[("LINEAGE_URL", "http://marquez.example.com"), token]);
    assert!(said.contains("LINEAGE_TOKEN accepts https:// only") && !said.contains("t0ken"), "{said}");
    let said = problem(&[("LINEAGE_URL", "https://marquez.example.com"), ("LINEAGE_TOKEN", "two words")]);
    assert!(said.starts_with("LINEAGE_TOKEN cannot be sent as it is") && !said.contains("words"), "{said}");
    let said = problem(&[("SETTINGS", "LINEAGE_TOKEN=t0ken")]);
    assert!(said.starts_with("SETTINGS has LINEAGE_TOKEN: a token would stand here"), "{said}");
}

#[test]
fn a_token_may_be_in_a_secret_which_may_stand_in_settings() {
    let settings = format!("LINEAGE_URL=https://marquez.example.com LINEAGE_TOKEN_SECRET={SECRET}:SecretString:bearer");
    let config = read(&[("SETTINGS", &settings)]).unwrap();
    let Some(LineageToken::Kept(secret)) = config.telling.lineage.unwrap().token else { panic!("it is in a secret") };
    assert_eq!((secret.arn.as_str(), secret.key.as_deref()), (SECRET, Some("bearer")));
}

#[test]
fn a_secret_for_a_token_has_one_place_and_a_server_that_is_reached_by_https() {
    let (url, secret) = (("LINEAGE_URL", "https://marquez.example.com"), ("LINEAGE_TOKEN_SECRET", SECRET));
    let said = problem(&[url, secret, ("LINEAGE_TOKEN", "t0ken")]);
    assert!(said.starts_with("LINEAGE_TOKEN and LINEAGE_TOKEN_SECRET are both set; accepted: "), "{said}");
    assert!(!said.contains("t0ken"), "{said}");
    let said = problem(&[("LINEAGE_URL", "http://marquez.example.com"), secret]);
    assert!(said.contains("LINEAGE_TOKEN_SECRET accepts https:// only"), "{said}");
    let said = problem(&[secret]);
    assert!(said.starts_with("LINEAGE_TOKEN_SECRET is set without LINEAGE_URL; give the server"), "{said}");
    let said = problem(&[("LINEAGE_TOKEN", "t0ken")]);
    assert!(said.starts_with("LINEAGE_TOKEN is set without LINEAGE_URL; ") && !said.contains("t0ken"), "{said}");
    // Somebody may have put the token itself there.
    let said = problem(&[url, ("LINEAGE_TOKEN_SECRET", "t0ken")]);
    let told = "LINEAGE_TOKEN_SECRET names no secret; accepted: the ARN of a secret, like arn:aws:secretsmanager:";
    assert!(said.starts_with(told) && !said.contains("t0ken"), "{said}");
}
