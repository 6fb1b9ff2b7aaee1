//! A work directory in a distribution.

use super::archive::{self, UnpackError};
use super::relay::{Relay, token};
use super::script::{kill, quoted, remove, run, with_trailer};
use crate::driver::{
    Contents, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits, TreeEntry,
};
use std::time::Duration;
use twinproof_process::Stdin;

/// Time limit of everything that moves or removes files.
const FILES: Duration = Duration::from_secs(300);
/// Most bytes of output of such a script.
const SAID: u64 = 1 << 20;

/// A work directory, and the directory where the numbers of its sessions are.
pub(super) struct WslSandbox<'a> {
    pub(super) relay: &'a Relay,
    pub(super) root: String,
    pub(super) ids: &'a str,
}

impl<'a> WslSandbox<'a> {
    /// Makes one in `parent`.
    pub(super) fn open(
        relay: &'a Relay,
        parent: &str,
        ids: &'a str,
        label: &str,
    ) -> Result<Self, EnvironmentError> {
        let template = format!("{parent}/{}-XXXXXX", crate::label::safe(label));
        let body = format!("cd \"$(mktemp -d {})\" && pwd -P", quoted(&template));
        let root = said(relay, "making a work directory", &body, Stdin::Null, SAID)?;
        let root = String::from_utf8_lossy(&root).trim().to_owned();
        Ok(Self { relay, root, ids })
    }
}

/// Standard output of a script that must end well.
pub(super) fn said(
    relay: &Relay,
    action: &str,
    body: &str,
    stdin: Stdin,
    output_limit: u64,
) -> Result<Vec<u8>, EnvironmentError> {
    let token = token();
    let script = with_trailer(&token, body);
    let answer = relay.script(action, (&token, &script), stdin, (FILES, output_limit), None)?;
    if answer.is_ok() {
        return Ok(answer.ended.stdout);
    }
    let stderr = String::from_utf8_lossy(&answer.ended.stderr).trim().to_owned();
    let message = match answer.word {
        Some(code) => format!("exit code {code}: {stderr}"),
        None => format!("it took more than {} s", FILES.as_secs()),
    };
    Err(relay.failed(action, message))
}

impl Sandbox for WslSandbox<'_> {
    fn root(&self) -> &str {
        &self.root
    }

    fn exec(&self, exec: &Exec) -> Result<Exited, EnvironmentError> {
        let has_nul = |text: &String| text.contains('\0');
        let variables = exec.env.iter().flat_map(|(k, v)| [k, v]);
        let mut words = exec.args.iter().chain([&exec.program, &exec.cwd]).chain(variables);
        if words.any(has_nul) || exec.program.contains('=') {
            let what = format!("run {:?}: a NUL, or a `=` in a program's path", exec.program);
            return Err(EnvironmentError::unsupported(&self.relay.name, what));
        }
        let action = format!("running {}", exec.program);
        let token = token();
        let (script, kill) = (run(&token, self.ids, exec), kill(&token, self.ids));
        let limits = (exec.limit, exec.output_limit);
        let stdin = Stdin::Bytes(exec.stdin.clone());
        let answer = self.relay.script(&action, (&token, &script), stdin, limits, Some(&kill))?;
        let ended = answer.ended;
        let mut exited = Exited::from(ended);
        // The code is that of the program in between.
        exited.code = None;
        match answer.word.as_deref() {
            None => {}
            Some("not-found") => exited.not_found = true,
            Some("no-directory") => {
                let message = format!("{}: no such directory", exec.cwd);
                return Err(self.relay.failed(&action, message));
            }
            Some(code) => {
                let bad = |_| self.relay.failed(&action, format!("no exit code: {code}"));
                exited.code = Some(code.parse().map_err(bad)?);
            }
        }
        Ok(exited)
    }

    fn put(&self, path: &str, what: &Put) -> Result<(), EnvironmentError> {
        let action = format!("putting {path}");
        let bytes = archive::pack(path, what).map_err(|e| self.relay.failed(&action, e))?;
        said(self.relay, &action, "tar -xpmf - -C /", Stdin::Bytes(bytes), SAID)?;
        Ok(())
    }

    fn entries(
        &self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError> {
        let action = format!("reading {path}");
        // A single file has to be listed at any depth: it is the path itself.
        let (flag, depth) = match limits.depth {
            0 => ("--no-recursion ", 1),
            deeper => ("", deeper),
        };
        let limits = SnapshotLimits { depth, ..limits };
        let body = format!(
            "p={}
[ -e \"$p\" ] || [ -L \"$p\" ] || exit 0
if [ -d \"$p\" ] && ! [ -L \"$p\" ]; then exec tar {flag}-cf - -C \"$p\" .; fi
d=${{p%/*}}
exec tar -cf - -C \"${{d:-/}}\" \"./${{p##*/}}\"",
            quoted(path)
        );
        // Tar adds a header and padding for each entry, and another header for a long name.
        let room = limits.bytes.saturating_add(4096 * (limits.entries as u64 + 64));
        let bytes = said(self.relay, &action, &body, Stdin::Null, room)?;
        let mut entries = match archive::unpack(&bytes, contents, limits) {
            Ok(entries) => entries,
            Err(UnpackError::Io(_)) if bytes.len() as u64 >= room => {
                let what = format!("the size of {path}");
                let limit = format!("{} bytes", limits.bytes);
                return Err(EnvironmentError::limit(&self.relay.name, what, limit));
            }
            Err(UnpackError::Io(e)) => return Err(self.relay.failed(&action, e)),
            Err(UnpackError::Limit(what, limit)) => {
                let what = format!("{what} in {path}");
                return Err(EnvironmentError::limit(&self.relay.name, what, limit));
            }
        };
        if let [only] = entries.as_mut_slice()
            && only.kind != twinproof_model::EntryKind::Dir
        {
            only.path.clear();
        }
        Ok(entries)
    }
}

impl Drop for WslSandbox<'_> {
    fn drop(&mut self) {
        // A directory that cannot be removed stays in the distribution's /tmp, which it clears by
        // itself.
        let _ =
            said(self.relay, "removing a work directory", &remove(&self.root), Stdin::Null, SAID);
    }
}
