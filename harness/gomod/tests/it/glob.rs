//! Patterns for module paths.

use rstest::rstest;
use twinproof_gomod::glob::{BadPattern, match_path, match_prefix_patterns};

#[rstest]
#[case("", "a.b", false)]
#[case(",,", "a.b", false)]
#[case("a.b", "a.b", true)]
#[case("a.b", "a.b/c", true)]
#[case("a.b", "a.bc", false)]
#[case("a.b/", "a.b/c", true)]
#[case("a.b//", "a.b/c", false)]
#[case("/", "a.b", false)]
#[case("x,a.b", "a.b", true)]
#[case("x, a.b", "a.b", false)]
#[case("a.b ", "a.b", false)]
#[case("a.b/c", "a.b", false)]
#[case("a.b/c", "a.b/c/d", true)]
#[case("a.b/*/d", "a.b/c/d/e", true)]
#[case("a.b/*/d", "a.b/d", false)]
#[case("*.b", "x.y.b/c", true)]
#[case("*", "a.b/c", true)]
#[case("*/*", "a.b", false)]
#[case("[,a.b", "a.b", true)]
#[case("[a,b].c", "a.c", false)]
#[case("a.b/[", "a.b/[", false)]
#[case("A.b", "a.b", false)]
fn any_pattern_of_a_list_matches_a_prefix_of_the_path(
    #[case] list: &str,
    #[case] path: &str,
    #[case] fits: bool,
) {
    assert_eq!(match_prefix_patterns(list, path), fits);
}

#[rstest]
#[case("", "", Ok(true))]
#[case("", "a", Ok(false))]
#[case("*", "", Ok(true))]
#[case("*", "a/b", Ok(false))]
#[case("a*", "a", Ok(true))]
#[case("*b*d*", "abcd", Ok(true))]
#[case("a*b?c*x", "abxbbxdbxebxczzx", Ok(true))]
#[case("a*b?c*x", "abxbbxdbxebxczzy", Ok(false))]
#[case("*/*", "a/b", Ok(true))]
#[case("*b", "a/b", Ok(false))]
#[case("a?c", "aéc", Ok(true))]
#[case("a??c", "aéc", Ok(false))]
#[case("?", "/", Ok(false))]
#[case("[/]", "/", Ok(true))]
#[case("[^a]", "/", Ok(true))]
#[case("[a-c]", "b", Ok(true))]
#[case("[c-a]", "b", Ok(false))]
#[case("[^a-c]", "b", Ok(false))]
#[case("[é-ü]", "ö", Ok(true))]
#[case("[a*]x", "*x", Ok(true))]
#[case("[[]", "[", Ok(true))]
#[case("[\\]]", "]", Ok(true))]
#[case("[\\-x]", "-", Ok(true))]
#[case("[x\\-]", "-", Ok(true))]
#[case("\\*", "*", Ok(true))]
#[case("\\a", "a", Ok(true))]
#[case("]", "]", Ok(true))]
#[case("[]a]", "]", Err(BadPattern))]
#[case("[-]", "-", Err(BadPattern))]
#[case("[x-]", "x", Err(BadPattern))]
#[case("[-x]", "x", Err(BadPattern))]
#[case("[a-b-c]", "a", Err(BadPattern))]
#[case("[", "a", Err(BadPattern))]
#[case("[^", "a", Err(BadPattern))]
#[case("[^bc", "a", Err(BadPattern))]
#[case("a[", "a", Err(BadPattern))]
#[case("x[", "a", Err(BadPattern))]
#[case("*x[", "", Err(BadPattern))]
#[case("\\", "a", Err(BadPattern))]
#[case("[a\\", "a", Err(BadPattern))]
fn a_pattern_matches_as_path_match_does(
    #[case] pattern: &str,
    #[case] name: &str,
    #[case] fits: Result<bool, BadPattern>,
) {
    assert_eq!(match_path(pattern, name), fits);
}

#[test]
fn many_stars_do_not_take_forever() {
    let pattern = "*a".repeat(500);
    let name = "a".repeat(10_000) + "b";
    assert_eq!(match_path(&pattern, &name), Ok(false));
}
