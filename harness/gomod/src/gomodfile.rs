//! The two lines of a go.mod that a proxy has to know: `module` and `go`.
//!
//! A go.mod is lines of words parted by spaces; `//` begins a comment, also within a line. Words may
//! be quoted as in Go, with `"` or with backquotes. A verb may open a block:
//!
//! ```text
//! // Deprecated: no longer looked after
//! module "example.com/m" // quoted, with a comment
//!
//! go 1.24
//!
//! require (
//!     example.com/a v1.0.0
//! )
//! ```
//!
//! `module` may be a block of one line, `go` may not. Each may stand once. Lines with other verbs
//! are skipped, as cmd/go skips verbs it does not know in go.mod files of dependencies; mistakes in
//! a `require` line do not matter here. Text after the minor number of a `go` line that is not
//! quite a version is dropped, so `1.24.x` is `1.24`.
//!
//! Stricter than Go: a quoted word ends on its line, even where a backslash stands in front of the
//! newline.
//!
//! Where a module has no go.mod, the protocol serves one with the module line alone: [`synthesise`].
//!
//! Source: golang.org/x/mod/modfile.

mod lex;
mod quote;

use crate::escape::{EscapeError, check_path};

pub use lex::GoModError;

use lex::Line;

/// The longest go.mod, in bytes.
pub const MAX_GO_MOD: usize = 16 << 20;

/// A module's path and Go version, from its go.mod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoMod {
    /// The module path, which need not be a valid one.
    pub module: Option<String>,
    /// The Go version, such as `1.24`, `1.24.1` or `1.24rc1`.
    pub go: Option<String>,
}

impl GoMod {
    /// Reads a go.mod of at most [`MAX_GO_MOD`] bytes.
    ///
    /// # Errors
    /// When it cannot be split into words, a block is left open, or one of the two lines is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, GoModError> {
        if text.len() > MAX_GO_MOD {
            return Err(GoModError { line: 1, reason: "file too large" });
        }
        let mut found = Self::default();
        for Line { number, verb, in_block, words } in lex::lines(&String::from_utf8_lossy(text))? {
            let fail = |reason| GoModError { line: number, reason };
            match &*verb {
                "module" => {
                    let [word] = &*words else { return Err(fail("usage: module module/path")) };
                    let path = quote::word(word).ok_or_else(|| fail("invalid quoted string"))?;
                    if found.module.replace(path).is_some() {
                        return Err(fail("repeated module statement"));
                    }
                }
                "go" if !in_block => {
                    let [word] = &*words else {
                        return Err(fail("go directive expects exactly one argument"));
                    };
                    let version = go_version(word).ok_or_else(|| fail("invalid go version"))?;
                    if found.go.replace(version).is_some() {
                        return Err(fail("repeated go statement"));
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// Whether the `go` line says this version of the language or a later one.
    #[must_use]
    pub fn go_at_least(&self, major: u32, minor: u32) -> bool {
        let Some((m, rest)) = self.go.as_deref().and_then(|go| go.split_once('.')) else {
            return false;
        };
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        // Numbers beyond any version there will be count as the largest.
        let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        (number(m), number(rest.get(..end).unwrap_or(rest))) >= (major, minor)
    }
}

/// The go.mod of a module that has none.
///
/// # Errors
/// When the path is not a module path.
pub fn synthesise(module: &str) -> Result<Vec<u8>, EscapeError> {
    check_path(module)?;
    // No character of a valid path needs quotes.
    Ok(format!("module {module}\n").into_bytes())
}

/// The version as it is if it is one, or else its first two numbers.
fn go_version(word: &str) -> Option<String> {
    if let Some(("", _)) = strict_go_version(word) {
        return Some(word.to_owned());
    }
    // As `laxGoVersionRE` of x/mod, which cmd/go applies to dependencies: `^v?(…)([^0-9].*)$`.
    let text = word.strip_prefix('v').unwrap_or(word);
    let (_, short) = strict_go_version(text)?;
    let rest = text.get(short..)?;
    // Something must follow, and what begins with a digit was not a number without leading zeros.
    let lax = rest.starts_with(|c: char| !c.is_ascii_digit());
    lax.then(|| text.get(..short).unwrap_or_default().to_owned())
}

/// Reads `MAJOR.MINOR[.PATCH][KIND NUMBER]` off the front: what remains, and where MINOR ends.
fn strict_go_version(text: &str) -> Option<(&str, usize)> {
    fn number(text: &str) -> Option<&str> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        match digits {
            "" => None,
            "0" => Some(rest),
            _ if digits.starts_with('0') => text.get(1..),
            _ => Some(rest),
        }
    }
    if text.starts_with('0') {
        return None;
    }
    let rest = number(number(text)?.strip_prefix('.')?)?;
    let short = text.len() - rest.len();
    let rest = rest.strip_prefix('.').and_then(number).unwrap_or(rest);
    let kind = rest.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let after = kind.trim_start_matches(|c: char| c.is_ascii_digit());
    let has_kind = kind.len() < rest.len() && after.len() < kind.len();
    Some((if has_kind { after } else { rest }, short))
}
