//! Variables for a `go` command that the harness starts for its own purposes, so that what it does
//! depends on nothing that the user of the machine has set. Not for the `go` of a case, whose
//! environment is what the case says.
//!
//! ```
//! let mut go = std::process::Command::new("go");
//! go.args(["version", "-m", "program"]).envs(twinproof_base::go_env::HERMETIC);
//! ```

/// The installed toolchain is used, no flags are added, no workspace is looked for, and modules are
/// handled as by default. The user's `GOENV` file still counts, so `GOPROXY` set there is used: this
/// is for commands that fetch.
// GOTOOLCHAIN=local: even `go version` downloads a toolchain where a go.mod asks for one. GOFLAGS
// is emptied because `-ldflags=-s -w` in it turns queries into errors.
pub const PLAIN: [(&str, &str); 4] =
    [("GOTOOLCHAIN", "local"), ("GOFLAGS", ""), ("GOWORK", "off"), ("GO111MODULE", "")];

/// [`PLAIN`], and without the user's `GOENV` file.
pub const HERMETIC: [(&str, &str); 5] = [PLAIN[0], PLAIN[1], PLAIN[2], PLAIN[3], ("GOENV", "off")];
