//! State of the host that a lab must not change: binfmt_misc rules, mounts and routes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The folder of Linux's binfmt_misc rules.
const REGISTRY: &str = "/proc/sys/fs/binfmt_misc";
/// Most entries of the registry that are read.
const ENTRIES: usize = 1000;

/// State as this process sees it; empty on systems other than Linux.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    /// Rules of binfmt_misc by name, with their text.
    pub rules: BTreeMap<String, String>,
    /// Mounts at, from or below a folder, and mounts of binfmt_misc, in order.
    pub mounts: Vec<String>,
    /// Routes that lead through no container's interface, and addresses of the loopback interface.
    pub routes: Vec<String>,
}

impl HostState {
    /// Looks at the system; mounts elsewhere than in `folder` are of no concern, because other programs
    /// of the machine mount too.
    #[must_use]
    pub fn of(folder: &str) -> Self {
        let entries = std::fs::read_dir(REGISTRY).into_iter().flatten().flatten();
        let rules = entries.take(ENTRIES).filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let text = match name.as_str() {
                // This file is write-only.
                "register" => String::new(),
                _ => std::fs::read_to_string(entry.path()).ok()?,
            };
            Some((name, text))
        });
        Self { rules: rules.collect(), mounts: mounts(folder), routes: routes() }
    }
}

fn lines(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(path)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn mounts(folder: &str) -> Vec<String> {
    let concerns = |line: &String| line.contains(folder) || line.contains(" - binfmt_misc ");
    lines("/proc/self/mountinfo").into_iter().filter(concerns).collect()
}

fn routes() -> Vec<String> {
    let container = |line: &String| {
        let name = line.split_whitespace().next().unwrap_or_default();
        // A container that starts or ends meanwhile changes these routes, and no lab touches them.
        ["docker", "br-", "veth"].iter().any(|prefix| name.starts_with(prefix))
    };
    let mut all = lines("/proc/net/route");
    all.retain(|line| !container(line));
    // Local addresses, the loopback interface's included.
    let local = lines("/proc/net/fib_trie");
    // The one address that labs add to a loopback interface: WSL's DNS tunnel.
    all.extend(local.into_iter().filter(|line| line.contains("10.255.255.254")));
    all
}
