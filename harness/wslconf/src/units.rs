//! The bytes of a file as the units that WSL's parser reads one by one.

use thiserror::Error;

/// One of the two configuration files, which are read and parsed differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `/etc/wsl.conf` of one distribution, read by init: bytes, and parsing ends at the first
    /// malformed line.
    WslConf,
    /// `%USERPROFILE%\.wslconfig` of the whole machine, read by the Windows service: UTF-8 or
    /// UTF-16, and a malformed line is skipped.
    WslConfig,
}

impl Dialect {
    /// The path that the recorded vectors, and messages without another path, name.
    #[must_use]
    pub const fn usual_path(self) -> &'static str {
        match self {
            Self::WslConf => "/etc/wsl.conf",
            Self::WslConfig => r"C:\Users\u\.wslconfig",
        }
    }
}

/// WSL cannot open the file: it warns `Failed to open config file` and takes the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the file is UTF-16 of the byte order that Windows refuses (EINVAL): save it as UTF-8")]
pub struct CannotOpen;

/// A file as the parser reads it: UTF-16 units of `.wslconfig`, bytes of `wsl.conf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Units {
    units: Vec<u16>,
    /// Offset in the file's bytes of each unit, and behind the last the end of what is read.
    offsets: Vec<usize>,
}

impl Units {
    /// Reads the bytes of a file. Bytes behind a Ctrl-Z of `.wslconfig` are left out.
    ///
    /// # Errors
    /// [`CannotOpen`] for a `.wslconfig` in big-endian UTF-16.
    pub fn of(dialect: Dialect, bytes: &[u8]) -> Result<Self, CannotOpen> {
        match dialect {
            Dialect::WslConf => Ok(Self {
                units: bytes.iter().copied().map(u16::from).collect(),
                offsets: (0..=bytes.len()).collect(),
            }),
            Dialect::WslConfig => match bytes {
                // Microsoft's C runtime recognises the mark of big-endian UTF-16 and refuses the
                // file (EINVAL) rather than read it wrongly.
                [0xFE, 0xFF, ..] => Err(CannotOpen),
                [0xFF, 0xFE, rest @ ..] => Ok(as_text(utf16(rest), 2)),
                [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(as_text(utf8(rest), 3)),
                _ => Ok(as_text(utf8(bytes), 0)),
            },
        }
    }

    /// The unit at an index; `None` behind the last.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<u16> {
        self.units.get(index).copied()
    }

    /// The byte offset of a unit in the file; of an index behind the last, where reading ended.
    #[must_use]
    pub fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).or(self.offsets.last()).copied().unwrap_or(0)
    }

    /// Number of units.
    #[must_use]
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }
}

/// Units of UTF-8 with their offsets; bytes that are no UTF-8 give U+FFFD.
fn utf8(bytes: &[u8]) -> Vec<(u16, usize)> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut pair = [0; 2];
            units.extend(character.encode_utf16(&mut pair).iter().map(|&unit| (unit, at)));
            at += character.len_utf8();
        }
        if !chunk.invalid().is_empty() {
            units.push((0xFFFD, at));
            at += chunk.invalid().len();
        }
    }
    units
}

fn utf16(bytes: &[u8]) -> Vec<(u16, usize)> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    pairs.enumerate().map(|(index, pair)| (u16::from_le_bytes(*pair), index * 2)).collect()
}

/// Reads as Windows' text mode does: CR LF is one LF, and Ctrl-Z ends the file.
fn as_text(decoded: Vec<(u16, usize)>, mark: usize) -> Units {
    const LF: u16 = 0x0A;
    const CR: u16 = 0x0D;
    // The end-of-file character of CP/M and DOS, which text mode of the C runtime still honours.
    const CTRL_Z: u16 = 0x1A;
    let end = decoded.iter().position(|&(unit, _)| unit == CTRL_Z).unwrap_or(decoded.len());
    let last = match decoded.get(end) {
        Some(&(_, at)) => at,
        None => decoded.last().map_or(0, |&(unit, at)| at + width(unit)),
    };
    let mut units = Units::default();
    let mut skip = false;
    for (index, &(unit, at)) in decoded.iter().enumerate().take(end) {
        if std::mem::take(&mut skip) {
            continue;
        }
        // A lone CR is kept: the parser sees it, and it does not end a comment.
        let line_end = unit == CR && index + 1 < end && decoded[index + 1].0 == LF;
        skip = line_end;
        units.units.push(if line_end { LF } else { unit });
        units.offsets.push(at + mark);
    }
    units.offsets.push(last + mark);
    units
}

/// Bytes from the last unit to the end of the file, at least: only its place is asked for.
const fn width(unit: u16) -> usize {
    match unit {
        0..0x80 => 1,
        0x80..0x800 => 2,
        _ => 3,
    }
}
