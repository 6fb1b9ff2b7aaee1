//! The two roles, as Linux plays them.

mod dns;
mod enter;
mod hold;
mod namespaces;
mod network;
mod refusal;
mod relay;

pub(crate) use enter::enter;
pub(crate) use hold::hold;

/// The exit code where namespaces cannot be made or entered, which no program of a lab has.
pub(crate) const NO_LAB: u8 = 253;
