//! A secret of AWS Secrets Manager: which one it is, and what of it is meant.

use std::fmt;

use super::listeners::region;
use super::setting::{Accepts, Setting};

/// Which secret, and what of it: `ARN`, `ARN:SecretString:KEY` or `ARN:SecretString:KEY::VERSION`, as a dynamic reference
/// of CloudFormation has it behind its first word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// Its ARN.
    pub arn: String,
    /// The name in its JSON object whose value is meant.
    pub key: Option<String>,
    /// The id of the one version that is meant. Unset: the one that is current when it is read.
    pub version: Option<String>,
}

/// What stands between the ARN and the rest.
const OF_IT: &str = ":SecretString:";

impl SecretRef {
    /// The region that it is in.
    pub fn region(&self) -> &str {
        region(&self.arn)
    }
}

impl Setting for SecretRef {
    const ACCEPTS: Accepts = Accepts::Text(
        "the ARN of a secret, like arn:aws:secretsmanager:eu-central-1:123456789012:secret:scorer-AbCdEf; with :SecretString:NAME \
         behind it where another name than password or token has it",
    );

    fn read(text: &str) -> Option<Self> {
        let (arn, rest) = text.split_once(OF_IT).map_or((text, None), |(arn, rest)| (arn, Some(rest)));
        let (key, version) = rest
            .map_or((None, None), |rest| rest.split_once("::").map_or((Some(rest), None), |(k, v)| (Some(k), Some(v))));
        let plain =
            |text: &str| !text.is_empty() && !text.contains([':', '{', '}']) && !text.contains(char::is_whitespace);
        let fits = is_secret(arn) && key.is_none_or(plain) && version.is_none_or(plain);
        let owned = |text: &str| text.to_owned();
        fits.then(|| Self { arn: owned(arn), key: key.map(owned), version: version.map(owned) })
    }
}

fn is_secret(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let named =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@!-".contains(c));
    matches!(parts[..], ["arn", partition, "secretsmanager", region, account, "secret", name]
        if partition.starts_with("aws") && plain(partition) && plain(region)
            && account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit()) && named(name))
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1b/a-AbCdEf";

    #[test]
    fn a_secret_is_named_as_cloudformation_names_it_or_by_its_arn_alone() {
        let read = |rest: &str| {
            let read = SecretRef::read(&format!("{ARN}{rest}"));
            read.map(|secret| (secret.region().to_owned(), secret.to_string(), secret.key, secret.version))
        };
        let of = |key: Option<&str>, version: Option<&str>| {
            Some(("eu-central-1".into(), ARN.into(), key.map(Into::into), version.map(Into::into)))
        };
        assert_eq!(read(""), of(None, None));
        assert_eq!(read(":SecretString:pass word"), None);
        assert_eq!(read(":SecretString:p"), of(Some("p"), None));
        assert_eq!(read(":SecretString:p::4d1f-0"), of(Some("p"), Some("4d1f-0")));
        for rest in [":SecretString", ":SecretString:", ":SecretString:p:AWSPENDING", ":SecretString:p::", ":x", " "] {
            assert_eq!(read(rest), None, "{rest}");
        }
    }

    #[test]
    fn what_is_no_arn_of_a_secret_is_refused() {
        for text in [
            "",
            "scorer",
            "arn:aws:sns:eu-central-1:123456789012:secret:x",
            "arn:aws:secretsmanager:eu-central-1:12345678901:secret:x",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:",
            "arn:aws:secretsmanager::123456789012:secret:x",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ä",
        ] {
            assert_eq!(SecretRef::read(text), None, "{text}");
        }
    }
}
