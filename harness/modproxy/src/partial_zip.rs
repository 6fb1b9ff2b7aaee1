//! A zip that is still arriving, and is passed on while it is judged.
//!
//! Its last bytes are held back until all of it is accepted: a client that gets a whole zip gets a good
//! one, and a connection that got the beginning of a bad one breaks off.

use std::fs::File;
use std::sync::Arc;

use tokio::sync::watch;

/// Bytes at the end that are held back: more than the end of a zip's directory takes.
const HELD_BACK: u64 = 4 << 10;

/// From how many bytes on a zip is passed on before it is whole. Smaller ones are soon there, and
/// what is wrong with them can still be said.
pub(crate) const START: u64 = 1 << 20;

/// Number of bytes that have arrived, and whether all of them were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ArrivedBytes {
    bytes: u64,
    accepted: bool,
}

/// A zip that is still arriving.
#[derive(Debug)]
pub(crate) struct PartialZip {
    pub(crate) file: Arc<File>,
    /// Its length, where the upstream has said it.
    pub(crate) length: Option<u64>,
    arrived: watch::Receiver<ArrivedBytes>,
}

/// Publishes what has arrived. Dropped before [`accept`](Self::accept), the zip is bad.
#[derive(Debug)]
pub(crate) struct ZipWriter(watch::Sender<ArrivedBytes>);

/// The part that may be passed on.
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
pub(crate) fn partial_zip(file: File, length: Option<u64>, bytes: u64) -> (ZipWriter, PartialZip) {
    let (sender, arrived) = watch::channel(ArrivedBytes { bytes, accepted: false });
    (ZipWriter(sender), PartialZip { file: Arc::new(file), length, arrived })
}

impl ZipWriter {
    /// So many bytes have come, in all.
    pub(crate) fn arrived(&self, bytes: u64) {
        self.0.send_replace(ArrivedBytes { bytes, accepted: false });
    }

    /// All of it is good.
    pub(crate) fn accept(self) {
        self.0.send_modify(|arrived| arrived.accepted = true);
    }
}

impl PartialZip {
    /// The part that may be passed on now.
    pub(crate) fn available(&self) -> Available {
        let arrived = *self.arrived.borrow();
        if arrived.accepted {
            return Available::All(arrived.bytes);
        }
        // The channel is closed when the fetch has ended. It may have been accepted since the look
        // above, so that it is looked at once more.
        if self.arrived.has_changed().is_err() && !self.arrived.borrow().accepted {
            return Available::Bad;
        }
        // The end of a zip has its directory. A client that has everything but the end cannot use a
        // zip that is refused in the last moment.
        Available::Until(arrived.bytes.saturating_sub(HELD_BACK))
    }

    /// Waits until more than `at` bytes may be passed on, or it is whole or bad.
    pub(crate) async fn wait(self: Arc<Self>, at: u64) -> Available {
        let mut arrived = self.arrived.clone();
        loop {
            arrived.mark_unchanged();
            match self.available() {
                Available::Until(bytes) if bytes <= at => _ = arrived.changed().await,
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
        let (writer, zip) = partial_zip(file(), Some(10_000), 5000);
        let zip = Arc::new(zip);
        assert_eq!(zip.available(), Available::Until(904));
        let waiting = tokio::spawn(Arc::clone(&zip).wait(904));
        tokio::task::yield_now().await;
        writer.arrived(10_000);
        assert_eq!(waiting.await.unwrap(), Available::Until(5904));
        let waiting = tokio::spawn(Arc::clone(&zip).wait(5904));
        tokio::task::yield_now().await;
        writer.accept();
        assert_eq!(waiting.await.unwrap(), Available::All(10_000));

        let (writer, zip) = partial_zip(file(), None, 5000);
        let zip = Arc::new(zip);
        let waiting = tokio::spawn(Arc::clone(&zip).wait(904));
        tokio::task::yield_now().await;
        drop(writer);
        assert_eq!(waiting.await.unwrap(), Available::Bad);
    }
}
