//! For tests of kinds: the checks of a step alone, without stored bytes or variables.

use crate::kind::Kind;
use crate::{Blobs, Checks, Evidence, Scope};
use serde_json::Value;
use std::borrow::Cow;
use twinproof_model::{BlobRef, Check, Verdict};

/// A double of the evidence that has no bytes.
struct NoBlobs;

impl Blobs for NoBlobs {
    fn get(&self, _: &BlobRef) -> Option<Cow<'_, [u8]>> {
        None
    }
}

/// The checks of a step called `z`.
pub(super) fn checks<K: Kind>(step: &K, seen: &K::Seen) -> Vec<Check> {
    let scope = Scope::default();
    let mut checks = Checks::new("z", 0, Evidence { blobs: &NoBlobs, scope: &scope });
    step.check(seen, &mut checks);
    checks.into_found()
}

/// Whether every check of a step holds: of the keys in `step` and those in `always`. There must be one.
pub(super) fn hold<K: Kind>(always: Value, step: Value, seen: &K::Seen) -> bool {
    let mut keys = step;
    for (key, value) in always.as_object().into_iter().flatten() {
        keys[key] = value.clone();
    }
    let step: K = serde_json::from_value(keys).unwrap();
    // A step that asserts nothing would hold of any observation.
    assert!(step.asserts());
    let found = checks(&step, seen);
    // `all` holds of no checks.
    assert!(!found.is_empty());
    found.iter().all(|check| check.verdict == Verdict::Pass)
}
