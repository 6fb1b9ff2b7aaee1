//! Names in tokens: imports, and the paths that code writes.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};

/// A name that `use` imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub path: Vec<String>,
    /// Its name here; none for `_`. A glob's path ends before the asterisk, and its name is [`GLOB`].
    pub name: Option<String>,
    /// Whether others may take it from here.
    pub is_public: bool,
    pub line: usize,
}

/// The name of an import of everything.
pub const GLOB: &str = "*";

/// A path in code, of one name or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: Vec<String>,
    pub line: usize,
}

/// Finds the imports and paths in tokens, those within groups included.
pub fn read(stream: Vec<TokenTree>, paths: &mut Vec<Written>, imports: &mut Vec<Import>) {
    let mut is_public = false;
    let mut at = 0;
    while let Some(token) = stream.get(at) {
        match token {
            TokenTree::Ident(word) if word == "use" && is_import(stream.get(at + 1)) => {
                let end =
                    stream[at..].iter().position(|t| is(t, ';')).map_or(stream.len(), |n| at + n);
                import(&stream[at + 1..end], &[], is_public, imports);
                is_public = false;
                at = end;
            }
            TokenTree::Ident(word) => {
                is_public = word == "pub";
                let (path, next) = path(&stream, at);
                if !is_foreign(&stream[..at]) {
                    paths.push(Written { path, line: line(word) });
                }
                at = next;
                continue;
            }
            TokenTree::Group(group) => {
                if !is_doc(group) {
                    read(group.stream().into_iter().collect(), paths, imports);
                }
                // The group of `pub(crate)`.
                is_public &= group.delimiter() == Delimiter::Parenthesis;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => is_public = false,
        }
        at += 1;
    }
}

/// Whether an attribute's group leaves its item to tests.
pub fn is_test(attribute: &Group) -> bool {
    let mut words = attribute.stream().into_iter();
    if !matches!(words.next(), Some(TokenTree::Ident(i)) if i == "cfg" || i == "test") {
        return false;
    }
    let Some(TokenTree::Group(condition)) = words.next() else { return true };
    let mut condition = condition.stream().into_iter();
    match (condition.next(), condition.next()) {
        (Some(TokenTree::Ident(word)), None) => word == "test",
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(all))) if word == "all" => {
            all.stream().into_iter().any(|t| matches!(t, TokenTree::Ident(i) if i == "test"))
        }
        _ => false,
    }
}

/// The file that `#[path = "…"]` names.
pub fn path_attribute(attribute: &Group) -> Option<String> {
    let mut words = attribute.stream().into_iter();
    let is_path = matches!(words.next()?, TokenTree::Ident(i) if i == "path");
    let value = words.nth(1).filter(|_| is_path)?.to_string();
    Some(value.trim_matches('"').to_owned())
}

fn is_doc(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(i)) if i == "doc")
}

/// Whether what follows `use` is a path, and no list of captured lifetimes.
fn is_import(next: Option<&TokenTree>) -> bool {
    !next.is_none_or(|token| is(token, '<'))
}

/// The path that begins at a word, and where it ends.
fn path(stream: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut path = vec![plain(&stream[start])];
    let mut at = start + 1;
    while let [first, second, TokenTree::Ident(word), ..] = &stream[at..]
        && is(first, ':')
        && is(second, ':')
    {
        path.push(plain(&TokenTree::Ident(word.clone())));
        at += 3;
    }
    (path, at)
}

/// Whether a word after these is a member, or goes on a path that is no path of names
/// (`<T as X>::word`), or one that begins outside the crate (`::word`).
fn is_foreign(before: &[TokenTree]) -> bool {
    match before {
        [.., a, b] if is(a, '.') && is(b, '.') => false,
        [.., b] if is(b, '.') => true,
        [.., a, b] => is(a, ':') && is(b, ':'),
        _ => false,
    }
}

/// Takes the tokens between `use` and its semicolon apart.
fn import(tree: &[TokenTree], prefix: &[String], is_public: bool, into: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut rename = None;
    let mut first_line = None;
    for (at, token) in tree.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "as" => {
                rename = tree.get(at + 1).map(plain);
                break;
            }
            TokenTree::Ident(word) => {
                first_line.get_or_insert_with(|| line(word));
                path.push(plain(token));
            }
            TokenTree::Punct(p) if p.as_char() == '*' => {
                let line = p.span().start().line;
                into.push(Import { path, name: Some(GLOB.to_owned()), is_public, line });
                return;
            }
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for branch in inner.split(|t| is(t, ',')).filter(|b| !b.is_empty()) {
                    import(branch, &path, is_public, into);
                }
                return;
            }
            _ => {}
        }
    }
    // `use a::{self}` brings `a`.
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = rename.or_else(|| path.last().cloned()).filter(|name| name != "_");
    into.push(Import { path, name, is_public, line: first_line.unwrap_or(1) });
}

fn is(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == c)
}

/// A word without the mark of a raw one.
fn plain(token: &TokenTree) -> String {
    let word = token.to_string();
    word.strip_prefix("r#").map(str::to_owned).unwrap_or(word)
}

fn line(word: &Ident) -> usize {
    word.span().start().line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;
    use rstest::rstest;

    fn parse(text: &str) -> (Vec<String>, Vec<Import>) {
        let (mut paths, mut imports) = (Vec::new(), Vec::new());
        let stream: TokenStream = text.parse().unwrap();
        read(stream.into_iter().collect(), &mut paths, &mut imports);
        (paths.into_iter().map(|p| p.path.join("::")).collect(), imports)
    }

    #[rstest]
    #[case::one("use crate::a::B;", &["crate::a::B=B"])]
    #[case::renamed("use super::B as C;", &["super::B=C"])]
    #[case::unnamed("use std::io::Read as _;", &["std::io::Read=-"])]
    #[case::tree("use a::{self, b::{C, D}, e::*};", &["a=a", "a::b::C=C", "a::b::D=D", "a::e=*"])]
    #[case::in_a_body("fn f() { use crate::a::B; B }", &["crate::a::B=B"])]
    #[case::captured("fn f() -> impl X + use<'_> { use a::B; }", &["a::B=B"])]
    #[case::raw("use crate::r#mod::X;", &["crate::mod::X=X"])]
    fn imports_are_taken_apart(#[case] text: &str, #[case] want: &[&str]) {
        let (_, imports) = parse(text);
        let got: Vec<String> = imports
            .iter()
            .map(|i| format!("{}={}", i.path.join("::"), i.name.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(got, want);
        assert!(imports.iter().all(|i| !i.is_public));
    }

    #[rstest]
    #[case("pub use a::B;")]
    #[case("pub(crate) use a::B;")]
    #[case("pub(in crate::x) use a::B;")]
    fn pub_items_are_public(#[case] text: &str) {
        assert!(parse(text).1[0].is_public);
        let (_, imports) = parse(&format!("{text} use c::D;"));
        assert!(!imports[1].is_public);
    }

    #[rstest]
    #[case::call("a::b(c.d, ..e)", &["a::b", "c", "e"])]
    #[case::outside("::std::mem::swap(x)", &["x"])]
    #[case::qualified("<crate::a::T as U>::f()", &["crate::a::T", "as", "U"])]
    #[case::turbofish("crate::a::f::<super::T>()", &["crate::a::f", "super::T"])]
    #[case::in_a_macro("format!(\"{}\", self::x::Y)", &["format", "self::x::Y"])]
    #[case::documentation("#[doc = \"crate::x\"] #[derive(crate::D)] struct S;", &["derive", "crate::D", "struct", "S"])]
    fn paths_are_found(#[case] text: &str, #[case] want: &[&str]) {
        assert_eq!(parse(text).0, want);
    }

    #[rstest]
    #[case("[cfg(test)]", true)]
    #[case("[cfg(all(unix, test))]", true)]
    #[case("[test]", true)]
    #[case("[cfg(not(test))]", false)]
    #[case("[cfg(any(test, unix))]", false)]
    #[case("[cfg(unix)]", false)]
    #[case("[cfg_attr(test, path = \"x\")]", false)]
    fn cfg_test_attributes_are_recognised(#[case] attribute: &str, #[case] want: bool) {
        let stream: TokenStream = attribute.parse().unwrap();
        let Some(TokenTree::Group(group)) = stream.into_iter().next() else { panic!() };
        assert_eq!(is_test(&group), want);
    }
}
