//! DECIMAL as rows store it: digits in groups of nine, big-endian, the sign in the highest bit.

use super::bytes::{Bytes, Malformed};

/// Bytes of a group of so many digits.
// Bytes for a group of so many digits: a whole group of nine has four.
const SIZE: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// Reads a number of a precision (up to 65) and scale, as the server writes it.
pub(super) fn read(bytes: &mut Bytes<'_>, precision: u8, scale: u8) -> Result<String, Malformed> {
    let (whole, scale) = (usize::from(precision - scale), usize::from(scale));
    let size = whole / 9 * 4 + SIZE[whole % 9] + scale / 9 * 4 + SIZE[scale % 9];
    let taken = bytes.take(size)?;
    let mut stored = [0; 32];
    let stored = stored.get_mut(..size).ok_or(Malformed("a DECIMAL is too long"))?;
    stored.copy_from_slice(taken);
    let negative = stored.first().is_some_and(|b| b & 0x80 == 0);
    if negative {
        // All bits of a negative number are inverted, so that memcmp orders the stored form.
        stored.iter_mut().for_each(|b| *b = !*b);
    }
    if let Some(first) = stored.first_mut() {
        *first ^= 0x80;
    }
    let mut stored = Bytes(stored);
    let mut digits = String::with_capacity(precision as usize + 3);
    let mut group = |count: usize, digits: &mut String| {
        let n = stored.be(SIZE[count])?;
        if n >= 10_u64.pow(u32::try_from(count).unwrap_or_default()) {
            return Err(Malformed("a DECIMAL has a wrong group of digits"));
        }
        if count > 0 {
            digits.push_str(&format!("{n:0count$}"));
        }
        Ok(())
    };
    group(whole % 9, &mut digits)?;
    for _ in 0..whole / 9 {
        group(9, &mut digits)?;
    }
    let mut text = String::with_capacity(precision as usize + 3);
    if negative {
        text.push('-');
    }
    let trimmed = digits.trim_start_matches('0');
    text.push_str(if trimmed.is_empty() { "0" } else { trimmed });
    if scale > 0 {
        let mut fraction = String::new();
        for _ in 0..scale / 9 {
            group(9, &mut fraction)?;
        }
        group(scale % 9, &mut fraction)?;
        text.push('.');
        text.push_str(&fraction);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// From the comment of `decimal2bin` in the server's strings/decimal.cc.
    #[rstest]
    #[case(&[0x81, 0x0d, 0xfb, 0x38, 0xd2, 0x04, 0xd2], 14, 4, "1234567890.1234")]
    #[case(&[0x7e, 0xf2, 0x04, 0xc7, 0x2d, 0xfb, 0x2d], 14, 4, "-1234567890.1234")]
    #[case(&[0x80, 0x00], 4, 2, "0.00")]
    #[case(&[0x80], 1, 0, "0")]
    #[case(&[0x7e, 0xcd], 4, 2, "-1.50")]
    #[case(&[0x80, 0x05], 2, 2, "0.05")]
    fn numbers_read_as_the_server_writes_them(
        #[case] bytes: &[u8],
        #[case] precision: u8,
        #[case] scale: u8,
        #[case] expected: &str,
    ) {
        let bytes = if precision == 2 { &bytes[1..] } else { bytes };
        let first = [bytes[0] | if precision == 2 { 0x80 } else { 0 }];
        let bytes = [&first, &bytes[1..]].concat();
        assert_eq!(read(&mut Bytes(&bytes), precision, scale).unwrap(), expected);
    }

    #[test]
    fn wrong_groups_are_refused() {
        assert!(read(&mut Bytes(&[0xff, 0xff]), 4, 2).is_err());
        assert!(read(&mut Bytes(&[0x80]), 14, 4).is_err());
    }
}
