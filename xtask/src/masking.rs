//! Pipelines of the suite `masking`, for benchmarks and for shrinking, outside a run of suites.

use anyhow::Context as _;
use std::path::Path;
use twinproof_pipeline::Surroundings;
use twinproof_subject::Declaration;

/// The declaration of a pipeline.
pub fn declaration(root: &Path, name: &str) -> anyhow::Result<Declaration> {
    let file = root.join(format!("suites/subjects/masking-{name}.toml"));
    let text = std::fs::read_to_string(&file)?;
    Ok(Declaration::parse(&file.display().to_string(), &text)?)
}

/// Parameters of a launch: this program, and `twinproof-peers` beside it.
pub fn surroundings<'d>(
    declaration: &'d Declaration,
    work: &Path,
) -> anyhow::Result<Surroundings<'d>> {
    let program = twinproof_base::program::this()?;
    let beside = program.with_file_name(format!("twinproof-peers{}", std::env::consts::EXE_SUFFIX));
    Ok(Surroundings {
        pipeline: declaration.pipeline.as_ref().context("it is no pipeline")?,
        program,
        defects: beside.is_file().then_some(beside),
        env: std::env::vars().collect(),
        work: work.to_owned(),
        broker: None,
    })
}
