//! Test vectors: recorded answers of the real program, compared with those of these rules.

mod error;
mod file;
mod report;

pub use error::VectorsError;
pub use report::{Answer, Compared, Report};

use crate::memory::{MemoryWorld, WorldError};
use crate::translate::run;
use file::{Vector, VectorsFile};
use std::path::Path;
use std::time::{Duration, Instant};

/// Time limit of a whole file. The recorded one takes milliseconds.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Runs every vector of a file against the rules.
///
/// The file is JSON of up to 16 MiB, of the form that its own `format` describes: `worlds` by name,
/// and `vectors`, each with its world. It may have 100,000 vectors and 10,000 mounts in a world,
/// and take a minute.
///
/// # Errors
/// [`VectorsError`], where the file cannot be read, is not of the form, or has nothing to check.
pub fn check(path: &Path) -> Result<Report, VectorsError> {
    check_text(path, &file::read(path)?)
}

/// Like [`check`], with the file's text at hand; `path` is its name in messages.
///
/// # Errors
/// [`VectorsError`], where the text is not of the form, or has nothing to check.
pub fn check_text(path: &Path, text: &str) -> Result<Report, VectorsError> {
    let VectorsFile { worlds, vectors } = file::parse(path, text)?;
    let started = Instant::now();
    let mut compared = Vec::with_capacity(vectors.len());
    for (done, vector) in vectors.iter().enumerate() {
        // Collapsing `..` is quadratic in the length of a path, as it is upstream, so a file within
        // the size limit can still take hours.
        if started.elapsed() > TIME_MAX {
            return Err(VectorsError::TooSlow { path: path.to_owned(), done, limit: TIME_MAX });
        }
        let Some(world) = worlds.get(&vector.world) else {
            let mut known: Vec<&str> = worlds.keys().map(String::as_str).collect();
            known.sort_unstable();
            return Err(VectorsError::UnknownWorld {
                path: path.to_owned(),
                id: vector.id.clone(),
                world: vector.world.clone(),
                known: known.join(", "),
            });
        };
        let actual = answer(world, vector).map_err(|source| VectorsError::Vector {
            path: path.to_owned(),
            id: vector.id.clone(),
            source,
        })?;
        compared.push(Compared {
            id: vector.id.clone(),
            arguments: vector.arguments.clone(),
            input: vector.input.clone(),
            world: vector.world.clone(),
            current_dir: vector.current_dir.clone(),
            expected: vector.expected.clone(),
            actual,
        });
    }
    Ok(Report { vectors: compared })
}

fn answer(world: &MemoryWorld, vector: &Vector) -> Result<Answer, WorldError> {
    let arguments: Vec<&[u8]> =
        vector.arguments.iter().chain(&vector.input).map(Vec::as_slice).collect();
    Ok(match run(&world.at(&vector.current_dir)?, &arguments) {
        Ok(output) => Answer { output: Some(output), exit: 0 },
        Err(_) => Answer { output: None, exit: 1 },
    })
}
