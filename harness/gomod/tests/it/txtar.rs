//! Archives: what counts as a marker, and that bytes stay.

use proptest::prelude::*;
use rstest::rstest;
use twinproof_gomod::txtar::{Archive, File, FormatError};

fn archive(comment: &str, files: &[(&str, &str)]) -> Archive {
    Archive {
        comment: comment.into(),
        files: files
            .iter()
            .map(|(name, data)| File { name: (*name).to_owned(), data: (*data).into() })
            .collect(),
    }
}

#[rstest]
#[case::empty("", "", &[])]
#[case::comment_only("c\n", "c\n", &[])]
#[case::newline_added("c", "c\n", &[])]
#[case::file("-- a --\n", "", &[("a", "")])]
#[case::file_without_newline("-- a --", "", &[("a", "")])]
#[case::content_without_newline("c\n-- a --\nx", "c\n", &[("a", "x\n")])]
#[case::two("c\n-- a --\nx\n-- b/c.txt --\n\ny\n", "c\n", &[("a", "x\n"), ("b/c.txt", "\ny\n")])]
#[case::same_name("-- a --\n1\n-- a --\n2\n", "", &[("a", "1\n"), ("a", "2\n")])]
#[case::spaces_around("--  \u{a0}a b\t --\nx\n", "", &[("a b", "x\n")])]
#[case::no_name("--  --\n", "--  --\n", &[])]
#[case::too_short("-- --\n", "-- --\n", &[])]
#[case::not_at_the_start(" -- a --\n", " -- a --\n", &[])]
#[case::carriage_return("-- a --\r\nx\n", "-- a --\r\nx\n", &[])]
#[case::no_space("--a--\n", "--a--\n", &[])]
#[case::dashes("-- -- --\nx\n", "", &[("--", "x\n")])]
fn comment_and_files_are_read(
    #[case] text: &str,
    #[case] comment: &str,
    #[case] files: &[(&str, &str)],
) {
    assert_eq!(Archive::parse(text.as_bytes()), archive(comment, files));
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let parsed = Archive::parse(b"\xff\n-- a --\n\0\xfe\r\n-- \xff --\n");
    assert_eq!(parsed.comment, b"\xff\n");
    assert_eq!(parsed.get("a"), Some(&b"\0\xfe\r\n-- \xff --\n"[..]));
    assert_eq!(parsed.get("b"), None);
}

#[rstest]
#[case("", FormatError::Name(String::new()))]
#[case(" a", FormatError::Name(" a".to_owned()))]
#[case("a\nb", FormatError::Name("a\nb".to_owned()))]
fn names_that_cannot_be_written(#[case] name: &str, #[case] error: FormatError) {
    assert_eq!(archive("", &[(name, "")]).format(), Err(error));
}

#[test]
fn contents_that_cannot_be_written() {
    let error = archive("", &[("a", "x\n-- b --\n")]).format().unwrap_err();
    assert_eq!(error, FormatError::Marker("a".to_owned()));
    let error = archive("-- b --", &[]).format().unwrap_err();
    assert_eq!(error, FormatError::Marker("the comment".to_owned()));
}

proptest! {
    #[test]
    fn writing_what_was_read(text in "(-- [a-c ]{0,3} --\n|[-a \r]{0,9}\n|é){0,12}") {
        let parsed = Archive::parse(text.as_bytes());
        let written = parsed.format().unwrap();
        prop_assert_eq!(Archive::parse(&written), parsed);
    }
}
