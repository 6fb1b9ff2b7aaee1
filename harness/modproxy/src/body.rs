//! Bodies of answers: bytes in memory, a part of a file, or a file that is still arriving.

use std::fmt;
use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;
use twinproof_base::positional::read_exact_at;

use crate::eviction::FilePin;
use crate::partial_zip::{Available, PartialZip};
use crate::singleflight::Interest;

/// Bytes read from a file at first, and at most, at a time: the piece that a client does not take is
/// small unless it has taken others before.
// The first piece is small, because most files are; pieces then double. A client that leaves early
// has cost one small read.
const FIRST: u64 = 4 << 10;
const MOST: u64 = 32 << 10;

/// The body of an answer.
#[derive(Debug, Default)]
pub struct Body(Kind);

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Empty,
    Whole(Bytes),
    File(FilePart),
    Partial(Box<Arriving>),
}

/// A file that is still arriving, from the beginning on.
struct Arriving {
    zip: Arc<PartialZip>,
    at: u64,
    piece: u64,
    available: Available,
    waiting: Option<Pin<Box<dyn Future<Output = Available> + Send + Sync>>>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    /// Keeps the zip's fetch running.
    interest: Interest,
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zip, at, available, interest, .. } = self;
        f.debug_tuple("Arriving").field(zip).field(at).field(available).field(interest).finish()
    }
}

#[derive(Debug)]
struct FilePart {
    file: Arc<File>,
    mapped: Option<Bytes>,
    at: u64,
    left: u64,
    piece: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    pin: Option<Arc<FilePin>>,
}

/// Bytes of a file that stays until the last of them is gone.
struct Pinned {
    bytes: Bytes,
    _pin: Option<Arc<FilePin>>,
}

impl AsRef<[u8]> for Pinned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body {
    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// These bytes.
    #[must_use]
    pub fn whole(bytes: Bytes) -> Self {
        Self(if bytes.is_empty() { Kind::Empty } else { Kind::Whole(bytes) })
    }

    /// Number of bytes of the body that are in memory.
    pub(crate) fn held(&self) -> usize {
        match &self.0 {
            Kind::Empty | Kind::File(_) | Kind::Partial(_) => 0,
            Kind::Whole(bytes) => bytes.len(),
        }
    }

    /// The most bytes that its next piece takes.
    pub(crate) fn next_piece(&self) -> usize {
        match &self.0 {
            Kind::Empty | Kind::Whole(_) => 0,
            Kind::File(part) => usize::try_from(part.left.min(part.piece)).unwrap_or_default(),
            Kind::Partial(arriving) => usize::try_from(arriving.piece).unwrap_or_default(),
        }
    }

    /// A file that is still arriving.
    #[must_use]
    pub(crate) fn partial(zip: Arc<PartialZip>, interest: Interest) -> Self {
        let available = zip.available();
        Self(Kind::Partial(Box::new(Arriving {
            zip,
            at: 0,
            piece: FIRST,
            available,
            waiting: None,
            reading: None,
            interest,
        })))
    }

    /// The same, for a connection without TLS: there the system sends files by itself, where it can.
    #[must_use]
    pub fn plain(self) -> Self {
        // With TLS the bytes have to be encrypted in this process, and a mapping gains nothing.
        if let Kind::File(part) = &self.0
            && let Some(bytes) = part.mapped()
        {
            return Self::whole(Bytes::from_owner(Pinned { bytes, _pin: part.pin.clone() }));
        }
        self
    }

    /// `length` bytes of `file` from `start`; the system may send them from where it is mapped.
    #[must_use]
    pub(crate) fn file(
        file: Arc<File>,
        mapped: Option<Bytes>,
        start: u64,
        length: u64,
        pin: Option<Arc<FilePin>>,
    ) -> Self {
        Self(match length {
            0 => Kind::Empty,
            left => {
                let (at, piece, reading) = (start, FIRST, None);
                Kind::File(FilePart { file, mapped, at, left, piece, reading, pin })
            }
        })
    }
}

/// Reads `length` bytes at `at`.
pub(crate) fn read_at(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut buffer = vec![0; length];
    read_exact_at(file, &mut buffer, at)?;
    Ok(buffer.into())
}

impl FilePart {
    /// The rest, where it is mapped.
    fn mapped(&self) -> Option<Bytes> {
        let mapped = self.mapped.as_ref()?;
        let start = usize::try_from(self.at).ok()?;
        let end = start.checked_add(usize::try_from(self.left).ok()?)?;
        (end <= mapped.len()).then(|| mapped.slice(start..end))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let reading = self.reading.get_or_insert_with(|| {
            let (file, at) = (Arc::clone(&self.file), self.at);
            let length = usize::try_from(self.left.min(self.piece)).unwrap_or_default();
            tokio::task::spawn_blocking(move || read_at(&file, at, length))
        });
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let bytes = match read.map_err(io::Error::other).and_then(|read| read) {
            Ok(bytes) => bytes,
            Err(error) => {
                // Nothing more after an error: the connection is cut, so that the client sees an
                // answer that is short.
                self.left = 0;
                return Poll::Ready(Some(Err(error)));
            }
        };
        self.piece = (2 * self.piece).min(MOST);
        self.at += bytes.len() as u64;
        self.left -= bytes.len() as u64;
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Arriving {
    /// Whether all of it has been passed on.
    fn is_whole(&self) -> bool {
        // Whole only when all has arrived and is sent; until then more may come.
        self.available == Available::All(self.at) && self.reading.is_none()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                let bytes = read.map_err(io::Error::other).and_then(|read| read)?;
                self.piece = (2 * self.piece).min(MOST);
                self.at += bytes.len() as u64;
                return Poll::Ready(Some(Ok(bytes)));
            }
            if let Some(waiting) = &mut self.waiting {
                self.available = ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            let (Available::Until(end) | Available::All(end)) = self.available else {
                return Poll::Ready(Some(Err(io::Error::other("what came from upstream is bad"))));
            };
            if self.at < end {
                let (file, at) = (Arc::clone(&self.zip.file), self.at);
                let length = usize::try_from((end - at).min(self.piece)).unwrap_or_default();
                let read = tokio::task::spawn_blocking(move || read_at(&file, at, length));
                self.reading = Some(read);
            } else if self.is_whole() {
                return Poll::Ready(None);
            } else {
                self.waiting = Some(Box::pin(Arc::clone(&self.zip).wait(self.at)));
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::File(part) => part.poll(cx).map_ok(Frame::data),
            Kind::Partial(arriving) => arriving.poll(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Whole(_) => false,
            Kind::File(part) => part.left == 0,
            Kind::Partial(arriving) => arriving.is_whole(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.0 {
            Kind::Empty => 0,
            Kind::Whole(bytes) => bytes.len() as u64,
            Kind::File(part) => part.left,
            Kind::Partial(arriving) => match arriving.zip.length {
                Some(length) => length.saturating_sub(arriving.at),
                None => return SizeHint::new(),
            },
        })
    }
}
