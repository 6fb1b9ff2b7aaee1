//! Files of a crate that import each other in a circle: A needs B, and B, perhaps by others, A.
//!
//! A file needs another when its code names an item that the other defines, through any path of
//! modules and re-exports. Declaring a module (`mod b;`) and re-exporting its items (`pub use
//! b::B;`) need nothing. Code for tests only does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::modules::Crate;
use super::resolve::{Resolved, resolve};

/// The reason why a file needs another: the first line that names an item of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Need {
    line: usize,
    name: String,
}

/// Files in a circle, and how they need each other.
#[derive(Debug)]
pub struct Circle {
    /// Sorted.
    pub files: Vec<PathBuf>,
    needs: BTreeMap<(PathBuf, PathBuf), Need>,
}

impl Circle {
    /// The circle in words, a line for each two files that need each other; paths from `root`.
    pub fn describe(&self, root: &Path) -> String {
        let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
        let mut text = format!("{} files import each other in a circle", self.files.len());
        for ((from, to), need) in &self.needs {
            text +=
                &format!("\n  {}:{} names `{}` of {}", name(from), need.line, need.name, name(to));
        }
        text
    }
}

/// The circles of the crate whose root is a file, in the order of their first files.
///
/// # Errors
/// When a file of the crate is missing, cannot be read, or is no Rust.
pub fn of_crate(root: &Path) -> anyhow::Result<Vec<Circle>> {
    let all = Crate::read(root)?;
    let needs = needs(&all);
    let mut reached: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); all.files.len()];
    for (file, reached) in reached.iter_mut().enumerate() {
        let mut next = vec![file];
        while let Some(from) = next.pop() {
            let out = needs.range((from, 0)..(from + 1, 0)).map(|((_, to), _)| *to);
            next.extend(out.filter(|to| reached.insert(*to)));
        }
    }
    let mut circles: Vec<Circle> = Vec::new();
    for file in 0..all.files.len() {
        let group: BTreeSet<usize> =
            reached[file].iter().copied().filter(|other| reached[*other].contains(&file)).collect();
        // Found from its first file.
        if group.first() != Some(&file) {
            continue;
        }
        let of_group = needs.iter().filter(|((a, b), _)| group.contains(a) && group.contains(b));
        let path = |file: usize| all.files[file].clone();
        let mut files: Vec<PathBuf> = group.iter().map(|f| path(*f)).collect();
        files.sort();
        let needs = of_group.map(|((a, b), need)| ((path(*a), path(*b)), need.clone())).collect();
        circles.push(Circle { files, needs });
    }
    Ok(circles)
}

/// The needs between files, by the two files.
fn needs(all: &Crate) -> BTreeMap<(usize, usize), Need> {
    let mut needs: BTreeMap<(usize, usize), Need> = BTreeMap::new();
    for (number, module) in all.modules.iter().enumerate() {
        let mut note = |place: Resolved, line: usize, name: Option<&String>| {
            let Resolved::Item(of) = place else { return };
            let to = all.modules[of].file;
            if to == module.file {
                return;
            }
            let need = Need { line, name: name.cloned().unwrap_or_default() };
            let known = needs.entry((module.file, to)).or_insert_with(|| need.clone());
            if need.line < known.line {
                *known = need;
            }
        };
        let written: BTreeSet<&String> =
            module.paths.iter().filter_map(|written| written.path.first()).collect();
        for import in &module.imports {
            let is_used = import.name.as_ref().is_some_and(|name| written.contains(name));
            if is_used || !import.is_public {
                note(resolve(all, number, &import.path), import.line, import.path.last());
            }
        }
        for written in &module.paths {
            note(resolve(all, number, &written.path), written.line, written.path.last());
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The circles of a crate of these files, each as its files' names.
    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = of_crate(&folder.path().join(files[0].0)).unwrap();
        let name = |p: &PathBuf| {
            p.strip_prefix(folder.path()).unwrap().to_str().unwrap().replace('\\', "/")
        };
        found.iter().map(|c| c.files.iter().map(name).collect::<Vec<_>>().join(" ")).collect()
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");

    #[rstest]
    #[case::imports("use crate::b::B; pub struct A(B);", "use crate::a::A; pub struct B(A);")]
    #[case::through_the_root("use crate::B; pub struct A(B);", "use crate::A; pub struct B(A);")]
    #[case::by_super("use super::b::B; pub struct A(B);", "pub struct B(super::A);")]
    #[case::paths("pub struct A(crate::b::B);", "pub struct B(crate::a::A);")]
    #[case::of_modules(
        "use crate::b; pub fn A() { b::B() }",
        "use super::a; pub fn B() { a::A() }"
    )]
    #[case::in_a_body("pub fn A() { use crate::b::B; B() }", "pub fn B() { crate::A() }")]
    #[case::in_a_macro("pub struct A; fn f() { assert!(crate::B) }", "pub struct B(crate::A);")]
    #[case::in_an_inline_module(
        "pub struct A; mod x { use super::super::b::B; }",
        "use crate::A; pub struct B;"
    )]
    #[case::renamed("use crate::B as C; pub struct A(C);", "use crate::A as D; pub struct B(D);")]
    #[case::by_glob("use crate::b::*; pub struct A(B);", "use crate::a::*; pub struct B(A);")]
    #[case::a_trait("use crate::B as _; pub struct A;", "use crate::A; pub trait B {}")]
    #[case::constant("pub const A: [u8; { 1 }] = [crate::B];", "pub static B: u8 = crate::A[0];")]
    #[case::function_of_const("pub const fn A() { crate::B }", "pub const B: () = crate::A();")]
    fn two_files_in_a_circle(#[case] a: &str, #[case] b: &str) {
        assert_eq!(circles(&[ROOT, ("a.rs", a), ("b.rs", b)]), ["a.rs b.rs"]);
    }

    #[rstest]
    #[case::one_way("use crate::b::B; pub struct A(B);", "pub struct B;")]
    #[case::for_tests(
        "use crate::B; pub struct A(B);",
        "pub struct B; #[cfg(test)] mod tests { use crate::A; }"
    )]
    #[case::in_words(
        "use crate::B; pub struct A(B);",
        "/// See [`crate::A`].\npub struct B(&'static str); const X: &str = \"crate::A\";"
    )]
    #[case::a_member(
        "use crate::B; pub fn A(b: B) { b.B }",
        "pub struct B { A: u8 } fn f(b: B) { b.A }"
    )]
    #[case::another_crate("use crate::B; pub struct A(B);", "pub struct B(::a::A, other::a::A);")]
    fn two_files_in_a_line(#[case] a: &str, #[case] b: &str) {
        assert_eq!(circles(&[ROOT, ("a.rs", a), ("b.rs", b)]), [""; 0]);
    }

    #[test]
    fn declaring_and_passing_on_need_nothing() {
        let root = ("lib.rs", "mod a; pub use a::{f, A}; pub struct Root;");
        assert_eq!(circles(&[root, ("a.rs", "use crate::Root; pub struct A(Root);")]), [""; 0]);
    }

    #[test]
    fn re_export_that_is_used_is_a_dependency() {
        let root = ("lib.rs", "mod a; pub use a::A; pub struct Root; fn f() -> A { A }");
        let a = ("a.rs", "use crate::Root; pub struct A(Root);");
        assert_eq!(circles(&[root, a]), ["a.rs lib.rs"]);
    }

    #[test]
    fn a_name_is_that_of_the_file_that_defines_it() {
        // `shapes` passes on what `round` defines, and `round` needs only `base`.
        let files = [
            ("lib.rs", "mod base; mod shapes; mod square;"),
            ("base.rs", "pub struct Base;"),
            (
                "shapes/mod.rs",
                "mod round; pub use round::Round; use crate::square::Square; pub struct All(Square);",
            ),
            ("shapes/round.rs", "use crate::base::Base; pub struct Round(Base);"),
            ("square.rs", "use crate::shapes::Round; pub struct Square(Round);"),
        ];
        assert_eq!(circles(&files), [""; 0]);
    }

    #[test]
    fn a_module_and_an_item_may_share_a_name() {
        let files = [
            ("lib.rs", "mod expand; mod user;"),
            ("expand/mod.rs", "mod expand; pub use expand::expand;"),
            ("expand/expand.rs", "pub fn expand() {}"),
            ("user.rs", "use crate::expand::expand; fn f() { expand() }"),
        ];
        assert_eq!(circles(&files), [""; 0]);
    }

    #[test]
    fn three_files_and_two_circles() {
        let files = [
            ("main.rs", "mod a; mod b; mod c; mod d; mod e; fn main() { a::a() }"),
            ("a.rs", "pub fn a() { crate::b::b() }"),
            ("b.rs", "pub fn b() { crate::c::c() }"),
            ("c.rs", "pub fn c() { crate::a::a(); crate::d::d() }"),
            ("d.rs", "pub fn d() { super::e::e() }"),
            ("e.rs", "pub fn e() { super::d::d() }"),
        ];
        assert_eq!(circles(&files), ["a.rs b.rs c.rs", "d.rs e.rs"]);
    }

    #[test]
    fn a_circle_says_how_it_comes_about() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lib.rs"), "mod a;\n\npub struct Root(a::A);\n").unwrap();
        std::fs::write(folder.path().join("a.rs"), "use super::Root;\npub struct A;\n").unwrap();
        let found = of_crate(&folder.path().join("lib.rs")).unwrap();
        let want = "2 files import each other in a circle\n  \
                    a.rs:1 names `Root` of lib.rs\n  lib.rs:3 names `A` of a.rs";
        assert_eq!(found[0].describe(folder.path()), want);
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lib.rs"), "mod gone;").unwrap();
        let error = of_crate(&folder.path().join("lib.rs")).unwrap_err();
        assert!(error.to_string().ends_with("mod.rs"), "{error}");
    }
}
