//! `lint`: suites, goldens, schemas, house rules, workflows.

use crate::{repository, schema, tidy};
use std::process::Command;
use twinproof::cli::{Lint, Repository};

/// Runs every check and says what each found; exits with 1 if one did, 254 if a suite is wrong.
pub fn run(lint: &Lint, repository: &Repository) -> anyhow::Result<u8> {
    let root = repository::root(repository)?;
    let suites = twinproof::finish(lint.run(repository));
    let mut found = Vec::new();
    for file in schema::stale(root)? {
        found.push(format!("{file}: stale; run `cargo xtask schema`"));
    }
    found.extend(tidy::breaches(root)?);
    for breach in &found {
        println!("{breach}");
    }
    println!("schemas and house rules: {} breaches", found.len());
    // All checks are made before the code is decided, so that one call shows everything.
    let mut code = if suites == 0 { u8::from(!found.is_empty()) } else { suites };
    let install = "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
    match which::which("actionlint") {
        Err(_) => println!("workflows: not checked, actionlint is absent; {install}"),
        Ok(program) => {
            let status = Command::new(program).current_dir(root).status()?;
            println!(
                "workflows: actionlint {}",
                if status.success() { "finds nothing" } else { "has findings" }
            );
            if !status.success() {
                code = code.max(1);
            }
        }
    }
    Ok(code)
}
