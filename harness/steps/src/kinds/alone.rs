//! For tests of kinds: the checks of a step alone, without stored bytes or variables.

use crate::kind::Kind;
use crate::{Blobs, Checks, Evidence, Scope};
use std::borrow::Cow;
use twinproof_model::{BlobRef, Check};

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
