//! A pipeline's processes: started in order, with readiness, killed, stopped and resumed.

use crate::Error;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use twinproof_history::Instance;
use twinproof_model::Template;
use twinproof_process::{Launch, Live};
use twinproof_subject::PipelineProcess;

/// Time limit for a process to be ready.
const READY: Duration = Duration::from_secs(60);
/// Time that processes have to end when they are asked to.
const PATIENCE: Duration = Duration::from_secs(5);
/// At most this many bytes of a process's last output are shown.
const LAST: usize = 4000;

/// A run of a pipeline.
pub struct Running {
    /// The record of the run so far.
    pub seen: Instance,
    processes: Vec<(Live, PathBuf)>,
    paused: bool,
}

/// Parameters of a start.
pub struct Starting<'s> {
    /// The subject's program.
    pub program: &'s Path,
    /// The processes.
    pub processes: &'s [PipelineProcess],
    /// Puts variables into a text.
    pub expand: &'s dyn Fn(&Template) -> Result<String, Error>,
    /// The variables of every process.
    pub env: &'s BTreeMap<String, String>,
    /// Their current directory.
    pub cwd: &'s Path,
    /// The folder for their output.
    pub logs: &'s Path,
}

impl Running {
    /// Starts all processes, one after the other is ready.
    pub fn start(starting: &Starting<'_>, number: u32, at: u64) -> Result<Self, Error> {
        let seen = Instance { number, at, ..Instance::default() };
        let mut this = Self { seen, processes: Vec::new(), paused: false };
        for process in starting.processes {
            let log = starting.logs.join(format!("{}-{number}.log", process.name));
            let expand = starting.expand;
            let args: Vec<OsString> =
                process.args.iter().map(|a| expand(a).map(Into::into)).collect::<Result<_, _>>()?;
            let mut env = starting.env.clone();
            for (name, value) in &process.env {
                env.insert(name.clone(), expand(value)?);
            }
            let program = match &process.program {
                None => starting.program.to_owned(),
                Some(name) => {
                    let name = expand(name)?;
                    which::which(&name)
                        .map_err(|_| Error::Broken(format!("there is no program {name}")))?
                }
            };
            let file = File::create(&log).map_err(Error::io("a log"))?;
            let live = Live::start(Launch {
                program: &program,
                args,
                env: &env,
                cwd: starting.cwd,
                log: file,
            });
            let live = live.map_err(|e| Error::Broken(format!("{}: {e}", program.display())))?;
            this.processes.push((live, log.clone()));
            // A process that ends before it is ready ends the wait too.
            if let Some(text) = &process.ready {
                let until = Instant::now() + READY;
                while !this.look(at) && Instant::now() < until {
                    if std::fs::read_to_string(&log).is_ok_and(|said| said.contains(text)) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        Ok(this)
    }

    /// Whether one of its processes has ended by itself; that is noted once, at that time.
    pub fn look(&mut self, at: u64) -> bool {
        if self.seen.ended.is_some() {
            return true;
        }
        for (live, log) in &mut self.processes {
            if let Ok(Some(code)) = live.ended() {
                let said = std::fs::read(log).unwrap_or_default();
                let said = String::from_utf8_lossy(&said).into_owned();
                // The end of the log: a program says last why it ended.
                let from = said.len().saturating_sub(LAST);
                let from =
                    (from..said.len()).find(|i| said.is_char_boundary(*i)).unwrap_or(said.len());
                self.seen.ended = Some(at);
                self.seen.code = code;
                self.seen.last = said[from..].to_owned();
                return true;
            }
        }
        false
    }

    /// Stops all processes where they are, or lets them go on.
    pub fn pause(&mut self, pause: bool) -> Result<(), Error> {
        #[cfg(unix)]
        for (live, _) in &self.processes {
            let signal =
                if pause { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
            let id = i32::try_from(live.id()).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(id) = id {
                rustix::process::kill_process(id, signal)
                    .map_err(|e| Error::Broken(format!("a process cannot be stopped: {e}")))?;
            }
        }
        #[cfg(not(unix))]
        if pause {
            return Err(Error::Broken("processes cannot be stopped here".to_owned()));
        }
        self.paused = pause;
        Ok(())
    }

    /// Asks all to end, in the other order, and waits.
    pub fn stop(mut self) -> Instance {
        if self.paused {
            let _ = self.pause(false);
        }
        // The last one started first: it depends on those before it.
        while let Some((live, _)) = self.processes.pop() {
            live.end(PATIENCE);
        }
        self.seen
    }

    /// Ends all by force.
    pub fn kill(mut self) -> Instance {
        self.processes.clear();
        self.seen
    }
}
