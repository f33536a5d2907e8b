//! What the `values` of a row are read as.

use rowscore::model::Feature;
use rowscore::values::{Reader, Reason, ReasonCode, longest_text};

fn features() -> Vec<Feature> {
    ["length", "width", "größe", "a \"quoted\" name"].map(Feature::number).to_vec()
}

fn row(text: &str) -> Result<Vec<f64>, Reason> {
    let mut row = vec![99.0];
    Reader::new(&features()).read(text.as_bytes(), &mut row).map(|()| row)
}

fn code(text: &str) -> ReasonCode {
    row(text).unwrap_err().code
}

fn reason(text: &str) -> String {
    row(text).unwrap_err().text
}

#[test]
fn four_numbers_in_any_notation_are_read() {
    assert_eq!(row(" [4.3, 2, -3e0 ,1E-1] ").unwrap(), [4.3, 2.0, -3.0, 0.1]);
}

#[test]
fn a_number_is_read_to_its_nearest_float() {
    let texts = ["0.1234567890123456789", "9007199254740993", "2.2250738585072011e-308", "1e-400"];
    let floats = texts.map(|text| text.parse::<f64>().unwrap());
    assert_eq!(row(&format!("[{}]", texts.join(", "))).unwrap(), floats);
    let [a, b, c, d] = texts;
    let object = format!(r#"{{"length":{a},"width":{b},"größe":{c},"a \"quoted\" name":{d}}}"#);
    assert_eq!(row(&object).unwrap(), floats);
}

#[test]
fn an_object_is_read_by_its_keys_in_any_order() {
    let object = r#" {"a \"quoted\" name": 4, "width" :2,"length": 1, "gr\u00f6\u00dfe": -3e0} "#;
    assert_eq!(row(object).unwrap(), [1.0, 2.0, -3.0, 4.0]);
}

#[test]
fn an_objects_other_keys_are_passed_over_whatever_they_hold() {
    let object = r#"{"note": "big", "deep": [{"width": null}], "far": 1e999, "width": 2, "length": 1, "größe": 3, "a \"quoted\" name": 4, "Width": "x", "": {}}"#;
    assert_eq!(row(object).unwrap(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn of_a_key_that_stands_there_twice_the_last_counts() {
    let object = |keys: &str| format!(r#"{{{keys}, "größe": 3, "a \"quoted\" name": 4}}"#);
    assert_eq!(row(&object(r#""length": 9, "length": 1, "width": 2"#)).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(row(&object(r#""length": "x", "length": 1, "width": 2"#)).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(code(&object(r#""length": 1, "length": "x", "width": 2"#)), ReasonCode::NotANumber);
}

#[test]
fn a_key_that_an_object_does_not_have_is_named() {
    assert_eq!(
        row(r#"{"length": 1, "größe": 3, "a \"quoted\" name": 4}"#).unwrap_err(),
        Reason { code: ReasonCode::MissingValue, text: "values has no `width`".into() }
    );
    assert_eq!(reason(r#"{"x": [1], "größe": 3}"#), "values has no `length`, nor 2 more of the model's features");
    // What is missing is said before what is odd: there may be more behind it.
    assert_eq!(code(r#"{"length": "x"}"#), ReasonCode::MissingValue);
}

#[test]
fn what_is_neither_an_array_nor_an_object_is_named() {
    for text in ["null", "true", "5.1", "7", "-7", "\"5.1,3.5,1.4,0.2\"", "", "[1,2,3,4", "{\"length\":1", "nonsense"] {
        assert_eq!(code(text), ReasonCode::NotAnArray, "{text}");
    }
    assert_eq!(reason("\"1,2\""), "values is text, not an array of numbers or an object of them");
}

#[test]
fn another_count_of_values_is_a_wrong_length() {
    for text in ["[]", "[1,2,3]", "[1,2,3,4,5]", "[[1,2,3,4]]", "[1,2,3,4,\"x\"]"] {
        assert_eq!(code(text), ReasonCode::WrongLength, "{text}");
    }
}

#[test]
fn the_first_value_that_is_no_number_is_named() {
    assert_eq!(
        row("[1,\"2\",null,4]").unwrap_err(),
        Reason { code: ReasonCode::NotANumber, text: "value 2 (`width`) is text, not a number".into() }
    );
    for text in ["[1,2,3,null]", "[1,2,3,[4]]", "[1,2,3,{\"four\":4}]"] {
        assert_eq!(code(text), ReasonCode::NotANumber, "{text}");
    }
    let object = r#"{"a \"quoted\" name": 4, "größe": null, "width": {}, "length": 1}"#;
    assert_eq!(reason(object), "value 2 (`width`) is an object, not a number");
}

#[test]
fn a_boolean_is_read_as_one_or_zero() {
    assert_eq!(row("[true,2,false,4]").unwrap(), [1.0, 2.0, 0.0, 4.0]);
    let object = r#"{"a \"quoted\" name": true, "größe": false, "width": 2, "length": 1, "other": true}"#;
    assert_eq!(row(object).unwrap(), [1.0, 2.0, 0.0, 1.0]);
    assert_eq!(code("true"), ReasonCode::NotAnArray);
}

#[test]
fn an_object_may_have_sixty_four_kibibytes_of_other_keys() {
    let object = |characters: usize| {
        let note = "n".repeat(characters);
        format!(r#"{{"note": "{note}", "a \"quoted\" name": 4, "größe": 3, "width": 2, "length": 1}}"#)
    };
    assert_eq!(row(&object(64 << 10)).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(code(&object(66 << 10)), ReasonCode::TooLarge);
}

#[test]
fn a_number_beyond_a_float_is_not_finite() {
    assert_eq!(code("[1,2,3,1e999]"), ReasonCode::NotFinite);
    assert_eq!(reason("[-1e400,2,3,4]"), "value 1 (`length`) is beyond the range of a 64-bit float");
    let object = r#"{"length": 1, "width": 2, "größe": 1e999, "a \"quoted\" name": 4}"#;
    assert_eq!(row(object).unwrap_err().code, ReasonCode::NotFinite);
    assert!(reason(object).starts_with("value 3 (`größe`)"), "{}", reason(object));
}

#[test]
fn a_text_longer_than_any_row_needs_is_too_large_before_it_is_parsed() {
    let text = format!("[1,2,3,{}]", "4".repeat(longest_text(&features())));
    assert_eq!(code(&text), ReasonCode::TooLarge);
}

#[test]
fn nesting_of_any_depth_is_a_reason_and_not_a_panic() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(400), close.repeat(400));
    assert!(matches!(code(&deep("[", "]")), ReasonCode::NotAnArray | ReasonCode::WrongLength));
    assert_eq!(code(&deep("{\"\":", "}")), ReasonCode::NotAnArray);
}
