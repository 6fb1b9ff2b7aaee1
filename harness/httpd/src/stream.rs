//! The socket below hyper, which reports what happens on it.

use crate::activity::{Activity, Phase};
use crate::frames::Frames;
use crate::refusal::Refusal;
use crate::settings::HttpLimits;
use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;

/// A connection, with TLS or without.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The socket.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            #[cfg(target_os = "linux")]
            Self::Plain(stream) => crate::fast_path::mapped::poll_write_vectored(stream, cx, bufs),
            #[cfg(not(target_os = "linux"))]
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Bytes that are read at a time.
const PIECE: usize = 8 << 10;

/// Time after which a client of HTTP/1 that has closed its sending side, and gets no byte of its
/// answer, counts as gone. TCP does not show whether it has gone or only sends no more.
const GONE: Duration = Duration::from_secs(1);

/// The end of the other side, which hyper takes for the end of all: it learns of it when no request is
/// under way, or when the client is taken to have gone.
#[derive(Debug)]
struct Ended {
    progress: (u64, u64),
    timer: Pin<Box<Sleep>>,
}

impl Ended {
    fn new() -> Self {
        Self { progress: (0, 0), timer: Box::pin(sleep(GONE)) }
    }

    /// Ready when hyper is to learn of it.
    fn poll(&mut self, cx: &mut Context<'_>, activity: &Activity) -> Poll<()> {
        match activity.phase() {
            Phase::Idle | Phase::Head => return Poll::Ready(()),
            // The client takes the written bytes, or a time limit of the clock ends the connection.
            Phase::Write => return Poll::Pending,
            Phase::Handler => {}
        }
        let progress = activity.progress();
        if progress != self.progress {
            self.progress = progress;
            self.timer.as_mut().reset(Instant::now() + GONE);
        }
        self.timer.as_mut().poll(cx)
    }
}

/// The stream that hyper reads from and writes to.
///
/// Hyper answers a head that it cannot parse by itself, without a text. Such an answer is known by
/// its being written while no answer of the service is due, and is sent with a text instead.
#[derive(Debug)]
pub(crate) struct Io {
    inner: TokioIo<Stream>,
    activity: Arc<Activity>,
    limits: Arc<HttpLimits>,
    /// Read before, to be read again.
    before: Bytes,
    /// The answer that is sent in place of hyper's own.
    instead: Option<Bytes>,
    /// On HTTP/2: the frames that ask for nothing.
    frames: Option<Frames>,
    /// On HTTP/1: the other side has ended.
    ended: Option<Ended>,
    head: Head,
}

/// Bytes and lines read since the connection was last idle: about the head of a request of HTTP/1.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    bytes: usize,
    lines: usize,
}

impl Head {
    fn read(&mut self, bytes: &[u8], activity: &Activity) {
        if activity.phase() == Phase::Idle {
            *self = Self::default();
        }
        self.bytes += bytes.len();
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
    }

    /// Whether it cannot have been too long, or of too many fields.
    fn is_within(self, limits: &HttpLimits) -> bool {
        // Beside a line for each field there is the first one, and an empty one.
        self.bytes <= limits.head && self.lines <= limits.fields + 2
    }
}

impl Io {
    pub(crate) fn new(
        stream: Stream,
        before: Bytes,
        activity: Arc<Activity>,
        limits: Arc<HttpLimits>,
    ) -> Self {
        let (inner, head) = (TokioIo::new(stream), Head::default());
        Self { inner, activity, limits, before, instead: None, frames: None, ended: None, head }
    }

    /// For HTTP/2: frames that ask for nothing are counted.
    pub(crate) fn http2(self) -> Self {
        Self { frames: Some(Frames::new()), ..self }
    }

    /// The socket, and what was to be read again and has not been.
    pub(crate) fn into_stream(self) -> (Stream, Bytes) {
        (self.inner.into_inner(), self.before)
    }

    /// The answer to send in place of `head`, if that is hyper's own.
    fn replacement(&self, head: &[u8]) -> Option<Bytes> {
        // hyper answers malformed requests by itself, with an empty body. Only its own heads are
        // replaced: a handler may answer 400 too.
        if !self.activity.is_hypers() || !head.starts_with(b"HTTP/1.") {
            return None;
        }
        let refusal = match Refusal::of_status(head.get(9..12)?)? {
            // For hyper a `Content-Length` that is no number of bytes is too long a head.
            Refusal::Head if self.head.is_within(&self.limits) => Refusal::Body,
            refusal => refusal,
        };
        self.activity.refuse();
        self.activity.linger();
        Some(refusal.raw(&self.limits))
    }

    /// Sends what is sent in place of hyper's own answer.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.instead.as_mut().filter(|rest| !rest.is_empty()) {
            let bytes = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.activity.wrote(bytes);
            rest.advance(bytes);
        }
        self.instead = None;
        Poll::Ready(Ok(()))
    }
}

impl Read for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.before.is_empty() {
            let length = this.before.len().min(buf.remaining());
            let before = this.before.split_to(length);
            match &mut this.frames {
                Some(frames) => frames.read(&before),
                None => this.head.read(&before, &this.activity),
            }
            buf.put_slice(&before);
            this.activity.read();
            return Poll::Ready(Ok(()));
        }
        if let Some(ended) = &mut this.ended {
            ready!(ended.poll(cx, &this.activity));
            this.activity.read();
            return Poll::Ready(Ok(()));
        }
        // Hyper's buffer need not be initialised, so the bytes are read here first. On the stack: 8
        // KiB are cleared by nobody, and no allocation is made for an idle connection.
        let mut read = [MaybeUninit::uninit(); PIECE];
        let mut read = ReadBuf::uninit(&mut read);
        let mut part = read.take(buf.remaining());
        ready!(Pin::new(this.inner.inner_mut()).poll_read(cx, &mut part))?;
        let part = part.filled();
        if let Some(frames) = &mut this.frames {
            frames.read(part);
            let (requests, written) = this.activity.progress();
            if frames.too_many(requests, written) {
                tracing::debug!("too many frames of HTTP/2 that ask for nothing");
                return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
            }
        } else if part.is_empty() {
            ready!(this.ended.insert(Ended::new()).poll(cx, &this.activity));
        } else {
            this.head.read(part, &this.activity);
        }
        buf.put_slice(part);
        this.activity.read();
        Poll::Ready(Ok(()))
    }
}

impl Write for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.activity.write();
        if this.instead.is_none() {
            this.instead = this.replacement(buf);
        }
        if this.instead.is_some() {
            ready!(this.poll_instead(cx))?;
            return Poll::Ready(Ok(buf.len()));
        }
        let bytes = ready!(Pin::new(&mut this.inner).poll_write(cx, buf))?;
        this.activity.wrote(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.activity.write();
        if this.instead.is_none() {
            this.instead = bufs.first().and_then(|head| this.replacement(head));
        }
        if this.instead.is_some() {
            ready!(this.poll_instead(cx))?;
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let bytes = ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, bufs))?;
        this.activity.wrote(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        this.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
