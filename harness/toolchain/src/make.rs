//! Making the SDK of one platform from the verified one of another.
//!
//! Everything but the executables is the same on all platforms and is copied; the executables are
//! built by the release's own [recipe](crate::recipe). That the recipe is right is checked each
//! time: by the lock file's hash of the finished tree, or, for what is not locked, by building
//! `go` and `compile` of the source's platform and comparing them with the verified ones; and the
//! build information of everything built must be that of what was shipped, but for the platform.

use std::fs::{self, File};
use std::path::Path;

use crate::error::Error;
use crate::manifest::Manifest;
use crate::platform::Platform;
use crate::probe::build_info;
use crate::progress::Progress;
use crate::provenance::RecipeCheck;
use crate::recipe::{Recipe, Source, executable_name};
use crate::unpack::{is_executable_name, set_mode};

/// The executables that are built again and compared where the lock file has no hash of the result.
const CHECKED: [&str; 2] = ["compile", "go"];

/// Makes the SDK for `target` in the new directory `goroot`; `work` is for temporary files.
pub(crate) fn make(
    source: Source<'_>,
    files: &Manifest,
    target: Platform,
    locked: bool,
    goroot: &Path,
    work: &Path,
    progress: &mut dyn Progress,
) -> Result<(Recipe, RecipeCheck), Error> {
    let recipe = Recipe::of(source)?;
    let check = if locked {
        RecipeCheck::Lock
    } else {
        rebuild(&recipe, source, work, progress)?;
        RecipeCheck::Rebuilt(CHECKED.map(str::to_owned).to_vec())
    };
    let out = work.join("out");
    let names: Vec<&str> = recipe.names().collect();
    // All in one call: the packages share nearly everything that is compiled.
    recipe.build(source, target, &names, &out, work, progress)?;
    let executable = |name: &&String| name.starts_with("bin/") || name.starts_with("pkg/tool/");
    // All else of an SDK is the same for every platform of a release.
    for name in files.files.keys().filter(|name| !executable(name)) {
        place(&source.goroot.join(name), goroot, name)?;
    }
    for name in names {
        let built = out.join(format!("{name}{}", target.exe()));
        same_build_info(source, name, &built, target)?;
        place(&built, goroot, &executable_name(name, target))?;
    }
    Ok((recipe, check))
}

/// Builds some of the source's own executables and compares them with the verified ones.
fn rebuild(
    recipe: &Recipe,
    source: Source<'_>,
    work: &Path,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let out = work.join("check");
    recipe.build(source, source.platform, &CHECKED, &out, work, progress)?;
    for name in CHECKED {
        let (built, shipped) =
            (out.join(format!("{name}{}", source.platform.exe())), source.executable(name));
        let built = fs::read(&built).map_err(Error::io("read", &built))?;
        let shipped = fs::read(&shipped).map_err(Error::io("read", &shipped))?;
        // Test the recipe by rebuilding released executables: only then is it trusted for a
        // platform whose release is not there.
        if built != shipped {
            return Err(Error::Recipe {
                version: source.version,
                reason: format!("{name} built for {} is not the verified one", source.platform),
            });
        }
    }
    Ok(())
}

/// Compares the build information of `built` with that of the source's executable of that name.
fn same_build_info(
    source: Source<'_>,
    name: &str,
    built: &Path,
    target: Platform,
) -> Result<(), Error> {
    let go = source.executable("go");
    // GOOS always differs. Settings such as GOAMD64 and GOARM64 exist for one architecture only.
    let architecture = |line: &String| {
        let setting = line.strip_prefix("build\t").unwrap_or_default();
        setting.starts_with("GOOS=")
            || (setting.starts_with("GO") && source.platform.arch() != target.arch())
    };
    let settings = |path: &Path| -> Result<Vec<String>, Error> {
        let mut lines = build_info(&go, path)?;
        lines.retain(|line| !architecture(line));
        Ok(lines)
    };
    let (shipped, ours) = (settings(&source.executable(name))?, settings(built)?);
    if shipped == ours {
        return Ok(());
    }
    let differing: Vec<String> = shipped
        .iter()
        .filter(|line| !ours.contains(line))
        .map(|line| format!("shipped {line:?}"))
        .chain(
            ours.iter()
                .filter(|line| !shipped.contains(line))
                .map(|line| format!("built {line:?}")),
        )
        .collect();
    Err(Error::Recipe {
        version: source.version,
        reason: format!("build information of {name}: {}", differing.join(", ")),
    })
}

fn place(from: &Path, goroot: &Path, name: &str) -> Result<(), Error> {
    let to = goroot.join(name);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    fs::copy(from, &to).map_err(Error::io("copy to", &to))?;
    let file = File::options().write(true).open(&to).map_err(Error::io("open", &to))?;
    set_mode(&file, is_executable_name(name)).map_err(Error::io("set the mode of", &to))
}
