//! The model file: its content, sealed with a version.

use serde::{Deserialize, Serialize};

use super::about::About;
use super::content::Content;
use super::json;
use super::refusal::ArtifactError;
use super::verify;
use crate::model::digest::{Digest, ModelVersion};

/// A model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// The latest [`FORMAT`](super::FORMAT), or the earlier one where that can hold the content.
    pub format: u32,
    /// SHA-256 of the content in a canonical form, which depends on the values only, not on white
    /// space or on how a number is printed.
    pub version: ModelVersion,
    /// The model.
    pub content: Content,
}

impl Artifact {
    /// Makes a model file of `content`, with its version.
    #[must_use]
    pub fn seal(content: Content) -> Self {
        Self { format: content.format(), version: content.version(), content }
    }

    /// The same model, which says this of itself. It is another version.
    #[must_use]
    pub fn about(self, about: About) -> Self {
        Self::seal(Content { about, ..self.content })
    }

    /// Reads a model file and verifies all of it.
    ///
    /// # Errors
    /// When the bytes are not JSON, the format is another one, the content does not match the
    /// version, or the parts of the content do not fit each other.
    pub fn from_json(json: &[u8]) -> Result<Self, ArtifactError> {
        // The number first: another format need not have these fields at all.
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let header: Header = serde_json::from_slice(json)?;
        verify::format(header.format)?;
        let artifact: Self = serde_json::from_slice(json)?;
        artifact.verify()?;
        Ok(artifact)
    }

    /// The model file's bytes: the same for the same model, laid out so that a diff can be read.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = json::to_vec(self, json::Readable::default());
        bytes.push(b'\n');
        bytes
    }

    /// Verifies everything, the version included.
    pub(crate) fn verify(&self) -> Result<(), ArtifactError> {
        verify::format(self.format)?;
        if self.format < self.content.format() {
            return Err(ArtifactError::Format { found: self.format });
        }
        let computed = self.content.version();
        if computed != self.version {
            return Err(ArtifactError::Version { recorded: self.version, computed });
        }
        self.content.verify()
    }
}

impl Content {
    fn version(&self) -> ModelVersion {
        ModelVersion::new(Digest::of(&json::to_vec(self, json::Canonical)))
    }
}
