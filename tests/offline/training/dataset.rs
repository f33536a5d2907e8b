//! A CSV file as training data.

use rowscore::model::{Category, Encoder, Feature, FeatureKind, Method, Rule, TrainOptions};
use rowscore::training::{DataError, Dataset, Encoding, Gaps, Reading, Rows, Task, Which, train};
use rowscore::values::Reader;

fn read(csv: &str) -> Result<Dataset, DataError> {
    Dataset::from_csv(csv.as_bytes(), "kind")
}

fn message(csv: &str) -> String {
    read(csv).unwrap_err().to_string()
}

/// As `rowscore train` reads it, if nobody says anything but the label.
fn telling(csv: &str) -> Result<Dataset, DataError> {
    Dataset::read(csv.as_bytes(), &Reading::of(Some("kind")))
}

fn names(data: &Dataset) -> Vec<&str> {
    data.features().iter().map(|feature| feature.name.as_str()).collect()
}

/// Twenty lines with the number of the row in place of `#`.
fn lines(line: impl Fn(usize) -> String) -> String {
    (1..=20).map(|row| line(row) + "\n").collect()
}

#[test]
fn features_are_the_columns_beside_the_label_and_classes_are_sorted() {
    let data = read("x,kind,y\n1,pear, 2\n3,apple,4e-1\n").unwrap();
    assert_eq!(data.features(), ["x", "y"].map(Feature::number));
    assert_eq!(data.classes(), ["apple", "pear"]);
    assert_eq!(data.rows(), [[1.0, 2.0], [3.0, 0.4]]);
    assert_eq!(data.labels(), [1, 0]);
}

#[test]
fn what_is_not_a_finite_number_is_named_with_line_and_column() {
    for text in ["inf", "1e999"] {
        let found = message(&format!("x,y,kind\n1,2,a\n3,{text},b\n"));
        assert_eq!(found, format!("line 3, column `y`: `{text}` is not a finite number"));
    }
    let csv = format!("y,kind\n{}4 cm,b\n", lines(|row| format!("{row},a")));
    let found = message(&csv);
    let begins = "line 22, column `y`: `4 cm` is not a finite number, as nearly all others are; ";
    assert!(found.starts_with(begins) && found.ends_with("leave the column out with --ignore"), "{found}");
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
    assert!(matches!(read("kind\na\nb\n"), Err(DataError::NoFeatures { .. })));
    assert!(matches!(read(""), Err(DataError::MissingLabel { .. })));
}

#[test]
fn column_names_must_differ() {
    assert_eq!(message("x,x,kind\n1,2,a\n"), "column 2 has the name `x`, which is empty or taken already");
    assert_eq!(message("x,,kind\n1,2,a\n"), "column 2 has the name ``, which is empty or taken already");
}

#[test]
fn another_encoding_is_named_with_the_command_that_converts_it() {
    let error = Dataset::from_csv(&b"x,kind\n1,a\n2,Orl\xe9ans\n"[..], "kind").unwrap_err();
    assert!(matches!(error, DataError::Encoding(Encoding::NotUtf8 { line: 3, byte: 0xe9 })), "{error}");
    assert!(error.to_string().contains("iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW"), "{error}");
    let error = Dataset::from_csv(&b"\xff\xfex\0,\0"[..], "kind").unwrap_err();
    assert!(error.to_string().contains("iconv -f UTF-16 -t UTF-8 FILE > NEW"), "{error}");
    // A header is a line, too.
    let error = Dataset::from_csv(&b"gr\xf6\xdfe,kind\n1,a\n"[..], "kind").unwrap_err();
    assert!(matches!(error, DataError::Encoding(Encoding::NotUtf8 { line: 1, byte: 0xf6 })), "{error}");
}

#[test]
fn a_file_of_excel_in_europe_is_read_as_it_is() {
    let csv = format!("\u{feff}Größe;kind;\n{}", lines(|row| format!("{row},5;{};", row % 2)));
    let data = telling(&csv).unwrap();
    assert_eq!((names(&data), &data.rows()[1][..]), (vec!["Größe"], &[2.5][..]));
    let remarks = data.remarks().join("\n");
    assert!(remarks.contains("separated by `;`, and a comma stands before decimals"), "{remarks}");
    assert!(remarks.contains("classification, because the label has few whole numbers"), "{remarks}");
    assert!(remarks.contains("left out: ``: it has no name"), "{remarks}");
}

#[test]
fn a_column_that_teaches_nothing_is_left_out_with_a_word() {
    let line = |row: usize| format!("{row},{},u{row},7,s{},{},{}", row * row, row % 3, row % 4, ["a", "b"][row % 2]);
    let csv = format!("Id,order_id,name,same,seat,deck,kind\n{}", lines(line));
    let data = telling(&csv).unwrap();
    assert_eq!(names(&data), ["seat", "deck"]);
    let remarks = data.remarks().join("\n");
    for word in [
        "`Id`: it counts the rows",
        "`order_id`: it is an id: another whole number in each row",
        "`name`: its text is another one in each row",
        "`same`: all its values are the same",
    ] {
        assert!(remarks.contains(word), "{remarks}");
    }
    // What is named is learnt from, whatever it is, and in that order.
    let which = |names: &[&str]| Which::Named(names.iter().map(|&name| name.to_owned()).collect());
    let reading = Reading { columns: which(&["same", "Id", "name"]), ..Reading::of(Some("kind")) };
    assert_eq!(names(&Dataset::read(csv.as_bytes(), &reading).unwrap()), ["same", "Id", "name"]);
    let ignore = ["seat", "Id"].map(str::to_owned).to_vec();
    let data = Dataset::read(csv.as_bytes(), &Reading { ignore, ..Reading::of(Some("kind")) }).unwrap();
    assert_eq!(names(&data), ["deck"]);
    let reading = Reading { columns: which(&["deck", "door"]), ..Reading::of(Some("kind")) };
    let message = Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string();
    assert!(message.starts_with("there is no column door to learn from; the columns are Id, "), "{message}");
}

#[test]
fn text_becomes_categories_and_dates_moments_and_gaps_are_taken_where_some_are() {
    let line = |row: usize| {
        let day = if row == 4 { String::new() } else { format!("2026-01-{row:02}") };
        let sex = ["female", "male", "NA"][row % 3];
        format!("{}.5,{sex},{day},{},{}", row * 7 % 5, ["false", "true"][row % 2], ["a", "b"][row % 2])
    };
    let csv = format!("x,sex,day,flag,kind\n{}", lines(line));
    let data = telling(&csv).unwrap();
    let categories = ["female", "male"].map(|text| Category::Text(text.into())).to_vec();
    let sex = FeatureKind::Category { categories, unseen: Rule::Taken };
    let feature = |name: &str, kind, missing| Feature { name: name.into(), kind, missing };
    let expected = [
        Feature::number("x"),
        feature("sex", sex, Rule::Taken),
        feature("day", FeatureKind::Moment, Rule::Taken),
        Feature::number("flag"),
    ];
    assert_eq!(data.features(), expected);
    assert_eq!(data.rows()[0][1..], [1.0, 1_767_225_600.0, 1.0]);
    assert!(data.rows()[1][1].is_nan() && data.rows()[3][2].is_nan());

    let reading = |missing| Reading { missing, ..Reading::of(Some("kind")) };
    let filled = Dataset::read(csv.as_bytes(), &reading(Gaps::Fill)).unwrap();
    assert!(filled.features().iter().all(|feature| feature.missing == Rule::Taken));
    let message = Dataset::read(csv.as_bytes(), &reading(Gaps::Refuse)).unwrap_err().to_string();
    assert!(message.starts_with("line 3, column `sex`: `NA` is a gap, which `--missing refuse`"), "{message}");
}

#[test]
fn numbers_that_are_codes_are_categories_where_somebody_says_so() {
    let csv = format!("zone,x,kind\n{}", lines(|row| format!("{},{}.5,{}", row % 3 + 8, row % 7, ["a", "b"][row % 2])));
    let reading = Reading { categories: vec!["zone".into()], ..Reading::of(Some("kind")) };
    let data = Dataset::read(csv.as_bytes(), &reading).unwrap();
    let categories = ["10", "8", "9"].map(|text| Category::Text(text.into())).to_vec();
    assert_eq!(data.features()[0].kind, FeatureKind::Category { categories, unseen: Rule::Taken });
    assert_eq!([data.rows()[0][0], data.rows()[1][0], data.rows()[2][0]], [2.0, 0.0, 1.0]);
    // So does a table's number find its category.
    let encoder = Encoder::new(data.features());
    assert_eq!((encoder.number(0, 9.0), encoder.text(0, "10")), (Ok(2.0), Ok(0.0)));
    let reading = Reading { categories: vec!["zip".into()], ..Reading::of(Some("kind")) };
    let message = Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string();
    assert!(message.starts_with("there is no column zip to take for a category; the columns are zone, "), "{message}");
}

#[test]
fn a_text_column_with_too_many_values_is_named() {
    let csv: String = (0..300).map(|row| format!("t{},{},k{}\n", row % 101, row % 7, row % 2)).collect();
    let csv = format!("t,x,kind\n{csv}");
    let remarks = telling(&csv).unwrap().remarks().join("\n");
    assert!(remarks.contains("`t`: it has more than 100 different texts"), "{remarks}");
    assert!(message(&csv).starts_with("column `t` has more than 100 different texts"), "{}", message(&csv));
    // The remedy is none that another option of the command refuses.
    let named = |columns: Which, categories: &[&str]| {
        let categories = categories.iter().map(|&name| name.to_owned()).collect();
        let reading = Reading { columns, categories, ..Reading::of(Some("kind")) };
        Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string()
    };
    let features = || Which::Named(vec!["t".into(), "x".into()]);
    for (message, remedy) in [
        (message(&csv), "leave the column out with --ignore"),
        (named(features(), &[]), "leave the column out of --features"),
        (named(Which::Telling, &["t"]), "leave the column out of --categories"),
        (named(features(), &["t"]), "leave the column out of --features and --categories"),
    ] {
        assert!(message.ends_with(&format!("too many for categories; {remedy}")), "{message}");
    }
    let odd = format!("y,kind\n{}4 cm,b\n", lines(|row| format!("{row},a")));
    let reading = Reading { columns: Which::Named(vec!["y".into()]), ..Reading::of(Some("kind")) };
    let message = Dataset::read(odd.as_bytes(), &reading).unwrap_err().to_string();
    assert!(message.ends_with("mend the field, or leave the column out of --features"), "{message}");
}

#[test]
fn the_label_says_what_is_learnt_unless_somebody_does() {
    let task = |label: fn(usize) -> String| {
        let csv = format!("x,kind\n{}", lines(|row| format!("{}.5,{}", row % 7, label(row))));
        telling(&csv).unwrap().task()
    };
    assert_eq!(task(|row| format!("k{}", row % 2)), Task::Classification);
    assert_eq!(task(|row| (row % 3).to_string()), Task::Classification);
    assert_eq!(task(|row| format!("{row}.25")), Task::Regression);
    assert_eq!(task(|row| (row * 1000).to_string()), Task::Regression);
    let csv = format!("x,kind\n{}", lines(|row| format!("{}.5,{}", row % 7, row % 2)));
    let reading = Reading { task: Some(Task::Regression), ..Reading::of(Some("kind")) };
    let data = Dataset::read(csv.as_bytes(), &reading).unwrap();
    assert_eq!((data.task(), data.classes().len(), data.labels().len()), (Task::Regression, 0, 0));
    let data = Dataset::read(csv.as_bytes(), &Reading::of(None)).unwrap();
    assert_eq!((data.task(), names(&data)), (Task::OneClass, vec!["x", "kind"]));
    let reading = Reading { task: Some(Task::Regression), ..Reading::of(None) };
    let message = Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string();
    assert_eq!(message, "a regression needs --label COLUMN, the column that is to be predicted");
    let csv = "x,kind\n1,2.5\n2,NA\n";
    let reading = Reading { task: Some(Task::Regression), ..Reading::of(Some("kind")) };
    let message = Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string();
    assert!(message.starts_with("line 3, column `kind`: the label `NA` is a gap"), "{message}");
    let csv = "x,kind\n1,2.5\n2,NA\n3,some\n";
    let message = Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string();
    assert!(message.starts_with("line 3, column `kind`: the label `NA` is not a finite number"), "{message}");
}

#[test]
fn a_code_is_one_category_however_its_number_is_written() {
    let line = |row: usize| format!("{},{}.5,{}", ["1.0", "2.0", "2"][row % 3], row % 7, ["a", "b"][row % 2]);
    let csv = format!("zone,x,kind\n{}", lines(line));
    let reading = Reading { categories: vec!["zone".into()], ..Reading::of(Some("kind")) };
    let data = Dataset::read(csv.as_bytes(), &reading).unwrap();
    let categories = ["1.0", "2"].map(|text| Category::Text(text.into())).to_vec();
    assert_eq!(data.features()[0].kind, FeatureKind::Category { categories, unseen: Rule::Taken });
    assert_eq!([data.rows()[0][0], data.rows()[1][0], data.rows()[2][0]], [1.0, 1.0, 0.0]);
    // As JSON, typed columns of whatever type and files have them.
    let encoder = Encoder::new(data.features());
    assert_eq!((encoder.number(0, 1.0), encoder.number(0, 99.0)), (Ok(0.0), Ok(2.0)));
    for (text, code) in [("1", 0.0), ("1.00", 0.0), ("2.0", 1.0), ("2.000", 1.0), ("99", 2.0)] {
        assert_eq!(encoder.text(0, text), Ok(code), "{text}");
        let csv = format!("zone,x\n{text},1\n");
        let rows = Rows::new(csv.as_bytes(), data.features()).unwrap();
        assert_eq!(rows.map(|row| row.unwrap().values[0]).collect::<Vec<_>>(), [code], "{text}");
    }
}

#[test]
fn a_code_with_a_decimal_comma_is_the_number_that_a_table_has() {
    let line = |row: usize| format!("{};{},5;{}", ["1,0", "2,5"][row % 2], row % 7, ["a", "b"][row % 2]);
    let csv = format!("zone;x;kind\n{}", lines(line));
    let reading = Reading { categories: vec!["zone".into()], ..Reading::of(Some("kind")) };
    let data = Dataset::read(csv.as_bytes(), &reading).unwrap();
    let encoder = Encoder::new(data.features());
    assert_eq!([encoder.number(0, 1.0), encoder.number(0, 2.5), encoder.text(0, "2.50")], [Ok(0.0), Ok(1.0), Ok(1.0)]);
    let rows = Rows::new(csv.as_bytes(), data.features()).unwrap();
    assert!(rows.zip(data.rows()).all(|(read, known)| read.unwrap().values == *known));
}

#[test]
fn truths_that_are_categories_are_found_in_json_and_in_columns_of_booleans() {
    let line = |row: usize| format!("{},{}.5,{}", ["True", "False"][row % 2], row % 7, ["a", "b"][row % 3 % 2]);
    let csv = format!("flag,x,kind\n{}", lines(line));
    let reading = Reading { categories: vec!["flag".into()], ..Reading::of(Some("kind")) };
    let data = Dataset::read(csv.as_bytes(), &reading).unwrap();
    for (json, code) in [("true", 1.0), ("false", 0.0), ("1", 1.0), ("\"0\"", 0.0), ("\"True\"", 1.0), ("2", 2.0)] {
        let mut row = Vec::new();
        Reader::new(data.features()).read(format!("[{json}, 1]").as_bytes(), &mut row).unwrap();
        assert_eq!(row, [code, 1.0], "{json}");
    }
    let rows = Rows::new("flag,x\nTRUE,1\nfalse,1\n".as_bytes(), data.features()).unwrap();
    assert_eq!(rows.map(|row| row.unwrap().values[0]).collect::<Vec<_>>(), [1.0, 0.0]);
}

#[test]
fn quoted_decimal_commas_are_numbers() {
    for delimiter in [";", ",", "\t"] {
        let line =
            |row: usize| [format!("\"{},5\"", row * 7 % 11), format!("\"{}\"", ["a", "b"][row % 2])].join(delimiter);
        let csv = format!("x{delimiter}kind\n{}", lines(line));
        let data = telling(&csv).unwrap();
        assert_eq!(data.features(), [Feature::number("x")], "{delimiter:?}");
        assert_eq!(data.rows()[0], [7.5]);
        let remarks = data.remarks().join("\n");
        assert!(remarks.contains("a comma stands before decimals"), "{remarks}");
    }
}

#[test]
fn a_zero_date_is_a_gap_in_a_column_of_dates() {
    let line = |row: usize| {
        let day = if row == 5 { "0000-00-00".to_owned() } else { format!("2026-01-{row:02}") };
        format!("{day},{}.5,{}", row % 7, ["a", "b"][row % 2])
    };
    let csv = format!("at,x,kind\n{}", lines(line));
    let data = telling(&csv).unwrap();
    let at = Feature { name: "at".into(), kind: FeatureKind::Moment, missing: Rule::Taken };
    assert_eq!(data.features(), [at, Feature::number("x")]);
    assert!(data.rows()[4][0].is_nan() && data.rows()[5][0].is_finite());
    train(&data, &TrainOptions { method: Method::Logistic, ..TrainOptions::default() }, |_| ()).unwrap();
    let reading = Reading { missing: Gaps::Refuse, ..Reading::of(Some("kind")) };
    let message = Dataset::read(csv.as_bytes(), &reading).unwrap_err().to_string();
    assert!(message.starts_with("line 6, column `at`: `0000-00-00` is a gap, which `--missing refuse`"), "{message}");
    let csv = format!("at,x,kind\n{}", lines(|row| format!("0000-00-00,{}.5,{}", row % 7, ["a", "b"][row % 2])));
    let remarks = telling(&csv).unwrap().remarks().join("\n");
    assert!(remarks.contains("left out: `at`: it has no values"), "{remarks}");
}

#[test]
fn lines_are_counted_as_an_editor_does_whatever_ends_them() {
    let csv = "\nx,note,kind\n1,\"two\nlines\",a\n\n\n2,plain,b\nlong,plain,b\n";
    let reading = Reading { columns: Which::Named(vec!["x".into()]), ..Reading::of(Some("kind")) };
    let features = [Feature::number("x")];
    for end in ["\n", "\r\n", "\r"] {
        let csv = csv.replace('\n', end);
        let rows = Rows::new(csv.as_bytes(), &features).unwrap();
        let lines: Vec<Result<u64, String>> =
            rows.map(|row| row.map(|row| row.line).map_err(|error| error.to_string())).collect();
        let expected = [Ok(3), Ok(7), Err("line 8, column `x`: `long` is not a finite number".to_owned())];
        assert_eq!(lines, expected, "{end:?}");
        let short = csv.replace("long,plain,b", "3");
        let message = Dataset::read(short.as_bytes(), &reading).unwrap_err().to_string();
        assert_eq!(message, "line 8 has 1 fields, the header has 3", "{end:?}");
        let latin = csv.replace("long", "3").into_bytes();
        let latin: Vec<u8> = latin.iter().map(|byte| if *byte == b'w' { 0xe9 } else { *byte }).collect();
        let error = Dataset::read(latin.as_slice(), &reading).unwrap_err();
        assert!(matches!(error, DataError::Encoding(Encoding::NotUtf8 { line: 3, byte: 0xe9 })), "{error}");
    }
    let error = Dataset::read(&b"\r\n\r\ngr\xf6\xdfe,kind\r\n1,a\r\n"[..], &Reading::of(None)).unwrap_err();
    assert!(matches!(error, DataError::Encoding(Encoding::NotUtf8 { line: 3, byte: 0xf6 })), "{error}");
}

#[test]
fn a_word_for_a_gap_is_no_class_among_numbers_and_one_with_a_remark_among_texts() {
    for word in ["NA", "?", "null", "NaN", "none", "N/A"] {
        let numbers = format!("x,kind\n{}2.5,{word}\n", lines(|row| format!("{}.5,{}", row % 7, row % 2)));
        let message = telling(&numbers).unwrap_err().to_string();
        let begins = format!("line 22, column `kind`: the label `{word}` is a gap, as all other labels are numbers; ");
        assert!(
            message.starts_with(&begins) && message.contains("NA, N/A, NaN, null, None and ? are gaps"),
            "{message}"
        );

        let texts = format!("x,kind\n{}2.5,{word}\n", lines(|row| format!("{}.5,k{}", row % 7, row % 2)));
        let data = telling(&texts).unwrap();
        assert!(data.classes().iter().any(|class| class == word), "{:?}", data.classes());
        let remarks = data.remarks().join("\n");
        let expected = format!(
            "the label has `{word}` (1 row), which is taken for a class; leave these rows out if they are gaps"
        );
        assert!(remarks.contains(&expected), "{remarks}");
    }
    let plain = format!("x,kind\n{}", lines(|row| format!("{}.5,k{}", row % 7, row % 2)));
    assert!(!telling(&plain).unwrap().remarks().join("\n").contains("taken for a class"));
}
