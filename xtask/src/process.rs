//! Memory, processor time and descriptors of a server's processes in a comparison, from `/proc` on
//! Linux. Unknown on other systems.

use std::fs;

/// A process and its children, of whom a server may have some that do the work.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

impl Process {
    /// Resident memory, in KiB.
    pub fn resident(self) -> Option<u64> {
        self.sum(|id| status(id, "VmRSS:"))
    }

    /// The most that was resident since the start, in KiB.
    pub fn peak(self) -> Option<u64> {
        self.sum(|id| status(id, "VmHWM:"))
    }

    /// Processor time used since the start, in milliseconds. The kernel counts in steps of ten.
    pub fn busy(self) -> Option<u64> {
        self.sum(|id| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
            let ticks: u64 = fields.next()?.parse().ok()?;
            Some(10 * (ticks + fields.next()?.parse::<u64>().ok()?))
        })
    }

    /// Open descriptors.
    pub fn descriptors(self) -> Option<u64> {
        self.sum(|id| Some(fs::read_dir(format!("/proc/{id}/fd")).ok()?.count() as u64))
    }

    /// The most that was resident of the process itself, without its children, in KiB.
    pub fn own_peak(self) -> Option<u64> {
        status(self.0, "VmHWM:")
    }

    /// Whether SIGHUP is held back, or has a handler.
    #[cfg(unix)]
    pub fn keeps_hangup(self) -> bool {
        // SIGHUP is signal 1, the lowest bit.
        let set = |mask: String| u64::from_str_radix(&mask, 16).is_ok_and(|m| m & 1 != 0);
        ["SigBlk:", "SigCgt:"].iter().any(|mark| field(self.0, mark).is_some_and(set))
    }

    fn sum(self, of: impl Fn(u32) -> Option<u64>) -> Option<u64> {
        let own = of(self.0)?;
        let children = fs::read_dir("/proc").ok()?.filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse::<u32>().ok()?;
            (status(id, "PPid:") == Some(self.0.into())).then(|| of(id)).flatten()
        });
        Some(own + children.sum::<u64>())
    }
}

/// The value of a field in `/proc/ID/status`.
fn field(id: u32, mark: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix(mark))?.trim().to_owned())
}

/// A number of `/proc/ID/status`.
fn status(id: u32, mark: &str) -> Option<u64> {
    field(id, mark)?.trim_end_matches("kB").trim().parse().ok()
}

/// As many open files as the system lets this program and its children have.
pub fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known() {
        let this = Process(std::process::id());
        let resident = this.resident().unwrap();
        assert!(resident > 500);
        // Read after it: memory grows while other tests of this process run.
        assert!(this.peak().unwrap() >= resident);
        assert!(this.descriptors().unwrap() >= 3);
        assert!(this.busy().is_some());
    }
}
