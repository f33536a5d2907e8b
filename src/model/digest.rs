//! SHA-256 digests as they stand in an artifact: 64 hexadecimal digits.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Shown, written and read as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }
}

/// Upper case is refused, so that a digest has one spelling only.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not a digest of 64 hexadecimal digits in lower case"))
        })
    }
}

/// The identity of a model: the digest of its artifact's content.
///
/// The artifact holds all 64 digits ([`ModelVersion::digest`]); shown, a version is its first 12,
/// enough to tell the models of one project apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelVersion(Digest);

/// Hexadecimal digits of a version as people and the database see it.
const SHOWN_DIGITS: usize = 12;

impl ModelVersion {
    pub(super) fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// The version of these 64 digits, as an artifact and the database have them.
    #[must_use]
    pub fn from_digits(text: &str) -> Option<Self> {
        Digest::from_hex(text).map(Self)
    }

    /// The whole digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0
    }

    /// What people and the database see of it.
    #[must_use]
    pub fn shown(self) -> ShownVersion {
        ShownVersion(self.to_string())
    }
}

/// A version as people and the database see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShownVersion(String);

impl ShownVersion {
    /// The one that the database has.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string()[..SHOWN_DIGITS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_is_shown_as_sha256sum_shows_it() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
    }

    #[test]
    fn a_digest_reads_back_from_its_text() {
        let text = serde_json::to_string(&Digest::of(b"")).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), Digest::of(b""));
    }

    #[test]
    fn text_that_is_no_digest_is_refused() {
        for text in [&EMPTY[1..], &EMPTY.to_uppercase(), &EMPTY.replace('e', "é")] {
            assert_eq!(Digest::from_hex(text), None, "{text}");
        }
    }

    #[test]
    fn a_version_shows_twelve_digits() {
        let version = ModelVersion::new(Digest::of(b""));
        assert_eq!(version.to_string(), "e3b0c44298fc");
        assert_eq!(format!("{version:>14}"), "  e3b0c44298fc");
    }
}
