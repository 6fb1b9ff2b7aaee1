//! The rules for names in a module zip, one name after the other.

use std::collections::HashMap;

use crate::escape::{check, check_file_path, is_canonical_version};

use super::fold::{fold, is_letter};
use super::limits::ZipLimits;
use super::violation::{Reason, Violation};

/// The names of a zip that were seen so far.
pub(super) struct Names {
    prefix: String,
    tree: Tree,
}

/// The kind of entry that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The module's directory, or one in it.
    Directory,
    /// A file, and whether it is one with a limit of its own.
    File(Option<&'static str>),
}

impl Names {
    /// For the zip of a module version.
    pub(super) fn new(module: &str, version: &str) -> Result<Self, Violation> {
        if !is_canonical_version(version) {
            return Err(Violation::whole(Reason::NotCanonical(version.to_owned())));
        }
        check(module, version).map_err(|e| Violation::whole(Reason::Module(e)))?;
        Ok(Self { prefix: format!("{module}@{version}/"), tree: Tree::default() })
    }

    /// Checks the next name, and remembers it.
    pub(super) fn add(&mut self, name: &[u8]) -> Result<Kind, Reason> {
        let relative = name
            .strip_prefix(self.prefix.as_bytes())
            .ok_or_else(|| Reason::Prefix(self.prefix.clone()))?;
        if relative.is_empty() {
            return Ok(Kind::Directory);
        }
        let relative = str::from_utf8(relative).map_err(|_| Reason::NotUtf8)?;
        let (path, directory) = match relative.strip_suffix('/') {
            Some(path) => (path, true),
            None => (relative, false),
        };
        check_path(path)?;
        self.tree.add(path, directory)?;
        if directory {
            return Ok(Kind::Directory);
        }
        check_go_mod(path)?;
        Ok(Kind::File(special(path)))
    }
}

/// `go.mod` and `LICENSE` have a limit of their own.
pub(super) fn special(path: &str) -> Option<&'static str> {
    ["go.mod", "LICENSE"].into_iter().find(|name| *name == path)
}

/// Checks the size of a file with a limit of its own.
pub(super) fn check_special(
    special: Option<&'static str>,
    size: u64,
    limits: ZipLimits,
) -> Result<(), Reason> {
    match special {
        Some(file) if size > limits.special => {
            Err(Reason::SpecialSize { file, limit: limits.special })
        }
        _ => Ok(()),
    }
}

/// Checks a path relative to the module's root.
pub(super) fn check_path(path: &str) -> Result<(), Reason> {
    if path.split('/').any(|element| matches!(element, "" | "." | "..")) {
        return Err(Reason::NotClean);
    }
    check_file_path(path, is_letter).map_err(Reason::FilePath)
}

/// A `go.mod` is at the root and lowercase.
fn check_go_mod(path: &str) -> Result<(), Reason> {
    let base = path.rsplit('/').next().unwrap_or(path);
    if fold(base) != "go.mod" {
        return Ok(());
    }
    if base != path {
        return Err(Reason::GoModPlace);
    }
    if base == "go.mod" { Ok(()) } else { Err(Reason::GoModCase) }
}

/// Files and directories by folded name: finds names that are one on some file system.
///
/// Memory is in proportion to the lengths of the names, however deep they go.
#[derive(Default)]
pub(super) struct Tree {
    nodes: HashMap<(usize, Box<str>), Node>,
}

struct Node {
    number: usize,
    name: Box<str>,
    directory: bool,
}

impl Tree {
    /// Adds a clean path, and the directories it implies.
    pub(super) fn add(&mut self, path: &str, directory: bool) -> Result<(), Reason> {
        let mut parent = 0;
        let mut end = 0;
        for element in path.split('/') {
            end += element.len() + usize::from(end > 0);
            let so_far = path.get(..end).unwrap_or(path);
            let last = end == path.len();
            let is_directory = directory || !last;
            // A node that was there before has a smaller number: that tells a second file of a
            // name.
            let number = self.nodes.len() + 1;
            let key = (parent, Box::from(&*fold(element)));
            let node = self.nodes.entry(key).or_insert_with(|| Node {
                number,
                name: element.into(),
                directory: is_directory,
            });
            if &*node.name != element {
                let above = so_far.strip_suffix(element).unwrap_or_default();
                let first = format!("{above}{}", node.name);
                return Err(Reason::Collision { first, second: so_far.to_owned() });
            }
            if node.directory != is_directory {
                return Err(Reason::FileAndDirectory(so_far.to_owned()));
            }
            if !is_directory && node.number != number {
                return Err(Reason::Duplicate(so_far.to_owned()));
            }
            parent = node.number;
        }
        Ok(())
    }
}
