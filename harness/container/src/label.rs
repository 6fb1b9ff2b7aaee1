//! Labels with the owner of a container, and whether that process still lives. Not the removal
//! itself, which is [`crate::sweep`].

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

pub(crate) const RUN: &str = "twinproof.run";
const PID: &str = "twinproof.pid";
const START: &str = "twinproof.start";
const HOST: &str = "twinproof.host";
const UNTIL: &str = "twinproof.until";

/// The clock that a start time is reckoned from may be set by this much between two readings.
const CLOCK_SLACK: u64 = 2;

/// A run of the harness: the owner of the containers started for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Random, 16 hex digits.
    pub id: String,
    /// After this time a container of the run ends by itself, even where its owner cannot end it.
    pub limit: Duration,
    owner: Owner,
    until: u64,
}

/// A process, with its start time to distinguish it from a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pid: u32,
    /// Seconds since the epoch.
    start: u64,
    /// The host and, on Linux, the namespace in which `pid` means that process.
    host: String,
}

impl Run {
    /// A run owned by this process, of at most `limit`.
    pub fn new(limit: Duration) -> Self {
        let until = now().saturating_add(limit.as_secs());
        Self { id: token(), limit, owner: Owner::this(), until }
    }

    pub(crate) fn labels(&self) -> HashMap<String, String> {
        [
            (RUN, self.id.clone()),
            (PID, self.owner.pid.to_string()),
            (START, self.owner.start.to_string()),
            (HOST, self.owner.host.clone()),
            (UNTIL, self.until.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }
}

impl Owner {
    fn this() -> Self {
        let pid = std::process::id();
        Self { pid, start: start_of(pid).unwrap_or_default(), host: host() }
    }

    fn lives(&self) -> bool {
        start_of(self.pid).is_some_and(|start| start.abs_diff(self.start) <= CLOCK_SLACK)
    }
}

/// Whether a sweep may remove a container, by its labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The owner of the container is running.
    Owned,
    /// The owner has ended, or the container's time is over.
    Orphan,
    /// The container belongs to another machine or namespace, or its labels make no sense.
    Unknown,
}

/// Judges the labels of a container.
pub(crate) fn claim(labels: &HashMap<String, String>) -> Claim {
    judge(labels, &host(), now(), Owner::lives)
}

fn judge(
    labels: &HashMap<String, String>,
    here: &str,
    now: u64,
    lives: impl Fn(&Owner) -> bool,
) -> Claim {
    let number = |key| labels.get(key).and_then(|value: &String| value.parse::<u64>().ok());
    // A run ends its containers at its limit; a minute later the owner must be gone even if its
    // number lives on.
    if number(UNTIL).is_some_and(|until| now > until.saturating_add(60)) {
        return Claim::Orphan;
    }
    let pid = number(PID).and_then(|pid| u32::try_from(pid).ok());
    let (Some(pid), Some(start), Some(host)) = (pid, number(START), labels.get(HOST)) else {
        return Claim::Unknown;
    };
    // The engine may be shared: a process number of another machine says nothing here.
    if host != here {
        return Claim::Unknown;
    }
    if lives(&Owner { pid, start, host: host.clone() }) { Claim::Owned } else { Claim::Orphan }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

fn start_of(pid: u32) -> Option<u64> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new();
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        ProcessRefreshKind::nothing(),
    );
    system.process(pid).map(|process| process.start_time())
}

fn host() -> String {
    let name = System::host_name().unwrap_or_default();
    match std::fs::read_link("/proc/self/ns/pid") {
        // Numbers of processes are unique within a PID namespace only: CI jobs in containers share
        // a host name and an engine.
        Ok(namespace) => format!("{name} {}", namespace.display()),
        Err(_) => name,
    }
}

/// 16 hexadecimal digits, unique among runs on this machine.
pub(crate) fn token() -> String {
    // RandomState is seeded by the system; a random number generator crate is not needed for a
    // name.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.write_u128(
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()),
    );
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn labels(changes: &[(&str, Option<&str>)]) -> HashMap<String, String> {
        let mut labels: HashMap<String, String> =
            [(RUN, "r"), (PID, "10"), (START, "1000"), (HOST, "here"), (UNTIL, "5000")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into();
        for (key, value) in changes {
            match value {
                Some(value) => labels.insert((*key).into(), (*value).into()),
                None => labels.remove(*key),
            };
        }
        labels
    }

    #[rstest]
    #[case::alive(&[], 2000, true, Claim::Owned)]
    #[case::dead(&[], 2000, false, Claim::Orphan)]
    #[case::over_at_the_limit(&[], 5060, true, Claim::Owned)]
    #[case::over(&[], 5061, true, Claim::Orphan)]
    #[case::over_elsewhere(&[(HOST, Some("there"))], 5061, true, Claim::Orphan)]
    #[case::elsewhere(&[(HOST, Some("there"))], 2000, false, Claim::Unknown)]
    #[case::no_pid(&[(PID, None)], 2000, false, Claim::Unknown)]
    #[case::bad_pid(&[(PID, Some("99999999999"))], 2000, false, Claim::Unknown)]
    #[case::bad_start(&[(START, Some("-1"))], 2000, false, Claim::Unknown)]
    fn labels_say_whether_to_remove(
        #[case] changes: &[(&str, Option<&str>)],
        #[case] now: u64,
        #[case] lives: bool,
        #[case] expected: Claim,
    ) {
        let judged = judge(&labels(changes), "here", now, |owner| {
            assert_eq!((owner.pid, owner.start), (10, 1000));
            lives
        });
        assert_eq!(judged, expected);
    }

    #[test]
    fn this_process_owns_what_it_labels() {
        assert_eq!(claim(&Run::new(Duration::from_secs(60)).labels()), Claim::Owned);
    }

    #[test]
    fn another_start_time_is_another_process() {
        let run = Run::new(Duration::from_secs(60));
        let mut labels = run.labels();
        labels.insert(START.into(), (run.owner.start + 10).to_string());
        assert_eq!(claim(&labels), Claim::Orphan);
    }

    #[test]
    fn two_tokens_are_never_equal() {
        assert_ne!(token(), token());
        assert_eq!(token().len(), 16);
    }
}
