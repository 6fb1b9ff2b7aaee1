//! The house rules that a program can check.

mod circles;
mod modules;
mod resolve;
mod tokens;

use std::path::Path;

/// Every breach, as `file:line: what`.
pub fn breaches(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for folder in ["harness", "xtask"] {
        let walk = walkdir::WalkDir::new(root.join(folder)).sort_by_file_name();
        for entry in walk.into_iter().filter_entry(|e| e.file_name() != "target") {
            let entry = entry?;
            if entry.path().extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let name = entry.path().strip_prefix(root)?.display().to_string();
            let text = std::fs::read_to_string(entry.path())?;
            found.extend(
                of_source(&text).into_iter().map(|(line, what)| format!("{name}:{line}: {what}")),
            );
            if is_crate_root(entry.path()) {
                // Several tests may share a module with a circle.
                for circle in circles::of_crate(entry.path())? {
                    if !seen.contains(&circle.files) {
                        found.push(circle.describe(root));
                        seen.push(circle.files);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Whether cargo compiles a file as a crate: a library, a program, a test, an example or a bench.
fn is_crate_root(path: &Path) -> bool {
    let mut names = path.iter().rev().filter_map(|name| name.to_str());
    let (Some(file), Some(folder)) = (names.next(), names.next()) else { return false };
    let is_target = |name| matches!(name, "bin" | "tests" | "examples" | "benches");
    match (file, folder) {
        ("lib.rs" | "main.rs", "src") | ("build.rs", _) => true,
        ("main.rs", _) => names.next().is_some_and(is_target),
        (_, folder) => is_target(folder),
    }
}

/// Longest source file, tests left out.
const LONGEST: usize = 900;

fn of_source(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push((1, "a module says in `//!` what it is for".to_owned()));
    }
    let code = text.lines().take_while(|l| *l != "#[cfg(test)]").count();
    if code > LONGEST {
        found.push((LONGEST, format!("{code} lines: one concept a module, at most {LONGEST}")));
    }
    let [main, attribute] = ["twinproof_testkit::main()", "extern crate twinproof_testkit"];
    if text.lines().any(|l| l.trim() == main) && !text.contains(attribute) {
        found.push((1, format!("`{main}` finds no test without `#[macro_use] {attribute};`")));
    }
    // Written in halves, so that this file does not breach its own rules.
    let banned = [
        (concat!("TO", "DO"), "an issue is the place for what is to be done"),
        (concat!("FIX", "ME"), "an issue is the place for what is to be done"),
        (concat!("#[ig", "nore"), "a test that cannot run says which tool it requires"),
    ];
    for (number, line) in text.lines().enumerate() {
        for (word, why) in banned {
            if line.contains(word) {
                found.push((number + 1, format!("`{word}`: {why}")));
            }
        }
        if line.ends_with([' ', '\t']) {
            found.push((number + 1, "white space at the end".to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{is_crate_root, of_source};
    use rstest::rstest;
    use std::path::Path;

    #[rstest]
    #[case("a/src/lib.rs", true)]
    #[case("a/src/main.rs", true)]
    #[case("a/src/bin/b.rs", true)]
    #[case("a/tests/b.rs", true)]
    #[case("a/tests/it/main.rs", true)]
    #[case("a/examples/b/main.rs", true)]
    #[case("a/benches/b.rs", true)]
    #[case("a/build.rs", true)]
    #[case("a/src/b.rs", false)]
    #[case("a/src/b/mod.rs", false)]
    #[case("a/tests/it/b.rs", false)]
    #[case("a/src/b/main.rs", false)]
    fn crates_begin_where_cargo_says(#[case] path: &str, #[case] want: bool) {
        assert_eq!(is_crate_root(Path::new(path)), want);
    }

    #[test]
    fn breaches_are_found() {
        assert_eq!(of_source("//! What.\n\nfn a() {}\n"), []);
        let bad = of_source(concat!("fn a() {} \n// TO", "DO\n"));
        let lines: Vec<_> = bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 1, 2]);
        let main = "//! What.\nfn main() {\n    twinproof_testkit::main()\n}\n";
        assert_eq!(of_source(main).len(), 1);
        assert_eq!(
            of_source(&format!("{main}#[macro_use]\nextern crate twinproof_testkit;\n")),
            []
        );
    }
}
