//! What the text of a secret says: a password alone, or a JSON object as RDS writes it. Nothing of the text is ever said
//! again, not even the names in it.

use serde_json::Value;

use super::StoreError;
use super::secret::Secret;
use crate::config::SecretRef;

/// The name under which RDS keeps a password, and the one under which it keeps whose that is:
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>
const PASSWORD: &str = "password";
const USER: &str = "username";

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Whose password it is, if that is said.
    pub named: Option<String>,
    pub password: Secret,
}

/// Why there is no password in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusable {
    said: String,
    remedy: String,
}

impl Unusable {
    /// As an error about `secret`.
    pub(super) fn of(self, secret: &SecretRef) -> StoreError {
        StoreError::Secret { secret: secret.to_string(), said: self.said, remedy: self.remedy }
    }
}

/// What `text` has of that which `secret` asks for.
pub(super) fn understood(text: &str, secret: &SecretRef) -> Result<Found, Unusable> {
    let found = match (serde_json::from_str(text), secret.key.as_deref()) {
        (Ok(Value::Object(object)), key) => {
            let key = key.unwrap_or(PASSWORD);
            let password = object.get(key).ok_or_else(|| lacks(key))?;
            let named = object.get(USER).and_then(Value::as_str).filter(|named| !named.is_empty());
            Found { named: named.map(ToOwned::to_owned), password: Secret(plain(password, key)?) }
        }
        (_, None) => Found { named: None, password: Secret(text.to_owned()) },
        (_, Some(key)) => {
            return Err(Unusable {
                said: format!("it is no JSON object, and `{key}` of one is asked for"),
                remedy: format!(
                    "leave :SecretString:{key} out if the whole text is the password, or make it an object like \
                     {{\"{key}\": \"...\"}}"
                ),
            });
        }
    };
    // As of a file that `aws secretsmanager` was given by file://.
    if found.password.0.ends_with(['\n', '\r']) {
        return Err(Unusable {
            said: "the password in it ends in a line break".into(),
            remedy: "put it in without one, as of a file by `tr -d '\\r\\n'`".into(),
        });
    }
    Ok(found)
}

fn lacks(key: &str) -> Unusable {
    Unusable {
        said: format!("it is a JSON object without `{key}`"),
        remedy: "give the name that has the password, as in MYSQL_PASSWORD_SECRET=ARN:SecretString:NAME".into(),
    }
}

/// A value as text, as CloudFormation takes it.
fn plain(value: &Value, key: &str) -> Result<String, Unusable> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Unusable {
            said: format!("its `{key}` is no text"),
            remedy: format!("make it one, as in {{\"{key}\": \"...\"}}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting as _;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:scorer-AbCdEf";

    fn read(text: &str, rest: &str) -> Result<(Option<String>, String), String> {
        let secret = SecretRef::read(&format!("{ARN}{rest}")).unwrap();
        let found = understood(text, &secret).map_err(|unusable| unusable.of(&secret).to_string())?;
        Ok((found.named, found.password.0))
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
}
