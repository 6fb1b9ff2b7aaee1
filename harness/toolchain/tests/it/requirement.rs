//! What a test needs of the machine, typed and told.

use std::path::PathBuf;

/// A tool or service that a machine may lack.
#[derive(Clone, Copy, Debug)]
pub enum Requirement {
    /// A go command on PATH.
    Go,
    /// A module proxy that serves toolchains, and the checksum database.
    GoProxy,
}

impl Requirement {
    fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::GoProxy => "goproxy",
        }
    }

    /// Tells that it is absent, which fails the test where `TWINPROOF_REQUIRE` names it.
    pub fn absent(self, reason: &str) {
        let required = std::env::var("TWINPROOF_REQUIRE").unwrap_or_default();
        let required = required.split(',').any(|name| name.trim() == self.name());
        assert!(!required, "{} is required: {reason}", self.name());
        println!("unavailable: {}: {reason}", self.name());
    }
}

/// The go command on PATH.
pub fn go() -> Option<PathBuf> {
    let go = twinproof_toolchain::first_on_path();
    if go.is_none() {
        Requirement::Go.absent("no go command on PATH");
    }
    go
}
