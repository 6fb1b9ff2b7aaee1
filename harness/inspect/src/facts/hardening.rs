//! Hardening of an image: the checks that checksec lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A protection.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Relocated data is read-only once it is relocated (ELF).
    Relro,
    /// The C code has stack canaries.
    StackCanary,
    /// The stack, and data, cannot be executed.
    NonExecutable,
    /// The image can be loaded at any address.
    PositionIndependent,
    /// Some calls into libc are replaced by checked ones (`_FORTIFY_SOURCE`).
    Fortify,
    /// No DT_RPATH.
    NoRpath,
    /// No DT_RUNPATH.
    NoRunpath,
    /// No segment is writable and executable.
    NoWritableCode,
    /// Indirect branches are checked: IBT, BTI, or Control Flow Guard.
    ControlFlow,
    /// A shadow stack, or signed return addresses.
    ReturnAddresses,
    /// 64 bits of address space to choose from (PE).
    HighEntropyAddresses,
    /// The file is signed: Authenticode, or a Mach-O signature.
    Signed,
    /// The hardened runtime (Mach-O).
    HardenedRuntime,
}

impl Check {
    /// The name that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Relro => "RELRO",
            Self::StackCanary => "stack canary",
            Self::NonExecutable => "NX",
            Self::PositionIndependent => "PIE",
            Self::Fortify => "fortify",
            Self::NoRpath => "no RPATH",
            Self::NoRunpath => "no RUNPATH",
            Self::NoWritableCode => "W^X",
            Self::ControlFlow => "control flow",
            Self::ReturnAddresses => "return addresses",
            Self::HighEntropyAddresses => "high entropy",
            Self::Signed => "signed",
            Self::HardenedRuntime => "hardened runtime",
        }
    }
}

/// Whether a protection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The protection is there.
    Yes,
    /// The protection is there in part: RELRO without BIND_NOW.
    Partial,
    /// The protection is missing.
    No,
    /// Such a file cannot have the protection, or gains nothing by it.
    NotApplicable,
}

impl Mark {
    /// `Yes` or `No`.
    #[must_use]
    pub fn of(there: bool) -> Self {
        if there { Self::Yes } else { Self::No }
    }

    /// The name that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partial => "partial",
            Self::No => "no",
            Self::NotApplicable => "n/a",
        }
    }
}
