//! Checks the disk space for the stages before any of them begins: a full disk would be a
//! misleading failure in the middle.

use super::leg::Leg;
use super::stage::{Selection, Stage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const GIB: u64 = 1 << 30;

/// A folder that the stages write to.
struct WrittenFolder {
    path: PathBuf,
    what: &'static str,
    /// Bytes that it has in the end, where nothing was there before.
    whole: u64,
}

/// The space that the chosen stages need; the sizes are those of a run on a fresh machine, rounded up.
fn places(root: &Path, leg: &Leg, selection: Selection<'_>) -> Vec<WrittenFolder> {
    let chosen = |stages: &[Stage]| stages.iter().any(|stage| selection.has(*stage));
    let mut places = Vec::new();
    if chosen(&[Stage::Clippy, Stage::Build, Stage::Test]) {
        // As cargo itself decides it.
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let path = target.unwrap_or_else(|| root.join("target"));
        places.push(WrittenFolder { path, what: "what cargo builds", whole: 9 * GIB });
    }
    if chosen(&[Stage::Tools, Stage::Test, Stage::Conformance])
        && let Ok(cache) = twinproof_toolchain::Cache::of_user()
    {
        let path = cache.root().to_owned();
        places.push(WrittenFolder {
            path,
            what: "Go SDKs, their build cache, Wine",
            whole: 4 * GIB,
        });
    }
    if chosen(&[Stage::Images]) && leg.has_images() {
        let path = PathBuf::from("/var/lib/docker");
        places.push(WrittenFolder { path, what: "images", whole: 3 * GIB });
    }
    if chosen(&[Stage::Images, Stage::Test, Stage::Conformance]) {
        let path = std::env::temp_dir();
        places.push(WrittenFolder { path, what: "temporary files", whole: GIB });
    }
    places
}

/// File systems without enough room, a line for each; none where there is enough.
pub fn missing(root: &Path, leg: &Leg, selection: Selection<'_>) -> Vec<String> {
    let free = |path: &Path| fs4::available_space(path).ok();
    let mut volumes: BTreeMap<String, Volume> = BTreeMap::new();
    for place in places(root, leg, selection) {
        // The folder may not be there yet: its file system is that of the nearest one that is.
        let Some(there) = place.path.ancestors().find(|path| path.exists()) else { continue };
        let Some(free) = free(there) else { continue };
        // Existing files are written over, so their size is not needed again. Temporary files may
        // be others'.
        let is_own = place.path != std::env::temp_dir();
        let size = if is_own { size(&place.path) } else { 0 };
        let needed = place.whole.saturating_sub(size);
        // Several folders may be on one file system, and share its room.
        let volume = volumes.entry(volume(there)).or_insert_with(|| Volume {
            path: there.to_owned(),
            free,
            needs: Vec::new(),
        });
        volume.needs.push((place.what, needed));
    }
    volumes.values().filter_map(Volume::complaint).collect()
}

/// A file system.
struct Volume {
    path: PathBuf,
    free: u64,
    needs: Vec<(&'static str, u64)>,
}

impl Volume {
    fn complaint(&self) -> Option<String> {
        let needed: u64 = self.needs.iter().map(|(_, bytes)| bytes).sum();
        let lacking = needed.checked_sub(self.free).filter(|lacking| *lacking > 0)?;
        let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / GIB as f64);
        let needs: Vec<String> =
            self.needs.iter().map(|(what, bytes)| format!("{what} {}", gib(*bytes))).collect();
        Some(format!(
            "{}: {} free, {} needed ({}): make {} of room",
            self.path.display(),
            gib(self.free),
            gib(needed),
            needs.join(", "),
            gib(lacking)
        ))
    }
}

/// The bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    files.filter_map(|entry| entry.metadata().ok()).filter(|m| m.is_file()).map(|m| m.len()).sum()
}

/// The name of a path's file system.
#[cfg(unix)]
fn volume(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().map(|metadata| metadata.dev().to_string()).unwrap_or_default()
}

#[cfg(not(unix))]
fn volume(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.components().next().map(|c| format!("{c:?}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_space_is_reported_with_its_purpose() {
        let needs = vec![("what cargo builds", 9 * GIB), ("images", 3 * GIB)];
        let mut volume = Volume { path: "/".into(), free: 12 * GIB, needs };
        assert_eq!(volume.complaint(), None);
        volume.free = 10 * GIB + GIB / 2;
        let want = "/: 10.5 GiB free, 12.0 GiB needed (what cargo builds 9.0 GiB, images 3.0 GiB): \
                    make 1.5 GiB of room";
        assert_eq!(volume.complaint().as_deref(), Some(want));
    }

    #[test]
    fn stages_that_write_little_need_no_space() {
        let leg = Leg::of("linux").unwrap();
        let selection = Selection { skip: &[], only: &[Stage::Fmt, Stage::Lint] };
        assert_eq!(missing(Path::new("."), &leg, selection), [""; 0]);
    }
}
