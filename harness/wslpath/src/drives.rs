//! The mounts that show Windows paths, and the search for the mount that a path is on.

use crate::mountinfo::{self, Line};
use crate::text::{BACKSLASH, path_prefix, starts_with, unify_separators};
use crate::virtiofs;

/// A mount: its mount point, and the Windows path it shows, without its last backslash.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    point: Vec<u8>,
    windows: Option<Vec<u8>>,
}

/// The mounts of a machine, in the order of its mountinfo. Malformed lines are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountTable {
    mounts: Vec<Mount>,
}

/// The mount that a path is on, as the replacement of the path's first bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Number of bytes of the path to replace.
    pub prefix: usize,
    /// Replacement; never empty.
    pub replacement: Vec<u8>,
}

impl MountTable {
    /// Reads the text of `/proc/self/mountinfo`. `tag` gives the Windows path of a virtiofs tag,
    /// `None` where virtiofs is off or the tag is unknown.
    pub fn parse(text: &[u8], tag: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        let lines = text.split(|&byte| byte == b'\n').filter_map(mountinfo::parse);
        let mounts =
            lines.map(|line| Mount { windows: windows_path(&line, &tag), point: line.mount_point });
        Self { mounts: mounts.collect() }
    }

    /// The mount that a Linux path is on, where that shows a Windows path: the last whose mount
    /// point is the path or a parent of it, as later mounts hide earlier ones.
    pub(crate) fn find_linux(&self, path: &[u8]) -> Option<Found> {
        let on_path = |mount: &&Mount| path_prefix(path, &mount.point, false) > 0;
        // The kernel lists mounts in the order in which they were made: the last that covers the
        // path is the one that is seen.
        let mount = self.mounts.iter().rev().find(on_path)?;
        let windows = mount.windows.as_ref().filter(|windows| !windows.is_empty())?;
        Some(Found { prefix: mount.point.len(), replacement: windows.clone() })
    }

    /// The mount that shows a Windows path: the longest, of equal ones the last.
    ///
    /// Upstream defects: a mount found and then hidden by another over its mount point still
    /// counts as the longest, so that a shorter visible one is not taken; and a mount inside the
    /// found one does not hide it for the paths below.
    pub(crate) fn find_windows(&self, path: &[u8]) -> Option<Found> {
        let mut found: Option<&[u8]> = None;
        let mut longest = 0;
        for mount in &self.mounts {
            // A later mount over a found one hides it. `longest` is not reset, as upstream does
            // not, so that a shorter mount is not taken in its place.
            found = found.filter(|point| path_prefix(point, &mount.point, false) == 0);
            let Some(windows) = &mount.windows else { continue };
            let prefix = path_prefix(path, windows, true);
            if prefix == 0 || prefix < longest {
                continue;
            }
            longest = prefix;
            found = Some(mount.point.as_slice()).filter(|point| !point.is_empty());
        }
        found.map(|point| Found { prefix: longest, replacement: point.to_vec() })
    }
}

/// The Windows path that a mount shows: its source without the last backslash, and behind it the
/// mount's root where that is not `/` (a bind mount).
fn windows_path(line: &Line<'_>, tag: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut root = line.root.as_slice();
    let mut path = match line.file_system {
        b"9p" => plan9_source(line.super_options)?,
        b"virtiofs" => {
            let (name, below) = virtiofs::tag_and_root(&line.source, root)?;
            root = below;
            tag(name).filter(|path| !path.is_empty())?
        }
        b"drvfs" => {
            let mut path = line.source.clone();
            unify_separators(&mut path, BACKSLASH);
            path
        }
        _ => return None,
    };
    if path.last() == Some(&BACKSLASH) {
        path.pop();
    }
    if root != b"/" {
        path.extend_from_slice(root);
        unify_separators(&mut path, BACKSLASH);
    }
    Some(path)
}

/// The Windows path in the options of a 9p mount: `path=` of its `aname=drvfs`, when it begins
/// with a drive or with `UNC\`.
///
/// Upstream defect: options end at commas, and so does a path with a comma in its name; `path=` is
/// looked for anywhere in the option, also as the end of another word.
fn plan9_source(options: &[u8]) -> Option<Vec<u8>> {
    let drvfs = options
        .split(|&byte| byte == b',')
        .find(|option| starts_with(option, b"aname=drvfs", false))?;
    let at = drvfs.windows(5).position(|window| window == b"path=")?;
    let path = drvfs[at + 5..].split(|&byte| byte == b';').next().unwrap_or_default();
    let mut source = match path {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => path.to_vec(),
        // The 9p server of WSL gets a share as `UNC\server\share`, without the two leading
        // backslashes.
        [b'U', b'N', b'C', b'\\', share @ ..] => [br"\\", share].concat(),
        _ => return None,
    };
    unify_separators(&mut source, BACKSLASH);
    Some(source)
}
