//! What messages call the format.

use crate::facts::Format;

/// Mach-O.
pub(super) const FORMAT: Format = Format::Macho;
