//! Names that become part of SQL, or of calls to RDS.

use rowscore::config::{ColumnName, DatabaseResource, Setting, TableName};

#[test]
fn what_no_server_takes_for_a_name_is_refused() {
    for name in ["", "a ", "a\0b", "🌷", &"x".repeat(65), "``", "`a `"] {
        assert!(ColumnName::read(name).is_none() && TableName::read(name).is_none(), "{name}");
    }
}

#[test]
fn a_name_of_any_characters_stands_quoted_and_may_be_given_so() {
    for name in
        ["order-items", "alcohol %", "km/h", "t [°C]", "a;b", "a'b", "a\"b", "a\\b", "a\nb", "a*/b", "a:b", "a{id}"]
    {
        assert_eq!(ColumnName::read(name).unwrap().quoted(), format!("`{name}`"));
        assert_eq!(TableName::read(&format!("`{name}`")).unwrap().as_str(), name);
    }
    let odd = TableName::read("a`b").unwrap();
    assert_eq!((odd.quoted().as_str(), odd.literal().as_str()), ("`a``b`", "_utf8mb4 x'616062'"));
    assert_eq!(TableName::read("`a``b`"), Some(odd));
    assert_eq!(TableName::read("it's").unwrap().literal(), "_utf8mb4 x'69742773'");
    assert_eq!(TableName::read("my items").unwrap().literal(), "'my items'");
}

#[test]
fn what_a_spreadsheet_calls_a_column_is_accepted() {
    for name in ["sepal_length", "Länge (cm)", "größe$", "no. 1", "x-1", &"x".repeat(64)] {
        assert_eq!(ColumnName::read(name).unwrap().quoted(), format!("`{name}`"));
    }
    assert!(ColumnName::read("Größe").unwrap().is("GRÖßE"));
}

fn behind(host: &str) -> Option<String> {
    DatabaseResource::behind(host).map(|resource| resource.to_string())
}

#[test]
fn the_resource_is_read_from_the_name_that_rds_gave() {
    assert_eq!(behind("shop.c1x2.eu-central-1.rds.amazonaws.com").unwrap(), "instance/shop");
    assert_eq!(behind("shop.cluster-c1x2.eu-central-1.rds.amazonaws.com").unwrap(), "cluster/shop");
    assert_eq!(behind("shop.global-c1x2.global.rds.amazonaws.com"), None);
    assert_eq!(behind("shop.cluster-ro-c1x2.rds.cn-north-1.amazonaws.com.cn").unwrap(), "cluster/shop");
}

#[test]
fn a_name_that_does_not_tell_names_no_resource() {
    for host in ["127.0.0.1", "db.example.com", "p.proxy-c1x2.eu-central-1.rds.amazonaws.com", "rds.amazonaws.com"] {
        assert_eq!(behind(host), None, "{host}");
    }
}

#[test]
fn a_resource_reads_back_as_it_is_shown_and_nothing_else_is_one() {
    for text in ["instance/shop", "cluster/shop-1"] {
        assert_eq!(DatabaseResource::read(text).unwrap().to_string(), text);
    }
    for text in ["shop", "instance/", "instance/a b", "proxy/shop"] {
        assert!(DatabaseResource::read(text).is_none(), "{text}");
    }
}
