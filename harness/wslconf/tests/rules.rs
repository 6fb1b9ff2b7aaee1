//! Rules that the recorded vectors do not cover: the machine of Windows' text mode, numbers and
//! sizes at their limits, places in the file.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use rstest::rstest;
use twinproof_wslconf::apply::apply;
use twinproof_wslconf::parse::{Item, parse};
use twinproof_wslconf::value::{ByteSize, address, integer, mac, ports, size};
use twinproof_wslconf::{CannotOpen, Dialect, wslenv};

/// `section.key=value@line` of each assignment, and the messages.
fn taken(dialect: Dialect, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let parsed = parse(dialect, bytes).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let assignments =
        parsed.assignments().map(|a| format!("{}={}@{}", text(&a.name), text(&a.value), a.line));
    let messages = apply(&parsed).warnings.into_iter().map(|w| text(&w.message(dialect, "F")));
    (assignments.collect(), messages.collect())
}

#[rstest]
#[case::utf16_le(b"\xFF\xFE[\0w\0]\0\n\0a\0=\0\x0A\x01\n\0", &["w.a=\n@2"])]
#[case::odd_byte_at_the_end(b"\xFF\xFE[\0w\0]\0\n\0a\0=\0\x31\0x", &["w.a=1@2"])]
#[case::cr_cr_lf(b"[w]\r\r\na=1\r\r\nb=2", &["w.a=1@3", "w.b=2@5"])]
#[case::ctrl_z_after_cr(b"[w]\na=1\r\x1A\nb=2", &["w.a=1@2"])]
#[case::emoji("[w]\na=x\u{1F600}y\n".as_bytes(), &["w.a=x=@2"])]
#[case::no_utf8(b"[w]\na=\xC3x\n", &["w.a=\u{FFFD}x@2"])]
#[case::continuation(b"[w]\na=1\\\r\n2\r\n", &["w.a=12@3"])]
fn windows_text_mode(#[case] bytes: &[u8], #[case] expected: &[&str]) {
    assert_eq!(taken(Dialect::WslConfig, bytes).0, expected);
}

#[test]
fn big_endian_utf16_is_not_opened() {
    assert_eq!(parse(Dialect::WslConfig, b"\xFE\xFF\0["), Err(CannotOpen));
    assert!(parse(Dialect::WslConf, b"\xFE\xFF\0[").is_ok());
}

#[rstest]
#[case::cr_in_a_comment_swallows("[a]\n# x\rb=1\nc=2\n", &["a.c=2@3"])]
#[case::continued_crlf_ends("[a]\r\nb=1\\\r\nc=2\r\n", &["a.b=1@3", "a.c=2@4"])]
#[case::blank_crlf("[a]\n\r\n \r\nb=1", &["a.b=1@4"])]
#[case::hash_first("[a]\nb=#c\nd=1", &["a.b=@2", "a.d=1@3"])]
#[case::quoted_blanks("[a]\nb= \" x \" \n", &["a.b= x @2"])]
#[case::escaped_blank_stays("[a]\nb=x\\t  \n", &["a.b=x\t@2"])]
#[case::no_section("b=1\n", &["b=1@1"])]
fn lines_and_values(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(taken(Dialect::WslConf, text.as_bytes()).0, expected);
}

#[rstest]
#[case::longer_name("[wsl2]\n[experimental x\na=1\n", &["expe.a=1@3"])]
#[case::shorter_name("[experimental]\n[wsl2 x\na=1\n", &["wsl2=1@3"])]
#[case::none_before("[wsl2 x\na=1\n", &["a=1@2"])]
#[case::repaired_by_the_next("[wsl2]\n[experimental x\na=1\n[wsl2]\nb=1\n", &["expe.a=1@3", "wsl2.b=1@5"])]
fn a_broken_section_mangles_the_next(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(taken(Dialect::WslConfig, text.as_bytes()).0, expected);
}

#[rstest]
#[case::wsl_conf(Dialect::WslConf, "[a]\nb=\\é", "Invalid escaped character: '\u{FFFD}' in F:2")]
#[case::wslconfig(Dialect::WslConfig, "[a]\nb=\\é", "Invalid escaped character: 'é' in F:2")]
#[case::half_of_a_pair(
    Dialect::WslConfig,
    "[a]\nb=\\😀",
    "Invalid escaped character: '\u{FFFD}' in F:2"
)]
#[case::section(Dialect::WslConf, "[ a]", "Invalid section name in F:1")]
#[case::nothing(Dialect::WslConf, "[", "Invalid section name in F:1")]
#[case::quote(Dialect::WslConf, "[a]\nb=\"c # d\ne=1", "Expected \" in F:2")]
fn messages_are_those_of_wsl(#[case] dialect: Dialect, #[case] text: &str, #[case] expected: &str) {
    assert_eq!(taken(dialect, text.as_bytes()).1, [expected]);
}

#[test]
fn a_trailing_backslash_warns_of_nothing_in_wsl_conf() {
    let parsed = parse(Dialect::WslConf, b"[boot]\ncommand=a\\").unwrap();
    assert!(parsed.aborts());
    assert_eq!(apply(&parsed).warnings, []);
    assert!(!parse(Dialect::WslConfig, b"[wsl2]\nkernel=a\\").unwrap().aborts());
}

#[rstest]
#[case("0x7fffffff", Some(i32::MAX), Some(i32::MAX))]
#[case("2147483648", None, Some(i32::MAX))]
#[case("-2147483649", None, Some(i32::MIN))]
#[case("99999999999999999999", None, Some(i32::MAX))]
#[case("-99999999999999999999", None, Some(i32::MIN))]
#[case("010", Some(8), Some(8))]
#[case("08", None, None)]
#[case("0x", None, None)]
#[case("", None, None)]
#[case("+", None, None)]
#[case("\n\t +5", Some(5), Some(5))]
#[case("5 ", None, None)]
#[case("- 5", None, None)]
fn integers_are_read_as_each_file_does(
    #[case] text: &str,
    #[case] linux: Option<i32>,
    #[case] windows: Option<i32>,
) {
    assert_eq!(integer(Dialect::WslConf, text.as_bytes()), linux);
    assert_eq!(integer(Dialect::WslConfig, text.as_bytes()), windows);
}

#[rstest]
#[case("0", Some(0))]
#[case("0GB", Some(0))]
#[case("00", None)]
#[case("-0", None)]
#[case(" 1K", Some(1024))]
#[case("-1", Some(u64::MAX))]
#[case("-1KB", Some(u64::MAX - 1023))]
#[case("18446744073709551616", Some(u64::MAX))]
#[case("18446744073709551615KB", Some(u64::MAX - 1023))]
#[case("1KBs", None)]
#[case("1kb", None)]
#[case("1 K", None)]
#[case("K", None)]
fn sizes_are_read_as_wsl_does(#[case] text: &str, #[case] bytes: Option<u64>) {
    assert_eq!(size(text.as_bytes()), bytes.map(ByteSize));
}

#[rstest]
#[case("5c:bb:f6:9e:ee:fa", true)]
#[case("5C-BB-F6-9E-EE-FA", true)]
#[case("5cxbbxf6x9exeexfa", false)]
#[case("5c:bb:f6:9e:ee:f", false)]
#[case("5c:bb:f6:9e:ee:fg", false)]
#[case("5c:bb:f6:9e:ee-fa", false)]
fn a_mac_address_has_six_pairs_with_separators(#[case] text: &str, #[case] good: bool) {
    assert_eq!(mac(text.as_bytes()).is_some(), good);
}

#[rstest]
#[case("10.0.0.1", true)]
#[case("10.0.0.01", false)]
#[case("10.0.1", false)]
#[case("0x0a.0.0.1", false)]
#[case("10.0.0.1 ", false)]
fn an_ipv4_address_has_four_numbers_without_leading_zeros(#[case] text: &str, #[case] good: bool) {
    assert_eq!(address(text.as_bytes()).is_some(), good);
}

#[test]
fn ports_are_read_up_to_what_is_no_digit() {
    let read: Vec<_> = ports(b"1000-2000,,65535,65536, +7x,-1,x,99999999999999999999").collect();
    let bad = |text: &'static [u8]| Err(text);
    let expected = [
        Ok(1000),
        Ok(65535),
        bad(b"65536"),
        Ok(7),
        bad(b"-1"),
        bad(b"x"),
        bad(b"99999999999999999999"),
    ];
    assert_eq!(read, expected);
}

#[test]
fn places_are_those_of_the_file() {
    let text = "\u{FEFF}[wsl2]\r\nmémo=1\r\nswap = \"a\" # é\r\n[x\r\n";
    let parsed = parse(Dialect::WslConfig, text.as_bytes()).unwrap();
    let at = |index: usize| parsed.units.offset(index);
    let [
        Item::Section(section),
        Item::Malformed(bad),
        Item::Assignment(swap),
        Item::Malformed(last),
    ] = parsed.items.as_slice()
    else {
        panic!("{:?}", parsed.items)
    };
    assert_eq!(&text[at(section.span.start)..at(section.span.end)], "[wsl2]");
    assert_eq!(at(bad.at), text.find('é').unwrap());
    assert_eq!(at(bad.start), text.find("mémo").unwrap());
    assert_eq!(&text[at(swap.key.start)..at(swap.key.end)], "swap");
    assert_eq!(&text[at(swap.raw.start)..at(swap.raw.end)], "\"a\"");
    assert_eq!(swap.comment.map(at), text.find('#'));
    assert_eq!(at(last.at), text.rfind("\r\n").unwrap());
    let comment = &parsed.comments[0];
    assert_eq!(&text[at(comment.start)..at(comment.end)], "# é");
}

#[test]
fn entries_of_wslenv_have_their_places() {
    let entries = wslenv::entries(b"A/p::B/uw:C/q:D \n");
    let seen: Vec<_> = entries
        .iter()
        .map(|e| (String::from_utf8_lossy(&e.name).into_owned(), e.at, e.to_linux, e.to_windows))
        .collect();
    let expected = [
        ("A".to_owned(), 0, true, true),
        ("B".to_owned(), 5, false, false),
        ("C".to_owned(), 10, false, false),
        ("D".to_owned(), 14, true, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(entries[2].unknown_flag, Some(b'q'));
}
