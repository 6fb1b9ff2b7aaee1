//! The format's name in messages.

use crate::facts::Format;

/// Mach-O.
pub(super) const FORMAT: Format = Format::Macho;
