//! Checks a file against its hash in the checksum database.

use std::sync::Arc;

use twinproof_gomod::H1;

use crate::core::{Core, Wanted};
use crate::failure::{Failure, Reason};
use crate::kind::Kind;

impl Core {
    /// Confirms the hash of a zip or go.mod, where the rules say that a database must know it.
    pub(crate) async fn confirm(&self, wanted: &Wanted, h1: H1) -> Result<(), Failure> {
        let Some(database) = self.databases.first().filter(|_| self.settings.verify) else {
            return Ok(());
        };
        if self.policy.is_private(&wanted.module) {
            return Ok(());
        }
        let (module, version) = (wanted.module.clone(), wanted.version.clone());
        let answer = Arc::clone(database)
            .ask(move |database| database.lookup(&module, &version))
            .await
            .map_err(|failure| self.unconfirmed(wanted, failure))?;
        let go_mod = if wanted.kind == Kind::Mod { "/go.mod" } else { "" };
        let start = format!("{} {}{go_mod} ", wanted.module, wanted.version);
        let text = String::from_utf8_lossy(&answer);
        let mut known: Vec<&str> = text
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix(&start))
            .filter(|hash| hash.starts_with("h1:"))
            .collect();
        let mine = h1.to_string();
        if known.contains(&mine.as_str()) {
            return Ok(());
        }
        let what = format!("{}@{}{go_mod}", wanted.module, wanted.version);
        let known = known.pop().unwrap_or("no hash");
        let text = format!(
            "SECURITY ERROR: verifying {what}: checksum mismatch\n\
             \tdownloaded: {mine}\n\
             \t{}: {known}\n\
             The bits may have been replaced on the origin server, or an attacker may have\n\
             intercepted the download. They are neither served nor kept.",
            database.name
        );
        tracing::error!(file = what, downloaded = mine, known, "checksum mismatch");
        Err(Failure::new(Reason::Security, text))
    }

    fn unconfirmed(&self, wanted: &Wanted, failure: Failure) -> Failure {
        if failure.reason == Reason::Security {
            return failure;
        }
        let text = format!("verifying {}@{}: {}", wanted.module, wanted.version, failure.text);
        Failure::new(Reason::Unconfirmed, text)
    }
}
