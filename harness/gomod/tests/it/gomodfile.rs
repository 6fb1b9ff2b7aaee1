//! The two lines of a go.mod.

use rstest::rstest;
use twinproof_gomod::gomodfile::{GoMod, synthesise};

#[rstest]
#[case("", None, None)]
#[case("module a.b\n", Some("a.b"), None)]
#[case("module a.b", Some("a.b"), None)]
#[case("\tmodule\ta.b\r\n\r\ngo 1.21\r\n", Some("a.b"), Some("1.21"))]
#[case("// c\nmodule a.b // d\ngo 1.24rc1//e\n", Some("a.b"), Some("1.24rc1"))]
#[case("module \"a.b\"\n", Some("a.b"), None)]
#[case("module \"a\\x2eb\\u002fc\\057d\" // x\n", Some("a.b/c/d"), None)]
#[case("module `a.b`\n", Some("a.b"), None)]
#[case("module (\n\n\ta.b // c\n)\ngo 1.24.1\n", Some("a.b"), Some("1.24.1"))]
#[case("module ()\n", None, None)]
#[case("go (\n1.24\n)\n", None, None)]
#[case("go 1.24.x\n", None, Some("1.24"))]
#[case("go v1.24-a\n", None, Some("1.24"))]
#[case("require (\n\ta.b v1.0.0 // module x.y\n)\nmodule a.b\n", Some("a.b"), None)]
#[case(
    "require a.b nonsense\nretract [v1.0.0, v1.1.0]\nunknown ( x\nmodule a.b\n",
    Some("a.b"),
    None
)]
#[case("unknown x (\nmodule c.d\n)\nmodule a.b\n", Some("a.b"), None)]
fn module_and_go_lines_are_read(
    #[case] text: &str,
    #[case] module: Option<&str>,
    #[case] go: Option<&str>,
) {
    let found = GoMod::parse(text.as_bytes()).unwrap();
    assert_eq!((found.module.as_deref(), found.go.as_deref()), (module, go));
}

#[rstest]
#[case("module\n", "go.mod:1: usage: module module/path")]
#[case("module a b\n", "go.mod:1: usage: module module/path")]
#[case("module a\n\nmodule b\n", "go.mod:3: repeated module statement")]
#[case("module a\"b\"\n", "go.mod:1: invalid quoted string")]
#[case("module \"a\\z\"\n", "go.mod:1: invalid quoted string")]
#[case("module \"a\n", "go.mod:1: unexpected newline in string")]
#[case("go\n", "go.mod:1: go directive expects exactly one argument")]
#[case("go 1\n", "go.mod:1: invalid go version")]
#[case("go v1.24\n", "go.mod:1: invalid go version")]
#[case("go 1.024\n", "go.mod:1: invalid go version")]
#[case("go 1.2\ngo 1.3\n", "go.mod:2: repeated go statement")]
#[case("x (\n\ny\n", "go.mod:1: syntax error (unterminated block)")]
#[case("x (\n) y\n", "go.mod:2: syntax error (expected newline after closing paren)")]
#[case("/* x */\n", "go.mod:1: mod files must use // comments (not /* */ comments)")]
#[case("x a/*b\n", "go.mod:1: mod files must use // comments (not /* */ comments)")]
#[case("x \u{7}\n", "go.mod:1: unexpected input character")]
fn mistakes_are_reported_with_their_line(#[case] text: &str, #[case] error: &str) {
    assert_eq!(GoMod::parse(text.as_bytes()).unwrap_err().to_string(), error);
}

#[rstest]
#[case("1.23", false)]
#[case("1.24", true)]
#[case("1.24rc1", true)]
#[case("1.24.0", true)]
#[case("1.100", true)]
#[case("2.0", true)]
#[case("1.99999999999999999999", true)]
fn the_language_version_is_compared_by_its_numbers(#[case] go: &str, #[case] at_least: bool) {
    let text = format!("go {go}\n");
    assert_eq!(GoMod::parse(text.as_bytes()).unwrap().go_at_least(1, 24), at_least);
}

#[test]
fn made_for_modules_without_one() {
    assert_eq!(synthesise("a.b/C").unwrap(), b"module a.b/C\n");
    assert!(synthesise("a b").is_err());
}
