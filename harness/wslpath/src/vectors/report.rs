//! The outcome of a check, and its text.

use std::fmt::Write;

/// Result of the program: the printed line without its newline, and the exit code. A failed run has
/// no line: its output is not part of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The line, as bytes; `None` for a failed run.
    pub output: Option<Vec<u8>>,
    /// The exit code.
    pub exit: i64,
}

/// A vector with both answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Id of the vector.
    pub id: String,
    /// The options, without the program's name and the path.
    pub arguments: Vec<Vec<u8>>,
    /// The path; `None` where none was given.
    pub input: Option<Vec<u8>>,
    /// Name of the world.
    pub world: String,
    /// The current directory.
    pub current_dir: Vec<u8>,
    /// The answer in the file.
    pub expected: Answer,
    /// The answer of the rules.
    pub actual: Answer,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Every vector of the file, in its order; at least one.
    pub vectors: Vec<Compared>,
}

impl Report {
    /// The vectors that the rules do not answer as recorded.
    pub fn mismatches(&self) -> impl Iterator<Item = &Compared> {
        self.vectors.iter().filter(|vector| vector.expected != vector.actual)
    }

    /// Whether every vector matched.
    pub fn is_match(&self) -> bool {
        self.mismatches().next().is_none()
    }

    /// The text for a terminal: each mismatch, then the counts. It ends in a newline.
    ///
    /// Texts stand in quotes; in them letters and digits of any script and printable ASCII stand
    /// for themselves, anything else, and `"` and `<`, is written as `<U+F03A>`, a byte that is not
    /// UTF-8 as `<0xFF>`. Two texts that differ are never written alike.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut mismatched = 0;
        for mismatch in self.mismatches() {
            mismatch.render(&mut text);
            mismatched += 1;
        }
        let total = self.vectors.len();
        let matched = total - mismatched;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{total} vectors: {matched} match, {mismatched} mismatch");
        text
    }
}

impl Compared {
    fn render(&self, text: &mut String) {
        let Self { id, arguments, input, world, current_dir, expected, actual } = self;
        let mut command = "wslpath".to_owned();
        for argument in arguments.iter().chain(input) {
            command.push(' ');
            command.push_str(&quote(argument));
        }
        let id = quote(id.as_bytes());
        let world = quote(world.as_bytes());
        let current_dir = quote(current_dir);
        let _ = writeln!(
            text,
            "mismatch {id}: world {world}, cwd {current_dir}\n  \
             argv      {command}\n  \
             expected  {expected}\n  \
             actual    {actual}"
        );
    }
}

/// Two answers that differ are never written alike.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.output {
            Some(output) => write!(f, "exit {}, output {}", self.exit, quote(output)),
            None => write!(f, "exit {}, no output", self.exit),
        }
    }
}

fn quote(text: &[u8]) -> String {
    let mut quoted = "\"".to_owned();
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let plain = match character {
                '"' | '<' => false,
                ' '..='~' => true,
                _ => character.is_alphanumeric(),
            };
            if plain {
                quoted.push(character);
            } else {
                let _ = write!(quoted, "<U+{:04X}>", u32::from(character));
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(quoted, "<0x{byte:02X}>");
        }
    }
    quoted.push('"');
    quoted
}
