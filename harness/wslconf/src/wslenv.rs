//! WSLENV: which variables cross between Windows and WSL, and how their paths are translated.
//!
//! It follows `UtilParseWslEnv` of microsoft/WSL's `util.cpp` at 3e27a6a.

use twinproof_wslpath::{Mode, Request, World, translate};

/// The direction in which variables are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A program of Windows starts one of WSL.
    ToLinux,
    /// A program of WSL starts one of Windows.
    ToWindows,
}

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WslenvEntry {
    /// The variable's name, in which case counts.
    pub name: Vec<u8>,
    /// The flags behind the first slash; `None` without a slash.
    pub flags: Option<Vec<u8>>,
    /// Offset of the entry in the value of WSLENV, in bytes.
    pub at: usize,
    /// `p` or `l`: paths are translated, one and a list alike.
    pub translated: bool,
    /// An unknown flag, for which the entry is left out.
    pub unknown_flag: Option<u8>,
    /// Whether it goes from Windows to WSL.
    pub to_linux: bool,
    /// Whether it goes from WSL to Windows.
    pub to_windows: bool,
}

impl WslenvEntry {
    /// Whether it goes that way.
    #[must_use]
    pub const fn goes(&self, direction: Direction) -> bool {
        match direction {
            Direction::ToLinux => self.to_linux,
            Direction::ToWindows => self.to_windows,
        }
    }
}

/// The entries of WSLENV's value, empty ones apart. White space at the end is cut.
#[must_use]
pub fn entries(value: &[u8]) -> Vec<WslenvEntry> {
    // The variable is a C string for WSL: what follows a NUL is not in it.
    let value = value.split(|&byte| byte == 0).next().unwrap_or_default();
    let blanks = value.iter().rev().take_while(|&&byte| matches!(byte, b' ' | 9..=13)).count();
    let mut at = 0;
    let mut entries = Vec::new();
    for item in value[..value.len() - blanks].split(|&byte| byte == b':') {
        if !item.is_empty() {
            entries.push(entry(item, at));
        }
        at += item.len() + 1;
    }
    entries
}

fn entry(item: &[u8], at: usize) -> WslenvEntry {
    let slash = item.iter().position(|&byte| byte == b'/');
    let flags = slash.map(|slash| item[slash + 1..].to_vec());
    let given = flags.as_deref().unwrap_or_default();
    let has = |flag: u8| given.contains(&flag);
    let unknown_flag = given.iter().copied().find(|flag| !b"pluw".contains(flag));
    WslenvEntry {
        name: item[..slash.unwrap_or(item.len())].to_vec(),
        translated: has(b'p') || has(b'l'),
        unknown_flag,
        to_linux: unknown_flag.is_none() && !has(b'w'),
        to_windows: unknown_flag.is_none() && !has(b'u'),
        flags,
        at,
    }
}

/// The variables that reach the other side besides WSLENV itself, in order. `wslenv` is its value,
/// `None` where it is not set; `environment` are the variables of the sending side, the first of a
/// name counts.
///
/// A name that is not set arrives as an empty variable. Names are compared with case, on Windows'
/// side too, whose own variable may be spelt otherwise (`Path`): the variable that arrives then is
/// empty.
pub fn pass<W: World>(
    world: &W,
    direction: Direction,
    wslenv: Option<&[u8]>,
    environment: &[(Vec<u8>, Vec<u8>)],
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let Some(wslenv) = wslenv else { return Vec::new() };
    // WSLENV is part of the sending environment, so it can name itself, and then crosses like any
    // other.
    let own = [(b"WSLENV".to_vec(), wslenv.to_vec())];
    let find = |name: &[u8]| {
        own.iter().chain(environment).find(|(known, _)| known == name).map(|(_, value)| value)
    };
    let mut passed = Vec::new();
    for entry in entries(wslenv) {
        if !entry.goes(direction) {
            continue;
        }
        let value = match find(&entry.name) {
            None => Vec::new(),
            Some(value) if entry.translated => match translate_list(world, direction, value) {
                Some(value) => value,
                None => continue,
            },
            Some(value) => value.clone(),
        };
        passed.push((entry.name, value));
    }
    passed
}

/// Translates each element of a list of paths; `None` where nothing is left of it.
///
/// Upstream defect: a Windows path or a URL that WSL sends is split at its colon, as if it were a
/// list of two Linux paths.
fn translate_list(world: &impl World, direction: Direction, list: &[u8]) -> Option<Vec<u8>> {
    let (from, to, mode) = match direction {
        Direction::ToLinux => (b';', b':', Mode::Unix),
        Direction::ToWindows => (b':', b';', Mode::Windows),
    };
    let mut translated: Vec<u8> = Vec::new();
    for path in list.split(|&byte| byte == from).filter(|path| !path.is_empty()) {
        // WSL gets a full path of Windows' side before it translates, and leaves out items that
        // have none.
        if mode == Mode::Unix && !is_absolute(path) {
            continue;
        }
        // wslpath calls realpath; the translation of WSLENV does not, so that a path through a link
        // crosses as it is spelt.
        let request = Request { mode, absolute: false, follow_links: false, path: path.to_vec() };
        let Some(path) = translate(world, &request) else { continue };
        if !translated.is_empty() {
            translated.push(to);
        }
        translated.extend(path);
    }
    (!translated.is_empty()).then_some(translated)
}

/// Whether a Windows path counts as absolute here: a drive or two separators, and a third byte.
fn is_absolute(path: &[u8]) -> bool {
    match path {
        [b'/' | b'\\', b'/' | b'\\', _, ..] => true,
        [letter, b':', _, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}
