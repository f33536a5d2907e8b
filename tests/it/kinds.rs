//! Features of every kind, in typed columns and in JSON: categories, moments and gaps.

use std::path::Path;

use rowscore::answer::Outcome;
use rowscore::hop::{InAnswer, Runner};
use rowscore::model::{
    About, Artifact, Cell, Chain, Column, Content, Decider, Feature, FeatureKind, GoldenAnswer, GoldenRow, Layer,
    LinearMachine, Model, Op, Output, Part, Pipeline, Predictor, Rule, Scaler,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::programs::rowscore;
use crate::support::readings::{Own, own};
use crate::support::{Server, Setup, at, model, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";

/// A column of every type that a feature may have; the weights of the model tell them apart.
const DDL: &str = "CREATE TABLE `people` (\
    `id` INT NOT NULL PRIMARY KEY, `age` DOUBLE, `flags` BIT(4), `year` YEAR, `sex` ENUM('female','male','other'), \
    `city` VARCHAR(20) CHARACTER SET latin1, `tags` SET('x','y'), `vip` BOOL, `price` DECIMAL(5,2), `born` DATE, \
    `seen` DATETIME(3), `rises` TIME, `note` TEXT CHARACTER SET utf16, \
    `value` DOUBLE, `arrived` TIMESTAMP NOT NULL DEFAULT '2024-03-05 09:30:00')";

const NAMES: [&str; 12] =
    ["age", "flags", "year", "sex", "city", "tags", "vip", "price", "born", "seen", "rises", "note"];

const SETTINGS: [(&str, &str); 5] = [
    ("ITEMS_TABLE", "people"),
    ("FEATURE_COLUMNS", "age,flags,year,sex,city,tags,vip,price,born,seen,rises,note"),
    ("PREDICTION_COLUMN", "value"),
    ("PREDICTION_FORMAT", "value"),
    ("CREATED_COLUMN", "arrived"),
];

fn feature(name: &str, kind: FeatureKind, missing: Rule) -> Feature {
    Feature { name: name.into(), kind, missing }
}

fn category(categories: &[Value], unseen: Rule) -> FeatureKind {
    FeatureKind::Category { categories: serde_json::from_value(json!(categories)).unwrap(), unseen }
}

fn features() -> Vec<Feature> {
    vec![
        feature("age", FeatureKind::Number, Rule::Taken),
        Feature::number("flags"),
        Feature::number("year"),
        feature("sex", category(&[json!("female"), json!("male")], Rule::Taken), Rule::Taken),
        feature("city", category(&[json!("Köln"), json!("São, \"Paulo\"")], Rule::Refused), Rule::Refused),
        feature("tags", category(&[json!("x"), json!("x,y")], Rule::Refused), Rule::Taken),
        feature("vip", category(&[json!(0), json!(1)], Rule::Refused), Rule::Refused),
        feature("price", category(&[json!(1.5), json!(20)], Rule::Taken), Rule::Refused),
        feature("born", FeatureKind::Moment, Rule::Taken),
        feature("seen", FeatureKind::Moment, Rule::Refused),
        feature("rises", FeatureKind::Moment, Rule::Refused),
        feature("note", category(&[json!("größe 🌷")], Rule::Taken), Rule::Taken),
    ]
}

/// The value is the sum of what each feature gives, each in decimals of its own, so that none can stand for another.
fn prepared() -> Layer {
    let chain = |from: usize, ops: &[Op]| Column::Chain(Chain { from, ops: ops.to_vec() });
    let look_up = |values: &[f64]| Op::LookUp(values.to_vec());
    vec![
        chain(0, &[Op::Fill(9.0)]),
        chain(0, &[Op::IsMissing]),
        chain(1, &[]),
        chain(2, &[]),
        chain(3, &[look_up(&[1.0, 2.0, 3.0]), Op::Fill(4.0)]),
        chain(4, &[look_up(&[1.0, 2.0])]),
        chain(5, &[look_up(&[1.0, 2.0]), Op::Fill(3.0)]),
        chain(6, &[look_up(&[1.0, 2.0])]),
        chain(7, &[look_up(&[1.0, 2.0, 3.0])]),
        chain(8, &[Op::Part(Part::Day), Op::Fill(0.0)]),
        chain(9, &[Op::Part(Part::Hour)]),
        chain(10, &[Op::Part(Part::Minute)]),
        chain(11, &[Op::IsAmong(vec![0.0])]),
        chain(11, &[Op::IsAmong(vec![1.0])]),
    ]
}

fn weights() -> Vec<f64> {
    (0..14).map(|place| (1_u64 << (3 * place)) as f64).collect()
}

fn people() -> Model {
    let Content { origin, .. } = model().artifact().content.clone();
    let width = weights().len();
    let machine = LinearMachine {
        scaler: Scaler { mean: vec![0.0; width], scale: vec![1.0; width] },
        weights: vec![weights()],
        intercepts: vec![0.0],
    };
    let pipeline = Pipeline { layers: vec![prepared()], machine: Decider::Linear(machine), output: Output::Value };
    let text = |text: &str| Cell::Text(text.into());
    let golden = GoldenRow {
        values: vec![
            Cell::Missing,
            Cell::Number(1.0),
            Cell::Number(1.0),
            Cell::Missing,
            text("Köln"),
            text("x"),
            Cell::Number(1.0),
            text("1.50"),
            Cell::Missing,
            text("2024-03-05 01:00:00"),
            text("00:01:00"),
            Cell::Missing,
        ],
        answer: GoldenAnswer::Outputs(vec![value([
            9.0, 1.0, 1.0, 1.0, 4.0, 1.0, 1.0, 2.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0,
        ])]),
    };
    Model::new(Artifact::seal(Content {
        about: About::default(),
        label: "value".into(),
        features: features(),
        classes: Vec::new(),
        predictor: Predictor::Pipelines(vec![pipeline]),
        origin: untrained(origin),
        distribution: Vec::new(),
        golden: vec![golden],
    }))
    .unwrap()
}

/// An import, of which nothing is known.
fn untrained(_: rowscore::model::Origin) -> rowscore::model::Origin {
    serde_json::from_value(json!({
        "source": "scikit-learn", "file_sha256": "0".repeat(64), "reference": null
    }))
    .unwrap()
}

fn value(parts: [f64; 14]) -> f64 {
    parts.iter().zip(weights()).map(|(part, weight)| part * weight).sum()
}

/// The row of an id: as SQL has it in columns, as JSON has it, and what is right.
struct Person {
    id: i64,
    columns: &'static str,
    json: Value,
    right: Result<f64, (&'static str, &'static str)>,
}

fn everybody() -> Vec<Person> {
    let whole = || {
        json!({
            "age": 30, "flags": 5, "year": 2024, "sex": "male", "city": "Köln", "tags": "x,y", "vip": true, "price": 1.5,
            "born": "1990-02-28", "seen": "2024-03-05 23:59:59.999", "rises": "05:42:00", "note": "größe 🌷"
        })
    };
    let with = |changes: Value| {
        let mut row = whole();
        row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        row
    };
    let right = [30.0, 0.0, 5.0, 2024.0, 2.0, 1.0, 2.0, 2.0, 1.0, 28.0, 23.0, 42.0, 1.0, 0.0];
    let mut gaps = right;
    (gaps[0], gaps[1], gaps[4], gaps[6], gaps[9], gaps[12]) = (9.0, 1.0, 4.0, 3.0, 0.0, 0.0);
    let mut unseen = right;
    (unseen[4], unseen[8], unseen[12], unseen[13]) = (3.0, 3.0, 0.0, 1.0);
    let mut others = right;
    (others[5], others[7], others[8], others[11]) = (2.0, 1.0, 2.0, 59.0);
    vec![
        Person {
            id: 1,
            columns: "30, b'0101', 2024, 'male', 'Köln', 'x,y', TRUE, 1.5, '1990-02-28', '2024-03-05 23:59:59.999', '05:42', 'größe 🌷'",
            json: whole(),
            right: Ok(value(right)),
        },
        Person {
            id: 2,
            columns: "NULL, 5, 2024, NULL, 'Köln', NULL, 1, 1.5, NULL, '2024-03-05 23:00:00', '05:42', NULL",
            json: json!({
                "age": null, "flags": 5, "year": 2024, "sex": null, "city": "Köln", "vip": 1, "price": "1.50",
                "seen": "2024-03-05T23:00", "rises": "05:42:00.000"
            }),
            right: Ok(value(gaps)),
        },
        Person {
            id: 3,
            columns: "30, 5, 2024, 'other', 'Köln', 'x,y', 1, 9.99, '1990-02-28', '2024-03-05 23:00:00', '05:42', 'Größe 🌷'",
            json: with(json!({"sex": "other", "price": 9.99, "note": "Größe 🌷"})),
            right: Ok(value(unseen)),
        },
        Person {
            id: 4,
            columns: "30, 5, 2024, 'male', 'São, \"Paulo\"', 'x,y', 0, 20, '1990-02-28', '2024-03-05 23:00:00', '00:59:00', 'größe 🌷'",
            json: with(json!({"city": "São, \"Paulo\"", "vip": false, "price": 20.0, "rises": "00:59"})),
            right: Ok(value(others)),
        },
        Person {
            id: 5,
            columns: "30, 5, 2024, 'male', 'Bonn', 'x,y', 1, 1.5, '1990-02-28', '2024-03-05 23:00:00', '05:42', 'größe 🌷'",
            json: with(json!({"city": "Bonn"})),
            right: Err(("unseen_category", "value 5 (`city`) is `Bonn`, none of `Köln`, `São, \"Paulo\"`")),
        },
        Person {
            id: 6,
            columns: "30, NULL, 2024, 'male', 'Köln', 'x,y', 1, 1.5, '1990-02-28', '2024-03-05 23:00:00', '05:42', 'größe 🌷'",
            json: with(json!({"flags": null})),
            right: Err(("missing_value", "value 2 (`flags`) is NULL")),
        },
        Person {
            id: 7,
            columns: "30, 5, 2024, 'male', NULL, 'x,y', 1, 1.5, '1990-02-28', '2024-03-05 23:00:00', '05:42', 'größe 🌷'",
            json: with(json!({"city": null})),
            right: Err(("missing_value", "value 5 (`city`) is ")),
        },
    ]
}

async fn run(scorer: &Setup, model: &Model) {
    let runner = Runner { means: scorer.means(model), relay: &InAnswer };
    let answer = runner.hop(&tick(TICK), unhurried(at(TICK))).await.unwrap();
    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.failed), (Outcome::Finished, 4, 3));
}

async fn assert_right(owner: &Setup, is_typed: bool) {
    let found: Vec<(i64, Option<f64>)> = owner.rows("SELECT `id`, `value` FROM `people` ORDER BY `id`").await;
    let set_aside: Vec<(i64, String, String)> =
        owner.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures` ORDER BY `item_id`").await;
    for (person, (id, value)) in everybody().into_iter().zip(found) {
        assert_eq!(person.id, id);
        let failure = set_aside.iter().find(|(item, ..)| *item == id);
        match (person.right, failure) {
            (Ok(right), None) => assert_eq!(value, Some(right), "{id}"),
            (Err((code, reason)), Some((_, found, told))) => {
                // A number that is null in JSON is something else than a number.
                let code = if !is_typed && id == 6 { "not_a_number" } else { code };
                let reason = if !is_typed && id == 6 { "value 2 (`flags`) is null" } else { reason };
                assert!(value.is_none() && found == code && told.starts_with(reason), "{id}: {found}: {told}");
            }
            other => panic!("{id}: {other:?}, {value:?}"),
        }
    }
}

#[rstest]
#[tokio::test]
async fn columns_of_every_type_are_read_as_the_model_means_them(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let people = people();
    let Own { owner, scorer } = own(server, DDL, &SETTINGS).await;
    for Person { id, columns, .. } in everybody() {
        let names = NAMES.map(|name| format!("`{name}`")).join(", ");
        // The test's statement is in UTF-8, whatever the server takes it for.
        owner.execute("SET NAMES utf8mb4").await;
        owner.execute(&format!("INSERT INTO `people` (`id`, {names}) VALUES ({id}, {columns})")).await;
    }
    run(&scorer, &people).await;
    assert_right(&owner, true).await;
    let profile: Vec<String> = owner.rows("SELECT `profile` FROM `batch_runs` WHERE `id` = 1").await;
    let profile: Value = serde_json::from_str(&profile[0]).unwrap();
    assert_eq!(profile["unusual"][0], json!({"feature": "age", "missing": 1, "unseen": 0}));
    assert_eq!(profile["unusual"][1], json!({"feature": "sex", "missing": 1, "unseen": 1}));
}

#[rstest]
#[tokio::test]
async fn the_same_values_in_json_give_the_same(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let people = people();
    let settings =
        SETTINGS.map(|(name, value)| if name == "FEATURE_COLUMNS" { ("VALUES_COLUMN", "row") } else { (name, value) });
    let ddl = "CREATE TABLE `people` (`id` INT NOT NULL PRIMARY KEY, `row` JSON, `value` DOUBLE, \
               `arrived` TIMESTAMP NOT NULL DEFAULT '2024-03-05 09:30:00')";
    let Own { owner, scorer } = own(server, ddl, &settings).await;
    for Person { id, json, .. } in everybody() {
        let text = json.to_string().replace('\\', "\\\\").replace('\'', "''");
        owner.execute(&format!("INSERT INTO `people` (`id`, `row`) VALUES ({id}, '{text}')")).await;
    }
    run(&scorer, &people).await;
    assert_right(&owner, false).await;
}

#[rstest]
#[case("flags", "VARCHAR(4)", "FEATURE_COLUMNS `flags` is varchar(4); accepted: an integer, BOOL, BIT, YEAR")]
#[case("sex", "BIT(1)", "FEATURE_COLUMNS `sex` is bit(1); accepted: CHAR, VARCHAR, TEXT, ENUM, SET")]
#[case("born", "INT", "FEATURE_COLUMNS `born` is int")]
#[case("value", "VARCHAR(9)", "PREDICTION_COLUMN `value` is varchar(9); accepted: DOUBLE, FLOAT or DECIMAL")]
#[tokio::test]
async fn a_column_that_cannot_hold_what_the_model_takes_is_refused(
    #[case] column: &str,
    #[case] kind: &str,
    #[case] told: &str,
) {
    let Own { owner, scorer } = own(Server::Mysql, DDL, &SETTINGS).await;
    owner.execute(&format!("ALTER TABLE `people` MODIFY `{column}` {kind}")).await;
    let people = people();
    let runner = Runner { means: scorer.means(&people), relay: &InAnswer };
    let error = runner.hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err();
    let error = rowscore::words::chain(&error);
    assert!(error.contains(told), "{error}");
}

/// Fields of a file and texts of a table: a category as it is and otherwise, words for a gap, and what is unseen.
const CITIES: [&str; 12] = ["red", " red ", "green", "", "NA", "n/a", "None", " ", "blue", "Red", "TRUE", "true"];
const DAYS: [&str; 4] = ["2026-01-05", "", " 2026-01-06 ", "NA"];

#[rstest]
#[tokio::test]
async fn a_text_that_the_training_took_for_a_gap_is_one_at_night_and_the_command_says_what_the_function_writes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("texts-{server:?}"));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (learnt, rows, artifact) = (path("learnt.csv"), path("rows.csv"), path("model.json"));
    let line = |row: usize| {
        let city = ["red", "green", "", "TRUE", "NA"][row % 5];
        let day = if row.is_multiple_of(7) { String::new() } else { format!("2026-01-{:02}", row % 28 + 1) };
        format!("{city},{day},{}.5,{}\n", row % 11, ["no", "yes"][usize::from(row % 5 < 2 || row.is_multiple_of(7))])
    };
    std::fs::write(&learnt, format!("city,day,x,kind\n{}", (0..140).map(line).collect::<String>())).unwrap();
    let all: Vec<(&str, &str)> = CITIES.iter().flat_map(|city| DAYS.map(|day| (*city, day))).collect();
    let fields: String = all.iter().map(|(city, day)| format!("\"{city}\",\"{day}\",2.5\n")).collect();
    std::fs::write(&rows, format!("city,day,x\n{fields}")).unwrap();

    let ddl = "CREATE TABLE `texts` (`id` INT NOT NULL PRIMARY KEY, `city` VARCHAR(20) NOT NULL DEFAULT '', `day` VARCHAR(30), \
               `x` DOUBLE, `said` JSON, `arrived` TIMESTAMP NOT NULL DEFAULT '2024-03-05 09:30:00')";
    let settings = [
        ("ITEMS_TABLE", "texts"),
        ("FEATURE_COLUMNS", "city,day,x"),
        ("PREDICTION_COLUMN", "said"),
        ("CREATED_COLUMN", "arrived"),
    ];
    let Own { owner, scorer } = own(server, ddl, &settings).await;
    let train = ["train", &learnt, "--label", "kind", "--model", "logistic", "--out", &artifact];
    let trained = rowscore(&train, owner.variables()).await;
    assert_eq!(trained.status.code(), Some(0), "{trained:?}");
    let values = all.iter().enumerate().map(|(at, (city, day))| format!("({at}, '{city}', '{day}', 2.5)"));
    let values = values.collect::<Vec<_>>().join(", ");
    owner.execute(&format!("INSERT INTO `texts` (`id`, `city`, `day`, `x`) VALUES {values}")).await;

    let trained = Model::from_json(&std::fs::read(&artifact).unwrap()).unwrap();
    scorer.hop_by(&trained, &tick(TICK), unhurried(at(TICK))).await;
    let said = rowscore(&["score", "--model", &artifact, "--data", &rows, "--json"], owner.variables()).await;

    let written: Vec<Option<String>> = owner.rows("SELECT CAST(`said` AS CHAR) FROM `texts` ORDER BY `id`").await;
    let numbers = |text: &str| serde_json::from_str::<Vec<f64>>(text).unwrap();
    let told: Vec<Vec<f64>> = said.stdout.lines().map(numbers).collect();
    assert_eq!(told.len(), all.len(), "{said:?}");
    for ((row, told), written) in all.iter().zip(&told).zip(&written) {
        assert_eq!(written.as_deref().map(numbers).as_ref(), Some(told), "{row:?}");
    }
    // A gap and an unseen category are two things.
    let of = |city: &str| told[all.iter().position(|row| *row == (city, DAYS[0])).unwrap()].clone();
    assert!(of("") == of("NA") && of("") != of("blue") && of(" red ") == of("red") && of("Red") == of("blue"));
    assert_eq!(of("true"), of("TRUE"));
}
