//! The translation itself: from the arguments to the printed line.
//!
//! The messages of the program are not here: a refusal has a kind, but not the text of `strerror`.

use crate::arguments::{Mode, Request, UsageError};
use crate::drives::Found;
use crate::escape::{escape, needs_escape, unescape_in_place};
use crate::realpath::realpath;
use crate::text::{
    BACKSLASH, SLASH, c_str, collapse, starts_with, unify_separators, unify_separators_in_place,
};
use crate::world::{Errno, World};
use thiserror::Error;

/// The reason why the program prints no path. Its exit code is 1 for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The command line is not understood.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The path has no translation on this machine.
    #[error("the path cannot be translated")]
    Untranslatable,
}

/// Runs the program on the arguments after its name and gives the line it prints, without its
/// newline, as bytes. The exit code is 0 with a line and 1 with a refusal.
///
/// # Errors
/// [`Refusal`], where the program prints no path.
pub fn run<A: AsRef<[u8]>>(world: &impl World, arguments: &[A]) -> Result<Vec<u8>, Refusal> {
    translate(world, &Request::parse(arguments)?).ok_or(Refusal::Untranslatable)
}

/// Translates one path; `None` where the program fails.
///
/// Upstream defects: a relative path whose result is the current directory itself fails, as the
/// rest of it is empty; and a NUL that unescaping made ends the printed line, which may then be
/// empty.
pub fn translate(world: &impl World, request: &Request) -> Option<Vec<u8>> {
    let path = c_str(&request.path);
    let current = world.current_dir()?;
    let (mut translated, base) = match request.mode {
        Mode::Unix => {
            let (path, relative) = canonical_windows(world, path, &current)?;
            (to_linux(world, &path)?, relative.then_some(current))
        }
        Mode::Windows | Mode::Mixed => {
            let (path, relative) = canonical_linux(world, path, &current, request.follow_links)?;
            let base =
                if relative && !request.absolute { to_windows(world, &current) } else { None };
            (to_windows(world, c_str(&path))?, base)
        }
    };
    if let Some(base) = base.filter(|_| !request.absolute) {
        make_relative(&mut translated, c_str(&base));
    }
    if request.mode == Mode::Mixed {
        unify_separators(&mut translated, SLASH);
    }
    (!translated.is_empty()).then(|| c_str(&translated).to_vec())
}

/// Cuts the current directory off the start of a result.
///
/// Upstream defect: the current directories `/` and `C:\` end in their separator and are looked
/// for with another behind it, so there a relative path comes back absolute.
fn make_relative(translated: &mut Vec<u8>, base: &[u8]) {
    if !starts_with(translated, base, false) {
        return;
    }
    match translated.get(base.len()) {
        Some(&(SLASH | BACKSLASH)) if translated.len() == base.len() + 1 => {
            *translated = b".".to_vec();
        }
        Some(&(SLASH | BACKSLASH)) => {
            translated.drain(..=base.len());
        }
        None | Some(0) => {
            translated.drain(..base.len());
        }
        Some(_) => {}
    }
}

/// A Windows path, absolute, with backslashes, without `..` and the `\\?\` of long paths; and
/// whether it was relative.
///
/// Upstream defects: an absolute path needs three bytes, so `C:` is a relative name; `C:foo` counts
/// as absolute and is then refused; `\\?\UNC\` is not understood.
fn canonical_windows(world: &impl World, path: &[u8], current: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut path = path.to_vec();
    unify_separators(&mut path, BACKSLASH);
    let relative = !is_absolute_windows(&path);
    if relative {
        path = absolute_windows(&path, c_str(&to_windows(world, current)?))?;
    }
    let (from, keep) = match path.as_slice() {
        [_, b':', b'\\', ..] => (0, 0),
        // The prefix of long paths is cut, and what follows must be a drive. `UNC\…` then is a
        // relative name that no mount has.
        [b'\\', b'\\', b'?', b'\\', ..] => (4, 0),
        [b'\\', b'\\', ..] => (0, 2),
        _ => return None,
    };
    path.drain(..from);
    if !collapse(&mut path[keep..], BACKSLASH) {
        return None;
    }
    path.truncate(c_str(&path).len());
    (!path.is_empty()).then_some((path, relative))
}

fn is_absolute_windows(path: &[u8]) -> bool {
    match path {
        [b'\\', b'\\', _, ..] => true,
        [letter, b':', _, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Puts the current directory in front of a relative Windows path; one that begins with a backslash
/// is relative to the drive, and needs one.
fn absolute_windows(path: &[u8], current: &[u8]) -> Option<Vec<u8>> {
    if path.first() != Some(&BACKSLASH) {
        return Some([current, br"\", path].concat());
    }
    match current {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => Some([&current[..2], path].concat()),
        _ => None,
    }
}

/// A Linux path, absolute and without `..`; and whether it was relative. A path that exists is
/// resolved where links are followed, and absolute thereby; one that does not is taken as it
/// stands.
///
/// Upstream defect: only a missing file falls back to the text; a loop, a file used as a directory
/// and a name too long make the program fail.
fn canonical_linux(
    world: &impl World,
    path: &[u8],
    current: &[u8],
    follow_links: bool,
) -> Option<(Vec<u8>, bool)> {
    let real = if follow_links { realpath(world, path) } else { Err(Errno::NoEntry) };
    let mut absolute = match real {
        Ok(mut real) => {
            // realpath drops a slash at the end; the program puts it back, because `wslpath -w
            // dir/` ends in a backslash.
            if path.last() == Some(&SLASH) {
                real.push(SLASH);
            }
            real
        }
        Err(Errno::NoEntry) => path.to_vec(),
        Err(_) => return None,
    };
    let relative = absolute.first() != Some(&SLASH);
    if relative {
        absolute = [current, b"/", &absolute].concat();
    }
    collapse(&mut absolute, SLASH).then_some((absolute, relative))
}

/// An absolute Linux path on Windows: on the drive that its mount shows, else below
/// `\\wsl.localhost\` and the distribution's name. `None` where the latter is not known.
fn to_windows(world: &impl World, path: &[u8]) -> Option<Vec<u8>> {
    let found = world.mounts().and_then(|mounts| mounts.find_linux(path));
    let Some(Found { prefix, replacement }) = found else {
        let name = distribution(world)?;
        return Some([br"\\wsl.localhost\", name.as_slice(), &escape(path)].concat());
    };
    let suffix = &path[prefix..];
    // `C:` alone means the current directory of drive C, so its root is written with the backslash.
    if suffix.is_empty() && matches!(replacement.as_slice(), [_, b':']) {
        return Some([replacement.as_slice(), br"\"].concat());
    }
    if needs_escape(suffix) {
        return Some([replacement, escape(suffix)].concat());
    }
    Some(with_suffix(replacement, suffix, BACKSLASH))
}

/// A canonical Windows path on Linux: below the mount that shows it, else by the distribution's
/// own share. `None` where neither is it.
///
/// Upstream defect: only paths below the share are unescaped, those on a drive keep their escapes.
fn to_linux(world: &impl World, path: &[u8]) -> Option<Vec<u8>> {
    let found = world.mounts().and_then(|mounts| mounts.find_windows(path));
    if let Some(Found { prefix, replacement }) = found {
        return Some(with_suffix(replacement, &path[prefix..], SLASH));
    }
    let name = distribution(world)?;
    let below = [br"\\wsl.localhost\".as_slice(), br"\\wsl$\"].into_iter().find_map(|server| {
        let share = [server, &name].concat();
        let below = path.get(share.len()..).filter(|_| starts_with(path, &share, true))?;
        matches!(below.first(), None | Some(&(SLASH | BACKSLASH))).then_some(below)
    })?;
    if below.is_empty() {
        return Some(b"/".to_vec());
    }
    let mut linux = below.to_vec();
    unify_separators_in_place(&mut linux, SLASH);
    unescape_in_place(&mut linux);
    Some(linux)
}

/// Joins a mount and the rest of a path, whose separators are unified in place: the length stays.
fn with_suffix(mut mount: Vec<u8>, suffix: &[u8], separator: u8) -> Vec<u8> {
    let start = mount.len();
    mount.extend_from_slice(suffix);
    unify_separators_in_place(&mut mount[start..], separator);
    mount
}

fn distribution(world: &impl World) -> Option<Vec<u8>> {
    let name = world.var("WSL_DISTRO_NAME")?;
    let name = c_str(&name);
    (!name.is_empty()).then(|| name.to_vec())
}
