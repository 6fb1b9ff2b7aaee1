//! Building the executables of a release again, from the verified SDK of this host, to compare them
//! with the released ones. Nothing is published: [`crate::Toolchains::get`] makes SDKs, this gives
//! evidence.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::error::Error;
use crate::platform::Platform;
use crate::progress::Progress;
use crate::provenance::Provenance;
use crate::recipe::{Recipe, Source, executable_name};
use crate::toolchains::Toolchains;
use crate::version::Version;

/// Executables of one platform, built here, and where the released ones are.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// The verified SDK that they were built with and from.
    pub source: Provenance,
    /// The SDK of the platform.
    pub reference: Provenance,
    /// The build settings of the executables.
    pub recipe: Recipe,
    /// Their names in a GOROOT, with slashes; the built file; the released one.
    pub executables: Vec<(String, PathBuf, PathBuf)>,
    /// The folder of those that were built for this value, removed with its last clone.
    _out: Option<Arc<TempDir>>,
}

impl Toolchains {
    /// Builds every executable of that release for that platform. Compiled packages are kept in the
    /// cache, so that a second call only links.
    ///
    /// # Errors
    /// The errors of [`Toolchains::get`], and when the build fails.
    pub fn rebuild(
        &self,
        version: Version,
        platform: Platform,
        progress: &mut dyn Progress,
    ) -> Result<Rebuilt, Error> {
        let source = self.get(version, self.host(), progress)?;
        let reference = self.get(version, platform, progress)?;
        let name = format!("rebuild-{}", version.go_name());
        let _guard = self.with.cache.lock(&name, progress)?;
        let work = self.with.cache.root().join("rebuild").join(version.go_name());
        fs::create_dir_all(&work).map_err(Error::io("create", &work))?;
        // A folder of its own: files of another call must not be taken for those of this one.
        let out = TempDir::with_prefix_in("out-", &work).map_err(Error::io("create", &work))?;
        let from = Source { goroot: &source.goroot, version, platform: source.platform };
        let recipe = Recipe::of(from)?;
        let names: Vec<&str> = recipe.names().collect();
        recipe.build(from, platform, &names, out.path(), &work, progress)?;
        let executables = names
            .into_iter()
            .map(|name| {
                let file = executable_name(name, platform);
                let built = out.path().join(format!("{name}{}", platform.exe()));
                let released = reference.goroot.join(&file);
                (file, built, released)
            })
            .collect();
        let (source, reference) = (source.provenance, reference.provenance);
        Ok(Rebuilt { source, reference, recipe, executables, _out: Some(Arc::new(out)) })
    }

    /// The executables of an installed SDK beside those of the verified or made one of its version and
    /// platform. Nothing of it is run.
    ///
    /// # Errors
    /// The errors of [`Toolchains::prove`].
    pub fn beside(
        &self,
        installed: &std::path::Path,
        progress: &mut dyn Progress,
    ) -> Result<Rebuilt, Error> {
        let found = crate::prove::locate(installed)?;
        let source = self.get(found.version, self.host(), progress)?;
        let reference = self.get(found.version, found.platform, progress)?;
        let from =
            Source { goroot: &source.goroot, version: found.version, platform: source.platform };
        let recipe = match &reference.provenance.made {
            Some(made) => made.recipe.clone(),
            None => Recipe::of(from)?,
        };
        let executables = recipe
            .names()
            .map(|name| {
                let file = executable_name(name, found.platform);
                (file.clone(), reference.goroot.join(&file), found.goroot.join(&file))
            })
            .collect();
        let (source, reference) = (source.provenance, reference.provenance);
        Ok(Rebuilt { source, reference, recipe, executables, _out: None })
    }
}
