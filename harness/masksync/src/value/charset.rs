//! Character sets of the servers, and their texts in UTF-8.

/// A character set, by how its bytes are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// `utf8mb4`, `utf8mb3`, `utf8`.
    Utf8,
    /// `ascii`.
    Ascii,
    /// `latin1`, which is cp1252 with its five gaps at U+0081, 8D, 8F, 90, 9D.
    Latin1,
    /// `utf16`, `ucs2`: big-endian.
    Utf16,
    /// `utf16le`.
    Utf16Le,
    /// `utf32`: big-endian.
    Utf32,
    /// `binary`: bytes.
    Binary,
    /// Another character set, which only the servers read. Its texts can be copied, not masked.
    Other(String),
}

/// A text that is not valid in its character set, or whose set only the servers can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// The bytes are not valid.
    #[error("the bytes are not valid {0}")]
    Invalid(&'static str),
    /// The set is unknown here.
    #[error("texts in character set {0} can be copied, not masked; convert the column to utf8mb4")]
    Unknown(String),
}

/// The code points of cp1252 at 0x80..0xa0; MySQL maps the gaps to the control characters of that
/// number.
const CP1252: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
    0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc,
    0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
];

impl Charset {
    /// The set of that name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "utf8mb4" | "utf8mb3" | "utf8" => Self::Utf8,
            "ascii" => Self::Ascii,
            "latin1" => Self::Latin1,
            "utf16" | "ucs2" => Self::Utf16,
            "utf16le" => Self::Utf16Le,
            "utf32" => Self::Utf32,
            "binary" => Self::Binary,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether its texts can be read here, and so be masked.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Appends a text of this set in UTF-8.
    ///
    /// # Errors
    /// When the bytes are not valid in this set; `out` is then as it was.
    pub fn to_utf8(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Undecodable> {
        let before = out.len();
        let done = match self {
            Self::Utf8 => append_if(std::str::from_utf8(bytes).is_ok(), bytes, out),
            Self::Ascii => append_if(bytes.is_ascii(), bytes, out),
            Self::Binary => append_if(true, bytes, out),
            Self::Latin1 => {
                if bytes.is_ascii() {
                    out.extend_from_slice(bytes);
                } else {
                    let point = |b: &u8| match b {
                        0x80..0xa0 => u32::from(CP1252[usize::from(b - 0x80)]),
                        _ => u32::from(*b),
                    };
                    append_points(bytes.iter().map(point), out);
                }
                true
            }
            Self::Utf16 => append_utf16(bytes, u16::from_be_bytes, out),
            Self::Utf16Le => append_utf16(bytes, u16::from_le_bytes, out),
            Self::Utf32 => {
                let (quads, rest) = bytes.as_chunks::<4>();
                rest.is_empty() && append_points(quads.iter().map(|q| u32::from_be_bytes(*q)), out)
            }
            Self::Other(name) => return Err(Undecodable::Unknown(name.clone())),
        };
        if !done {
            out.truncate(before);
            return Err(Undecodable::Invalid(self.introducer()));
        }
        Ok(())
    }

    /// The set's name as SQL's introducer takes it, without the underscore.
    #[must_use]
    pub fn introducer(&self) -> &'static str {
        match self {
            Self::Utf8 => "utf8mb4",
            Self::Ascii => "ascii",
            Self::Latin1 => "latin1",
            Self::Utf16 => "utf16",
            Self::Utf16Le => "utf16le",
            Self::Utf32 => "utf32",
            Self::Binary | Self::Other(_) => "binary",
        }
    }
}

fn append_if(valid: bool, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if valid {
        out.extend_from_slice(bytes);
    }
    valid
}

fn append_points(points: impl Iterator<Item = u32>, out: &mut Vec<u8>) -> bool {
    for point in points {
        let Some(c) = char::from_u32(point) else { return false };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    true
}

fn append_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, out: &mut Vec<u8>) -> bool {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return false;
    }
    for c in char::decode_utf16(pairs.iter().map(|p| unit(*p))) {
        let Ok(c) = c else { return false };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(charset: &Charset, bytes: &[u8]) -> Result<String, Undecodable> {
        let mut out = b"before".to_vec();
        let read = charset.to_utf8(bytes, &mut out);
        assert!(read.is_ok() || out == b"before");
        read.map(|()| String::from_utf8(out).unwrap()["before".len()..].to_owned())
    }

    #[test]
    fn latin1_is_cp1252_with_its_gaps_filled() {
        assert_eq!(read(&Charset::Latin1, b"\x80 \x81 \xe9").unwrap(), "\u{20ac} \u{81} \u{e9}");
    }

    #[test]
    fn invalid_bytes_are_refused() {
        assert!(read(&Charset::Utf8, b"\xff").is_err());
        assert!(read(&Charset::Ascii, b"\x80").is_err());
        assert!(read(&Charset::Utf16, b"\xd8\x00").is_err());
        assert!(read(&Charset::Utf16, b"a").is_err());
        assert!(read(&Charset::Utf32, &[0, 0x11, 0, 0]).is_err());
        assert_eq!(read(&Charset::named("gbk"), b"a"), Err(Undecodable::Unknown("gbk".into())));
    }

    proptest! {
        #[test]
        fn every_text_reads_the_same_in_every_unicode_set(text: String) {
            let utf16: Vec<u16> = text.encode_utf16().collect();
            let be: Vec<u8> = utf16.iter().flat_map(|u| u.to_be_bytes()).collect();
            let le: Vec<u8> = utf16.iter().flat_map(|u| u.to_le_bytes()).collect();
            let wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
            prop_assert_eq!(read(&Charset::Utf8, text.as_bytes()).unwrap(), text.clone());
            prop_assert_eq!(read(&Charset::Utf16, &be).unwrap(), text.clone());
            prop_assert_eq!(read(&Charset::Utf16Le, &le).unwrap(), text.clone());
            prop_assert_eq!(read(&Charset::Utf32, &wide).unwrap(), text);
        }
    }
}
