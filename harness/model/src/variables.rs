//! Variables in the texts of steps: `${name}` stands for a value, `$${` for the two characters `${`.

use std::ops::Range;

/// The variables that every run has: name and meaning. Besides them there are captured values and
/// `goroot:VERSION`, the root of a certain SDK.
pub const BUILT_IN: [(&str, &str); 14] = [
    ("work", "the run's work directory, symbolic links resolved"),
    ("home", "the home directory that programs see, in the work directory"),
    ("tmp", "the temporary directory that programs see, in the work directory"),
    ("goroot", "the root of the SDK that the case is about"),
    ("gocache", "a warm build cache that cases share"),
    ("sep", "what separates names in a path: `/` or `\\`"),
    ("list_sep", "what separates paths in a list: `:` or `;`"),
    ("exe", "the suffix of programs: empty or `.exe`"),
    ("nul", "the null device: `/dev/null` or `NUL`"),
    ("goos", "the operating system in Go's words"),
    ("goarch", "the processor architecture in Go's words"),
    ("go_version", "the version of the SDK that the case is about: `1.27.3`"),
    (
        "wine_root",
        "the root of a Linux system with Wine, beside the machine's own; empty where there is none",
    ),
    ("nonce", "32 hexadecimal digits, different in every run"),
];

/// Prefix of the variables that give the root of a certain SDK.
pub const GOROOT_OF: &str = "goroot:";

/// A place in a text where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The variable's name.
    pub name: String,
    /// Byte range of `${name}` in the text.
    pub range: Range<usize>,
}

/// A text whose variables cannot be put in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// There is no such variable.
    #[error("unknown variable `${{{0}}}`")]
    Unknown(String),
    /// A `${` without its `}`.
    #[error("`${{` without `}}` (write `$${{` for the characters themselves)")]
    Open,
}

enum Part<'a> {
    Text(&'a str),
    Variable(&'a str, Range<usize>),
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, VariableError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        if start > at && text.as_bytes()[start - 1] == b'$' {
            parts.push(Part::Text(&text[at..start - 1]));
            parts.push(Part::Text("${"));
            at = start + 2;
            continue;
        }
        let name = start + 2;
        let end = text[name..].find('}').ok_or(VariableError::Open)? + name;
        parts.push(Part::Text(&text[at..start]));
        parts.push(Part::Variable(&text[name..end], start..end + 1));
        at = end + 1;
    }
    parts.push(Part::Text(&text[at..]));
    Ok(parts)
}

/// Every variable that the text refers to, in order.
///
/// # Errors
/// When a `${` has no `}`.
pub fn references(text: &str) -> Result<Vec<Reference>, VariableError> {
    Ok(parts(text)?
        .into_iter()
        .filter_map(|p| match p {
            Part::Text(_) => None,
            Part::Variable(name, range) => Some(Reference { name: name.to_owned(), range }),
        })
        .collect())
}

/// Puts values in. Values are not looked into again.
///
/// # Errors
/// When a variable has no value, or a `${` no `}`.
pub fn expand<'v>(
    text: &str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, VariableError> {
    let mut out = String::with_capacity(text.len());
    for part in parts(text)? {
        match part {
            Part::Text(t) => out.push_str(t),
            Part::Variable(name, _) => {
                out.push_str(value(name).ok_or_else(|| VariableError::Unknown(name.to_owned()))?);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{VariableError, expand, references};
    use rstest::rstest;

    #[rstest]
    #[case("", Ok(""))]
    #[case("a${x}b", Ok("a1b"))]
    #[case("${x}${y}", Ok("1${x}"))]
    #[case("$${x}", Ok("${x}"))]
    #[case("$x $", Ok("$x $"))]
    #[case("${z}", Err(VariableError::Unknown("z".into())))]
    #[case("a${x", Err(VariableError::Open))]
    fn expansion(#[case] text: &str, #[case] want: Result<&str, VariableError>) {
        let got = expand(text, |name| match name {
            "x" => Some("1"),
            "y" => Some("${x}"),
            _ => None,
        });
        assert_eq!(got, want.map(str::to_owned));
    }

    #[test]
    fn references_carry_their_place() {
        let refs = references("a${b}c$${d}${e}").unwrap();
        assert_eq!(refs.len(), 2);
        assert_eq!((refs[0].name.as_str(), refs[0].range.clone()), ("b", 1..5));
        assert_eq!(refs[1].name, "e");
    }
}
