//! Names that become part of SQL, or of calls to RDS.

use rowscore::config::{ColumnName, DatabaseResource, Setting, TableName};

#[test]
fn what_could_end_the_quotes_or_is_no_name_is_refused() {
    for name in ["", " a", "a ", "a`b", "a'b", "a\"b", "a;b", "a\\b", "a\nb", "a\0b", "a*b", "a#b", &"x".repeat(65)] {
        assert!(ColumnName::read(name).is_none() && TableName::read(name).is_none(), "{name}");
    }
    assert!(TableName::read("a b").is_none() && TableName::read("a.b").is_none());
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
