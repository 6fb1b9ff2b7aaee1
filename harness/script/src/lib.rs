//! The scripts of cmd/go's own tests (`$GOROOT/src/cmd/go/testdata/script`), run with a stock `go`
//! against any module proxy.
//!
//! A script is a text archive: lines to run, then the files that they need.
//!
//! ```text
//! # a proxy that does not have it is passed over
//! env GOPROXY=$GOPROXY/404,$GOPROXY
//! go get rsc.io/quote@v1.5.1
//! ! stderr 'not found'
//! -- go.mod --
//! module x
//! ```
//!
//! A line is a command with its arguments, in the language of `cmd/internal/script` in Go's source
//! tree, whose README in the folder of the scripts says what each command does: words are separated
//! by blanks, `'…'` keeps blanks and dollars, `$name` and `${name}` are variables, `!` in front means
//! that the command must fail, `?` that it may, `[condition]` that it only runs where that holds, `&`
//! at the end that it runs in the background, `#` begins a comment.
//!
//! A script has one of three outcomes ([`Verdict`]): it passes, a line of it fails, or it is
//! about something that a stock `go` and a proxy do not have ([`Reason`]). Conditions are those of
//! the machine that it runs on. Scripts only see the network that the setting gives them.
//!
//! This knows no suite and judges nothing but the script.

mod command;
mod condition;
mod engine;
mod environment;
mod expand;
mod files;
mod front;
mod outcome;
mod parse;
mod path;
mod regexp;
mod script;
mod setting;
mod state;
mod toolchain;
mod transcript;

pub use front::{Database, Front};
pub use outcome::{Failure, Outcome, Reason, Verdict};
pub use script::{Script, ScriptError};
pub use setting::{ScriptLimits, Setting};
pub use toolchain::{Toolchain, ToolchainError};
