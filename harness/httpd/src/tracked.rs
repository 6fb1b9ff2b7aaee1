//! A body that reports when it is waited for and when it ends.

use crate::access::AccessLine;
use crate::activity::Activity;
use crate::memory::{PARTS, Share, Taken, Wait};
use crate::streams::{Progress, Streams};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A request under way. Dropping it counts and logs the request's end.
#[derive(Debug)]
pub(crate) struct Ticket {
    activity: Arc<Activity>,
    waiting: bool,
    pub(crate) entry: Option<Box<AccessLine<'static>>>,
}

impl Ticket {
    pub(crate) fn new(activity: Arc<Activity>, entry: Option<Box<AccessLine<'static>>>) -> Self {
        Self { activity, waiting: false, entry }
    }

    /// The streams of its connection.
    pub(crate) fn streams(&self) -> &Arc<Streams> {
        self.activity.streams()
    }

    /// Records that the handler or the body is not ready yet.
    pub(crate) fn wait(&mut self) {
        // Only the change counts: a body may be polled many times while it waits.
        if !self.waiting {
            self.waiting = true;
            self.activity.wait();
        }
    }

    /// Something is there for hyper to write.
    pub(crate) fn give(&mut self) {
        self.activity.give();
        if self.waiting {
            self.waiting = false;
            self.activity.go_on();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.waiting {
            self.activity.go_on();
        }
        self.activity.end();
        if let Some(entry) = &self.entry {
            entry.log();
        }
    }
}

/// The source of a body's bytes.
#[derive(Debug)]
pub(crate) enum Source<B> {
    /// A text of the server's own.
    Own(Option<Bytes>),
    /// The handler.
    Handler(B),
}

/// The memory of an answer, and on HTTP/2 its progress.
#[derive(Debug)]
pub(crate) struct Holding<B> {
    pub(crate) share: Share,
    /// The permits that the answer holds until it ends.
    pub(crate) taken: Option<Taken>,
    pub(crate) progress: Option<Progress>,
    /// Bytes of memory that the next piece of the body will take.
    pub(crate) next: fn(&B) -> usize,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct Tracked<B> {
    source: Source<B>,
    ticket: Ticket,
    holding: Holding<B>,
    /// Taken for the next piece.
    piece: Option<Taken>,
    wait: Wait,
}

/// A piece on its way to the client, and what goes with it.
struct Piece {
    bytes: Bytes,
    _taken: [Option<Taken>; 2],
    _progress: Option<Progress>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<B: Body> Tracked<B> {
    pub(crate) fn new(source: Source<B>, ticket: Ticket, holding: Holding<B>) -> Self {
        Self { source, ticket, holding, piece: None, wait: Wait::default() }
    }

    /// Waits until there is memory for the next piece.
    fn poll_memory(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Source::Handler(body) = &self.source else { return Poll::Ready(()) };
        let bytes = (self.holding.next)(body);
        // The answer's own share first, which the connection holds to the last piece; then that of
        // this piece.
        if bytes > 0 && self.holding.taken.is_none() {
            self.holding.taken = ready!(self.wait.poll(cx, &self.holding.share, PARTS));
        }
        if bytes > 0 && self.piece.is_none() {
            self.piece = ready!(self.wait.poll(cx, &self.holding.share, bytes));
        }
        Poll::Ready(())
    }

    /// Stops the client's clock: the body waits for the handler or for memory.
    fn pause(&mut self) {
        self.ticket.wait();
        if let Some(progress) = &self.holding.progress {
            progress.pause();
        }
    }

    /// Has a piece give back what it holds when the client has it.
    fn guard(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let mut piece = self.piece.take();
        // Without memory or progress to give back the bytes need no owner.
        if piece.is_none() && self.holding.progress.is_none() {
            return frame;
        }
        let last = self.source.is_end_stream();
        // The memory of the whole answer is given back with its last piece, once the client has
        // that.
        let whole = if last { self.holding.taken.take() } else { None };
        let progress = self.holding.progress.clone();
        frame.map_data(|bytes| {
            if let Some(piece) = &mut piece {
                // The piece is often smaller than what was asked for; the rest goes back at once.
                piece.keep(bytes.len());
            }
            Bytes::from_owner(Piece { bytes, _taken: [piece, whole], _progress: progress })
        })
    }
}

impl<B> Body for Tracked<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if this.poll_memory(cx).is_pending() {
            this.pause();
            return Poll::Pending;
        }
        let polled = match &mut this.source {
            Source::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Source::Handler(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(Into::into)))
            }
        };
        match &polled {
            // The clock of the client must not run while the handler or memory is waited for.
            Poll::Pending => this.pause(),
            Poll::Ready(frame) => {
                this.ticket.give();
                if let Some(progress) = &this.holding.progress {
                    progress.made();
                }
                if let Some(entry) = &mut this.ticket.entry {
                    match frame {
                        Some(Ok(frame)) => entry.sent(frame.data_ref().map_or(0, Bytes::len)),
                        // Neither counted as whole nor as ended: the log shows an answer that broke
                        // off.
                        Some(Err(_)) => return polled,
                        None => entry.whole(),
                    }
                    // The last frame may be known as such before the end is polled for.
                    if this.source.is_end_stream() {
                        entry.whole();
                    }
                }
            }
        }
        polled.map(|frame| frame.map(|frame| frame.map(|frame| this.guard(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Source::Handler(body) => body.size_hint(),
        }
    }
}

impl<B: Body> Source<B> {
    /// Whether nothing is left of it.
    pub(crate) fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(text) => text.is_none(),
            Self::Handler(body) => body.is_end_stream(),
        }
    }
}
