//! Chooses the case of a conditional transformer for a row.

/// The first case that lists the canonical value (`None` is NULL) of the deciding column.
pub(super) fn chosen(cases: &[Vec<Option<String>>], value: Option<&[u8]>) -> Option<usize> {
    let is = |listed: &Option<String>| listed.as_ref().map(String::as_bytes) == value;
    cases.iter().position(|case| case.iter().any(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_case_with_the_value_is_chosen() {
        let cases = [vec![Some("CN".to_owned())], vec![None, Some("CN".to_owned())]];
        assert_eq!(chosen(&cases, Some(b"CN")), Some(0));
        assert_eq!(chosen(&cases, None), Some(1));
        assert_eq!(chosen(&cases, Some(b"cn")), None);
        assert_eq!(chosen(&cases, Some(b"")), None);
    }
}
