//! A CSV file as training data.

use rowscore::training::{DataError, Dataset};

fn read(csv: &str) -> Result<Dataset, DataError> {
    Dataset::from_csv(csv.as_bytes(), "kind")
}

fn message(csv: &str) -> String {
    read(csv).unwrap_err().to_string()
}

#[test]
fn features_are_the_columns_beside_the_label_and_classes_are_sorted() {
    let data = read("x,kind,y\n1,pear, 2\n3,apple,4e-1\n").unwrap();
    assert_eq!(data.features(), ["x", "y"]);
    assert_eq!(data.classes(), ["apple", "pear"]);
    assert_eq!(data.rows(), [[1.0, 2.0], [3.0, 0.4]]);
    assert_eq!(data.labels(), [1, 0]);
}

#[test]
fn what_is_not_a_finite_number_is_named_with_line_and_column() {
    for text in ["abc", "", "NaN", "inf", "1e999", "1,5\"x\""] {
        let field = format!("\"{}\"", text.replace('"', "\"\""));
        assert_eq!(
            message(&format!("x,y,kind\n1,2,a\n3,{field},b\n")),
            format!("line 3, column `y`: `{text}` is not a finite number")
        );
    }
}

#[test]
fn a_missing_label_column_is_told_with_the_columns_there_are() {
    assert_eq!(message("x,y\n1,2\n"), "there is no column `kind` for the label; the columns are x, y");
}

#[test]
fn a_row_of_another_length_is_named() {
    assert_eq!(message("x,kind\n1,a\n2,b,c\n"), "line 3 has 3 fields, the header has 2");
}

#[test]
fn a_row_without_a_class_is_named() {
    assert_eq!(message("x,kind\n1,a\n2,\n"), "line 3, column `kind`: the label is empty");
}

#[test]
fn one_class_or_none_is_refused() {
    assert!(matches!(read("x,kind\n1,a\n2,a\n"), Err(DataError::OneClass { class }) if class == "a"));
    assert!(matches!(read("x,kind\n"), Err(DataError::Empty)));
    assert!(matches!(read("kind\na\n"), Err(DataError::NoFeatures)));
    assert!(matches!(read(""), Err(DataError::MissingLabel { .. })));
}

#[test]
fn column_names_must_differ() {
    assert_eq!(message("x,x,kind\n"), "column 2 has the name `x`, which is empty or taken already");
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let error = Dataset::from_csv(&b"x,kind\n\xff,a\n"[..], "kind").unwrap_err();
    assert!(matches!(error, DataError::Csv(_)));
}
