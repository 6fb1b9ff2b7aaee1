//! `schema`: the JSON Schemas that editors complete from, generated from the model.

use crate::repository;
use anyhow::Context as _;
use std::path::Path;
use twinproof::cli::Repository;

/// Write the JSON Schemas of the file formats.
#[derive(clap::Args, Debug)]
pub struct Schema {
    /// Only say which are not as the model says
    #[arg(long)]
    check: bool,
}

impl Schema {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        if self.check {
            let stale = stale(root)?;
            for name in &stale {
                println!("suites/schema/{name} is stale: cargo xtask schema");
            }
            return Ok(u8::from(!stale.is_empty()));
        }
        for (name, text) in texts()? {
            let path = root.join("suites/schema").join(name);
            twinproof_base::file::write(&path, text.as_bytes())
                .with_context(|| path.display().to_string())?;
        }
        Ok(0)
    }
}

fn texts() -> anyhow::Result<Vec<(&'static str, String)>> {
    let text = |(name, schema)| Ok((name, serde_json::to_string_pretty(&schema)? + "\n"));
    let mut all = twinproof_steps::schema::all();
    all.push(("subject.json", twinproof_subject::schema()));
    all.into_iter().map(text).collect()
}

/// The committed schemas that are not what the model gives.
pub fn stale(root: &Path) -> anyhow::Result<Vec<&'static str>> {
    let folder = root.join("suites/schema");
    let differs = |(name, text): (&'static str, String)| {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        (committed.replace("\r\n", "\n") != text).then_some(name)
    };
    Ok(texts()?.into_iter().filter_map(differs).collect())
}
