//! `jobs.toml`: what is read of it, and what is said of what is wrong with it.

use rowscore::config::{
    Config, Fallback, JobName, JobSettings, JobsFile, MOST_JOBS, PredictionFormat, ValuesIn, job_settings,
};
use rowscore::run::FailurePolicy;

/// A process with these variables beside the way to the database.
fn process(variables: &[(&str, &str)]) -> Config {
    let database = [("MYSQL_DATABASE", "shop"), ("MYSQL_USER", "scorer"), ("MYSQL_PASSWORD", "")];
    let given = |name: &str| database.iter().chain(variables).find(|(known, _)| *known == name);
    Config::read(|name| given(name).map(|(_, value)| (*value).to_owned())).unwrap()
}

/// The jobs of a text.
fn jobs(text: &str) -> Vec<JobSettings> {
    JobsFile::read(text).unwrap_or_else(|error| panic!("{error}")).jobs
}

/// Everything that is wrong with a text.
fn wrong(text: &str) -> Vec<String> {
    match JobsFile::read(text) {
        Err(error) => error.0,
        Ok(file) => {
            file.jobs.iter().filter_map(|job| process(&[]).of_job(job).err()).flat_map(|error| error.0).collect()
        }
    }
}

#[test]
fn a_job_is_the_variables_by_friendlier_names() {
    let text = r#"
        [churn]
        source = "customers"
        key = "customer_id"
        created = "signed_up"
        features = { age = "age_years", "a,b" = "c=d" }
        prediction = "churn_risk"
        format = "value"
        policy = "leave"
        page_size = 100
        deliver_within = "2h"
        run_column = "none"
        schedule = "nightly"
    "#;
    let [job] = &jobs(text)[..] else { panic!("one job") };
    let work = process(&[]).of_job(job).unwrap();
    let table = &work.items_table;
    assert_eq!(
        (table.job.as_str(), table.as_str(), table.key.to_string().as_str()),
        ("churn", "customers", "customer_id")
    );
    assert_eq!((table.created.as_str(), table.prediction.as_str()), ("signed_up", "churn_risk"));
    assert_eq!((table.format, table.run.column()), (PredictionFormat::Value, None));
    assert_eq!((work.failure_policy, work.page_size), (FailurePolicy::Leave, 100));
    assert_eq!(work.deliver_within.unwrap().as_secs(), 7200);
    assert_eq!(job.schedule().unwrap().as_str(), "nightly");
    let ValuesIn::Columns(columns) = &table.values else { panic!("columns") };
    let columns: Vec<_> = columns.iter().map(|one| (one.feature.as_str(), one.column.as_str())).collect();
    assert_eq!(columns, [("a,b", "c=d"), ("age", "age_years")]);
}

#[test]
fn features_may_be_a_list_of_columns_that_are_called_like_them() {
    let text = "[churn]\nsource = \"customers\"\nfeatures = [\"age\", \"a, b\"]";
    let table = process(&[]).of_job(&jobs(text)[0]).unwrap().items_table;
    let ValuesIn::Columns(columns) = &table.values else { panic!("columns") };
    assert_eq!(columns.iter().map(|one| one.feature.as_str()).collect::<Vec<_>>(), ["age", "a, b"]);
}

#[test]
fn a_key_may_be_a_list_of_columns() {
    let text = "[churn]\nsource = \"customers\"\nkey = [\"region\", \"a, b\"]";
    let table = process(&[]).of_job(&jobs(text)[0]).unwrap().items_table;
    assert_eq!(table.key.columns().map(|column| column.as_str()).collect::<Vec<_>>(), ["region", "a, b"]);
    assert!(wrong("[churn]\nsource = \"customers\"\nkey = { a = \"b\" }")[0].contains("key is a TOML table"));
}

#[test]
fn a_job_inherits_how_runs_work_and_nothing_of_the_table() {
    let own = [("PAGE_SIZE", "77"), ("LANES", "3"), ("MODEL_NAME", "orders")];
    let variables = [&own[..], &[("ITEMS_TABLE", "orders"), ("PREDICTION_COLUMN", "risk")]].concat();
    let process = process(&variables);
    let job = &jobs("[churn]\nsource = \"customers\"\nlanes = 1")[0];
    let work = process.of_job(job).unwrap();
    assert_eq!((work.page_size, work.lanes), (77, 1));
    assert_eq!((work.items_table.as_str(), work.items_table.prediction.as_str()), ("customers", "prediction"));
    // Each job has a model of its own.
    assert_eq!(work.model_name, None);
    let of_variables = process.of_job(&jobs("[default]")[0]).unwrap();
    assert_eq!(of_variables.model_name.as_ref().map(|name| name.as_str()), Some("orders"));
}

#[test]
fn the_job_default_is_the_one_of_the_variables() {
    let process = process(&[("ITEMS_TABLE", "orders"), ("PREDICTION_COLUMN", "risk")]);
    let file = JobsFile::read("[default]\nschedule = \"hourly\"").unwrap();
    assert_eq!(file.fallback, Fallback::Kept);
    let table = process.of_job(&file.jobs[0]).unwrap().items_table;
    assert_eq!((table.as_str(), table.prediction.as_str()), ("orders", "risk"));
    assert_eq!(table.job, JobName::default());
    let others = JobsFile::read("default = false\n[churn]\nsource = \"customers\"").unwrap();
    assert_eq!((others.fallback, others.jobs.len()), (Fallback::Ended, 1));
    let alone = wrong("default = false").join("\n");
    assert!(alone.contains("without any it is one again") && alone.contains("`rowscore pause default`"), "{alone}");
    assert_eq!(JobsFile::read("").unwrap().fallback, Fallback::Unsaid);
    let said = "job `default`: source is set; accepted: schedule alone, because the variables say all else of this job";
    assert_eq!(wrong("[default]\nsource = \"orders\""), [said]);
}

#[test]
fn what_is_wrong_is_named_with_what_is_accepted() {
    let of = |settings: &str| wrong(&format!("[churn]\nsource = \"customers\"\n{settings}")).join("\n");
    let all: Vec<String> = job_settings().map(|(name, _)| name).chain(["schedule".to_owned()]).collect();
    assert_eq!(of("tabel = \"x\""), format!("job `churn`: there is no setting `tabel`; accepted: {}", all.join(", ")));
    assert!(of("tabel = [1]").starts_with("job `churn`: there is no setting `tabel`; accepted: "));
    assert_eq!(of("features = [1]"), "job `churn`: features is a list with other things than names");
    assert_eq!(of("lanes = 99"), "job `churn`: lanes is `99`; accepted: a whole number from 1 to 16");
    assert_eq!(of("lanes = [1]"), "job `churn`: lanes is a TOML array; accepted: a string or a number");
    for empty in ["\"\"", "\" \"", "[]", "{}"] {
        for key in ["key", "features", "class_columns", "lanes"] {
            let said = format!("job `churn`: {key} is empty; leave it out instead");
            assert_eq!(of(&format!("{key} = {empty}")), said, "{empty}");
        }
    }
    assert_eq!(
        of("values = \"v\"\nfeatures = [\"a\"]"),
        "job `churn`: values and features are both set; accepted: one of them"
    );
    assert!(of("prediction = \"id\"").contains("job `churn`: prediction names the column `id`, and key does, too"));
    assert!(
        of("schedule = \"every night\"").starts_with("job `churn`: schedule is `every night`; accepted: the name of")
    );
    assert!(of("mysql_server = \"x\"").contains("there is no setting `mysql_server`"));
    assert_eq!(wrong("[churn]"), ["job `churn`: source is missing; give the table that is scored"]);
    assert!(wrong("[Churn]\nsource = \"x\"")[0].starts_with("a job is called `Churn`; accepted: the name of a job"));
    assert!(wrong("[7]\nsource = \"x\"")[0].starts_with("a job is called `7`; accepted:"));
    assert!(wrong("churn = 3")[0].starts_with("`churn` is a TOML integer; accepted: a table of settings"));
}

#[test]
fn the_document_shows_what_is_read_and_every_setting_with_a_name_of_its_own() {
    let document = include_str!("../../../docs/JOBS.md");
    let example = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let names: Vec<String> = jobs(example).iter().map(|job| job.name.to_string()).collect();
    assert_eq!((names, wrong(example)), (vec!["churn".to_owned(), "fraud".to_owned()], Vec::new()));
    let shown: Vec<(&str, &str)> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"))
        .map(|(setting, rest)| (setting, rest.split('`').next().unwrap()))
        .collect();
    let own = |(setting, entry): &(String, &rowscore::config::Entry)| *setting != entry.name.to_lowercase();
    let named: Vec<(String, &str)> = job_settings().filter(own).map(|(setting, entry)| (setting, entry.name)).collect();
    assert_eq!(shown, named.iter().map(|(setting, variable)| (setting.as_str(), *variable)).collect::<Vec<_>>());
}

#[test]
fn what_is_no_toml_is_told_in_one_line_that_names_the_place() {
    for (text, line) in
        [("[churn]\nsource = customers", "line 2: "), ("[churn]\n[churn]", "line 2: "), ("a = \"", "line 1: ")]
    {
        let [problem] = &wrong(text)[..] else { panic!("one problem") };
        assert!(problem.starts_with(line) && !problem.contains('\n'), "{problem}");
    }
}

#[test]
fn a_job_with_signs_of_its_own_inherits_nothing_that_belongs_to_the_process_s() {
    let process = process(&[
        ("WAIT_IF", "query>0, replica_lag>10"),
        ("WAIT_QUERY", "SELECT 0"),
        ("REPLICAS", "replica.example.com:3306"),
        ("QUIET_HOURS", "08:00-18:00"),
    ]);
    let wait = |settings: &str| {
        let [job] = &jobs(&format!("[churn]\nsource = \"customers\"\n{settings}"))[..] else { panic!("one job") };
        process.of_job(job).unwrap().wait
    };
    let (own, inherited, one) = (wait("wait_if = \"threads_running>50\""), wait(""), wait("wait_if = \"query>5\""));
    assert_eq!((own.bounds.len(), own.query.is_some(), own.replicas.len()), (1, false, 0));
    assert_eq!((inherited.bounds.len(), inherited.query.is_some(), inherited.replicas.len()), (2, true, 1));
    assert_eq!((one.bounds.len(), one.query.is_some(), one.replicas.len()), (1, true, 0));
    assert!(own.quiet.is_some() && inherited.quiet.is_some());
}

#[test]
fn a_file_has_as_many_jobs_as_the_documents_say_and_not_one_more() {
    let many = |jobs: usize| (0..jobs).map(|no| format!("[j{no}]\nsource = \"t{no}\"\n")).collect::<String>();
    assert_eq!(jobs(&many(MOST_JOBS)).len(), MOST_JOBS);
    assert_eq!(
        wrong(&many(MOST_JOBS + 1)),
        [format!("there are {} jobs; accepted: {MOST_JOBS} at most", MOST_JOBS + 1)]
    );
    assert!(include_str!("../../../docs/JOBS.md").contains(&format!("A file describes up to\n{MOST_JOBS} others")));
    assert!(include_str!("../../../README.md").contains(&format!("describes up to {MOST_JOBS} tables")));
}
