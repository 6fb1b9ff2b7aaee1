//! Between hyper and the handler: what is refused, counted and logged.

use crate::access::Entry;
use crate::activity::Activity;
use crate::handler::{Answer, Handler};
use crate::peer::Peer;
use crate::refusal::Refusal;
use crate::request_id::FIELD;
use crate::settings::Limits;
use crate::tracked::{Source, Ticket, Tracked};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use hyper::body::{Body, Incoming};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The service of one connection.
#[derive(Debug)]
pub(crate) struct Service<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) activity: Arc<Activity>,
    pub(crate) peer: Arc<Peer>,
    pub(crate) forbidden: Option<&'static str>,
    pub(crate) log: bool,
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
        }
    }
}

impl<H> Service<H> {
    /// Why the handler does not see a request.
    fn refuse(&self, request: &Request<Incoming>) -> Option<Refusal> {
        let (uri, headers) = (request.uri(), request.headers());
        if let Some(reason) = self.forbidden {
            return Some(Refusal::Forbidden(reason));
        }
        if request.version() == Version::HTTP_11 {
            let mut hosts = headers.get_all(HOST).iter();
            if hosts.next().is_none() || hosts.next().is_some() {
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

/// The declared length of a body.
fn length(headers: &HeaderMap) -> Option<u64> {
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
        let entry = self.log.then(|| Entry::begin(&mut request, &self.peer));
        let mut ticket = Ticket::new(Arc::clone(&self.activity), entry);
        let http2 = request.version() == Version::HTTP_2;
        let last = !http2 && self.limits.requests.is_some_and(|most| number >= most);
        let state = match self.refuse(&request) {
            Some(refusal) => {
                self.activity.refuse();
                if matches!(refusal, Refusal::Body | Refusal::Length) {
                    self.activity.linger();
                }
                let response = refusal.response(&self.limits, http2);
                State::Now(Some(response.map(|text| Source::Own(Some(text)))))
            }
            None => match self.handler.handle(request, &self.peer) {
                Answer::Now(response) => State::Now(Some(response.map(Source::Handler))),
                Answer::Later(later) => {
                    ticket.wait();
                    State::Later(later)
                }
            },
        };
        Answering { state, ticket: Some(ticket), last }
    }
}

/// An answer on its way to hyper.
pub(crate) struct Answering<H: Handler> {
    state: State<H>,
    ticket: Option<Ticket>,
    last: bool,
}

enum State<H: Handler> {
    Now(Option<Response<Source<H::Body>>>),
    Later(H::Later),
}

impl<H: Handler> Unpin for Answering<H> {}

impl<H: Handler> Future for Answering<H> {
    type Output = Result<Response<Tracked<H::Body>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let polled = match &mut this.state {
            State::Now(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            State::Later(later) => Pin::new(later).poll(cx).map(|r| r.map(Source::Handler)),
        };
        let mut response = ready!(polled);
        let Some(mut ticket) = this.ticket.take() else { return Poll::Pending };
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
        Poll::Ready(Ok(response.map(|source| Tracked::new(source, ticket))))
    }
}
