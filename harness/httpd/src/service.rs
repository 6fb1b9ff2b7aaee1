//! The service between hyper and the handler: refuses, counts and logs requests.

use crate::access::AccessLine;
use crate::activity::Activity;
use crate::handler::{Answer, Handler};
use crate::memory::{self, Share, Wait};
use crate::peer::Peer;
use crate::refusal::Refusal;
use crate::request_id::FIELD;
use crate::settings::HttpLimits;
use crate::tracked::{Holding, Source, Ticket, Tracked};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use hyper::body::{Body, Incoming};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// The service of one connection.
#[derive(Debug)]
pub(crate) struct Service<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) limits: Arc<HttpLimits>,
    pub(crate) activity: Arc<Activity>,
    pub(crate) peer: Arc<Peer>,
    pub(crate) forbidden: Option<&'static str>,
    pub(crate) log: bool,
    pub(crate) share: Share,
}

impl<H> Clone for Service<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            limits: Arc::clone(&self.limits),
            activity: Arc::clone(&self.activity),
            peer: Arc::clone(&self.peer),
            forbidden: self.forbidden,
            log: self.log,
            share: self.share.clone(),
        }
    }
}

impl<H> Service<H> {
    /// The reason to refuse a request without asking the handler, if there is one.
    fn refuse(&self, request: &Request<Incoming>) -> Option<Refusal> {
        let (uri, headers) = (request.uri(), request.headers());
        if let Some(reason) = self.forbidden {
            return Some(Refusal::Forbidden(reason));
        }
        if request.version() == Version::HTTP_11 {
            let mut hosts = headers.get_all(HOST).iter();
            // RFC 9112, section 3.2: 400 for no Host, for several, and for one that is invalid.
            if !hosts.next().is_some_and(is_host) || hosts.next().is_some() {
                return Some(Refusal::Host);
            }
        }
        let query = uri.query().map_or(0, |query| query.len() + 1);
        if uri.path().len() + query > self.limits.target {
            return Some(Refusal::Target);
        }
        if headers.len() > self.limits.fields {
            return Some(Refusal::Head);
        }
        if request.body().is_end_stream() {
            return None;
        }
        match length(headers) {
            Some(length) if length <= self.limits.body => None,
            Some(_) => Some(Refusal::Body),
            None if self.limits.body == 0 => Some(Refusal::Body),
            None => Some(Refusal::Length),
        }
    }
}

/// Whether a `Host` field names a host, with a port or not, or nothing.
fn is_host(value: &HeaderValue) -> bool {
    let host = value.to_str().unwrap_or("?");
    host.is_empty() || (host.parse::<Authority>().is_ok() && !host.contains('@'))
}

/// The declared length of a body.
fn length(headers: &HeaderMap) -> Option<u64> {
    // With both fields the request may have been smuggled past a proxy that looks at the other one
    // (RFC 9112, section 6.1).
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl<H: Handler> hyper::service::Service<Request<Incoming>> for Service<H> {
    type Response = Response<Tracked<H::Body>>;
    type Error = Infallible;
    type Future = Answering<H>;

    fn call(&self, mut request: Request<Incoming>) -> Answering<H> {
        let number = self.activity.begin();
        let entry = self.log.then(|| AccessLine::begin(&mut request, &self.peer));
        let ticket = Ticket::new(Arc::clone(&self.activity), entry);
        let http2 = request.version() == Version::HTTP_2;
        // HTTP/2 ends connections by GOAWAY, which says which requests were not seen.
        let last = !http2 && self.limits.requests.is_some_and(|most| number >= most);
        let holding = Holding {
            share: self.share.clone(),
            taken: None,
            progress: None,
            next: H::next_piece as fn(&H::Body) -> usize,
        };
        let is_whole = request.body().is_end_stream();
        let mut answering = Answering {
            state: State::Done,
            ticket: Some(ticket),
            last,
            http2,
            holding: Some(holding),
        };
        answering.state = match self.refuse(&request) {
            Some(refusal) => {
                self.activity.refuse();
                if matches!(refusal, Refusal::Body | Refusal::Length) {
                    self.activity.linger();
                }
                let response = refusal.response(&self.limits, http2);
                let response = response.map(|text| Source::Own(Some(text)));
                match http2 && !is_whole {
                    true => State::Unread(Unread::new(request.into_body()), response),
                    false => State::Now(response),
                }
            }
            None if http2 => State::Room(Box::new((self.clone(), request)), Wait::default()),
            None => answering.ask(self, request),
        };
        answering
    }
}

/// The body of a request of HTTP/2 that is refused. It is read for a little before the answer, which ends
/// the stream: what the client sends later on a stream that has ended is an error of the connection.
struct Unread(Box<(Incoming, usize, Pin<Box<Sleep>>)>);

impl Unread {
    /// Time limit for reading the rest of a body.
    const TIME: Duration = Duration::from_millis(250);
    /// The most bytes read of the rest of a body.
    const BYTES: usize = 16 << 10;

    fn new(body: Incoming) -> Self {
        Self(Box::new((body, Self::BYTES, Box::pin(sleep(Self::TIME)))))
    }

    /// Ready when it has ended, or enough of it was read.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (body, left, timer) = &mut *self.0;
        while let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
            let Some(Ok(frame)) = frame else { return Poll::Ready(()) };
            *left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len().max(1)));
            if *left == 0 {
                return Poll::Ready(());
            }
        }
        timer.as_mut().poll(cx)
    }
}

/// An answer on its way to hyper.
pub(crate) struct Answering<H: Handler> {
    state: State<H>,
    ticket: Option<Ticket>,
    last: bool,
    http2: bool,
    holding: Option<Holding<H::Body>>,
}

enum State<H: Handler> {
    /// There is no memory yet for the answer to a request of HTTP/2.
    Room(Box<(Service<H>, Request<Incoming>)>, Wait),
    Later(H::Later),
    /// The body of a request that is refused is on its way.
    Unread(Unread, Response<Source<H::Body>>),
    Now(Response<Source<H::Body>>),
    /// There is no memory yet for all that the answer holds.
    Held(Response<Source<H::Body>>, usize, Wait),
    Ready(Response<Source<H::Body>>),
    Done,
}

impl<H: Handler> Unpin for Answering<H> {}

impl<H: Handler> Answering<H> {
    /// Asks the handler.
    fn ask(&mut self, service: &Service<H>, request: Request<Incoming>) -> State<H> {
        match service.handler.handle(request, &service.peer) {
            Answer::Now(response) => State::Now(response.map(Source::Handler)),
            Answer::Later(later) => {
                if let Some(ticket) = &mut self.ticket {
                    ticket.wait();
                }
                State::Later(later)
            }
        }
    }

    /// Advances the state once. The flag says whether to call it again at once.
    fn step(&mut self, state: State<H>, cx: &mut Context<'_>) -> (State<H>, bool) {
        match state {
            State::Room(what, mut wait) => match wait.poll(cx, &what.0.share, memory::REQUEST) {
                Poll::Pending => (State::Room(what, wait), false),
                Poll::Ready(taken) => {
                    if let Some(holding) = &mut self.holding {
                        holding.taken = taken;
                    }
                    let (service, request) = *what;
                    (self.ask(&service, request), true)
                }
            },
            State::Later(mut later) => match Pin::new(&mut later).poll(cx) {
                Poll::Pending => (State::Later(later), false),
                Poll::Ready(response) => (State::Now(response.map(Source::Handler)), true),
            },
            State::Unread(mut unread, response) => match unread.poll(cx) {
                Poll::Pending => (State::Unread(unread, response), false),
                Poll::Ready(()) => (State::Now(response), true),
            },
            State::Now(response) if self.http2 => {
                let held = match response.body() {
                    Source::Own(_) => 0,
                    Source::Handler(body) => H::held(body),
                };
                if let Some(taken) = self.holding.as_mut().and_then(|h| h.taken.as_mut()) {
                    taken.keep(held.clamp(memory::STREAM, memory::REQUEST));
                }
                match held.min(memory::ANSWER).saturating_sub(memory::REQUEST) {
                    0 => (State::Ready(response), true),
                    more => (State::Held(response, more, Wait::default()), true),
                }
            }
            State::Held(response, more, mut wait) => {
                let Some(holding) = &mut self.holding else { return (State::Done, true) };
                match wait.poll(cx, &holding.share, more) {
                    Poll::Pending => (State::Held(response, more, wait), false),
                    Poll::Ready(taken) => {
                        if let (Some(all), Some(taken)) = (&mut holding.taken, taken) {
                            all.merge(taken);
                        }
                        (State::Ready(response), true)
                    }
                }
            }
            State::Now(response) | State::Ready(response) => (State::Ready(response), true),
            State::Done => (State::Done, false),
        }
    }
}

impl<H: Handler> Future for Answering<H> {
    type Output = Result<Response<Tracked<H::Body>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut response = loop {
            let state = std::mem::replace(&mut this.state, State::Done);
            let (state, ready) = this.step(state, cx);
            if let State::Ready(response) = state {
                break response;
            }
            this.state = state;
            if !ready {
                if let Some(ticket) = &mut this.ticket {
                    ticket.wait();
                }
                return Poll::Pending;
            }
        };
        let (Some(mut ticket), Some(mut holding)) = (this.ticket.take(), this.holding.take())
        else {
            return Poll::Pending;
        };
        if this.http2 {
            holding.progress = Some(ticket.streams().begin());
        }
        ticket.give();
        if this.last {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(entry) = &mut ticket.entry {
            entry.answered(response.status());
            if let Ok(id) = HeaderValue::from_str(entry.id().as_str()) {
                response.headers_mut().insert(FIELD, id);
            }
            if entry.is_head() || response.body().is_end_stream() {
                entry.whole();
            }
        }
        Poll::Ready(Ok(response.map(|source| Tracked::new(source, ticket, holding))))
    }
}
