//! Collects the checks of one step: each assertion, with the expected and the observed value.

use crate::{Evidence, text};
use twinproof_model::{BlobRef, Check, Template, TextMatch, ValueMatch, Verdict};

/// A text that was seen; or why there is none, and the verdict that follows.
pub(crate) type Sighted = Result<String, (Verdict, String)>;

/// Collects the checks of one step.
pub struct Checks<'a> {
    /// Name of the step in check ids.
    step: &'a str,
    /// Its index.
    index: usize,
    /// Stored bytes, and values for the texts of assertions.
    pub evidence: Evidence<'a>,
    /// The checks so far, in order.
    found: Vec<Check>,
}

impl<'a> Checks<'a> {
    /// No checks yet, of the step with that name and index.
    #[must_use]
    pub fn new(step: &'a str, index: usize, evidence: Evidence<'a>) -> Self {
        Self { step, index, evidence, found: Vec::new() }
    }

    /// Everything that was found, in order.
    #[must_use]
    pub fn into_found(self) -> Vec<Check> {
        self.found
    }

    /// Adds a check: its name without the step's, its verdict, what was asserted, what was seen, and
    /// the stored bytes that show it.
    pub fn push(
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

    /// Adds a check that passes or fails.
    pub fn holds(
        &mut self,
        what: &str,
        holds: bool,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) {
        self.push(what, verdict(holds), expected, actual, &[]);
    }

    /// A condition on a text that may be missing, cut or not UTF-8.
    pub fn text(&mut self, what: &str, wanted: &TextMatch, seen: Sighted, evidence: &[&BlobRef]) {
        // A variable without a value decides nothing: the step that should have captured it has
        // failed.
        let judged = seen.and_then(|seen| {
            text::judge(&wanted.0, &seen, self.evidence.scope)
                .map_err(|e| (Verdict::Inconclusive, e.to_string()))
        });
        match judged {
            Ok((asserted, None)) => {
                self.push(what, Verdict::Pass, asserted, "as asserted", evidence);
            }
            Ok((_, Some(wrong))) => {
                self.push(what, Verdict::Fail, wrong.expected, wrong.actual, evidence);
            }
            Err((verdict, why)) => self.push(what, verdict, "a text", why, evidence),
        }
    }

    /// A condition on a value that may be absent.
    pub fn value(&mut self, what: &str, wanted: &ValueMatch, seen: Option<&str>, absent: &str) {
        match wanted {
            ValueMatch::Present(present) => {
                let shown = seen.map_or_else(|| "absent".to_owned(), |v| text::shown(v, 400));
                let expected = if *present { "present" } else { "absent" };
                self.holds(what, seen.is_some() == *present, expected, shown);
            }
            ValueMatch::Text(wanted) => {
                let seen = seen.map(str::to_owned);
                self.text(what, wanted, seen.ok_or((Verdict::Fail, absent.to_owned())), &[]);
            }
        }
    }

    /// Whether an observed thing can be compared further. `error` is the reason why not, and
    /// `wanted` a condition on it; without a condition an error fails. `thing` names the expected
    /// thing.
    pub(crate) fn readable(
        &mut self,
        what: &str,
        thing: &str,
        error: Option<&String>,
        wanted: Option<&TextMatch>,
    ) -> bool {
        match (wanted, error) {
            (Some(wanted), _) => {
                let whole = (Verdict::Fail, thing.to_owned());
                self.text("error", wanted, error.cloned().ok_or(whole), &[]);
            }
            (None, Some(error)) => self.holds(what, false, thing, error),
            (None, None) => return true,
        }
        false
    }

    /// The whole of a list, in any order: `noun` names its elements, in the plural.
    pub fn list(
        &mut self,
        what: &str,
        wanted: &[Template],
        seen: Result<&[String], &str>,
        noun: &str,
        evidence: &[&BlobRef],
    ) {
        let Some(mut wanted) =
            wanted.iter().map(|text| self.expand(what, text)).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        // Both sides sorted: the assertion is about a set, and suites may group its members as they
        // read best.
        wanted.sort();
        let (holds, actual) = match seen {
            Err(why) => (false, why.to_owned()),
            Ok(seen) if seen == wanted => (true, "as asserted".to_owned()),
            Ok(seen) => (false, text::difference(&lines(&wanted), &lines(seen))),
        };
        let shown = text::shown(&wanted.join(", "), 400);
        let expected = format!("{} {noun}: {shown}", wanted.len());
        self.push(what, verdict(holds), expected, actual, evidence);
    }

    /// Stored bytes, or why there are none.
    ///
    /// # Errors
    /// When they are lost, which decides nothing.
    pub fn bytes(&self, blob: &BlobRef) -> Result<Vec<u8>, (Verdict, String)> {
        let bytes = self.evidence.read(blob).map(std::borrow::Cow::into_owned);
        bytes.map_err(|lost| (Verdict::Inconclusive, lost))
    }

    /// An expanded text, or a check that says which variable is unknown.
    pub fn expand(&mut self, what: &str, text: &Template) -> Option<String> {
        match self.evidence.scope.expand(text) {
            Ok(text) => Some(text),
            Err(error) => {
                self.push(what, Verdict::Inconclusive, text.as_str(), error.to_string(), &[]);
                None
            }
        }
    }

    /// Makes several checks of one thing into one: the first of those since `before` that does not
    /// hold, else the first. Gives its place among them.
    pub(crate) fn merge_since(&mut self, before: usize) -> Option<(usize, &mut Check)> {
        let mut judged = self.found.split_off(before);
        // The first that does not pass is the one that a reader has to see; the others would repeat
        // it.
        let at = judged.iter().position(|c| c.verdict > Verdict::Pass).unwrap_or(0);
        if judged.is_empty() {
            return None;
        }
        self.found.push(judged.swap_remove(at));
        self.found.last_mut().map(|check| (at, check))
    }

    /// Number of checks so far.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }
}

/// Passes or fails.
fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Pass } else { Verdict::Fail }
}

fn lines(all: &[String]) -> String {
    all.iter().map(|line| format!("{line}\n")).collect()
}
