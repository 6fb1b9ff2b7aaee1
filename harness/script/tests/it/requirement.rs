//! The Go that scripts are run with.

use twinproof_script::Toolchain;
use twinproof_testkit::{Requirement, Unavailable, goroot};

/// The Go on PATH with the scripts of its tests.
pub fn go() -> Result<Toolchain, Unavailable> {
    let toolchain = Toolchain::probe(&goroot()?).expect("go answers");
    if !toolchain.scripts().is_dir() {
        let reason = "the Go on PATH comes without the scripts of its tests";
        return Err(Requirement::Go.unavailable(reason));
    }
    Ok(toolchain)
}
