//! The checks of exchanges: what a request, or bytes as they are, were answered with.

use crate::check::Checks;
use crate::text;
use std::collections::BTreeMap;
use twinproof_model::{
    BlobRef, Http, HttpExchange, Raw, RawExchange, StatusMatch, ValueMatch, Verdict,
};

/// What was seen of a text: the text, or why there is none and what that means.
type Seen = Result<String, (Verdict, String)>;

impl Checks<'_> {
    /// The checks of an `http` step.
    pub(crate) fn http(&mut self, want: &Http, seen: &HttpExchange) {
        let actual = match (&seen.status, &seen.error) {
            (Some(status), None) => status.to_string(),
            (Some(status), Some(error)) => format!("{status}, but {error}"),
            (None, Some(error)) => format!("no answer: {error}"),
            (None, None) => "no answer".to_owned(),
        };
        if let Some(wanted) = &want.error {
            let reason = match (&seen.status, &seen.error) {
                (None, Some(error)) => Ok(error.clone()),
                _ => Err((Verdict::Fail, format!("an answer: {actual}"))),
            };
            self.text("error", wanted, reason, &[]);
            return;
        }
        self.complete(want.complete, seen, &actual);
        if let Some(status) = &want.status {
            self.status(status, seen.status, &actual);
        }
        if let Some(version) = want.http {
            let holds = seen.version.as_deref() == Some(version.as_str());
            let actual = seen.version.clone().unwrap_or_else(|| actual.clone());
            self.holds("http", holds, version.as_str(), actual);
        }
        self.headers(&want.header, &seen.headers, seen.status.is_none().then_some(&actual));
        let broken = seen.error.is_some().then(|| actual.clone());
        if let Some(size) = want.size {
            let shown = match (&broken, seen.size) {
                (None, Some(size)) => format!("{size} bytes"),
                _ => actual.clone(),
            };
            let holds = broken.is_none() && seen.size == Some(size);
            self.holds("size", holds, format!("{size} bytes"), shown);
        }
        let h1 = seen.h1.clone().or_else(|| seen.h1_error.clone());
        for (what, wanted, hash) in
            [("sha256", &want.sha256, seen.sha256.clone()), ("h1", &want.h1, h1)]
        {
            let Some(wanted) = wanted else { continue };
            let Some(wanted) = self.expand(what, wanted) else { continue };
            let shown = broken.clone().or(hash).unwrap_or_else(|| actual.clone());
            self.holds(what, shown == wanted, wanted, shown);
        }
        if let Some(wanted) = &want.body {
            let body = self.body(seen.body.as_ref(), seen.cut, broken, &actual);
            let evidence: Vec<_> = seen.body.iter().collect();
            self.text("body", wanted, body, &evidence);
        }
        if let Some(times) = want.times {
            self.alike(times, seen);
        }
    }

    /// Whether the answer came to its end, where it began.
    fn complete(&mut self, want: Option<bool>, seen: &HttpExchange, actual: &str) {
        let broke_off = seen.status.is_some() && seen.error.is_some();
        match want {
            Some(false) => {
                self.holds("complete", broke_off, "an answer that breaks off", actual);
            }
            Some(true) => {
                let whole = seen.status.is_some() && seen.error.is_none();
                self.holds("complete", whole, "a whole answer", actual);
            }
            None if broke_off => self.holds("complete", false, "a whole answer", actual),
            None => {}
        }
    }

    /// Whether all answers to requests made at the same time are one.
    fn alike(&mut self, times: u32, seen: &HttpExchange) {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let first = seen.answer();
        for answer in std::iter::once(&first).chain(&seen.others) {
            let shown = match (&answer.status, &answer.error) {
                (Some(status), None) => {
                    let hash = answer.sha256.as_deref().unwrap_or_default();
                    let hash = hash.get(..12).unwrap_or(hash);
                    format!("{status}, {} bytes, SHA-256 {hash}…", answer.size.unwrap_or_default())
                }
                (Some(status), Some(error)) => format!("{status}, but {error}"),
                (None, error) => format!("no answer: {}", error.as_deref().unwrap_or("none came")),
            };
            *kinds.entry(shown).or_default() += 1;
        }
        let count = seen.others.len() + 1;
        let holds = kinds.len() == 1 && count == times as usize && first.error.is_none();
        let shown: Vec<_> = kinds.iter().map(|(what, n)| format!("{n} × {what}")).collect();
        self.holds("alike", holds, format!("{times} equal answers"), shown.join("; "));
    }

    /// The checks of a `raw` step.
    pub(crate) fn raw(&mut self, want: &Raw, seen: &RawExchange) {
        let after = match (&seen.error, seen.closed, seen.timed_out) {
            (Some(error), _, _) => error.clone(),
            (None, true, _) => "the connection was closed".to_owned(),
            (None, false, true) => "the connection was open at the time limit".to_owned(),
            (None, false, false) => "the connection was open".to_owned(),
        };
        let actual = match seen.status {
            Some(status) => status.to_string(),
            None if seen.bytes == 0 => format!("no answer; {after}"),
            None => format!("{} bytes that are no answer; {after}", seen.bytes),
        };
        if let Some(status) = &want.status {
            self.status(status, seen.status, &actual);
        }
        self.headers(&want.header, &seen.headers, seen.status.is_none().then_some(&actual));
        if let Some(answers) = want.answers {
            let (wanted, there) = (counted(answers.into()), counted(seen.answers.into()));
            self.holds("answers", answers == seen.answers, wanted, format!("{there}; {after}"));
        }
        if let Some(closed) = want.closed {
            let expected = if closed { "a closed connection" } else { "an open connection" };
            self.holds("closed", seen.closed == closed, expected, after);
        }
        if let Some(wanted) = &want.body {
            let body = self.body(seen.body.as_ref(), false, None, &actual);
            let evidence: Vec<_> = seen.body.iter().collect();
            self.text("body", wanted, body, &evidence);
        }
    }

    fn status(&mut self, want: &StatusMatch, seen: Option<u16>, actual: &str) {
        let holds = seen.is_some_and(|s| want.all().contains(&s));
        self.holds("status", holds, want.to_string(), actual);
    }

    /// The body as text, where all of it is there.
    fn body(
        &self,
        body: Option<&BlobRef>,
        cut: bool,
        broken: Option<String>,
        actual: &str,
    ) -> Seen {
        if let Some(broken) = broken {
            return Err((Verdict::Fail, broken));
        }
        let Some(blob) = body else { return Err((Verdict::Fail, actual.to_owned())) };
        if cut {
            let why = format!("only its first {} bytes were kept", blob.size);
            return Err((Verdict::Inconclusive, why));
        }
        let bytes = self.bytes(blob)?;
        text::of_file(&bytes).ok_or((Verdict::Fail, "it is not UTF-8".to_owned()))
    }

    /// Conditions on headers. `missing` says why there are none at all.
    pub(crate) fn headers(
        &mut self,
        want: &BTreeMap<String, ValueMatch>,
        seen: &BTreeMap<String, String>,
        missing: Option<&String>,
    ) {
        for (name, wanted) in want {
            let what = format!("header.{name}");
            if let Some(missing) = missing {
                self.push(&what, Verdict::Fail, "an answer", missing.as_str(), &[]);
                continue;
            }
            let value = seen.get(&name.to_ascii_lowercase());
            match wanted {
                ValueMatch::Present(present) => {
                    let shown = value.map_or_else(|| "absent".to_owned(), |v| text::shown(v, 400));
                    let expected = if *present { "present" } else { "absent" };
                    self.holds(&what, value.is_some() == *present, expected, shown);
                }
                // A header that is absent is as empty as one can be.
                ValueMatch::Text(wanted) if value.is_none() && wanted.0.empty == Some(true) => {
                    self.text(&what, wanted, Ok(String::new()), &[]);
                }
                ValueMatch::Text(wanted) => {
                    let absent = || (Verdict::Fail, format!("no header {name}"));
                    self.text(&what, wanted, value.cloned().ok_or_else(absent), &[]);
                }
            }
        }
    }
}

/// So many answers.
fn counted(count: u64) -> String {
    format!("{count} {}", if count == 1 { "answer" } else { "answers" })
}
