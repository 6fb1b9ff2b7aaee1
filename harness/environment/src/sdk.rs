//! The Go SDKs that drivers offer to cases. Drivers are given them; they never look for one, but for
//! those that belong to a distribution or to Windows itself.

use crate::absent::Absent;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An SDK on the harness's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdk {
    /// Its version without `go` (`1.27.3`).
    pub version: String,
    /// Operating system of its programs, in Go's words (`linux`, `windows`, `darwin`).
    pub os: String,
    /// Architecture of its programs, in Go's words (`amd64`).
    pub arch: String,
    /// Its root, on the harness's machine.
    pub goroot: PathBuf,
    /// Its source, in words (`verified: golang.org/toolchain v0.0.1-go1.27.3.linux-amd64`).
    pub provenance: String,
    /// Hash of its tree (`h1:…`).
    pub hash: String,
}

impl Sdk {
    /// Its description in a fingerprint: provenance and hash.
    pub(crate) fn described(&self) -> String {
        format!("{}, {}", self.provenance, self.hash)
    }
}

/// Native paths of SDKs by version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offered {
    /// Version → native root, and the description in the fingerprint.
    sdks: BTreeMap<String, (String, String)>,
}

impl Offered {
    /// The SDKs among `sdks` whose programs run on that system, at the native path that `place`
    /// gives them.
    pub(crate) fn of(
        sdks: &[Sdk],
        os: &str,
        arch: &str,
        place: impl Fn(&Sdk) -> Option<String>,
    ) -> Self {
        let fitting = sdks.iter().filter(|s| s.os == os && s.arch == arch);
        let sdks =
            fitting.filter_map(|s| Some((s.version.clone(), (place(s)?, s.described())))).collect();
        Self { sdks }
    }

    /// Adds one that was found in the environment itself; one that is there already stays.
    pub(crate) fn add(&mut self, version: String, goroot: String, described: String) {
        self.sdks.entry(version).or_insert((goroot, described));
    }

    /// The root of that version.
    pub(crate) fn goroot(&self, environment: &str, version: &str) -> Result<String, Absent> {
        if let Some((goroot, _)) = self.sdks.get(version) {
            return Ok(goroot.clone());
        }
        let have: Vec<_> = self.sdks.keys().map(String::as_str).collect();
        let have = if have.is_empty() { "none".to_owned() } else { have.join(", ") };
        Err(Absent {
            detail: format!("no Go {version} for {environment} (there is: {have})"),
            remedy: format!("twinproof sdk get {version}"),
        })
    }

    /// The descriptions for the fingerprint: version → provenance and hash.
    pub(crate) fn described(&self) -> BTreeMap<String, String> {
        self.sdks.iter().map(|(version, (_, what))| (version.clone(), what.clone())).collect()
    }

    /// The root of any of them, the newest by name.
    pub(crate) fn any(&self) -> Option<&str> {
        self.sdks.values().next_back().map(|(goroot, _)| goroot.as_str())
    }
}
