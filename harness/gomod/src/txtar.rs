//! Text archives: several small files in one, as cmd/go's tests keep modules and scripts.
//!
//! A comment, then files. Each file begins with a marker line, `-- NAME --`, and ends at the next
//! one or at the end:
//!
//! ```text
//! a module with one file
//! -- go.mod --
//! module example.com/m
//! -- dir/a.txt --
//! text
//! ```
//!
//! White space around the name is not part of it, and a line without a name in it is no marker. A
//! carriage return at the end of a line makes it no marker either. Content is bytes, kept as they
//! are; only where the very last line has no newline, one is added. Every sequence of bytes is an
//! archive: there are no errors in reading.
//!
//! A marker whose name is not UTF-8 counts as an ordinary line here, where Go would take it.
//!
//! Source: `internal/txtar` in Go's source tree.

use std::borrow::Cow;

/// A comment and files, in order. Names may stand twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The text in front of the first file.
    pub comment: Vec<u8>,
    /// The files.
    pub files: Vec<File>,
}

/// A file of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The name, without white space around it.
    pub name: String,
    /// The content.
    pub data: Vec<u8>,
}

/// The reason why an archive would not read back as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A name is empty, has a newline, or white space around it.
    #[error("{0:?} cannot be the name of a file in an archive")]
    Name(String),
    /// A content has a line that would read as a marker.
    #[error("the content of {0:?} has a line that reads as the beginning of another file")]
    Marker(String),
}

impl Archive {
    /// Reads an archive. Takes time and memory in proportion to `text`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let (comment, mut next) = section(text);
        let mut archive = Self { comment, files: Vec::new() };
        while let Some((name, rest)) = next {
            let (data, following) = section(rest);
            archive.files.push(File { name: name.to_owned(), data });
            next = following;
        }
        archive
    }

    /// Writes an archive. A comment or content without a newline at its end gets one.
    ///
    /// # Errors
    /// When reading would not give this archive again, newlines at ends aside.
    pub fn format(&self) -> Result<Vec<u8>, FormatError> {
        let mut out = Vec::new();
        put(&mut out, "the comment", &self.comment)?;
        for file in &self.files {
            let name = &file.name;
            if name.is_empty() || name.trim() != name || name.contains('\n') {
                return Err(FormatError::Name(name.clone()));
            }
            out.extend_from_slice(format!("-- {name} --\n").as_bytes());
            put(&mut out, name, &file.data)?;
        }
        Ok(out)
    }

    /// The content of the last file with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        // cmd/go writes the files in order, so that the last one of a name stays.
        self.files.iter().rev().find(|file| file.name == name).map(|file| &*file.data)
    }
}

fn put(out: &mut Vec<u8>, name: &str, data: &[u8]) -> Result<(), FormatError> {
    let data = with_newline(data);
    if section(&data).1.is_some() {
        return Err(FormatError::Marker(name.to_owned()));
    }
    out.extend_from_slice(&data);
    Ok(())
}

/// The bytes in front of the next marker, its name, and what follows it.
fn section(text: &[u8]) -> (Vec<u8>, Option<(&str, &[u8])>) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (line, after) = match rest.iter().position(|&b| b == b'\n') {
            Some(end) => (rest.get(..end), rest.get(end + 1..)),
            None => (Some(rest), None),
        };
        if let Some(name) = line.and_then(marker) {
            let before = text.get(..at).unwrap_or_default();
            return (before.to_vec(), Some((name, after.unwrap_or_default())));
        }
        at += line.map_or(0, <[u8]>::len) + 1;
    }
    (with_newline(text).into_owned(), None)
}

/// The name in a marker line, which comes without its newline.
fn marker(line: &[u8]) -> Option<&str> {
    let inner = line.strip_prefix(b"-- ")?.strip_suffix(b" --")?;
    let name = str::from_utf8(inner).ok()?.trim();
    (!name.is_empty()).then_some(name)
}

fn with_newline(data: &[u8]) -> Cow<'_, [u8]> {
    if data.is_empty() || data.ends_with(b"\n") {
        return Cow::Borrowed(data);
    }
    let mut data = data.to_vec();
    data.push(b'\n');
    Cow::Owned(data)
}
