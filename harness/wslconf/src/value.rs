//! Values as WSL reads them: booleans, numbers, sizes, addresses, ports, host names.

use crate::units::Dialect;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// A number.
    Int(i32),
    /// Bytes.
    Size(ByteSize),
    /// A text or path.
    Text(Vec<u8>),
    /// A name of an enumeration.
    Name(&'static str),
    /// Ports.
    Ports(BTreeSet<u16>),
    /// An IPv4 address.
    Address(Ipv4Addr),
    /// A MAC address.
    Mac([u8; 6]),
}

impl Value {
    /// The value as text: sizes in bytes, ports with commas, bytes that are no UTF-8 as U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Size(ByteSize(value)) => value.to_string(),
            Self::Text(value) => String::from_utf8_lossy(value).into_owned(),
            Self::Name(name) => (*name).to_owned(),
            Self::Ports(ports) => ports.iter().map(u16::to_string).collect::<Vec<_>>().join(","),
            Self::Address(address) => address.to_string(),
            Self::Mac(mac) => mac.map(|byte| format!("{byte:02X}")).join(":"),
        }
    }
}

/// `true` or `false` in any case, `1` or `0`.
#[must_use]
pub fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

/// A number that C read from the start of a text.
struct Scanned {
    /// Out of 64 bits where `None`.
    value: Option<u64>,
    negative: bool,
    /// Bytes that were read; 0 where there is no number.
    length: usize,
}

/// Scans a number as `strtol` does: white space, a sign, and for base 0 a prefix.
fn scan(text: &[u8], base: u32) -> Scanned {
    // isspace() in the C locale: blank, TAB, LF, VT, FF, CR.
    let blanks = text.iter().take_while(|&&byte| matches!(byte, b' ' | 9..=13)).count();
    let negative = text.get(blanks) == Some(&b'-');
    let sign = usize::from(matches!(text.get(blanks), Some(b'-' | b'+')));
    let mut at = blanks + sign;
    let base = match &text[at..] {
        [b'0', b'x' | b'X', digit, ..] if base == 0 && digit.is_ascii_hexdigit() => {
            at += 2;
            16
        }
        [b'0', ..] if base == 0 => 8,
        _ if base == 0 => 10,
        _ => base,
    };
    let start = at;
    let mut value = Some(0u64);
    while let Some(digit) = text.get(at).and_then(|&byte| char::from(byte).to_digit(base)) {
        value = value
            .and_then(|value| value.checked_mul(u64::from(base)))
            .and_then(|value| value.checked_add(u64::from(digit)));
        at += 1;
    }
    Scanned { value, negative, length: if at > start { at } else { 0 } }
}

/// A whole number with C's prefixes (`0x10`, `010`), and white space in front.
///
/// Upstream defect: `long` has 32 bits on Windows, so that in `.wslconfig` a number that is too
/// large or too small becomes the largest or smallest number without a word.
#[must_use]
pub fn integer(dialect: Dialect, text: &[u8]) -> Option<i32> {
    let scanned = scan(text, 0);
    // WSL compares strtol's end pointer with the end of the text, so blanks behind a number make it
    // invalid, and blanks in front do not.
    if scanned.length == 0 || scanned.length != text.len() {
        return None;
    }
    let magnitude = i128::from(scanned.value.unwrap_or(u64::MAX));
    let value = if scanned.negative { -magnitude } else { magnitude };
    match i32::try_from(value) {
        Ok(value) => Some(value),
        Err(_) if dialect == Dialect::WslConf => None,
        Err(_) => Some(if scanned.negative { i32::MIN } else { i32::MAX }),
    }
}

/// Bytes: decimal digits, then nothing or one of `B`, `K`, `KB`, `M`, `MB`, `G`, `GB`, `T`, `TB`.
///
/// Upstream defects: a negative number wraps (`-1` is 2^64 - 1), one over 64 bits becomes the
/// largest, and multiplication by the unit wraps.
#[must_use]
pub fn size(text: &[u8]) -> Option<ByteSize> {
    let scanned = scan(text, 10);
    let value = match scanned.value {
        Some(value) if scanned.negative => value.wrapping_neg(),
        Some(value) => value,
        None => u64::MAX,
    };
    // Zero is taken only as one digit: C gives 0 for text that is no number as well.
    if value == 0 && !(scanned.length == 1 && text[0] == b'0') {
        return None;
    }
    // Units are compared with case and without a blank: `8gb`, `8 GB` and `8GiB` are refused.
    let shift = match &text[scanned.length..] {
        b"" | b"B" => 0,
        b"K" | b"KB" => 10,
        b"M" | b"MB" => 20,
        b"G" | b"GB" => 30,
        b"T" | b"TB" => 40,
        _ => return None,
    };
    Some(ByteSize(value.wrapping_mul(1 << shift)))
}

/// The items of a list of ports; text behind an item's digits is ignored. Items without text are
/// none, and `Err` is one that is no port.
pub fn ports(text: &[u8]) -> impl Iterator<Item = Result<u16, &[u8]>> {
    // Upstream defect: std::stoi takes the digits that an item begins with, so `1000-2000` is port
    // 1000.
    text.split(|&byte| byte == b',').filter(|item| !item.is_empty()).map(|item| {
        let scanned = scan(item, 10);
        let port = scanned.value.filter(|_| scanned.length > 0 && !scanned.negative);
        port.and_then(|port| u16::try_from(port).ok()).filter(|&port| port > 0).ok_or(item)
    })
}

/// An IPv4 address as `inet_pton` reads it: four decimal numbers without leading zeros.
#[must_use]
pub fn address(text: &[u8]) -> Option<Ipv4Addr> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// A MAC address: six pairs of hexadecimal digits, with `:` or `-` between all of them.
#[must_use]
pub fn mac(text: &[u8]) -> Option<[u8; 6]> {
    let separator = *text.get(2)?;
    if text.len() != 17 || !matches!(separator, b':' | b'-') {
        return None;
    }
    let mut mac = [0; 6];
    for (index, octet) in mac.iter_mut().enumerate() {
        let pair = &text[index * 3..index * 3 + 2];
        if index < 5 && text[index * 3 + 2] != separator {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *octet = digit(pair[0])? * 16 + digit(pair[1])?;
    }
    Some(mac)
}

/// The host's name from `[network] hostname`: letters, digits, one dot and single hyphens, 64
/// characters; `localhost` where nothing is left.
#[must_use]
pub fn hostname(text: &[u8]) -> String {
    let mut name = String::new();
    let mut dotted = false;
    for &byte in text {
        match byte {
            b'.' if dotted || name.is_empty() || name.ends_with('-') => {}
            b'.' => {
                dotted = true;
                name.push('.');
            }
            b'-' if name.is_empty() || name.ends_with(['-', '.']) => {}
            b'-' => name.push('-'),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => {}
        }
    }
    // HOST_NAME_MAX of Linux. Cutting may leave a dot or hyphen at the end, so the end is cleaned
    // afterwards.
    name.truncate(64);
    let kept = name.trim_end_matches(['.', '-']).len();
    name.truncate(kept);
    if name.is_empty() { "localhost".to_owned() } else { name }
}
