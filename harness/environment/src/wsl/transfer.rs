//! Putting an SDK of the harness's machine into a distribution, once.

use super::relay::Relay;
use super::sandbox::said;
use super::script::quoted;
use crate::driver::EnvironmentError;
use crate::sdk::Sdk;
use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;
use tar::{Builder, EntryType, Header};
use twinproof_process::Stdin;

/// Most bytes of output of the scripts.
const SAID: u64 = 1 << 16;
/// Deepest directory of an SDK.
const DEPTH: u32 = 64;

/// Puts an SDK below `parent` in the distribution, unless its like is there already; its root there.
pub(super) fn transfer(relay: &Relay, sdk: &Sdk, parent: &str) -> Result<String, EnvironmentError> {
    let digest: String = sdk.hash.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let target = format!("{parent}/go{}-{digest}", sdk.version);
    let there = format!("if [ -x {0}/bin/go ]; then echo yes; fi", quoted(&target));
    let action = format!("looking for Go {}", sdk.version);
    if !said(relay, &action, &there, Stdin::Null, SAID)?.is_empty() {
        return Ok(target);
    }
    let action = format!("putting Go {} into {}", sdk.version, relay.distribution);
    let archive = packed(&sdk.goroot).map_err(|e| relay.failed(&action, e))?;
    // Others may do the same at the same time: the first to rename wins, both are equal.
    let body = format!(
        "t={target}
n=\"$t.$$\"
mkdir -p \"$n\" && tar -xpmf - -C \"$n\" || exit 1
mv -T \"$n\" \"$t\" 2>/dev/null || rm -rf \"$n\"
[ -x \"$t/bin/go\" ]",
        target = quoted(&target)
    );
    said(relay, &action, &body, Stdin::File(archive), SAID)?;
    Ok(target)
}

/// The tree as an archive in a temporary file. Run bits follow Go's layout, not the file system: on
/// Windows there are none.
fn packed(goroot: &Path) -> io::Result<File> {
    let mut builder = Builder::new(tempfile::tempfile()?);
    append(&mut builder, goroot, "", 0)?;
    let mut file = builder.into_inner()?;
    file.rewind()?;
    Ok(file)
}

fn append(builder: &mut Builder<File>, dir: &Path, relative: &str, depth: u32) -> io::Result<()> {
    if depth > DEPTH {
        return Err(io::Error::other(format!("{} is too deep", dir.display())));
    }
    let mut children: Vec<_> = std::fs::read_dir(dir)?.collect::<io::Result<_>>()?;
    children.sort_by_key(std::fs::DirEntry::file_name);
    for child in children {
        let name = child.file_name();
        let name = name.to_str().ok_or_else(|| {
            io::Error::other(format!("{}: the name is no Unicode text", child.path().display()))
        })?;
        let path = format!("{relative}{name}");
        let metadata = std::fs::metadata(child.path())?;
        let mut header = Header::new_gnu();
        if metadata.is_dir() {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            header.set_size(0);
            builder.append_data(&mut header, format!("{path}/"), io::empty())?;
            append(builder, &child.path(), &format!("{path}/"), depth + 1)?;
        } else {
            let runs = path.starts_with("bin/") || path.starts_with("pkg/tool/");
            header.set_mode(if runs { 0o755 } else { 0o644 });
            header.set_size(metadata.len());
            builder.append_data(&mut header, &path, File::open(child.path())?)?;
        }
    }
    Ok(())
}
