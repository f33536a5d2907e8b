//! The variables that name the items table and its columns.

use rowscore::config::{ColumnName, Decimals, ItemsTable, Keeps, RunColumn, Setting, Zone, listed};

fn read(vars: &[(&str, &str)]) -> Result<ItemsTable, Vec<String>> {
    let find = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    ItemsTable::from_variables(find).map_err(|error| error.0)
}

fn problem(vars: &[(&str, &str)]) -> String {
    read(vars).unwrap_err().join("\n")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn what_is_no_name_is_refused() {
    for variable in ["ITEMS_TABLE", "ID_COLUMN", "VALUES_COLUMN", "PREDICTION_COLUMN", "CREATED_COLUMN", "RUN_COLUMN"] {
        for name in ["a\0b", "🌷", &"x".repeat(65)] {
            assert!(problem(&[(variable, name)]).starts_with(&format!("{variable} is `")), "{variable}={name}");
        }
    }
    for name in ["a`b", "a b`", "=a", "a=", "a,,b", "`a", "x=`a", &"x".repeat(65)] {
        assert!(problem(&[("FEATURE_COLUMNS", name)]).starts_with("FEATURE_COLUMNS has `"), "{name}");
    }
}

#[test]
fn a_feature_or_a_column_with_a_comma_or_an_equals_sign_stands_between_backticks() {
    let table = read(&[("FEATURE_COLUMNS", "`a,b`, x=`c,d`,`e=f`=g , h=`i``=j`, km/h,k=l=m")]).unwrap();
    let columns = table.feature_columns(&names(&["a,b", "x", "e=f", "h", "km/h", "k=l"])).unwrap();
    let columns: Vec<_> = columns.iter().map(|column| column.as_str()).collect();
    assert_eq!(columns, ["a,b", "c,d", "g", "i`=j", "km/h", "m"]);
}

#[test]
fn a_zone_is_an_offset_or_a_name() {
    assert_eq!(read(&[("CREATED_ZONE", "-05:00")]).unwrap().created_zone, Zone::read("-05:00"));
    assert!(problem(&[("CREATED_ZONE", "5 h")]).starts_with("CREATED_ZONE is `5 h`; accepted: an offset like +05:30"));
}

#[test]
fn without_a_word_about_columns_they_are_the_patterns() {
    let table = read(&[("ITEMS_TABLE", "readings")]).unwrap();
    assert!(table.has_default_columns());
    assert_eq!(table.feature_columns(&names(&["x"])), Ok(Vec::new()));
    for other in [("ID_COLUMN", "key"), ("RUN_COLUMN", "none"), ("PREDICTION_FORMAT", "label")] {
        assert!(!read(&[other]).unwrap().has_default_columns(), "{other:?}");
    }
}

#[test]
fn columns_are_brought_into_the_models_order_by_name() {
    let table = read(&[("FEATURE_COLUMNS", "width, length (cm)=Länge,a=b=c")]).unwrap();
    let columns = table.feature_columns(&names(&["length (cm)", "a=b", "width"])).unwrap();
    assert_eq!(columns.iter().map(|column| column.as_str()).collect::<Vec<_>>(), ["Länge", "c", "width"]);
}

#[test]
fn other_features_than_the_models_are_refused_with_both_lists() {
    let table = read(&[("FEATURE_COLUMNS", "width,depth")]).unwrap();
    let refusal = |features: &[&str]| table.feature_columns(&names(features)).unwrap_err().to_string();
    assert_eq!(
        refusal(&["length", "width"]),
        "FEATURE_COLUMNS does not fit the model: the model's 2 features are `length`, `width`; \
         FEATURE_COLUMNS names 2: `width`, `depth`"
    );
    assert!(refusal(&["width"]).contains("names 2"));
    assert!(refusal(&["width", "depth", "height"]).contains("3 features"));
}

#[test]
fn a_column_or_a_feature_that_is_named_twice_is_refused() {
    assert_eq!(
        problem(&[("PREDICTION_COLUMN", "ID")]),
        "PREDICTION_COLUMN names the column `ID`, and ID_COLUMN does, too"
    );
    assert!(problem(&[("FEATURE_COLUMNS", "x,prediction")]).contains("PREDICTION_COLUMN does, too"));
    assert!(problem(&[("FEATURE_COLUMNS", "x=a,y=A")]).contains("FEATURE_COLUMNS does, too"));
    assert!(problem(&[("FEATURE_COLUMNS", "x=a,x=b")]).contains("the feature `x` twice"));
    assert!(problem(&[("FEATURE_COLUMNS", "x"), ("VALUES_COLUMN", "v")]).contains("both set"));
}

#[test]
fn the_lineage_column_may_be_ours_another_or_none() {
    let run = |value: &str| read(&[("RUN_COLUMN", value)]).unwrap().run;
    assert_eq!(run(""), RunColumn::Own(ColumnName::read("run_id").unwrap()));
    assert_eq!(run("run_id"), RunColumn::Named(ColumnName::read("run_id").unwrap()));
    assert_eq!(run("none"), RunColumn::None);
}

#[test]
fn decimals_are_a_number_that_every_float_keeps_apart_and_of_probabilities_only() {
    let decimals = |value: &str| read(&[("PREDICTION_DECIMALS", value)]).map(|table| table.decimals);
    assert_eq!(decimals(""), Ok(None));
    assert_eq!([decimals("1"), decimals("15")], [Ok(Decimals::read("1")), Ok(Decimals::read("15"))]);
    for value in ["0", "16", "-1", "8.0", "all"] {
        assert_eq!(
            decimals(value).unwrap_err(),
            [format!("PREDICTION_DECIMALS is `{value}`; accepted: a whole number from 1 to 15")]
        );
    }
    assert_eq!(
        problem(&[("PREDICTION_DECIMALS", "8"), ("PREDICTION_FORMAT", "label")]),
        "PREDICTION_DECIMALS is `8`; PREDICTION_FORMAT=label accepts none, because a label has no digits"
    );
}

#[test]
fn a_long_list_is_shown_in_part() {
    let many: Vec<String> = (0..1000).map(|number| format!("x{number}")).collect();
    assert!(listed(&many).ends_with("`x49` and 950 more"));
}

#[test]
fn what_is_written_and_where_is_read_or_refused_with_what_is_accepted() {
    let table = read(&[("CLASS_COLUMNS", "a, `b,c`=pb"), ("DECISION_COLUMN", "d"), ("THRESHOLD", "a = 0.5")]).unwrap();
    assert_eq!(table.written().len(), 5, "{:?}", table.written());
    let scores = read(&[("SCORE_TABLE", "scores"), ("SCORES", "history"), ("LABEL_COLUMN", "label")]).unwrap();
    assert!(scores.has_default_columns() && scores.target.scores().unwrap().keeps == Keeps::History);
    assert_eq!(scores.columns().len(), 3, "of the items three columns are read: {:?}", scores.columns());
    for (settings, told) in [
        (&[("THRESHOLD", "0.5")][..], "THRESHOLD is set, but DECISION_COLUMN is not; set both"),
        (&[("DECISION_COLUMN", "d")], "DECISION_COLUMN is set, but THRESHOLD is not; set both"),
        (&[("DECISION_COLUMN", "d"), ("THRESHOLD", "a=much")], "THRESHOLD is `a=much`; accepted: CLASS=NUMBER"),
        (&[("CLASS_COLUMNS", "a,a=b")], "CLASS_COLUMNS names the class `a` twice"),
        (&[("CLASS_COLUMNS", "a,,b")], "CLASS_COLUMNS has ``; accepted: COLUMN, named as its class"),
        (
            &[("LABEL_COLUMN", "prediction")],
            "LABEL_COLUMN names the column `prediction`, and PREDICTION_COLUMN does, too",
        ),
        (&[("LABEL_COLUMN", "values")], "VALUES_COLUMN names the column `values`, and LABEL_COLUMN does, too"),
        (&[("SCORES", "history")], "SCORES is `history`, but SCORE_TABLE is not set; set both, or none of them"),
        (&[("SCORES", "all"), ("SCORE_TABLE", "s")], "SCORES is `all`; accepted: latest or history"),
        (&[("SCORE_TABLE", "items")], "SCORE_TABLE is `items`, and ITEMS_TABLE is, too; accepted: a table of its own"),
        (&[("SCORE_TABLE", "Batch_Runs")], "SCORE_TABLE is `Batch_Runs`, a table that rowscore keeps its runs in"),
        (&[("SCORE_TABLE", "batch_jobs")], "SCORE_TABLE is `batch_jobs`, a table that rowscore keeps its runs in"),
        (
            &[("SCORE_TABLE", "s"), ("MODEL_COLUMN", "m")],
            "MODEL_COLUMN is `m`, and SCORE_TABLE is set; unset one of them",
        ),
        (&[("SCORE_TABLE", "s"), ("RUN_COLUMN", "r")], "RUN_COLUMN is `r`, and SCORE_TABLE is set; unset one of them"),
        (
            &[("SCORE_TABLE", "s"), ("LABEL_COLUMN", "Run_ID")],
            "LABEL_COLUMN names the column `Run_ID`, and SCORE_TABLE does",
        ),
        (
            &[("SCORE_TABLE", "s"), ("PREDICTION_COLUMN", "ID")],
            "PREDICTION_COLUMN names the column `ID`, and ID_COLUMN does",
        ),
    ] {
        let found = problem(settings);
        assert!(found.contains(told), "{settings:?}: {found}");
    }
}

#[test]
fn what_is_only_read_needs_a_score_table() {
    for settings in [("SOURCE_KIND", "view"), ("SOURCE_WHERE", "a = 1"), ("SOURCE_QUERY", "SELECT 1")] {
        assert!(
            problem(&[settings])
                .starts_with("SCORE_TABLE is not set; SOURCE_KIND=view, SOURCE_WHERE and SOURCE_QUERY need")
        );
        let table = read(&[settings, ("SCORE_TABLE", "scores")]).unwrap();
        assert!(!table.source.is_table() && !table.has_default_columns());
    }
    let both = problem(&[("SOURCE_KIND", "view"), ("SOURCE_QUERY", "SELECT 1"), ("SCORE_TABLE", "scores")]);
    assert_eq!(both, "SOURCE_KIND is `view`, and SOURCE_QUERY is set; accepted: one of them");
    let several = problem(&[("SOURCE_WHERE", "1; DROP TABLE x"), ("SCORE_TABLE", "scores")]);
    assert!(several.contains("accepted: SQL as the server has it, without a semicolon"), "{several}");
}

#[test]
fn a_column_that_is_only_read_may_be_part_of_the_key_a_feature_and_the_time_of_arrival() {
    let named = [("ID_COLUMN", "id, At"), ("CREATED_COLUMN", "at"), ("FEATURE_COLUMNS", "id, hour=AT")];
    assert_eq!(read(&named).unwrap().window_key(), "`at`, `id`");
    for scores in [&[][..], &[("SCORE_TABLE", "scores")]] {
        assert!(read(&[&named[..], scores].concat()).is_ok(), "{scores:?}");
    }
    for (settings, told) in [
        (&[("ID_COLUMN", "id, at, AT")][..], "ID_COLUMN names the column `AT`, and ID_COLUMN does, too"),
        (&[("ID_COLUMN", "at"), ("PREDICTION_COLUMN", "at")], "PREDICTION_COLUMN names the column `at`"),
        (&[("CREATED_COLUMN", "run_id")], "RUN_COLUMN names the column `run_id`"),
        (&[("CREATED_COLUMN", "at"), ("TRUTH_COLUMN", "at")], "TRUTH_COLUMN names the column `at`"),
        (&[("TRUTH_COLUMN", "at"), ("FEATURE_COLUMNS", "at")], "FEATURE_COLUMNS names the column `at`"),
    ] {
        let found = problem(settings);
        assert!(found.contains(told), "{settings:?}: {found}");
    }
}
