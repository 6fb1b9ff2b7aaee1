//! Finds the answer to a request target.
//!
//! | target | answer |
//! | --- | --- |
//! | `/PATH/@v/list`, `/PATH/@v/VERSION.info` (`.mod`, `.zip`), `/PATH/@latest` | the module |
//! | `/sumdb/NAME/…` | the database NAME, by way of the proxy |
//! | `/db/…`, `/slashed-db/…` | the origin's own databases, directly |
//! | `/mod/…` | the same modules and databases behind cmd/go's control prefixes ([`control`]) |
//!
//! In place of a version a branch, a tag or a commit may be asked for. A module that is known and
//! has no version but pseudo-versions has an empty list; one that is not known has none (404).

use percent_encoding::percent_decode_str;
use twinproof_gomod::escape::{unescape_path, unescape_version};
use twinproof_gomod::versions;

use crate::answer::{Answer, JSON, TEXT, ZIP};
use crate::catalogue::Catalogue;
use crate::control::{self, Step};
use crate::database::{Database, History};
use crate::target::path_of;

/// The prefix that paths of the database with a listener of its own get when they arrive.
pub(crate) const ROOT: &str = "/root-db";

/// The content that an origin serves.
pub(crate) struct Service {
    pub catalogue: Catalogue,
    pub own: Database,
    /// A database whose name has a slash.
    pub slashed: Database,
    /// The database at the root of a listener of its own.
    pub root: Database,
    pub cmd_go: Option<Database>,
}

impl Service {
    /// The answer to `GET target`. With `fork`, databases answer out of their other history.
    pub fn answer(&self, target: &str, fork: bool) -> Answer {
        let raw = path_of(target);
        let Ok(path) = percent_decode_str(raw).decode_utf8() else {
            return Answer::text(400, "the path is not UTF-8\n");
        };
        let history = if fork { History::Fork } else { History::True };
        let direct = [("/db", &self.own), ("/slashed-db", &self.slashed), (ROOT, &self.root)];
        for (prefix, database) in direct {
            let rest = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
            if let Some(rest) = rest {
                return database.respond(&self.catalogue, history, rest).into();
            }
        }
        let Some(rest) = path.strip_prefix("/mod/") else {
            return self.goproxy(path.strip_prefix('/').unwrap_or(&path), history);
        };
        match control::step(rest, raw) {
            Step::Answer(answer) => answer,
            Step::Goproxy(rest) => match self.goproxy(rest, history) {
                // Some scripts expect these very words behind the status.
                // This is what http.NotFound of Go writes.
                answer if answer.status == 404 => Answer::text(404, "404 page not found\n"),
                answer => answer,
            },
            Step::Database { path, wrong } => {
                let history = if wrong { History::Wrong } else { history };
                let database = self.cmd_go.as_ref().unwrap_or(&self.own);
                database.respond(&self.catalogue, history, &path).into()
            }
        }
    }

    /// The answer to a path below a GOPROXY URL, without the slash in front.
    fn goproxy(&self, path: &str, history: History) -> Answer {
        if let Some(rest) = path.strip_prefix("sumdb/") {
            return self.database(rest, history);
        }
        if let Some(escaped) = path.strip_suffix("/@latest") {
            return self.latest(escaped);
        }
        match path.split_once("/@v/") {
            Some((escaped, "list")) => self.list(escaped),
            Some((escaped, file)) => self.file(escaped, file),
            None => Answer::not_found(path),
        }
    }

    fn database(&self, rest: &str, history: History) -> Answer {
        let own = [&self.own, &self.slashed, &self.root];
        for database in own.into_iter().chain(&self.cmd_go) {
            match rest.strip_prefix(database.name()) {
                Some("/supported") => return Answer::text(200, ""),
                Some(path) if path.starts_with('/') => {
                    return database.respond(&self.catalogue, history, path).into();
                }
                _ => {}
            }
        }
        Answer::not_found(&format!("no checksum database for {rest}"))
    }

    fn list(&self, escaped: &str) -> Answer {
        let Ok(path) = unescape_path(escaped) else { return bad_path(escaped) };
        let Some(versions) = self.catalogue.versions(&path) else {
            return Answer::not_found(&format!("module {path}"));
        };
        Answer::new(200, TEXT, versions::format(versions.iter().map(String::as_str)))
    }

    fn latest(&self, escaped: &str) -> Answer {
        let Ok(path) = unescape_path(escaped) else { return bad_path(escaped) };
        match self.catalogue.latest(&path).and_then(|release| release.info.clone()) {
            Some(info) => Answer::new(200, JSON, info),
            None => Answer::not_found(&format!("module {path} has no versions")),
        }
    }

    fn file(&self, escaped: &str, file: &str) -> Answer {
        let Ok(path) = unescape_path(escaped) else { return bad_path(escaped) };
        let Some((name, kind)) = file.rsplit_once('.') else { return Answer::not_found(file) };
        let Ok(name) = unescape_version(name) else {
            return Answer::not_found(&format!("version {name} is not spelled as it must be"));
        };
        let missing = || Answer::not_found(&format!("{path}@{name}"));
        let Some(release) = self.catalogue.query(&path, &name) else { return missing() };
        match kind {
            "info" => release.info.clone().map(|content| Answer::new(200, JSON, content)),
            "mod" => release.go_mod.clone().map(|content| Answer::new(200, TEXT, content)),
            "zip" => Some(Answer::new(200, ZIP, release.zip().content.clone())),
            _ => None,
        }
        .unwrap_or_else(missing)
    }
}

fn bad_path(escaped: &str) -> Answer {
    Answer::not_found(&format!("module path {escaped} is not spelled as it must be"))
}
