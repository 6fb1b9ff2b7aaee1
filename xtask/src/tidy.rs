//! The house rules that a program can check.

use std::path::Path;

/// Every breach, as `file:line: what`.
pub fn breaches(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
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
        }
    }
    Ok(found)
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
    use super::of_source;

    #[test]
    fn breaches_are_found() {
        assert_eq!(of_source("//! What.\n\nfn a() {}\n"), []);
        let bad = of_source(concat!("fn a() {} \n// TO", "DO\n"));
        let lines: Vec<_> = bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 1, 2]);
    }
}
