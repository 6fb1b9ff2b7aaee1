//! A double of an environment: files are kept in memory, programs are a function.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use twinproof_environment::{
    Contents, Environment, EnvironmentError, Exec, Exited, Facts, Put, Sandbox, SnapshotLimits,
    TreeEntry,
};
use twinproof_model::{Capability, Claim, Controls, EntryKind, EnvironmentResult, Level, RunMeta};
use twinproof_steps::Case;

/// The function that stands for every program.
pub type Program = Box<dyn Fn(&Exec) -> Result<Exited, EnvironmentError> + Send + Sync>;

/// An environment in memory.
pub struct Double {
    facts: Facts,
    program: Program,
}

impl Double {
    /// An environment with a name and POSIX paths, whose programs are a function.
    pub fn new(
        name: &str,
        program: impl Fn(&Exec) -> Result<Exited, EnvironmentError> + Send + Sync + 'static,
    ) -> Self {
        let mut facts = Facts::new(name.parse().unwrap(), "/cache".to_owned());
        facts.capabilities = BTreeSet::from([Capability::PosixPaths, Capability::Linux]);
        facts.fingerprint.arch = "amd64".into();
        Self { facts, program: Box::new(program) }
    }

    /// With a further capability.
    #[must_use]
    pub fn with(mut self, capability: Capability) -> Self {
        self.facts.capabilities.insert(capability);
        self
    }

    /// As results show it.
    pub fn result(&self) -> EnvironmentResult {
        let facts = self.facts.clone();
        EnvironmentResult {
            name: facts.name,
            absent: None,
            broken: None,
            required: false,
            capabilities: facts.capabilities,
            fingerprint: facts.fingerprint,
            class: None,
            handshake: facts.handshake,
        }
    }
}

impl Environment for Double {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn base_env(&self, home: &str, _tmp: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("HOME".to_owned(), home.to_owned())])
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        // A driver that opens no work directory, by the name of the case.
        if label.contains("no-sandbox") {
            return Err(broken("open"));
        }
        Ok(Box::new(Memory { double: self, files: Mutex::default() }))
    }
}

struct Memory<'a> {
    double: &'a Double,
    files: Mutex<BTreeMap<String, Put>>,
}

impl Sandbox for Memory<'_> {
    fn root(&self) -> &str {
        "/work"
    }

    fn exec(&self, exec: &Exec) -> Result<Exited, EnvironmentError> {
        (self.double.program)(exec)
    }

    fn put(&self, path: &str, what: &Put) -> Result<(), EnvironmentError> {
        self.files.lock().unwrap().insert(path.to_owned(), what.clone());
        Ok(())
    }

    fn entries(
        &self,
        path: &str,
        _contents: Contents,
        _limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError> {
        let files = self.files.lock().unwrap();
        let entry = |(at, put): (&String, &Put)| {
            // Enough of a file system for these tests: a name that begins alike counts as below.
            let below = at.strip_prefix(path)?.trim_start_matches('/').to_owned();
            let Put::File { bytes, .. } = put else { return None };
            Some(TreeEntry {
                path: below,
                kind: EntryKind::File,
                mode: None,
                target: None,
                size: bytes.len() as u64,
                sha256: None,
                bytes: Some(bytes.clone()),
            })
        };
        Ok(files.iter().filter_map(entry).collect())
    }
}

/// A failure of the driver.
pub fn broken(action: &str) -> EnvironmentError {
    EnvironmentError::Driver {
        environment: "host".into(),
        action: action.into(),
        message: "the machinery failed".into(),
    }
}

/// A program that ended well and printed that.
pub fn printed(stdout: &str) -> Exited {
    Exited { code: Some(0), stdout: stdout.as_bytes().to_vec(), ..Exited::default() }
}

/// A case of the suite `s`, its steps and control in JSON.
pub fn case(id: &str, steps: serde_json::Value, control: serde_json::Value) -> Case {
    let case = serde_json::json!({
        "suite": "s",
        "id": id,
        "claims": ["S-001"],
        "title": "it holds",
        "environments": ["*"],
        "step": steps,
        "control": control,
    });
    serde_json::from_value(case).unwrap()
}

/// The claim of every case.
pub fn claim() -> Claim {
    Claim {
        id: "S-001".into(),
        statement: "It holds.".into(),
        truth: None,
        document: None,
        reference: "none".into(),
        source: None,
        level: Level::Must,
        suite: "s".into(),
    }
}

/// A run without a past.
pub fn meta() -> RunMeta {
    RunMeta {
        twinproof: "0".into(),
        started: 0,
        millis: 0,
        arguments: Vec::new(),
        subjects: Vec::new(),
        commit: None,
        suites_sha256: String::new(),
        suites_folder: "suites".into(),
        interrupted: false,
        strict: false,
        controls: Controls::None,
        filtered: false,
        redactions: 0,
    }
}
