//! The commands of scripts that work on files.

use crate::files::remove_all;
use crate::state::{Fault, Ran, State};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Permission bits of a new file, which the system may narrow.
const MODE: u32 = 0o666;

pub(super) fn cat(args: &[String], state: &State) -> Result<Ran, Fault> {
    if args.is_empty() {
        return Err(Fault::usage("cat FILE..."));
    }
    let mut stdout = Vec::new();
    for arg in args {
        let path = state.path(arg);
        match fs::read(&path) {
            Ok(bytes) => stdout.extend(bytes),
            Err(e) => {
                let error = Some(format!("{}: {e}", path.display()));
                return Ok(Ran::Output { stdout, stderr: Vec::new(), error });
            }
        }
    }
    Ok(Ran::output(stdout))
}

pub(super) fn cp(args: &[String], state: &State) -> Result<Ran, Fault> {
    let Some((last, sources)) = args.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return Err(Fault::usage("cp SRC... DST"));
    };
    let to = state.path(last);
    let into = to.is_dir();
    if sources.len() > 1 && !into {
        return Err(Fault::Failed(format!("{} is no folder", to.display())));
    }
    for source in sources {
        let (from, mode) = match source.as_str() {
            // `cp stdout FILE` writes the last command's output, so there is no file whose mode
            // could be kept.
            "stdout" | "stderr" => (PathBuf::from(source), MODE),
            _ => {
                let from = state.path(source);
                let found = fs::metadata(&from).map_err(|e| Fault::file(&from, &e))?;
                (from, mode_of(&found))
            }
        };
        let bytes = state.read(source)?;
        let target = match from.file_name().filter(|_| into) {
            Some(name) => to.join(name),
            None => to.clone(),
        };
        write(&target, &bytes, mode).map_err(|e| Fault::file(&target, &e))?;
    }
    Ok(Ran::Quiet)
}

pub(super) fn exists(args: &[String], state: &State) -> Result<Ran, Fault> {
    let (mut readonly, mut runs, mut files) = (false, false, args);
    while let [flag, rest @ ..] = files {
        match flag.as_str() {
            "-readonly" => readonly = true,
            "-exec" => runs = true,
            _ => break,
        }
        files = rest;
    }
    if files.is_empty() {
        return Err(Fault::usage("exists [-readonly] [-exec] FILE..."));
    }
    for file in files {
        let path = state.path(file);
        let found = fs::metadata(&path).map_err(|e| Fault::file(&path, &e))?;
        if readonly && !found.permissions().readonly() {
            return Err(Fault::Failed(format!("{} can be written", path.display())));
        }
        if runs && mode_of(&found) & 0o111 == 0 {
            return Err(Fault::Failed(format!("{} cannot be executed", path.display())));
        }
    }
    Ok(Ran::Quiet)
}

pub(super) fn mkdir(args: &[String], state: &State) -> Result<Ran, Fault> {
    each("mkdir PATH...", args, state, |path| fs::create_dir_all(path))
}

pub(super) fn rm(args: &[String], state: &State) -> Result<Ran, Fault> {
    each("rm PATH...", args, state, remove_all)
}

pub(super) fn chmod(args: &[String], state: &State) -> Result<Ran, Fault> {
    let usage = "chmod MODE PATH...";
    let [text, paths @ ..] = args else { return Err(Fault::usage(usage)) };
    let mode = number(text).filter(|&m| m <= 0o777).ok_or_else(|| Fault::usage(usage))?;
    each(usage, paths, state, |path| set_mode(path, mode))
}

pub(super) fn mv(args: &[String], state: &State) -> Result<Ran, Fault> {
    let [from, to] = args else { return Err(Fault::usage("mv OLD NEW")) };
    let (from, to) = (state.path(from), state.path(to));
    fs::rename(&from, &to).map_err(|e| Fault::file(&from, &e))?;
    Ok(Ran::Quiet)
}

pub(super) fn symlink(args: &[String], state: &State) -> Result<Ran, Fault> {
    match args {
        [path, arrow, target] if arrow == "->" => {
            let path = state.path(path);
            link(target, &path).map_err(|e| Fault::file(&path, &e))?;
            Ok(Ran::Quiet)
        }
        _ => Err(Fault::usage("symlink PATH -> TARGET")),
    }
}

/// Does the same with every path, up to the first that fails.
fn each(
    usage: &str,
    args: &[String],
    state: &State,
    what: impl Fn(&Path) -> io::Result<()>,
) -> Result<Ran, Fault> {
    if args.is_empty() {
        return Err(Fault::usage(usage));
    }
    for arg in args {
        let path = state.path(arg);
        what(&path).map_err(|e| Fault::file(&path, &e))?;
    }
    Ok(Ran::Quiet)
}

/// A number as Go writes them: octal behind a zero.
fn number(text: &str) -> Option<u32> {
    let (digits, base) = match text.strip_prefix("0o").or_else(|| text.strip_prefix('0')) {
        Some("") => return Some(0),
        Some(digits) => (digits, 8),
        None => (text, 10),
    };
    u32::from_str_radix(digits, base).ok()
}

#[cfg(unix)]
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode).open(path)?.write_all(bytes)
}

#[cfg(not(unix))]
fn write(path: &Path, bytes: &[u8], _mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).open(path)?.write_all(bytes)
}

#[cfg(unix)]
fn mode_of(found: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o777
}

/// Windows lets everything be executed.
#[cfg(not(unix))]
fn mode_of(_found: &fs::Metadata) -> u32 {
    0o777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Windows has one bit of it.
#[cfg(not(unix))]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(mode & 0o200 == 0);
    fs::set_permissions(path, permissions)
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    // Windows stores the text of a link as it is, and does not resolve slashes in it.
    let target = PathBuf::from(target.replace('/', "\\"));
    let whole = path.parent().map_or_else(|| target.clone(), |parent| parent.join(&target));
    // Windows has two kinds of links and does not convert one into the other.
    if whole.is_dir() {
        std::os::windows::fs::symlink_dir(target, path)
    } else {
        std::os::windows::fs::symlink_file(target, path)
    }
}

#[cfg(test)]
mod tests {
    use super::number;
    use rstest::rstest;

    #[rstest]
    #[case("0755", Some(0o755))]
    #[case("0o644", Some(0o644))]
    #[case("0", Some(0))]
    #[case("0000", Some(0))]
    #[case("511", Some(0o777))]
    #[case("u+x", None)]
    #[case("08", None)]
    fn modes_are_read_as_go_reads_numbers(#[case] text: &str, #[case] want: Option<u32>) {
        assert_eq!(number(text), want);
    }
}
