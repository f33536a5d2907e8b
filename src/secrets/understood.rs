//! What the text of a secret says: what is wanted alone, or a JSON object as RDS writes it. Nothing of the text is ever said
//! again, not even the names in it.

use serde_json::Value;

use super::error::SecretError;
use super::hidden::Secret;
use super::wanted::Wanted;
use crate::config::SecretRef;

/// The name under which RDS keeps whose password it is:
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>
const USER: &str = "username";

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Whose it is, if that is said.
    pub named: Option<String>,
    /// What was wanted.
    pub text: Secret,
}

/// What `text` has of that which is `wanted` of `secret`.
pub(super) fn understood(text: &str, secret: &SecretRef, wanted: Wanted) -> Result<Found, SecretError> {
    let name = wanted.name;
    let unusable = |(said, remedy): (String, String)| SecretError::of(secret, said, remedy);
    let found = match (serde_json::from_str(text), secret.key.as_deref()) {
        (Ok(Value::Object(object)), key) => {
            let key = key.unwrap_or(name);
            let value = object.get(key).ok_or_else(|| unusable(lacks(key, wanted)))?;
            let named = object.get(USER).and_then(Value::as_str).filter(|named| !named.is_empty());
            let text = plain(value).ok_or_else(|| unusable(no_text(key)))?;
            Found { named: named.map(ToOwned::to_owned), text: Secret(text) }
        }
        (_, None) => Found { named: None, text: Secret(text.to_owned()) },
        (_, Some(key)) => return Err(unusable(no_object(key, name))),
    };
    // As of a file that `aws secretsmanager` was given by file://.
    if found.text.0.ends_with(['\n', '\r']) {
        let said = format!("the {name} in it ends in a line break");
        return Err(SecretError::of(secret, said, "put it in without one, as of a file by `tr -d '\\r\\n'`"));
    }
    Ok(found)
}

/// A value as text, as CloudFormation takes it.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn lacks(key: &str, Wanted { name, variable }: Wanted) -> (String, String) {
    (
        format!("it is a JSON object without `{key}`"),
        format!("give the name that has the {name}, as in {variable}=ARN:SecretString:NAME"),
    )
}

fn no_text(key: &str) -> (String, String) {
    (format!("its `{key}` is no text"), format!("make it one, as in {{\"{key}\": \"...\"}}"))
}

fn no_object(key: &str, name: &str) -> (String, String) {
    (
        format!("it is no JSON object, and `{key}` of one is asked for"),
        format!(
            "leave :SecretString:{key} out if the whole text is the {name}, or make it an object like {{\"{key}\": \"...\"}}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting as _;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:scorer-AbCdEf";

    const PASSWORD: Wanted = Wanted { name: "password", variable: "MYSQL_PASSWORD_SECRET" };
    const TOKEN: Wanted = Wanted { name: "token", variable: "LINEAGE_TOKEN_SECRET" };

    fn read(text: &str, rest: &str) -> Result<(Option<String>, String), String> {
        read_as(PASSWORD, text, rest)
    }

    fn read_as(wanted: Wanted, text: &str, rest: &str) -> Result<(Option<String>, String), String> {
        let secret = SecretRef::read(&format!("{ARN}{rest}")).unwrap();
        let found = understood(text, &secret, wanted).map_err(|error| error.to_string())?;
        Ok((found.named, found.text.0))
    }

    #[test]
    fn a_secret_is_a_password_alone_or_an_object_as_rds_writes_it() {
        let password = |text: &str| Ok((None, text.to_owned()));
        for text in ["s3cret", "4711", "\"quoted\"", "{s3cret", "[1]", "", " "] {
            assert_eq!(read(text, ""), password(text), "{text}");
        }
        let of_rds = r#"{"username": "scorer", "password": "s\"3", "engine": "mysql", "port": 3306}"#;
        assert_eq!(read(of_rds, ""), Ok((Some("scorer".into()), "s\"3".into())));
        assert_eq!(read(of_rds, ":SecretString:password"), read(of_rds, ""));
        assert_eq!(read(of_rds, ":SecretString:engine::4d1f"), Ok((Some("scorer".into()), "mysql".into())));
        assert_eq!(read(r#"{"key": 4711}"#, ":SecretString:key"), password("4711"));
        assert_eq!(read(r#"{"username": "", "password": ""}"#, ""), password(""));
    }

    #[test]
    fn what_is_none_says_what_was_found_and_what_to_do_and_nothing_that_is_in_it() {
        for (text, rest, parts) in [
            ("s3cret", ":SecretString:key", ["it is no JSON object", "leave :SecretString:key out"]),
            (r#"{"s3cret": "s3cret", "b": 1}"#, "", ["it is a JSON object without `password`", ":SecretString:NAME"]),
            (r#"{"password": ["s3cret"]}"#, "", ["its `password` is no text", r#"{"password": "..."}"#]),
            ("s3cret\n", "", ["ends in a line break", "tr -d"]),
            (r#"{"password": "s3cret\r\n"}"#, "", ["ends in a line break", "tr -d"]),
        ] {
            let said = read(text, rest).unwrap_err();
            assert!(said.starts_with(&format!("reading the secret {ARN}: ")), "{said}");
            assert!(parts.iter().all(|part| said.contains(part)) && !said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn a_token_has_a_name_of_its_own_and_each_remedy_names_its_variable() {
        let token = || Ok((None, "t0ken".to_owned()));
        assert_eq!(read_as(TOKEN, "t0ken", ""), token());
        assert_eq!(read_as(TOKEN, r#"{"token": "t0ken"}"#, ""), token());
        assert_eq!(read_as(TOKEN, r#"{"bearer": "t0ken"}"#, ":SecretString:bearer"), token());
        let said = read_as(TOKEN, r#"{"password": "t0ken"}"#, "").unwrap_err();
        assert!(said.contains("it is a JSON object without `token`; give the name that has the token"), "{said}");
        assert!(said.contains("LINEAGE_TOKEN_SECRET=ARN:SecretString:NAME") && !said.contains("t0ken"), "{said}");
        let said = read_as(TOKEN, "t0ken\n", "").unwrap_err();
        assert!(said.contains("the token in it ends in a line break") && !said.contains("t0ken"), "{said}");
    }
}
