//! Fractions of a second, as the servers write them.

/// The first digits of microseconds, after a point; nothing where there are no digits.
pub(crate) fn fraction(micros: u64, digits: u8) -> String {
    match usize::from(digits) {
        0 => String::new(),
        digits => format!(".{}", &format!("{micros:06}")[..digits.min(6)]),
    }
}
