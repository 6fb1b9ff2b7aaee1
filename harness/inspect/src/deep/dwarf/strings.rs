//! Strings that debug information only points to: noted while units are read, got in one pass over
//! the section that has them.

use super::units::skip;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

/// The longest string that is kept, in bytes. A compiler's flags may be long.
const LONGEST: u64 = 16 << 10;

/// The use of a string: the compiler, the folder of compilation, or a folder of source files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Producer,
    Folder,
    SourceFolder,
}

/// Offsets of strings that are wanted, of one section.
#[derive(Debug, Default)]
pub(super) struct Wanted(BTreeMap<u64, Vec<Purpose>>);

impl Wanted {
    pub(super) fn note(&mut self, offset: u64, purpose: Purpose) {
        let purposes = self.0.entry(offset).or_default();
        if !purposes.contains(&purpose) {
            purposes.push(purpose);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Goes over the section once, and gives each string that is wanted. A string may begin inside
    /// another: linkers share their ends.
    pub(super) fn get(
        &mut self,
        reader: &mut impl BufRead,
        mut give: impl FnMut(Purpose, &[u8]),
    ) -> io::Result<()> {
        let mut at = 0;
        while let Some((start, _)) = self.0.first_key_value() {
            let start = *start;
            skip(reader, start - at)?;
            let mut string = Vec::new();
            reader.by_ref().take(LONGEST).read_until(0, &mut string)?;
            if string.is_empty() {
                break;
            }
            at = start + string.len() as u64;
            // Offsets may lead into the middle of a string: linkers merge equal ends.
            let later = self.0.split_off(&at.max(start + 1));
            for (offset, purposes) in std::mem::replace(&mut self.0, later) {
                let rest = string.get((offset - start) as usize..).unwrap_or_default();
                let rest = rest.strip_suffix(&[0]).unwrap_or(rest);
                purposes.iter().for_each(|purpose| give(*purpose, rest));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_share_an_end_are_both_given() {
        let mut wanted = Wanted::default();
        for offset in [0, 4, 5, 10, 99] {
            wanted.note(offset, Purpose::Folder);
        }
        let mut given = Vec::new();
        let mut section: &[u8] = b"abc\0/usr/src\0\0";
        wanted
            .get(&mut section, |_, text| given.push(String::from_utf8_lossy(text).into_owned()))
            .unwrap();
        assert_eq!(given, ["abc", "/usr/src", "usr/src", "rc"]);
    }
}
