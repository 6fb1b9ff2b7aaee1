//! Conditions in front of commands: properties of this machine, its Go and this run.

use crate::outcome::Reason;
use crate::parse::Guard;
use crate::setting::Setting;
use crate::state::{Fault, State};

/// Whether a guard lets its command run.
pub(crate) fn holds(
    guard: &Guard,
    line: usize,
    state: &State,
    setting: &Setting,
) -> Result<bool, Fault> {
    let is = match guard.tag.split_once(':') {
        Some((name, suffix)) => prefixed(name, suffix, state, setting),
        None => plain(&guard.tag, state, setting),
    };
    let unknown = || Fault::Absent(Reason::Condition { name: guard.tag.clone(), line });
    Ok(is.ok_or_else(unknown)? == guard.want)
}

fn prefixed(name: &str, suffix: &str, state: &State, setting: &Setting) -> Option<bool> {
    let toolchain = &setting.toolchain;
    Some(match name {
        "GOOS" => toolchain.goos == suffix,
        "GOARCH" => toolchain.goarch == suffix,
        "compiler" => suffix == "gc",
        "exec" => which::which(suffix).is_ok(),
        // A run reaches the setting's servers and nothing else.
        "net" => false,
        "GODEBUG" => state.env.value("GODEBUG").split(',').any(|p| p.trim() == suffix),
        "GOEXPERIMENT" => {
            let set = state.env.value("GOEXPERIMENT");
            let set: Vec<&str> = set.split(',').collect();
            let off = format!("no{suffix}");
            set.contains(&suffix)
                // GOEXPERIMENT=noX switches an experiment off that the toolchain was built with.
                || (toolchain.experiments.iter().any(|e| e == suffix) && !set.contains(&&*off))
        }
        _ => return None,
    })
}

fn plain(name: &str, state: &State, setting: &Setting) -> Option<bool> {
    Some(match name {
        "short" => setting.short,
        "root" => root(),
        "symlink" => symlinks(state),
        "git" | "bzr" => which::which(name).is_ok(),
        "cgo" => setting.toolchain.cgo,
        // `begin` has made `tmp`.
        "case-sensitive" => !state.work.join("TMP").exists(),
        // They ask for facts of Go's build machines, or for `go test -v`; the scripts skip parts
        // with them.
        "cross" | "verbose" | "go-builder" => false,
        _ => return None,
    })
}

#[cfg(unix)]
fn root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn root() -> bool {
    false
}

#[cfg(not(windows))]
fn symlinks(_state: &State) -> bool {
    true
}

/// Windows lets only some users make links.
#[cfg(windows)]
fn symlinks(state: &State) -> bool {
    let link = state.work.join("tmp").join("link");
    let made = std::os::windows::fs::symlink_dir(&state.work, &link).is_ok();
    made && std::fs::remove_dir(&link).is_ok()
}
