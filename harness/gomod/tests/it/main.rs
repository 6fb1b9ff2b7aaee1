//! The crate's tests, one module for each of its modules.

mod glob;
mod goproxy;
mod request;
mod txtar;
