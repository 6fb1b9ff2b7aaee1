//! Exit codes of the program, and the order of their importance.

/// Everything that was asked holds.
pub const CONFORMANT: u8 = 0;
/// Something does not hold.
pub const NOT_CONFORMANT: u8 = 1;
/// Something that was asked for could not be decided.
pub const NOT_KNOWN: u8 = 2;
/// The invocation or a suite is wrong.
// 254 and 255 stay clear of what shells use: 126, 127, and 128 with the number of a signal.
pub const INVALID: u8 = 254;
/// The harness broke.
pub const BROKEN: u8 = 255;

/// The most important of several codes; [`CONFORMANT`] of none. A violation outranks an open
/// verdict, and a code that is not listed here is as bad as a broken harness.
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    let rank = |code: &u8| match *code {
        CONFORMANT => 0,
        NOT_KNOWN => 1,
        NOT_CONFORMANT => 2,
        INVALID => 3,
        _ => 4,
    };
    // By rank, not by number: a violation (1) outranks an open verdict.
    codes.into_iter().max_by_key(rank).unwrap_or(CONFORMANT)
}

#[cfg(test)]
mod tests {
    use super::worst;
    use rstest::rstest;

    #[rstest]
    #[case(&[], 0)]
    #[case(&[0, 2], 2)]
    #[case(&[1, 2, 0], 1)]
    #[case(&[1, 255, 2], 255)]
    #[case(&[254, 1], 254)]
    fn the_code_that_says_most(#[case] codes: &[u8], #[case] want: u8) {
        assert_eq!(worst(codes.iter().copied()), want);
    }
}
