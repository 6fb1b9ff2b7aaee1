//! A body that tells when it is waited for and when it ends.

use crate::access::Entry;
use crate::activity::Activity;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A request under way. Its end is told when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    activity: Arc<Activity>,
    waiting: bool,
    pub(crate) entry: Option<Box<Entry>>,
}

impl Ticket {
    pub(crate) fn new(activity: Arc<Activity>, entry: Option<Box<Entry>>) -> Self {
        Self { activity, waiting: false, entry }
    }

    /// What was waited for is not there yet.
    pub(crate) fn wait(&mut self) {
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

/// Where the bytes of a body come from.
#[derive(Debug)]
pub(crate) enum Source<B> {
    /// A text of the server's own.
    Own(Option<Bytes>),
    /// The handler.
    Handler(B),
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct Tracked<B> {
    source: Source<B>,
    ticket: Ticket,
}

impl<B> Tracked<B> {
    pub(crate) fn new(source: Source<B>, ticket: Ticket) -> Self {
        Self { source, ticket }
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
        let polled = match &mut this.source {
            Source::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Source::Handler(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(Into::into)))
            }
        };
        match &polled {
            Poll::Pending => this.ticket.wait(),
            Poll::Ready(frame) => {
                this.ticket.give();
                if let Some(entry) = &mut this.ticket.entry {
                    match frame {
                        Some(Ok(frame)) => entry.sent(frame.data_ref().map_or(0, Bytes::len)),
                        Some(Err(_)) => return polled,
                        None => entry.whole(),
                    }
                    if this.source.is_end_stream() {
                        entry.whole();
                    }
                }
            }
        }
        polled
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
