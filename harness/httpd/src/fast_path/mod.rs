//! Answers that do not pass through hyper, and files that do not pass through this process.
//!
//! Three parts, each of which can be left out without a change in what clients see:
//!
//! - [`answering`] answers plain requests of HTTP/1.1 from bytes made before. It is used for a GET
//!   with one `Host` and no field that could change the answer or the connection (of others only
//!   `User-Agent`, `Accept` and `Accept-Encoding` may be there), read whole, within all limits, on a
//!   connection whose client certificate, if one is asked for, will do, and whose answer
//!   [`Handler::at_hand`](crate::Handler::at_hand) gives. Anything else, half a request included, is
//!   left to hyper byte for byte; when hyper has answered it, it is looked here again. After eight
//!   requests in a row that were not plain, the connection stays hyper's until it is idle.
//! - [`prepared`] is such an answer: its head but for the date and the request's id, and its body.
//! - [`mapped`] knows pieces of files among the bytes that hyper writes, and has the kernel send
//!   them (`sendfile`): on Linux, over HTTP/1.1 without TLS.
//!
//! # Why it is there
//!
//! A request that is answered here costs half of what it costs through hyper, beyond the kernel.
//!
//! # How it is proved equal
//!
//! `tests/it/fast_path.rs` asks for the same thing in two ways, as a plain request and with one more
//! field, which makes it hyper's, on one connection: every byte of both answers but the date is the
//! same, in whatever pieces and order the requests come; it also holds counters, limits and time
//! limits against those of hyper. Both parse with `httparse`.

pub(crate) mod answering;
pub(crate) mod mapped;
pub(crate) mod prepared;
