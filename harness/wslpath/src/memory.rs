//! A machine in memory: a tree of names, a mount table and an environment. Mounts do not change the
//! tree: it is the view with all of them in place.

use crate::drives::MountTable;
use crate::virtiofs;
use crate::world::{Errno, NAME_MAX, PATH_MAX, VIRTIOFS_TAGS, World};
use std::collections::BTreeMap;
use thiserror::Error;

/// Links that the kernel follows on the way to one file.
const LINKS_MAX: usize = 40;
const ROOT: usize = 0;

/// A machine whose tree, mounts and environment are given. [`MemoryWorld::at`] gives it a current
/// directory, and with that a [`World`].
#[derive(Clone, Debug)]
pub struct MemoryWorld {
    nodes: Vec<Node>,
    mounts: MountTable,
    environment: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// A [`MemoryWorld`] as a process in one of its directories sees it.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    world: &'a MemoryWorld,
    directory: usize,
}

/// The reason why a path does not fit into a [`MemoryWorld`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorldError {
    /// The path does not begin with a slash.
    #[error("`{0}` is not absolute; paths of a world begin with /")]
    Relative(String),
    /// The path, or one of its names, is longer than Linux allows, or has a NUL in it.
    #[error("`{0}` is no Linux path: names have 1 to 255 bytes, paths up to 4095, and none a NUL")]
    NotAPath(String),
    /// Something else is already there, or a file or link stands where a directory is needed.
    #[error("`{0}` is in the way of, or the same as, another path of the world")]
    Taken(String),
    /// The current directory does not exist, or is no directory.
    #[error("the current directory `{0}` is not a directory of the world")]
    NoDirectory(String),
}

#[derive(Clone, Debug)]
struct Node {
    parent: usize,
    name: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Directory(BTreeMap<Vec<u8>, usize>),
    File,
    Link(Vec<u8>),
}

impl MemoryWorld {
    /// A machine with nothing but `/` and an environment.
    pub fn new(environment: BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
        let root = Node { parent: ROOT, name: Vec::new(), kind: Kind::Directory(BTreeMap::new()) };
        Self { nodes: vec![root], mounts: MountTable::default(), environment }
    }

    /// Adds a directory and its parents; one that exists stays as it is.
    ///
    /// # Errors
    /// [`WorldError`], where the path is not absolute, no path, or has a file or link in its way.
    pub fn add_directory(&mut self, path: &[u8]) -> Result<(), WorldError> {
        let mut at = ROOT;
        for name in names(path)? {
            at = match self.child(at, name) {
                Some(child) => child,
                None => self.insert(at, name, Kind::Directory(BTreeMap::new()), path)?,
            };
        }
        match self.nodes[at].kind {
            Kind::Directory(_) => Ok(()),
            Kind::File | Kind::Link(_) => Err(WorldError::Taken(lossy(path))),
        }
    }

    /// Adds an empty file, and its parents.
    ///
    /// # Errors
    /// [`WorldError`], as for a directory, and where something of that name exists.
    pub fn add_file(&mut self, path: &[u8]) -> Result<(), WorldError> {
        self.add_leaf(path, Kind::File)
    }

    /// Adds a symbolic link to `target`, and its parents.
    ///
    /// # Errors
    /// [`WorldError`], as for a file; the target, too, has to be a path.
    pub fn add_link(&mut self, path: &[u8], target: &[u8]) -> Result<(), WorldError> {
        if target.is_empty() || target.len() >= PATH_MAX || target.contains(&0) {
            return Err(WorldError::NotAPath(lossy(target)));
        }
        self.add_leaf(path, Kind::Link(target.to_vec()))
    }

    /// Sets the mounts from the text of `/proc/self/mountinfo`. Tags of virtiofs are looked up in
    /// the tree, so add its links first.
    pub fn set_mountinfo(&mut self, text: &[u8]) {
        let flags = self.environment.get(b"WSL_FEATURE_FLAGS".as_slice());
        let enabled = virtiofs::is_enabled(flags.map(Vec::as_slice));
        let root = At { world: self, directory: ROOT };
        let mounts = MountTable::parse(text, |tag| {
            enabled.then(|| root.read_link(&[VIRTIOFS_TAGS, tag].concat()).ok()).flatten()
        });
        self.mounts = mounts;
    }

    /// The machine as seen from a directory, links in its path followed.
    ///
    /// # Errors
    /// [`WorldError::NoDirectory`], where there is none.
    pub fn at(&self, directory: &[u8]) -> Result<At<'_>, WorldError> {
        let root = At { world: self, directory: ROOT };
        match root.walk(directory, true) {
            Ok(node) if matches!(self.nodes[node].kind, Kind::Directory(_)) => {
                Ok(At { world: self, directory: node })
            }
            _ => Err(WorldError::NoDirectory(lossy(directory))),
        }
    }

    fn add_leaf(&mut self, path: &[u8], kind: Kind) -> Result<(), WorldError> {
        let path_names = names(path)?;
        let Some((last, parents)) = path_names.split_last() else {
            return Err(WorldError::Taken(lossy(path)));
        };
        let mut at = ROOT;
        for name in parents {
            at = match self.child(at, name) {
                Some(child) => child,
                None => self.insert(at, name, Kind::Directory(BTreeMap::new()), path)?,
            };
        }
        if self.child(at, last).is_some() {
            return Err(WorldError::Taken(lossy(path)));
        }
        self.insert(at, last, kind, path).map(|_| ())
    }

    fn child(&self, parent: usize, name: &[u8]) -> Option<usize> {
        match &self.nodes[parent].kind {
            Kind::Directory(children) => children.get(name).copied(),
            Kind::File | Kind::Link(_) => None,
        }
    }

    fn insert(
        &mut self,
        parent: usize,
        name: &[u8],
        kind: Kind,
        path: &[u8],
    ) -> Result<usize, WorldError> {
        let new = self.nodes.len();
        match &mut self.nodes[parent].kind {
            Kind::Directory(children) => children.insert(name.to_vec(), new),
            Kind::File | Kind::Link(_) => return Err(WorldError::Taken(lossy(path))),
        };
        self.nodes.push(Node { parent, name: name.to_vec(), kind });
        Ok(new)
    }
}

impl At<'_> {
    /// Walks a path as the kernel does. `follow` also follows a link at its end; a slash there
    /// does too, and asks for a directory.
    fn walk(&self, path: &[u8], follow: bool) -> Result<usize, Errno> {
        if path.is_empty() {
            return Err(Errno::NoEntry);
        }
        if path.len() >= PATH_MAX {
            return Err(Errno::NameTooLong);
        }
        let nodes = &self.world.nodes;
        let mut at = if path.starts_with(b"/") { ROOT } else { self.directory };
        let mut links = 0;
        // Names still to walk, the next one last.
        let mut rest: Vec<&[u8]> = path.split(|&byte| byte == b'/').rev().collect();
        while let Some(name) = rest.pop() {
            let Kind::Directory(children) = &nodes[at].kind else {
                return Err(Errno::NotDirectory);
            };
            if name.is_empty() || name == b"." {
                continue;
            }
            if name == b".." {
                at = nodes[at].parent;
                continue;
            }
            if name.len() > NAME_MAX {
                return Err(Errno::NameTooLong);
            }
            let Some(&child) = children.get(name) else { return Err(Errno::NoEntry) };
            match &nodes[child].kind {
                Kind::Link(target) if follow || !rest.is_empty() => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(Errno::Loop);
                    }
                    if target.starts_with(b"/") {
                        at = ROOT;
                    }
                    rest.extend(target.split(|&byte| byte == b'/').rev());
                }
                Kind::Directory(_) | Kind::File | Kind::Link(_) => at = child,
            }
        }
        Ok(at)
    }
}

impl World for At<'_> {
    fn mounts(&self) -> Option<&MountTable> {
        Some(&self.world.mounts)
    }

    fn var(&self, name: &str) -> Option<Vec<u8>> {
        self.world.environment.get(name.as_bytes()).cloned()
    }

    fn current_dir(&self) -> Option<Vec<u8>> {
        let mut names = Vec::new();
        let mut at = self.directory;
        while at != ROOT {
            names.push(self.world.nodes[at].name.as_slice());
            at = self.world.nodes[at].parent;
        }
        names.push(b"");
        names.reverse();
        let path = names.join(b"/".as_slice());
        Some(if path.is_empty() { b"/".to_vec() } else { path })
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        match &self.world.nodes[self.walk(path, false)?].kind {
            Kind::Link(target) => Ok(target.clone()),
            Kind::Directory(_) | Kind::File => Err(Errno::Invalid),
        }
    }
}

/// The names of an absolute path; `.` and `..` are none.
fn names(path: &[u8]) -> Result<Vec<&[u8]>, WorldError> {
    let Some(inner) = path.strip_prefix(b"/") else {
        return Err(WorldError::Relative(lossy(path)));
    };
    let names: Vec<&[u8]> = inner.split(|&byte| byte == b'/').filter(|n| !n.is_empty()).collect();
    let is_name = |name: &&[u8]| {
        name.len() <= NAME_MAX && !matches!(*name, b"." | b"..") && !name.contains(&0)
    };
    if path.len() >= PATH_MAX || !names.iter().all(is_name) {
        return Err(WorldError::NotAPath(lossy(path)));
    }
    Ok(names)
}

fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
