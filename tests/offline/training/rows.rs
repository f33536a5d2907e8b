//! The rows of a CSV file, one after the other.

use rowscore::model::Feature;
use rowscore::training::{BadField, DataError, Row, Rows};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn rows(csv: &str) -> Result<Vec<Row>, DataError> {
    Rows::new(csv.as_bytes(), &["x", "y"].map(Feature::number))?.collect()
}

#[test]
fn columns_are_found_by_name_and_others_are_not_read() {
    let rows = rows("\u{feff}kind,y,note,x\na,2,none,1\n,4,,3\n").unwrap();
    assert_eq!(rows, [Row { line: 2, values: vec![1.0, 2.0] }, Row { line: 3, values: vec![3.0, 4.0] }]);
}

#[test]
fn features_without_a_column_are_named_with_both_lists() {
    let message = rows("y,z\n1,2\n").unwrap_err().to_string();
    assert_eq!(message, "there is no column for x; the model's features are x, y; the columns are y, z");
}

#[test]
fn a_field_that_is_no_number_is_named_with_line_and_column() {
    let message = rows("x,y\n1,2\n1,NaN\n").unwrap_err().to_string();
    assert_eq!(
        message,
        "line 3, column `y`: `NaN` is a gap, and none is taken there: the training rows had none (`train --missing fill` \
         takes them)"
    );
    assert_eq!(rows("x,y\n1\n").unwrap_err().to_string(), "line 2 has 1 fields, the header has 2");
}

#[test]
fn a_class_that_the_model_does_not_have_is_named() {
    let read = |csv: &str| {
        Rows::new(csv.as_bytes(), &[Feature::number("x")]).unwrap().labelled("kind", &names(&["pear", "apple"]))
    };
    assert_eq!(read("x,kind\n1,apple\n").unwrap().labels, [1]);
    // A file may write a class that is a number or a truth otherwise than the training's.
    for (field, classes) in
        [("0.0", ["1", "0"]), ("0", ["1.0", "0.0"]), ("false", ["True", "False"]), ("0", ["True", "False"])]
    {
        let features = [Feature::number("x")];
        let csv = format!("x,kind\n1,{field}\n");
        let read = Rows::new(csv.as_bytes(), &features).unwrap().labelled("kind", &names(&classes));
        assert_eq!(read.unwrap().labels, [1], "{field}, {classes:?}");
    }
    assert_eq!(
        read("x,kind\n1,plum\n").unwrap_err().to_string(),
        "line 2, column `kind`: the model has no class `plum`; its classes are pear, apple"
    );
    assert!(matches!(read("x,kind\n1,\n"), Err(DataError::Field { line: 2, what: BadField::EmptyLabel, .. })));
    assert!(matches!(read("x,kind\n"), Err(DataError::Empty)));
    assert!(matches!(read("x\n1\n"), Err(DataError::MissingLabel { .. })));
}
