//! The checks of one step: each assertion, with what was asserted and what was seen.

use crate::{Blobs, Scope, text};
use base64::Engine as _;
use twinproof_base::hex;
use twinproof_model::variables::VariableError;
use twinproof_model::{
    BlobRef, Canary, CanarySight, Check, EntryKind, FileEntry, FileStep, Observation, Probe,
    Process, ProcessObservation, Step, TextMatch, TreeStep, ValueMatch, Verdict,
};

/// Collects the checks of one step.
pub struct Checks<'a> {
    /// Name of the step in check ids.
    pub step: &'a str,
    /// Its index.
    pub index: usize,
    /// Values for the texts of assertions.
    pub scope: &'a Scope,
    /// Where bytes are.
    pub blobs: &'a dyn Blobs,
    /// What was found.
    pub found: Vec<Check>,
}

impl Checks<'_> {
    pub(crate) fn push(
        &mut self,
        what: &str,
        verdict: Verdict,
        expected: impl Into<String>,
        actual: impl Into<String>,
        evidence: &[&BlobRef],
    ) {
        self.found.push(Check {
            id: format!("{}.{what}", self.step),
            step: self.index,
            verdict,
            expected: expected.into(),
            actual: actual.into(),
            evidence: evidence.iter().copied().cloned().collect(),
        });
    }

    pub(crate) fn holds(
        &mut self,
        what: &str,
        holds: bool,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        self.push(what, verdict, expected, actual, &[]);
    }

    /// A condition on a text that may be missing, cut or not UTF-8.
    pub(crate) fn text(
        &mut self,
        what: &str,
        wanted: &TextMatch,
        seen: Result<String, (Verdict, String)>,
        evidence: &[&BlobRef],
    ) {
        let judged = match seen {
            Err((verdict, why)) => Err((verdict, why)),
            Ok(seen) => text::judge(&wanted.0, &seen, self.scope)
                .map_err(|e| (Verdict::Inconclusive, e.to_string())),
        };
        match judged {
            Ok((asserted, None)) => {
                self.push(what, Verdict::Pass, asserted, "as asserted", evidence)
            }
            Ok((_, Some(wrong))) => {
                self.push(what, Verdict::Fail, wrong.expected, wrong.actual, evidence);
            }
            Err((verdict, why)) => self.push(what, verdict, "a text", why, evidence),
        }
    }

    pub(crate) fn bytes(&self, blob: &BlobRef) -> Result<Vec<u8>, (Verdict, String)> {
        let lost = || (Verdict::Inconclusive, format!("evidence {} is lost", blob.sha256));
        self.blobs.get(blob).map(std::borrow::Cow::into_owned).ok_or_else(lost)
    }

    /// The checks of a step against what it saw.
    pub fn step(&mut self, step: &Step, seen: &Observation) {
        match (step, seen) {
            (Step::Write(_), Observation::Wrote { .. })
            | (Step::Env(_), Observation::Env)
            | (Step::Golden(_), Observation::Golden) => {}
            (Step::Run(s), Observation::Process(p)) => self.process(&s.process(), p),
            (Step::Go(s), Observation::Process(p)) => self.process(&s.process(), p),
            (Step::File(s), Observation::Entries { entries, .. }) => self.file(s, entries.first()),
            (Step::Tree(s), Observation::Entries { entries, .. }) => self.tree(s, entries),
            (Step::Origin(_), Observation::Origin { .. }) => {}
            (Step::Subject(_), Observation::Subject(s)) => self.launch(s),
            (Step::Http(s), Observation::Http(h)) => self.http(s, h),
            (Step::Raw(s), Observation::Raw(r)) => self.raw(s, r),
            (Step::Requests(s), Observation::Requests { requests, error }) => {
                self.requests(s, requests, error.as_deref());
            }
            (Step::Sumdb(s), Observation::Sumdb(a)) => self.sumdb(s, a),
            (Step::Script(s), Observation::Script(r)) => self.script(s, r),
            (Step::Canary(s), Observation::Canary(c)) => self.canary(s, c),
            (Step::Probe(s), Observation::Probe { process, values, error }) => {
                self.probe(s, process.as_ref(), values, error.as_deref());
            }
            _ => self.push(
                "evidence",
                Verdict::Inconclusive,
                format!("an observation of a {} step", step.kind()),
                "an observation of another kind",
                &[],
            ),
        }
    }

    /// Whether the program ended by itself; says so where it did not.
    fn ended(&mut self, seen: &ProcessObservation) -> bool {
        let evidence = [&seen.stdout, &seen.stderr];
        if seen.timed_out {
            let actual = format!("still running after {} ms, killed", seen.limit_ms);
            self.push(
                "exit",
                Verdict::Inconclusive,
                "an end within its time limit",
                actual,
                &evidence,
            );
        } else if seen.not_found {
            let program = seen.argv.first().map_or("", String::as_str);
            self.push(
                "exit",
                Verdict::Fail,
                "a program",
                format!("there is no program {program}"),
                &evidence,
            );
        } else {
            return true;
        }
        false
    }

    fn process(&mut self, want: &Process, seen: &ProcessObservation) {
        if !self.ended(seen) {
            return;
        }
        let verdict = if seen.exit == Some(want.exit.0) { Verdict::Pass } else { Verdict::Fail };
        let mut actual =
            seen.exit.map_or_else(|| "no exit code".to_owned(), |c| format!("exit code {c}"));
        if verdict == Verdict::Fail
            && let Ok(bytes) = self.bytes(&seen.stderr)
            && !bytes.is_empty()
        {
            actual = format!(
                "{actual}, {}",
                text::shown(String::from_utf8_lossy(&bytes).trim_end(), 400)
            );
        }
        let expected = format!("exit code {}", want.exit.0);
        self.push("exit", verdict, expected, actual, &[&seen.stdout, &seen.stderr]);
        for (what, wanted, blob) in
            [("stdout", &want.stdout, &seen.stdout), ("stderr", &want.stderr, &seen.stderr)]
        {
            let Some(wanted) = wanted else { continue };
            let seen_text = self.bytes(blob).and_then(|bytes| {
                if seen.truncated {
                    return Err((Verdict::Inconclusive, "it was cut at its size limit".to_owned()));
                }
                text::of_process(&bytes).ok_or((Verdict::Fail, "it is not UTF-8".to_owned()))
            });
            self.text(what, wanted, seen_text, &[blob]);
        }
    }

    fn file(&mut self, want: &FileStep, seen: Option<&FileEntry>) {
        let there = |e: &FileEntry| match e.kind {
            EntryKind::File => format!("a file of {} bytes", e.size),
            EntryKind::Dir => "a directory".to_owned(),
            EntryKind::Symlink => format!("a link to {}", e.target.as_deref().unwrap_or("?")),
            EntryKind::Other => "something else".to_owned(),
        };
        let actual = seen.map_or_else(|| "nothing there".to_owned(), there);
        if let Some(exists) = want.exists {
            let expected = if exists { "something there" } else { "nothing there" };
            self.holds("exists", seen.is_some() == exists, expected, actual.clone());
        }
        let file = seen.filter(|e| e.kind == EntryKind::File);
        if let Some(size) = want.size {
            self.holds(
                "size",
                file.is_some_and(|f| f.size == size),
                format!("{size} bytes"),
                actual.clone(),
            );
        }
        if let Some(dir) = want.dir {
            let expected = if dir { "a directory" } else { "no directory" };
            let is = seen.is_some_and(|e| e.kind == EntryKind::Dir);
            self.holds("dir", seen.is_some() && is == dir, expected, actual.clone());
        }
        if let Some(mode) = &want.mode {
            let shown =
                seen.and_then(|e| e.mode).map_or_else(|| actual.clone(), |m| format!("{m:04o}"));
            let wanted = u32::from_str_radix(mode, 8).ok();
            let holds = wanted.is_some() && seen.and_then(|e| e.mode) == wanted;
            self.holds("mode", holds, mode.clone(), shown);
        }
        if let Some(target) = &want.symlink {
            let target = self.expand("symlink", target);
            if let Some(target) = target {
                let holds = seen.and_then(|e| e.target.as_deref()) == Some(target.as_str());
                self.holds("symlink", holds, format!("a link to {target}"), actual.clone());
            }
        }
        if let Some(sha256) = &want.sha256
            && let Some(sha256) = self.expand("sha256", sha256)
        {
            let seen_hash = file.and_then(|f| f.sha256.clone());
            let holds = seen_hash.as_deref() == Some(sha256.as_str());
            self.holds("sha256", holds, sha256, seen_hash.unwrap_or(actual.clone()));
        }
        let content = match file.and_then(|f| f.content.as_ref()) {
            Some(blob) => self.bytes(blob).map(|bytes| (bytes, blob)),
            None => Err((Verdict::Fail, actual)),
        };
        for (what, wanted) in [("base64", &want.base64), ("starts_with", &want.starts_with)] {
            let Some(wanted) = wanted else { continue };
            let decoded = base64::engine::general_purpose::STANDARD.decode(wanted).ok();
            match (&content, decoded) {
                (Ok((bytes, _)), Some(want)) => {
                    let holds =
                        if what == "base64" { *bytes == want } else { bytes.starts_with(&want) };
                    let head = &bytes[..bytes.len().min(want.len() + 16)];
                    self.holds(
                        what,
                        holds,
                        hex::encode(&want),
                        format!("{} ({} bytes)", hex::encode(head), bytes.len()),
                    );
                }
                (Err((verdict, why)), Some(want)) => {
                    let (verdict, why) = (*verdict, why.clone());
                    self.push(what, verdict, hex::encode(&want), why, &[]);
                }
                (_, None) => {
                    self.push(what, Verdict::Inconclusive, wanted.clone(), "no base64", &[])
                }
            }
        }
        if let Some(wanted) = &want.text {
            match content {
                Ok((bytes, blob)) => {
                    let seen =
                        text::of_file(&bytes).ok_or((Verdict::Fail, "it is not UTF-8".to_owned()));
                    self.text("text", wanted, seen, &[blob]);
                }
                Err(why) => self.text("text", wanted, Err(why), &[]),
            }
        }
    }

    fn tree(&mut self, want: &TreeStep, seen: &[FileEntry]) {
        let is_dir = seen.first().is_some_and(|e| e.kind == EntryKind::Dir);
        if let Some(exists) = want.exists {
            let expected = if exists { "a directory" } else { "no directory" };
            let actual = if is_dir { "a directory" } else { "no directory" };
            self.holds("exists", is_dir == exists, expected, actual);
        }
        let entries = tree_entries(seen);
        if let Some(wanted) = &want.entries {
            let mut expanded = Vec::new();
            for entry in wanted {
                match self.expand("entries", entry) {
                    Some(entry) => expanded.push(entry),
                    None => return,
                }
            }
            expanded.sort();
            let holds = is_dir && expanded == entries;
            let actual = if is_dir {
                text::difference(&expanded.join("\n"), &entries.join("\n"))
            } else {
                "no directory".into()
            };
            let actual =
                if holds { format!("{} entries, as asserted", entries.len()) } else { actual };
            self.holds(
                "entries",
                holds,
                format!("{} entries: {}", expanded.len(), text::shown(&expanded.join(" "), 400)),
                actual,
            );
        }
        if let Some(count) = want.count {
            let files = entries.iter().filter(|e| !e.ends_with('/')).count() as u64;
            self.holds(
                "count",
                is_dir && files == count,
                format!("{count} files and links"),
                format!("{files} files and links"),
            );
        }
    }

    fn canary(&mut self, want: &Canary, seen: &CanarySight) {
        let same = seen.seen.as_deref() == Some(seen.nonce.as_str());
        let expected = if want.same { "one file under both paths" } else { "two places" };
        let actual = match &seen.seen {
            _ if same => format!("{} holds what was written to {}", seen.looked_at, seen.written),
            Some(_) => format!("{} holds something else", seen.looked_at),
            None => format!("nothing at {}", seen.looked_at),
        };
        self.holds("same", same == want.same, expected, actual);
    }

    fn probe(
        &mut self,
        want: &Probe,
        process: Option<&ProcessObservation>,
        values: &std::collections::BTreeMap<String, String>,
        error: Option<&str>,
    ) {
        if let Some(process) = process
            && !self.ended(process)
        {
            return;
        }
        if let Some(error) = error {
            let evidence: Vec<_> = process.map(|p| vec![&p.stdout, &p.stderr]).unwrap_or_default();
            self.push("answer", Verdict::Fail, "an answer", error, &evidence);
            return;
        }
        for (key, wanted) in &want.values {
            let what = format!("values.{key}");
            match (wanted, values.get(key)) {
                (ValueMatch::Present(present), value) => {
                    let shown = value.map_or_else(|| "absent".to_owned(), |v| text::shown(v, 400));
                    let expected = if *present { "present" } else { "absent" };
                    self.holds(&what, value.is_some() == *present, expected, shown);
                }
                (ValueMatch::Text(wanted), value) => {
                    let value = value.cloned().ok_or((Verdict::Fail, "absent".to_owned()));
                    self.text(&what, wanted, value, &[]);
                }
            }
        }
    }

    /// An expanded text, or a check that says which variable is unknown.
    pub(crate) fn expand(&mut self, what: &str, text: &str) -> Option<String> {
        let expanded: Result<_, VariableError> = self.scope.expand(text);
        match expanded {
            Ok(text) => Some(text),
            Err(error) => {
                self.push(what, Verdict::Inconclusive, text, error.to_string(), &[]);
                None
            }
        }
    }
}

/// The entries of a tree as suite files write them: files and links, and directories where they are
/// empty, those with a final `/`.
pub fn tree_entries(entries: &[FileEntry]) -> Vec<String> {
    let mut parents = std::collections::BTreeSet::new();
    for entry in entries {
        if let Some((parent, _)) = entry.path.rsplit_once('/') {
            parents.insert(parent);
        }
    }
    let mut listed: Vec<_> = entries
        .iter()
        .filter(|e| !e.path.is_empty())
        .filter_map(|e| match e.kind {
            EntryKind::Dir if parents.contains(e.path.as_str()) => None,
            EntryKind::Dir => Some(format!("{}/", e.path)),
            _ => Some(e.path.clone()),
        })
        .collect();
    listed.sort();
    listed
}
