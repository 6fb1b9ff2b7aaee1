//! A record of the log: the go.sum lines of one module version.
//!
//! In the answer to a lookup it is its number, its text and a blank line, and then the signed
//! tree follows:
//!
//! ```text
//! 12
//! example.com/a v1.0.0 h1:…=
//! example.com/a v1.0.0/go.mod h1:…=
//!
//! ```
//!
//! The text is what is hashed: UTF-8 without control characters but the newline, without blank
//! lines, ending in a newline. A data tile holds texts, each with its blank line, without numbers.

/// A record and its number in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number in the log, from 0.
    pub id: u64,
    /// Its text, newline at the end included.
    pub text: String,
}

/// The bytes are not those of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed record: {0}")]
pub struct RecordError(pub &'static str);

impl Record {
    /// Writes the record as a lookup answers it.
    ///
    /// # Errors
    /// When the text is not one a record may have.
    pub fn format(&self) -> Result<String, RecordError> {
        check_text(&self.text)?;
        Ok(format!("{}\n{}\n", self.id, self.text))
    }

    /// Parses a record at the start of `message`, and returns it with all that follows the blank
    /// line behind it.
    ///
    /// # Errors
    /// When there is none, or its text is not one a record may have.
    pub fn parse(message: &[u8]) -> Result<(Self, &[u8]), RecordError> {
        let newline =
            message.iter().position(|&b| b == b'\n').ok_or(RecordError("no record number"))?;
        let (number, rest) = message.split_at(newline);
        let rest = rest.get(1..).unwrap_or_default();
        let id = std::str::from_utf8(number)
            .ok()
            .and_then(|n| n.parse::<u64>().ok().filter(|id| id.to_string() == n))
            .ok_or(RecordError("its first line is not a canonical decimal record number"))?;
        let blank = rest
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .ok_or(RecordError("no blank line ends its text"))?;
        let text = rest.get(..=blank).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| RecordError("its text is not UTF-8"))?;
        check_text(text)?;
        let rest = rest.get(blank + 2..).unwrap_or_default();
        Ok((Self { id, text: text.to_owned() }, rest))
    }
}

/// Whether `text` may stand in a record.
pub(crate) fn check_text(text: &str) -> Result<(), RecordError> {
    if !text.ends_with('\n') {
        return Err(RecordError("its text does not end in a newline"));
    }
    if text.starts_with('\n') || text.contains("\n\n") {
        return Err(RecordError("its text has a blank line"));
    }
    if text.chars().any(|c| c < ' ' && c != '\n') {
        return Err(RecordError("its text has a control character"));
    }
    Ok(())
}
