//! The checks of servers: a launch, the requests that were made, a checksum database's answer.

use crate::check::Checks;
use crate::{Scope, text};
use std::collections::BTreeSet;
use twinproof_model::{
    BlobRef, Launch, LaunchFailure, Requests, ScriptRun, ScriptStep, SeenRequest, SumdbAnswer,
    SumdbStep, ValueMatch, Verdict, glob_matches,
};

impl Checks<'_> {
    /// Whether the subject is ready. One that ends by itself fails; one that is late may only be
    /// slow here.
    pub(crate) fn launch(&mut self, seen: &Launch) {
        let expected = format!("{} {} answers", seen.name, seen.version);
        let evidence: Vec<_> = seen.log.iter().collect();
        let said = seen.log.as_ref().and_then(|log| self.bytes(log).ok()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let said = match said.trim_end() {
            "" => String::new(),
            said => {
                let skip = said.chars().count().saturating_sub(400);
                format!(", {:?}", said.chars().skip(skip).collect::<String>())
            }
        };
        match &seen.failure {
            None => self.push("ready", Verdict::Pass, expected, "it does", &evidence),
            Some(LaunchFailure::Ended { exit }) => {
                let code = exit.map_or_else(|| "no exit code".to_owned(), |c| format!("code {c}"));
                let actual = format!("it ended with {code}{said}");
                self.push("ready", Verdict::Fail, expected, actual, &evidence);
            }
            Some(LaunchFailure::Late { seconds, last }) => {
                let actual = format!("not after {seconds} s ({last}){said}");
                self.push("ready", Verdict::Inconclusive, expected, actual, &evidence);
            }
        }
    }

    /// The checks of a `requests` step.
    pub(crate) fn requests(&mut self, want: &Requests, blob: &BlobRef, error: Option<&str>) {
        let all = match error {
            Some(error) => Err(error.to_owned()),
            None => self.bytes(blob).map_err(|(_, why)| why).and_then(|bytes| seen(&bytes)),
        };
        let fitting = match all.as_ref() {
            Ok(all) => fitting(want, all, self.scope),
            Err(why) => Err(why.clone()),
        };
        let fitting = match fitting {
            Ok(fitting) => fitting,
            Err(why) => {
                self.push("requests", Verdict::Inconclusive, "recorded requests", why, &[blob]);
                return;
            }
        };
        let targets = targets(want, &fitting);
        let count = targets.len() as u64;
        let shown = match targets.as_slice() {
            [] => "none".to_owned(),
            all => format!("{count}: {}", text::shown(&all.join(", "), 400)),
        };
        for (what, wanted, holds, words) in [
            ("count", want.count, want.count == Some(count), ""),
            ("at_least", want.at_least, want.at_least.is_some_and(|n| count >= n), "at least "),
            ("at_most", want.at_most, want.at_most.is_some_and(|n| count <= n), "at most "),
        ] {
            if let Some(wanted) = wanted {
                let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
                let noun = if wanted == 1 { "request" } else { "requests" };
                let expected = format!("{words}{wanted} {noun}");
                self.push(what, verdict, expected, shown.clone(), &[blob]);
            }
        }
        if let Some(wanted) = &want.targets {
            let mut expanded = Vec::new();
            for target in wanted {
                match self.expand("targets", target) {
                    Some(target) => expanded.push(target),
                    None => return,
                }
            }
            expanded.sort();
            let holds = expanded == targets;
            let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
            let actual = if holds {
                "as asserted".to_owned()
            } else {
                text::difference(&lines(&expanded), &lines(&targets))
            };
            let expected =
                format!("{} requests: {}", expanded.len(), text::shown(&expanded.join(", "), 400));
            self.push("targets", verdict, expected, actual, &[blob]);
        }
        for (name, wanted) in &want.header {
            self.header_of_each(name, wanted, &fitting, blob);
        }
    }

    /// A condition on a header of every request.
    fn header_of_each(
        &mut self,
        name: &str,
        wanted: &ValueMatch,
        fitting: &[&SeenRequest],
        blob: &BlobRef,
    ) {
        let what = format!("header.{name}");
        if fitting.is_empty() {
            let none = "no request fits";
            self.push(&what, Verdict::Fail, "a request with that header", none, &[blob]);
            return;
        }
        let before = self.found.len();
        let one = std::iter::once((name.to_owned(), wanted.clone())).collect();
        for request in fitting {
            self.headers(&one, &request.headers, None);
        }
        // One check for all of them: the first that does not hold, else the first.
        let mut judged = self.found.split_off(before);
        let at = judged.iter().position(|c| c.verdict > Verdict::Pass);
        let mut check = judged.swap_remove(at.unwrap_or(0));
        if let Some(request) = at.and_then(|at| fitting.get(at)) {
            let actual = &check.actual;
            check.actual = format!("{} {}: {actual}", request.method, request.target);
        }
        check.evidence.push(blob.clone());
        self.found.push(check);
    }

    /// The script's verdict, and whose database it had.
    pub(crate) fn script(&mut self, want: &ScriptStep, seen: &ScriptRun) {
        let (verdict, actual) = match &seen.failure {
            Some(f) => (Verdict::Fail, format!("line {}: {}: {}", f.line, f.command, f.message)),
            None => (Verdict::Pass, format!("passed, with {} runs of go", seen.go_runs)),
        };
        let expected = format!("every line of {} ends as it must", seen.script);
        self.push("script", verdict, expected, actual, &[&seen.transcript]);
        if want.database {
            let by = |subject| if subject { "by way of the subject" } else { "from the origin" };
            self.holds("database", seen.database, by(true), by(seen.database));
        }
    }

    /// The checks of a `sumdb` step.
    pub(crate) fn sumdb(&mut self, want: &SumdbStep, seen: &SumdbAnswer) {
        let answer = match (&seen.error, seen.size) {
            (Some(error), _) => format!("refused: {error}"),
            (None, Some(size)) => format!("verified, with a head of {size} records"),
            (None, None) => "verified".to_owned(),
        };
        let refused = want.error.is_some();
        let expected = if refused { "an answer that is refused" } else { "a verified answer" };
        self.holds("answer", seen.error.is_some() == refused, expected, answer.clone());
        let of = |value: Option<String>| value.ok_or((Verdict::Fail, answer.clone()));
        let lines = seen.lines.as_ref().map(|l| l.join("\n"));
        for (what, wanted, value) in [
            ("lines", &want.lines, lines),
            ("size", &want.size, seen.size.map(|s| s.to_string())),
            ("error", &want.error, seen.error.clone()),
        ] {
            if let Some(wanted) = wanted {
                self.text(what, wanted, of(value), &[]);
            }
        }
    }
}

/// The requests of a blob, a line each.
pub fn seen(bytes: &[u8]) -> Result<Vec<SeenRequest>, String> {
    let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    lines
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|e| format!("no list of requests: {e}"))
}

/// Those that a step is about.
pub fn fitting<'r>(
    step: &Requests,
    seen: &'r [SeenRequest],
    scope: &Scope,
) -> Result<Vec<&'r SeenRequest>, String> {
    let path = step.path.as_deref().map(|p| scope.expand(p)).transpose();
    let path = path.map_err(|e| e.to_string())?;
    // `*` is any run of characters here, as in rules.
    let pattern = path.map(|p| p.replace('*', "**"));
    let fits = |request: &&SeenRequest| {
        step.method.as_ref().is_none_or(|m| *m == request.method)
            && pattern.as_ref().is_none_or(|p| glob_matches(p, &request.target))
    };
    Ok(seen.iter().filter(fits).collect())
}

/// `METHOD target` of each, sorted; each once where the step says so.
pub fn targets(step: &Requests, fitting: &[&SeenRequest]) -> Vec<String> {
    let all = fitting.iter().map(|r| format!("{} {}", r.method, r.target));
    if step.distinct {
        return all.collect::<BTreeSet<_>>().into_iter().collect();
    }
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn lines(all: &[String]) -> String {
    all.iter().map(|line| format!("{line}\n")).collect()
}
