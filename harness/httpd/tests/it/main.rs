//! The server over loopback, with real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

mod authority;
mod drain;
mod fast_path;
mod http2;
mod idle;
mod limits;
mod log;
mod mtls;
mod support;
mod tls;
