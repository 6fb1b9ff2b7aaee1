//! The variables that texts of steps may refer to; the texts are [`Template`](crate::Template)s.

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

/// A text whose variables cannot be put in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// There is no such variable.
    #[error("unknown variable `${{{0}}}`")]
    Unknown(String),
    /// A variable right after a `$`.
    #[error("a `$` stands right before `${{{0}}}`, and `$${{` is read as the characters `${{`")]
    Dollar(String),
    /// A `${` without its `}`.
    #[error("`${{` without `}}` (write `$${{` for the characters themselves)")]
    Open,
}
