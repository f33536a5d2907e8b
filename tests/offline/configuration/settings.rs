//! `SETTINGS`: other variables in one text.

use rowscore::config::PredictionFormat;

use super::{problem, read};

const TAKEN: &str = "SETTINGS has";

#[test]
fn settings_set_variables_with_spaces_or_commas_between_them() {
    for text in ["LANES=4 PAGE_SIZE=100", "LANES=4,PAGE_SIZE=100", " LANES=4 ,\n\tPAGE_SIZE=100, "] {
        let config = read(&[("SETTINGS", text)]).unwrap();
        assert_eq!((config.work.lanes, config.work.page_size), (4, 100), "{text}");
    }
    assert_eq!(read(&[("SETTINGS", "  ")]).unwrap().work.lanes, 2);
}

#[test]
fn a_value_with_commas_spaces_or_quotes_stands_between_quotes() {
    let text = r#"FEATURE_COLUMNS="a, b=`x y`", PREDICTION_COLUMN="the ""best"" one" PREDICTION_FORMAT=label"#;
    let table = read(&[("SETTINGS", text)]).unwrap().work.items_table;
    let written = format!("{table:?}");
    for part in ["\"x y\"", r#"the \"best\" one"#] {
        assert!(written.contains(part), "{part} in {written}");
    }
    assert_eq!(table.format, PredictionFormat::Label);
}

#[test]
fn what_the_environment_sets_itself_comes_first_unless_it_is_empty() {
    let lanes = |own| read(&[("LANES", own), ("SETTINGS", "LANES=4")]).unwrap().work.lanes;
    assert_eq!((lanes("8"), lanes(""), lanes(" ")), (8, 4, 4));
}

#[test]
fn a_value_is_judged_as_that_of_the_variable_itself() {
    assert_eq!(problem(&[("SETTINGS", "LANES=17")]), "LANES is `17`; accepted: a whole number from 1 to 16");
}

#[test]
fn a_text_that_is_no_list_of_variables_is_refused_with_what_is_accepted() {
    let unknown = problem(&[("SETTINGS", "LANE=4")]);
    assert!(
        unknown.starts_with("SETTINGS has `LANE`, which is no variable") && unknown.contains(" LANES,"),
        "{unknown}"
    );
    // The password has no place there; the name of a secret has one.
    assert!(!unknown.contains(" MYSQL_PASSWORD,") && unknown.contains(" MYSQL_PASSWORD_SECRET,"), "{unknown}");
    let refused = [
        ("FEATURE_COLUMNS=a,b", "SETTINGS has `b`, which is no NAME=VALUE; a value with commas"),
        ("FEATURE_COLUMNS=a,b=c", "a value with commas or spaces in it stands between double quotes"),
        ("LANES=4 LANES=5", "SETTINGS has LANES twice"),
        ("ITEMS_TABLE=\"a b", "SETTINGS has no quote at the end of ITEMS_TABLE"),
        ("ITEMS_TABLE=\"a\"b", "SETTINGS goes on right behind the quote at the end of ITEMS_TABLE"),
        ("SETTINGS=x", "it holds other variables, not itself"),
        ("=4", TAKEN),
        ("é=4", TAKEN),
        ("=", TAKEN),
        ("\"", TAKEN),
    ];
    for (text, said) in refused {
        let problem = problem(&[("SETTINGS", text)]);
        assert!(problem.contains(said), "{text}: {problem}");
    }
}

#[test]
fn a_password_has_no_place_in_settings_and_is_not_repeated() {
    let problem = problem(&[("SETTINGS", "MYSQL_PASSWORD=hidden")]);
    assert!(problem.starts_with("SETTINGS has MYSQL_PASSWORD: ") && !problem.contains("hidden"), "{problem}");
}
