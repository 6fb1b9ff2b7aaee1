//! `schema`: files generated from the types of the file formats: the JSON Schemas that editors
//! complete from, and the reference of steps in docs/authoring.md.

use crate::{repository, step_reference};
use anyhow::Context as _;
use std::path::Path;
use twinproof::cli::Repository;

/// Write the JSON Schemas of the file formats, and the reference of steps in docs/authoring.md.
#[derive(clap::Args, Debug)]
pub struct Schema {
    /// Write nothing; list the files that are out of date
    #[arg(long)]
    check: bool,
}

impl Schema {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        if self.check {
            let stale = stale(root)?;
            for file in &stale {
                println!("{file} is stale: cargo xtask schema");
            }
            return Ok(u8::from(!stale.is_empty()));
        }
        for (file, text) in texts(root)? {
            let path = root.join(file);
            twinproof_base::file::write(&path, text.as_bytes())
                .with_context(|| path.display().to_string())?;
        }
        Ok(0)
    }
}

/// Every generated file, by its path in the repository, with its text.
fn texts(root: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut all = twinproof_steps::schema::all();
    all.push(("subject.json", twinproof_subject::schema()));
    let mut texts = Vec::new();
    for (name, schema) in all {
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        texts.push((format!("suites/schema/{name}"), text));
    }
    let page = step_reference::PAGE;
    texts.push((page.to_owned(), step_reference::renewed(&committed(root, page)?)?));
    Ok(texts)
}

/// A file of the repository. Git may have checked it out with CRLF.
fn committed(root: &Path, file: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(root.join(file)).with_context(|| file.to_owned())?;
    Ok(text.replace("\r\n", "\n"))
}

/// The committed files that differ from the generated ones.
pub fn stale(root: &Path) -> anyhow::Result<Vec<String>> {
    let differs = |(file, text): (String, String)| {
        (committed(root, &file).unwrap_or_default() != text).then_some(file)
    };
    Ok(texts(root)?.into_iter().filter_map(differs).collect())
}
