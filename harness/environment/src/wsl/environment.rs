//! The facts of a distribution, measured once.

use super::find::Found;
use super::list::Distribution;
use super::relay::Relay;
use super::sandbox::{WslSandbox, said};
use super::script::remove;
use super::transfer::transfer;
use crate::driver::{Environment, EnvironmentError, Sandbox};
use crate::facts::Facts;
use crate::host::posix_env;
use crate::sdk::Sdk;
use crate::{handshake, probe};
use std::collections::BTreeMap;
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName};
use twinproof_process::Stdin;

/// Most bytes of output of the scripts here.
const SAID: u64 = 1 << 16;

/// Makes the directories; prints the base, the cache, and `setsid` if it is there.
const PREPARE: &str = r#"base=$(mktemp -d /tmp/twinproof.XXXXXX) && mkdir "$base/work" "$base/ids" || exit 1
cache=${HOME:-/tmp}/.cache/twinproof
mkdir -p "$cache/go-build" "$cache/sdk" || exit 1
echo "$base"
echo "$cache"
if command -v setsid >/dev/null; then echo setsid; fi"#;

/// Prints GOROOT and GOVERSION of each `go` that a user of the distribution may have.
const OWN_GO: &str = r#"for go in "$(sh -lc 'command -v go' 2>/dev/null)" /usr/local/go/bin/go /snap/bin/go; do
  [ -x "$go" ] || continue
  (cd / && GOTOOLCHAIN=local GOENV=off GOFLAGS= GO111MODULE= "$go" env GOROOT GOVERSION </dev/null 2>/dev/null)
done
exit 0"#;

/// A distribution of WSL.
pub struct Wsl {
    relay: Relay,
    base: String,
    work: String,
    ids: String,
    facts: Facts,
}

impl Wsl {
    /// Starts a distribution that was found, measures it, puts the SDKs for it in place and shakes
    /// hands.
    ///
    /// # Errors
    /// When `wsl.exe` fails, the distribution lacks `setsid`, or the handshake fails.
    pub fn detect(
        found: &Found,
        distribution: &Distribution,
        sdks: &[Sdk],
    ) -> Result<Self, EnvironmentError> {
        let name = EnvironmentName::instance_of(EnvironmentKind::Wsl, &distribution.name);
        let relay = Relay { exe: found.exe.clone(), name, distribution: distribution.name.clone() };
        let text = said(&relay, "making directories", PREPARE, Stdin::Null, SAID)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines = text.lines();
        let (base, cache) = match (lines.next(), lines.next()) {
            (Some(base), Some(cache)) if base.starts_with('/') => (base, cache),
            _ => return Err(relay.failed("making directories", text)),
        };
        let mut wsl = Self {
            base: base.to_owned(),
            work: format!("{base}/work"),
            ids: format!("{base}/ids"),
            facts: Facts::new(relay.name.clone(), format!("{cache}/go-build")),
            relay,
        };
        // A session of its own is what makes a program and all its children one group to kill.
        if lines.next() != Some("setsid") {
            let what = "end programs at their limit: install util-linux (setsid) in it";
            return Err(EnvironmentError::unsupported(wsl.name(), what));
        }
        wsl.measure(found, distribution, sdks, &format!("{cache}/sdk"))?;
        Ok(wsl)
    }

    fn measure(
        &mut self,
        found: &Found,
        distribution: &Distribution,
        sdks: &[Sdk],
        sdk_parent: &str,
    ) -> Result<(), EnvironmentError> {
        let (mut probed, networking) = {
            // Without an SDK yet: the architecture has to be known before SDKs are put in place.
            let sandbox = self.open("probe")?;
            let probed = probe::measure(self, sandbox.as_ref(), None)?;
            let args = ["--networking-mode"];
            let exec = probe::ask(self, sandbox.root(), "wslinfo", &args);
            (probed, sandbox.exec(&exec)?)
        };
        let arch = probed.fingerprint.arch.clone();
        for sdk in sdks.iter().filter(|s| s.os == "linux" && s.arch == arch) {
            let goroot = transfer(&self.relay, sdk, sdk_parent)?;
            self.facts.sdks.add(sdk.version.clone(), goroot, sdk.described());
        }
        // After the harness's own SDKs, which win where both have a version.
        let own = said(&self.relay, "looking for Go", OWN_GO, Stdin::Null, SAID)?;
        let own = String::from_utf8_lossy(&own).into_owned();
        for pair in own.lines().collect::<Vec<_>>().chunks_exact(2) {
            if let [goroot, version] = pair
                && let Some(version) = version.strip_prefix("go")
            {
                let described = format!("the distribution's own, {goroot}");
                self.facts.sdks.add(version.to_owned(), (*goroot).to_owned(), described);
            }
        }
        let handshake = {
            let sandbox = self.open("handshake")?;
            let goroot = self.facts.sdks.any();
            if let Some(goroot) = goroot {
                probe::go(self, sandbox.as_ref(), goroot)?;
                probed.capabilities.insert(Capability::Go);
                if probe::loopback(self, sandbox.as_ref(), goroot)? {
                    probed.capabilities.insert(Capability::Loopback);
                }
            }
            handshake::shake(self, sandbox.as_ref(), goroot)?
        };
        let mode = match networking.code {
            Some(0) => String::from_utf8_lossy(&networking.stdout).trim().to_owned(),
            _ => "unknown".to_owned(),
        };
        let own_version = || "the one that came with Windows".to_owned();
        let version = Some(&found.version).filter(|v| !v.is_empty()).cloned();
        probed.fingerprint.facts = BTreeMap::from([
            ("wsl".to_owned(), version.unwrap_or_else(own_version)),
            ("wsl generation".to_owned(), distribution.version.to_string()),
            ("networking".to_owned(), mode),
        ]);
        if distribution.version == 2 {
            probed.capabilities.insert(Capability::Wsl2);
        }
        self.facts.measured(probed, handshake);
        Ok(())
    }
}

impl Environment for Wsl {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        posix_env(home, tmp)
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        Ok(Box::new(WslSandbox::open(&self.relay, &self.work, &self.ids, label)?))
    }
}

impl Drop for Wsl {
    fn drop(&mut self) {
        // A directory that cannot be removed stays in the distribution's /tmp, which it clears by
        // itself.
        let script = remove(&self.base);
        let _ = said(&self.relay, "removing directories", &script, Stdin::Null, SAID);
    }
}
