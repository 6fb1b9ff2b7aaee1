//! The command line of `wslpath`, with the habits of WSL's argument parser.
//!
//! Only acceptance is modelled, no messages: every refusal exits 1.

use thiserror::Error;

/// Direction and form of a translation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `-u`, the default: Windows to Linux.
    #[default]
    Unix,
    /// `-w`: Linux to Windows.
    Windows,
    /// `-m`: Linux to Windows, with slashes.
    Mixed,
}

/// A command line that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Direction and form.
    pub mode: Mode,
    /// `-a`: keep the result absolute.
    pub absolute: bool,
    /// Follow the symbolic links of a Linux path. The program always does; what translates the
    /// lists of WSLENV does not.
    pub follow_links: bool,
    /// The path to translate.
    pub path: Vec<u8>,
}

/// A command line that the program answers with its usage and exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the arguments are not of wslpath's form")]
pub struct UsageError;

#[derive(Default)]
struct Parsed<'a> {
    mode: Option<Mode>,
    help: bool,
    absolute: bool,
    path: Option<&'a [u8]>,
}

impl Parsed<'_> {
    /// Takes one option by its letter; false where there is none of that letter. The mode may be
    /// given only once, also when it is the same.
    fn short(&mut self, letter: u8) -> Result<bool, UsageError> {
        let mode = match letter {
            b'a' => {
                self.absolute = true;
                return Ok(true);
            }
            b'u' => Mode::Unix,
            b'w' => Mode::Windows,
            b'm' => Mode::Mixed,
            _ => return Ok(false),
        };
        if self.help || self.mode.replace(mode).is_some() {
            return Err(UsageError);
        }
        Ok(true)
    }

    /// Takes one whole argument as an option.
    fn option(&mut self, argument: &[u8]) -> Result<bool, UsageError> {
        match argument {
            b"--help" if self.help || self.mode.is_some() => Err(UsageError),
            b"--help" => {
                self.help = true;
                Ok(true)
            }
            [b'-', letter] => self.short(*letter),
            _ => Ok(false),
        }
    }
}

impl Request {
    /// Reads the arguments after the program's name. Bytes behind a NUL are not seen.
    ///
    /// Upstream defect: a path that begins with a hyphen (`-` itself, or any after `--`) does not
    /// count as one, so that a later path takes its place instead of being refused.
    ///
    /// # Errors
    /// [`UsageError`] for an unknown option, a second mode, a second path, no path, or `--help`.
    pub fn parse<A: AsRef<[u8]>>(arguments: &[A]) -> Result<Self, UsageError> {
        let mut parsed = Parsed::default();
        let mut paths_seen = 0usize;
        let mut options_ended = false;
        for argument in arguments {
            let argument = crate::text::c_str(argument.as_ref());
            if !options_ended && argument == b"--" {
                options_ended = true;
                continue;
            }
            let is_option = !options_ended && argument.len() > 1 && argument[0] == b'-';
            if is_option {
                let mut known = false;
                // Short options may be joined: `-aw` is `-a -w`.
                if argument.len() > 2 && argument[1] != b'-' {
                    for &letter in &argument[1..] {
                        known = parsed.short(letter)?;
                        if !known {
                            break;
                        }
                    }
                }
                if !known && !parsed.option(argument)? {
                    return Err(UsageError);
                }
            } else if paths_seen == 0 {
                parsed.path = Some(argument);
            } else {
                return Err(UsageError);
            }
            // This is the defect that the function's comment describes: what begins with a hyphen
            // is stored as the path and not counted, so the next path is taken as the first.
            if argument.first() != Some(&b'-') {
                paths_seen += 1;
            }
        }
        match parsed.path {
            Some(path) if !parsed.help => Ok(Self {
                mode: parsed.mode.unwrap_or_default(),
                absolute: parsed.absolute,
                follow_links: true,
                path: path.to_vec(),
            }),
            _ => Err(UsageError),
        }
    }
}
