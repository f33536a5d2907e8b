//! The models that were read while the process ran: the last few of them, by version. A version is the digest of what
//! a model is, so whoever wants it may have it, whatever database it came from.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::digest::ModelVersion;
use super::loaded::Model;

/// So many are kept, at most.
const MOST: usize = 8;

/// Their files have so many bytes together, at most, unless there is only one.
const MOST_BYTES: usize = 64 << 20;

/// The models of this process.
static MEMORY: Mutex<Memory> = Mutex::new(Memory { kept: VecDeque::new() });

/// The latest first, each with the bytes of its file.
#[derive(Debug)]
struct Memory {
    kept: VecDeque<(Arc<Model>, usize)>,
}

impl Memory {
    fn recall(&mut self, version: ModelVersion) -> Option<Arc<Model>> {
        let place = self.kept.iter().position(|(model, _)| model.version() == version)?;
        let kept = self.kept.remove(place)?;
        let model = Arc::clone(&kept.0);
        self.kept.push_front(kept);
        Some(model)
    }

    fn keep(&mut self, model: Arc<Model>, bytes: usize) {
        if self.recall(model.version()).is_none() {
            self.kept.push_front((model, bytes));
        }
        while self.kept.len() > 1 && (self.kept.len() > MOST || self.bytes() > MOST_BYTES) {
            self.kept.pop_back();
        }
    }

    fn bytes(&self) -> usize {
        self.kept.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// The model of a version, if it was among the last few.
pub(crate) fn recall(version: ModelVersion) -> Option<Arc<Model>> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner).recall(version)
}

/// Keeps a model whose file has so many bytes. Those that nobody asked for for the longest time are let go of.
pub(crate) fn keep(model: Arc<Model>, bytes: usize) {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner).keep(model, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Artifact, embedded};

    fn model(number: usize) -> Arc<Model> {
        let mut content = embedded().unwrap().artifact().content.clone();
        content.label = format!("model {number}");
        Arc::new(Model::new(Artifact::seal(content)).unwrap())
    }

    #[test]
    fn a_process_that_has_seen_many_models_holds_the_last_few() {
        let (mut memory, first) = (Memory { kept: VecDeque::new() }, model(0));
        memory.keep(Arc::clone(&first), 1);
        for number in 1..20 {
            memory.keep(model(number), 1);
            assert!(memory.recall(first.version()).is_some(), "it is in use all the time");
        }
        assert_eq!(memory.kept.len(), MOST);
        assert_eq!(memory.recall(model(19).version()).map(|model| model.version()), Some(model(19).version()));
        assert!(memory.recall(model(1).version()).is_none());
    }

    #[test]
    fn large_models_are_fewer_and_one_is_kept_whatever_its_size() {
        let mut memory = Memory { kept: VecDeque::new() };
        for number in 0..3 {
            memory.keep(model(number), MOST_BYTES / 2);
        }
        assert_eq!(memory.kept.len(), 2);
        memory.keep(model(3), 2 * MOST_BYTES);
        assert_eq!(memory.kept.len(), 1);
        memory.keep(model(3), 2 * MOST_BYTES);
        assert_eq!(memory.kept.len(), 1, "the same twice is one");
    }
}
