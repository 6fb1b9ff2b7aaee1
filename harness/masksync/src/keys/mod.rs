//! The key ring: secrets with ids, what each may be used for, and the subkeys made of them.
//!
//! A ring comes from a file or a variable, never from a command line. Secrets and subkeys are
//! cleared from memory when they are dropped, and never shown.

mod ceiling;
mod ring;
mod subkey;

pub(crate) use ceiling::reserved;
pub use ceiling::{CEILING, Ceiling, Exhausted, Reserve, Unbounded};
pub use ring::{KeyState, Ring, RingError};
pub use subkey::{Purpose, SubKey};
