//! A zip that is still arriving, and is passed on while it is judged.
//!
//! Its last bytes are held back until all of it has passed: whoever gets a whole zip gets a good one,
//! and the connection of whoever got the beginning of a bad one breaks off.

use std::fs::File;
use std::sync::Arc;

use tokio::sync::watch;

/// Bytes at the end that are held back: more than the end of a zip's directory takes.
const HELD_BACK: u64 = 4 << 10;

/// From how many bytes on a zip is passed on before it is whole. Smaller ones are soon there, and
/// what is wrong with them can still be said.
pub(crate) const START: u64 = 1 << 20;

/// What has come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grown {
    bytes: u64,
    good: bool,
}

/// A zip that is still arriving.
#[derive(Debug)]
pub(crate) struct Growing {
    pub(crate) file: Arc<File>,
    /// Its length, where the upstream has said it.
    pub(crate) length: Option<u64>,
    grown: watch::Receiver<Grown>,
}

/// Tells what has come. Dropped before [`good`](Self::good), the zip is bad.
#[derive(Debug)]
pub(crate) struct Grower(watch::Sender<Grown>);

/// What may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Available {
    /// So many bytes, with more to come.
    Until(u64),
    /// All of them: so many.
    All(u64),
    /// No more: it is bad.
    Bad,
}

/// A zip of which `bytes` have come to `file`.
pub(crate) fn growing(file: File, length: Option<u64>, bytes: u64) -> (Grower, Growing) {
    let (sender, grown) = watch::channel(Grown { bytes, good: false });
    (Grower(sender), Growing { file: Arc::new(file), length, grown })
}

impl Grower {
    /// So many bytes have come, in all.
    pub(crate) fn grown(&self, bytes: u64) {
        self.0.send_replace(Grown { bytes, good: false });
    }

    /// It has passed.
    pub(crate) fn good(self) {
        self.0.send_modify(|grown| grown.good = true);
    }
}

impl Growing {
    /// What may be passed on now.
    pub(crate) fn available(&self) -> Available {
        let grown = *self.grown.borrow();
        if grown.good {
            return Available::All(grown.bytes);
        }
        // The one who tells may have told between the two looks.
        // The channel is closed when the fetch has ended; good or not was said before that.
        if self.grown.has_changed().is_err() && !self.grown.borrow().good {
            return Available::Bad;
        }
        // The end of a zip has its directory. A client that has everything but the end cannot use a
        // zip that is refused in the last moment.
        Available::Until(grown.bytes.saturating_sub(HELD_BACK))
    }

    /// Waits until more than `at` bytes may be passed on, or it is whole or bad.
    pub(crate) async fn wait(self: Arc<Self>, at: u64) -> Available {
        let mut grown = self.grown.clone();
        loop {
            grown.mark_unchanged();
            match self.available() {
                Available::Until(bytes) if bytes <= at => _ = grown.changed().await,
                available => return available,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_bytes_wait_for_the_verdict() {
        let file = || tempfile::tempfile().unwrap();
        let (grower, zip) = growing(file(), Some(10_000), 5000);
        let zip = Arc::new(zip);
        assert_eq!(zip.available(), Available::Until(904));
        let waiting = tokio::spawn(Arc::clone(&zip).wait(904));
        tokio::task::yield_now().await;
        grower.grown(10_000);
        assert_eq!(waiting.await.unwrap(), Available::Until(5904));
        let waiting = tokio::spawn(Arc::clone(&zip).wait(5904));
        tokio::task::yield_now().await;
        grower.good();
        assert_eq!(waiting.await.unwrap(), Available::All(10_000));

        let (grower, zip) = growing(file(), None, 5000);
        let zip = Arc::new(zip);
        let waiting = tokio::spawn(Arc::clone(&zip).wait(904));
        tokio::task::yield_now().await;
        drop(grower);
        assert_eq!(waiting.await.unwrap(), Available::Bad);
    }
}
