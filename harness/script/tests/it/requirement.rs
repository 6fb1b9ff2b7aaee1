//! The Go that scripts are run with.

use twinproof_script::Toolchain;
use twinproof_testkit::{Requirement, goroot};

/// The Go on PATH with the scripts of its tests, or `None` when it is not there and need not be.
pub fn go() -> Option<Toolchain> {
    let toolchain = Toolchain::probe(&goroot()?).expect("go answers");
    if !toolchain.scripts().is_dir() {
        Requirement::Go.unavailable("the Go on PATH comes without the scripts of its tests");
        return None;
    }
    Some(toolchain)
}
