//! Values that may be nowhere, looked for in every form that they could be written in.

use crate::record::Place;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use std::io::Read as _;
use twinproof_base::hex;

/// Bytes that one compressed piece may become.
const UNPACKED: u64 = 16 << 20;
/// Compressed pieces in one place.
const PIECES: usize = 64;

/// A value that was found where it may not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The value.
    pub canary: String,
    /// The encoding in which it was found.
    pub form: &'static str,
    /// The place.
    pub place: String,
    /// The first byte, from 0.
    pub offset: usize,
}

/// Looks for many values at once.
pub struct Searcher {
    forms: Vec<(usize, &'static str)>,
    canaries: Vec<Vec<u8>>,
    finder: Option<AhoCorasick>,
    digits: Option<AhoCorasick>,
    digits_of: Vec<usize>,
}

impl Searcher {
    /// Looks for these values.
    #[must_use]
    pub fn new(canaries: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut canaries: Vec<Vec<u8>> = canaries.into_iter().collect();
        canaries.sort();
        canaries.dedup();
        let (mut forms, mut needles) = (Vec::new(), Vec::new());
        let (mut digits_of, mut numbers) = (Vec::new(), Vec::new());
        for (i, canary) in canaries.iter().enumerate() {
            for (form, needle) in written(canary) {
                forms.push((i, form));
                needles.push(needle);
            }
            let number: Vec<u8> = canary.iter().copied().filter(u8::is_ascii_digit).collect();
            // A shorter number is found by chance in positions and times.
            if number.len() >= 7 {
                digits_of.push(i);
                numbers.push(number);
            }
        }
        let finder = |needles: &[Vec<u8>]| {
            if needles.is_empty() { None } else { AhoCorasick::new(needles).ok() }
        };
        Self { forms, finder: finder(&needles), digits: finder(&numbers), digits_of, canaries }
    }

    /// Number of values that are searched for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.canaries.len()
    }

    /// The first hit of each value in a place.
    #[must_use]
    pub fn search(&self, place: &Place) -> Vec<Hit> {
        let mut hits = self.plain(&place.name, &place.bytes);
        for (offset, bytes) in unpacked(&place.bytes) {
            let inside = format!("{}, compressed at byte {offset}", place.name);
            hits.extend(self.plain(&inside, &bytes));
        }
        let mut seen = std::collections::BTreeSet::new();
        // The first place of each canary is enough: one is a leak already.
        hits.retain(|hit| seen.insert(hit.canary.clone()));
        hits
    }

    fn plain(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
        let hit = |canary: usize, form, offset| Hit {
            canary: String::from_utf8_lossy(&self.canaries[canary]).into_owned(),
            form,
            place: place.to_owned(),
            offset,
        };
        let mut hits = Vec::new();
        if let Some(finder) = &self.finder {
            for found in finder.find_overlapping_iter(bytes) {
                let (canary, form) = self.forms[found.pattern().as_usize()];
                hits.push(hit(canary, form, found.start()));
            }
        }
        if let Some(finder) = &self.digits {
            // Remove the separators within numbers, not those between values.
            let mut start = 0;
            // A number is found however it is grouped (`+1 (300) 000-0000`), but not across two
            // values.
            for line in bytes.split(|b| matches!(b, b'\n' | b'"' | b'|')) {
                let number: Vec<u8> = line
                    .iter()
                    .copied()
                    .filter(|b| !matches!(b, b' ' | b'-' | b'(' | b')' | b'.' | b'/' | b'+'))
                    .collect();
                for found in finder.find_overlapping_iter(&number) {
                    let canary = self.digits_of[found.pattern().as_usize()];
                    hits.push(hit(canary, "digits", start));
                }
                start += line.len() + 1;
            }
        }
        hits
    }
}

/// The forms of a value, each once.
fn written(canary: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![("plain", canary.to_vec())];
    let lower = hex::encode(canary);
    forms.push(("hex", lower.to_uppercase().into_bytes()));
    forms.push(("hex", lower.into_bytes()));
    for skip in 0..3 {
        // With other bytes before it, a value's base64 is one of three; its ends depend on neighbours.
        let mut padded = vec![0; skip];
        padded.extend_from_slice(canary);
        let whole = padded.len() / 3 * 4;
        let first = [0, 2, 3][skip];
        for text in [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)]
        {
            if let Some(inner) = text.get(first..whole).filter(|inner| inner.len() >= 6) {
                forms.push(("base64", inner.as_bytes().to_vec()));
            }
        }
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    let url = canary
        .iter()
        .map(|b| if plain(b) { char::from(*b).to_string() } else { format!("%{b:02X}") });
    forms.push(("URL", url.collect::<String>().into_bytes()));
    if let Ok(text) = std::str::from_utf8(canary) {
        forms.push(("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
        forms.push(("UTF-16", text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
    }
    let mut seen = std::collections::BTreeSet::new();
    forms.retain(|(_, bytes)| seen.insert(bytes.clone()));
    forms
}

/// Pieces of gzip, unpacked, with their offsets.
fn unpacked(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    // The magic number of gzip and the method 8, which is the only one in use.
    let starts = bytes.windows(3).enumerate().filter(|(_, w)| *w == [0x1f, 0x8b, 8]);
    let mut pieces = Vec::new();
    for (offset, _) in starts.take(PIECES) {
        let mut piece = Vec::new();
        // Of a piece that is cut, what can be unpacked is looked at.
        let _ =
            flate2::read::GzDecoder::new(&bytes[offset..]).take(UNPACKED).read_to_end(&mut piece);
        if !piece.is_empty() {
            pieces.push((offset, piece));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::BASE64_STANDARD;
    use rstest::rstest;
    use std::io::Write as _;

    const CANARY: &str = "138-0000 1111";

    fn found(bytes: &[u8]) -> Option<&'static str> {
        let searcher = Searcher::new([CANARY.as_bytes().to_vec()]);
        let place = Place { name: "log".into(), bytes: bytes.to_vec(), ..Place::default() };
        searcher.search(&place).first().map(|hit| hit.form)
    }

    #[rstest]
    #[case("x 138-0000 1111 y".as_bytes().to_vec(), Some("plain"))]
    #[case("tel: +13800001111".as_bytes().to_vec(), Some("digits"))]
    #[case("3133382d303030302031313131".as_bytes().to_vec(), Some("hex"))]
    #[case("138-0000%201111".as_bytes().to_vec(), Some("URL"))]
    #[case(BASE64_STANDARD.encode("138-0000 1111").into_bytes(), Some("base64"))]
    #[case(BASE64_STANDARD.encode("a138-0000 1111b").into_bytes(), Some("base64"))]
    #[case(BASE64_STANDARD.encode("ab138-0000 1111bcd").into_bytes(), Some("base64"))]
    #[case("138-0000 1111".encode_utf16().flat_map(u16::to_le_bytes).collect(), Some("UTF-16"))]
    #[case(b"138-0000-1112".to_vec(), None)]
    #[case(Vec::new(), None)]
    fn every_form_is_found(#[case] bytes: Vec<u8>, #[case] form: Option<&str>) {
        assert_eq!(found(&bytes), form);
    }

    #[test]
    fn a_value_is_found_in_compressed_pieces() {
        let mut packed = b"before".to_vec();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(b"a row: 138-0000 1111").unwrap();
        packed.extend(encoder.finish().unwrap());
        assert_eq!(found(&packed), Some("plain"));
    }
}
