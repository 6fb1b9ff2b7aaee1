//! The parser of wsl.conf and .wslconfig: which sections, assignments and malformed lines WSL sees
//! in a file, with the line numbers that it gives them.
//!
//! It follows `ParseConfigFile` of microsoft/WSL's `configfile.cpp` at 3e27a6a.
//! [`mod@crate::apply`] decides which names are keys and whether a value is good.

use crate::units::{CannotOpen, Dialect, Units};
use std::ops::Range;

/// The error for which a line cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A section begins with something else than a letter.
    SectionName,
    /// A section's name is not followed by `]`.
    SectionEnd,
    /// Something follows the `]`.
    AfterSection,
    /// A key begins with something else than a letter.
    KeyName,
    /// A key is not followed by `=`.
    Equals,
    /// A backslash before this unit means nothing; `None`: before the end of the file.
    Escape(Option<u16>),
    /// A quote is not closed.
    Quote,
}

/// A line that WSL cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The parser's error.
    pub fault: Fault,
    /// The line as WSL counts it.
    pub line: u32,
    /// Index of the unit at which it is noticed.
    pub at: usize,
    /// Index of the first unit of the line that is no blank.
    pub start: usize,
}

/// A section line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: Vec<u8>,
    /// The line as WSL counts it.
    pub line: u32,
    /// Indexes of the units from `[` to `]`.
    pub span: Range<usize>,
}

/// A well-formed `key = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Section and key as WSL joins them, a NUL in it cutting the rest away.
    pub name: Vec<u8>,
    /// The value as WSL takes it, cut at a NUL.
    pub value: Vec<u8>,
    /// The line as WSL counts it: of the last one where the value goes on over several.
    pub line: u32,
    /// Indexes of the key's units.
    pub key: Range<usize>,
    /// Indexes of the value's units as they stand in the file, without blanks around them.
    pub raw: Range<usize>,
    /// Index of the `#` behind the value.
    pub comment: Option<usize>,
    /// Indexes of backslashes that begin an escape.
    pub escapes: Vec<usize>,
    /// Index among the items of the malformed section line that gave the key a broken section.
    pub broken_section: Option<usize>,
}

impl Assignment {
    /// The section that WSL takes the key to be in; `None` where it is in none.
    #[must_use]
    pub fn section(&self) -> Option<&[u8]> {
        self.name.iter().position(|&byte| byte == b'.').map(|dot| &self.name[..dot])
    }

    /// The key without its section.
    #[must_use]
    pub fn key_name(&self) -> &[u8] {
        let dot = self.name.iter().position(|&byte| byte == b'.');
        dot.map_or(&self.name, |dot| &self.name[dot + 1..])
    }
}

/// A line of the file, blank lines and comments left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A section line.
    Section(Section),
    /// A well-formed assignment.
    Assignment(Assignment),
    /// A line that cannot be read.
    Malformed(Malformed),
}

/// A file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Whether it is wsl.conf or .wslconfig.
    pub dialect: Dialect,
    /// Its units, which all indexes refer to.
    pub units: Units,
    /// Its lines, in order.
    pub items: Vec<Item>,
    /// Ranges of comments, `#` included, the line end not.
    pub comments: Vec<Range<usize>>,
    /// The end of an early stop, as wsl.conf's at the first malformed line: the index of the unit
    /// behind the last one read.
    pub stopped: Option<usize>,
}

impl Parsed {
    /// Whether reading the file ends the program, so that the distribution does not start: the
    /// last byte is a backslash in a value.
    ///
    /// Upstream defect: the message about it cannot be converted, and the exception is not caught.
    #[must_use]
    pub fn aborts(&self) -> bool {
        self.dialect == Dialect::WslConf
            && matches!(self.items.last(), Some(Item::Malformed(m)) if m.fault == Fault::Escape(None))
    }

    /// The assignments, in order.
    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.items.iter().filter_map(|item| match item {
            Item::Assignment(assignment) => Some(assignment),
            Item::Section(_) | Item::Malformed(_) => None,
        })
    }
}

/// Reads the bytes of a file.
///
/// # Errors
/// [`CannotOpen`], where WSL does not read the file at all.
pub fn parse(dialect: Dialect, bytes: &[u8]) -> Result<Parsed, CannotOpen> {
    run(dialect, bytes, dialect == Dialect::WslConf)
}

/// Reads the bytes of a file as if a malformed line did not end wsl.conf, so that all are found.
///
/// # Errors
/// [`CannotOpen`], where WSL does not read the file at all.
pub fn parse_through(dialect: Dialect, bytes: &[u8]) -> Result<Parsed, CannotOpen> {
    run(dialect, bytes, false)
}

fn run(dialect: Dialect, bytes: &[u8], stops: bool) -> Result<Parsed, CannotOpen> {
    let units = Units::of(dialect, bytes)?;
    let mut parser = Parser {
        stops,
        units: &units,
        next: 0,
        at_end: false,
        line: 0,
        name: Vec::new(),
        section_length: 0,
        broken_section: None,
        items: Vec::new(),
        comments: Vec::new(),
    };
    let stopped = parser.run().then_some(parser.next);
    let Parser { items, comments, .. } = parser;
    Ok(Parsed { dialect, units, items, comments, stopped })
}

const LF: u16 = b'\n' as u16;
const CR: u16 = b'\r' as u16;
const HASH: u16 = b'#' as u16;
const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;

const fn is_blank(unit: Option<u16>) -> bool {
    matches!(unit, Some(0x20 | 0x09))
}

fn is_letter(unit: Option<u16>) -> bool {
    unit.and_then(|unit| u8::try_from(unit).ok()).is_some_and(|byte| byte.is_ascii_alphabetic())
}

fn is_name(unit: Option<u16>) -> bool {
    unit.and_then(|unit| u8::try_from(unit).ok()).is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// The text up to its first NUL, as C sees it.
fn c_str(text: &[u8]) -> Vec<u8> {
    text.iter().copied().take_while(|&byte| byte != 0).collect()
}

// The structure of upstream's parser is kept, one buffer for section and key included: its defects
// come from that structure, and a rewrite would have to imitate each of them.
struct Parser<'a> {
    /// A malformed line ends the file.
    stops: bool,
    units: &'a Units,
    next: usize,
    /// Reading came to the end: upstream asks the stream for this, not the unit.
    at_end: bool,
    line: u32,
    /// The section's name, and behind it that of the key: one buffer, as upstream has it.
    name: Vec<u8>,
    /// Length of the last good section's name.
    section_length: usize,
    broken_section: Option<usize>,
    items: Vec<Item>,
    comments: Vec<Range<usize>>,
}

/// The end of a line.
struct Line {
    /// The unit that ended it.
    last: Option<u16>,
    /// A comment follows, whose end counts as the line's.
    comment: bool,
    malformed: bool,
}

impl Parser<'_> {
    fn read(&mut self) -> Option<u16> {
        let unit = self.units.get(self.next);
        match unit {
            Some(_) => self.next += 1,
            None => self.at_end = true,
        }
        unit
    }

    fn read_past_blanks(&mut self) -> Option<u16> {
        loop {
            let unit = self.read();
            if !is_blank(unit) {
                return unit;
            }
        }
    }

    /// Index of the unit that was read last; at the end, of the one that would come next.
    fn last_index(&self) -> usize {
        if self.at_end { self.next } else { self.next.saturating_sub(1) }
    }

    /// Reads the file; whether parsing stopped at a malformed line.
    fn run(&mut self) -> bool {
        let mut last = None;
        let mut comment = false;
        loop {
            // A comment behind an assignment ends at the line's end and has counted it already.
            if !comment {
                self.line += 1;
            }
            let Some(first) = self.next_line(last) else { return false };
            let line = if first == u16::from(b'[') { self.section() } else { self.key(first) };
            (last, comment) = (line.last, line.comment);
            if line.malformed {
                if self.stops {
                    return true;
                }
                // Only .wslconfig comes here. It goes on behind the next LF; a lone CR does not end
                // the skipped line.
                while last.is_some() && last != Some(LF) {
                    last = self.read();
                }
            }
        }
    }

    /// Passes over comments and blank lines; gives the first unit of the next line with something
    /// in it, `None` at the end. `last` is the unit that ended the line before.
    fn next_line(&mut self, mut last: Option<u16>) -> Option<u16> {
        loop {
            if last == Some(HASH) {
                self.comment();
            }
            if self.at_end {
                return None;
            }
            last = self.read_past_blanks();
            match last {
                Some(CR) => {
                    // Upstream defect: CR LF of a blank line counts once, CR LF behind an
                    // assignment twice, because there CR ends the line and LF is a blank line of
                    // its own.
                    if self.units.get(self.next) == Some(LF) {
                        self.next += 1;
                        self.line += 1;
                    } else if self.units.get(self.next).is_none() {
                        self.at_end = true;
                    }
                }
                Some(LF) => self.line += 1,
                Some(HASH) | None => {}
                Some(unit) => return Some(unit),
            }
        }
    }

    /// Passes over a comment, whose `#` is read.
    ///
    /// Upstream defect: the unit after a CR is not looked at unless it is LF, so that a lone CR
    /// ends no comment, and CR CR LF neither counts twice nor ends it early.
    fn comment(&mut self) {
        let start = self.next.saturating_sub(1);
        let mut end;
        loop {
            end = self.next;
            let mut unit = self.read();
            if unit == Some(CR) {
                unit = self.read();
            }
            match unit {
                Some(LF) => {
                    self.line += 1;
                    break;
                }
                None => break,
                Some(_) => {}
            }
        }
        self.comments.push(start..end);
    }

    fn malformed(&mut self, fault: Fault, start: usize, last: Option<u16>) -> Line {
        let at = self.last_index();
        self.items.push(Item::Malformed(Malformed { fault, line: self.line, at, start }));
        Line { last, comment: false, malformed: true }
    }

    /// A section line, whose `[` is read.
    ///
    /// Upstream defect: a broken name stays in the buffer while the length of the last good one is
    /// kept, so that the keys below get a section of neither.
    fn section(&mut self) -> Line {
        let start = self.next.saturating_sub(1);
        let mut unit = self.read();
        if !is_letter(unit) {
            return self.malformed(Fault::SectionName, start, unit);
        }
        self.name.clear();
        while is_name(unit) {
            self.name.extend(unit.map(low_byte));
            unit = self.read();
        }
        if unit != Some(u16::from(b']')) {
            self.broken_section = Some(self.items.len());
            return self.malformed(Fault::SectionEnd, start, unit);
        }
        let span = start..self.next;
        unit = self.read_past_blanks();
        if !matches!(unit, None | Some(LF | CR | HASH)) {
            self.broken_section = Some(self.items.len());
            return self.malformed(Fault::AfterSection, start, unit);
        }
        self.section_length = self.name.len();
        self.broken_section = None;
        self.items.push(Item::Section(Section { name: self.name.clone(), line: self.line, span }));
        Line { last: unit, comment: unit == Some(HASH), malformed: false }
    }

    /// A `key = value`, whose first unit is read.
    fn key(&mut self, first: u16) -> Line {
        let start = self.next.saturating_sub(1);
        if !is_letter(Some(first)) {
            return self.malformed(Fault::KeyName, start, Some(first));
        }
        // The buffer is cut back to the last good section. After a broken section line it may be
        // shorter, and is then filled with NULs: std::string::resize does the same.
        self.name.resize(self.section_length, 0);
        // Before any section the key stands alone and matches no known name.
        if !self.name.is_empty() {
            self.name.push(b'.');
        }
        let mut unit = Some(first);
        while is_name(unit) {
            self.name.extend(unit.map(low_byte));
            unit = self.read();
        }
        let key = start..self.last_index();
        if is_blank(unit) {
            unit = self.read_past_blanks();
        }
        if unit != Some(u16::from(b'=')) {
            return self.malformed(Fault::Equals, start, unit);
        }
        self.value(key)
    }

    /// A value, whose `=` is read.
    fn value(&mut self, key: Range<usize>) -> Line {
        let mut unit = self.read_past_blanks();
        let from = self.last_index();
        let mut to = from;
        let mut value = Vec::new();
        let mut kept = 0;
        let mut quoted = false;
        let mut escapes = Vec::new();
        loop {
            match unit {
                None | Some(LF | CR) => break,
                Some(HASH) if !quoted => break,
                Some(QUOTE) => quoted = !quoted,
                // Escapes count inside and outside of quotes.
                Some(BACKSLASH) => {
                    escapes.push(self.last_index());
                    let escaped = self.read();
                    match escaped.and_then(|escaped| u8::try_from(escaped).ok()) {
                        Some(byte @ (b'\\' | b'"')) => value.push(byte),
                        Some(b'b') => value.push(0x08),
                        Some(b'n') => value.push(b'\n'),
                        Some(b't') => value.push(b'\t'),
                        Some(b'\r') => {}
                        Some(b'\n') => self.line += 1,
                        _ => return self.malformed(Fault::Escape(escaped), key.start, escaped),
                    }
                }
                Some(unit) => value.push(low_byte(unit)),
            }
            if !is_blank(unit) {
                kept = value.len();
                to = self.next;
            }
            unit = self.read();
        }
        if quoted {
            return self.malformed(Fault::Quote, key.start, unit);
        }
        value.truncate(kept);
        let comment = (unit == Some(HASH)).then(|| self.last_index());
        self.items.push(Item::Assignment(Assignment {
            name: c_str(&self.name),
            value: c_str(&value),
            line: self.line,
            key,
            raw: from..to,
            comment,
            escapes,
            broken_section: self.broken_section,
        }));
        Line { last: unit, comment: comment.is_some(), malformed: false }
    }
}

/// Part of a code unit that WSL's parser keeps.
///
/// Upstream defect: units above 0xFF, which only `.wslconfig` can have, are cut to their low byte.
#[expect(clippy::cast_possible_truncation, reason = "the defect that is reproduced")]
const fn low_byte(unit: u16) -> u8 {
    unit as u8
}
