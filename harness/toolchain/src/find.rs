//! The SDKs on PATH.
//!
//! A `go` on PATH may be a link into a GOROOT or a wrapper that starts another; its own answers
//! count, when asked [safely](crate::probe). Nothing is verified here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::probe::{GoFacts, probe};

/// A go command on PATH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The command, as found on PATH.
    pub command: PathBuf,
    /// Whether it is a program of its own that stands for the `go` of its GOROOT.
    pub wrapper: bool,
    /// Its answers about itself.
    pub facts: GoFacts,
}

/// A command called `go` that gave no answer.
#[derive(Debug)]
pub struct Unanswered {
    /// The command.
    pub command: PathBuf,
    /// The error, in words.
    pub reason: String,
}

/// The go commands on PATH in its order, one for each GOROOT, and those that gave no answer.
#[must_use]
pub fn on_path() -> (Vec<Found>, Vec<Unanswered>) {
    which::which_all("go").map_or_else(|_| (Vec::new(), Vec::new()), ask_all)
}

/// The first command called `go` on PATH, unasked.
#[must_use]
pub fn first_on_path() -> Option<PathBuf> {
    which::which("go").ok()
}

fn ask_all(commands: impl Iterator<Item = PathBuf>) -> (Vec<Found>, Vec<Unanswered>) {
    let (mut found, mut unanswered, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for command in commands {
        match probe(&command) {
            Ok(facts) => {
                // Several names on PATH (links, version managers) often lead to one SDK, which is
                // listed once.
                let goroot = facts.goroot.canonicalize().unwrap_or_else(|_| facts.goroot.clone());
                if seen.insert(goroot.clone()) {
                    let wrapper = is_wrapper(&command, &goroot);
                    found.push(Found { command, wrapper, facts });
                }
            }
            Err(error) => unanswered.push(Unanswered { command, reason: error.to_string() }),
        }
    }
    (found, unanswered)
}

fn is_wrapper(command: &Path, goroot: &Path) -> bool {
    // A `go` elsewhere than in its GOROOT's bin starts another program that decides which SDK runs.
    command.canonicalize().map_or(true, |real| real.parent() != Some(&goroot.join("bin")))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A double of a go command: a script that prints what `go env -json` would.
    fn fake_go(path: &Path, goroot: &Path) {
        let json = format!(
            r#"{{"GOVERSION":"go1.22.5","GOROOT":"{}","GOHOSTOS":"linux","GOHOSTARCH":"amd64"}}"#,
            goroot.display()
        );
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\necho '{json}'\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn links_are_followed_wrappers_are_marked_and_each_goroot_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (one, two) = (root.join("one"), root.join("two"));
        fake_go(&one.join("bin/go"), &one);
        fake_go(&root.join("shim/go"), &two);
        fs::create_dir_all(&two).unwrap();
        fs::create_dir_all(root.join("path")).unwrap();
        symlink(one.join("bin/go"), root.join("path/go")).unwrap();
        fs::write(root.join("broken"), "#!/bin/sh\nexit 3\n").unwrap();
        fs::set_permissions(root.join("broken"), fs::Permissions::from_mode(0o755)).unwrap();
        let commands = ["path/go", "one/bin/go", "shim/go", "broken"].map(|name| root.join(name));
        let (found, unanswered) = ask_all(commands.into_iter());
        let seen: Vec<_> = found.iter().map(|f| (f.facts.goroot.clone(), f.wrapper)).collect();
        assert_eq!(seen, [(one, false), (two, true)]);
        assert_eq!(unanswered.len(), 1);
        assert!(unanswered[0].reason.contains('3'), "{}", unanswered[0].reason);
    }
}
