//! Reconciliation: each report is read again, and its totals are compared with those of the
//! results. A report that says something else than the others is worse than none.

use crate::ledger::Ledger;
use crate::tally::Counts;
use crate::{html, junit, markdown, sarif, terminal};
use std::fmt;
use twinproof_model::{Results, Verdict};

/// The reporter that drew a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reporter {
    /// The totals that the results themselves carry.
    Summary,
    /// The terminal.
    Terminal,
    /// `report.html`.
    Html,
    /// `junit.xml`.
    Junit,
    /// `results.sarif`.
    Sarif,
    /// `summary.md`.
    Markdown,
    /// `ledger.json`.
    Ledger,
}

impl fmt::Display for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Summary => "results.json's summary",
            Self::Terminal => "the terminal",
            Self::Html => "report.html",
            Self::Junit => "junit.xml",
            Self::Sarif => "results.sarif",
            Self::Markdown => "summary.md",
            Self::Ledger => "ledger.json",
        })
    }
}

/// A report that does not agree with the cases of the results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A count in the report differs from that of the results.
    #[error("{reporter} says {what} {reported}, the cases of the results say {counted}")]
    Count {
        /// The report.
        reporter: Reporter,
        /// The number's name: a verdict, or a sum of verdicts such as `failures`.
        what: String,
        /// The report's number.
        reported: u64,
        /// The number of cases.
        counted: u64,
    },
    /// The report cannot be read.
    #[error("{reporter} cannot be read again: {why}")]
    Unreadable {
        /// The report.
        reporter: Reporter,
        /// The parser's error.
        why: String,
    },
}

/// Reads a report again and compares its totals with the cases of the results. For
/// [`Reporter::Summary`], `report` is not used.
///
/// # Errors
/// When the report cannot be read, or at the first number that is not the same.
pub fn reconcile(results: &Results, reporter: Reporter, report: &str) -> Result<(), Mismatch> {
    let counted = Counts::of_all(results.cases.iter().map(|c| c.verdict));
    let compare = Comparison { reporter };
    match reporter {
        Reporter::Summary => {
            let summary = &results.summary;
            compare.equal("total", summary.total, counted.total())?;
            let mut said = Counts::default();
            summary.verdicts.iter().for_each(|(v, n)| said.add_many(*v, *n));
            compare.verdicts(&said, &counted)
        }
        Reporter::Terminal => compare.line(report, terminal::TOTALS, &counted),
        Reporter::Markdown => compare.line(report, markdown::TOTALS, &counted),
        Reporter::Html => compare.html(report, &counted),
        Reporter::Junit => compare.junit(report, &counted),
        Reporter::Sarif => compare.sarif(report, &counted),
        Reporter::Ledger => compare.ledger(report, &counted),
    }
}

struct Comparison {
    reporter: Reporter,
}

impl Comparison {
    fn equal(&self, what: &str, reported: u64, counted: u64) -> Result<(), Mismatch> {
        if reported == counted {
            return Ok(());
        }
        let (reporter, what) = (self.reporter, what.to_owned());
        Err(Mismatch::Count { reporter, what, reported, counted })
    }

    fn verdicts(&self, reported: &Counts, counted: &Counts) -> Result<(), Mismatch> {
        Verdict::ALL
            .into_iter()
            .try_for_each(|v| self.equal(v.as_str(), reported.of(v), counted.of(v)))
    }

    fn unreadable(&self, why: impl fmt::Display) -> Mismatch {
        Mismatch::Unreadable { reporter: self.reporter, why: why.to_string() }
    }

    /// A line `Totals: 3 cases: pass 2, fail 1`, which may go on in indented lines.
    fn line(&self, report: &str, prefix: &str, counted: &Counts) -> Result<(), Mismatch> {
        let mut lines = report.lines().skip_while(|l| !l.starts_with(prefix));
        let first = lines.next().ok_or_else(|| self.unreadable("it has no line of totals"))?;
        let mut line = first[prefix.len()..].to_owned();
        // The terminal wraps the line, and indents what continues it.
        lines.take_while(|l| l.starts_with(' ')).for_each(|l| line.push_str(l));
        let number = |text: &str| {
            text.trim()
                .parse::<u64>()
                .map_err(|_| self.unreadable(format!("`{text}` is no number")))
        };
        let (total, each) = line.split_once(':').unwrap_or((&line, ""));
        let total = number(total.split_whitespace().next().unwrap_or_default())?;
        self.equal("total", total, counted.total())?;
        let mut said = Counts::default();
        for part in each.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (name, count) = part
                .split_once(char::is_whitespace)
                .ok_or_else(|| self.unreadable(format!("`{part}` is no count")))?;
            said.add_many(self.verdict(name)?, number(count)?);
        }
        self.verdicts(&said, counted)
    }

    fn verdict(&self, name: &str) -> Result<Verdict, Mismatch> {
        Verdict::ALL
            .into_iter()
            .find(|v| v.as_str() == name)
            .ok_or_else(|| self.unreadable(format!("`{name}` is no verdict")))
    }

    /// The totals that the page carries, and the cases that it shows.
    fn html(&self, report: &str, counted: &Counts) -> Result<(), Mismatch> {
        let mut shown = Counts::default();
        // Count the cases in the page's text, as a reader would, not with the function that drew it.
        for case in report.split(html::CASE_OPENS).skip(1) {
            let name = case.split('"').next().unwrap_or_default();
            shown.add(self.verdict(name)?);
        }
        self.verdicts(&shown, counted)?;
        let totals = report
            .split_once(html::TOTALS_OPEN)
            .and_then(|(_, rest)| rest.split_once('"'))
            .ok_or_else(|| self.unreadable("it carries no totals"))?;
        let line = format!("{}{}", markdown::TOTALS, totals.0);
        self.line(&line, markdown::TOTALS, counted)
    }

    /// Compares JUnit's own counts, and the verdicts of the test cases.
    fn junit(&self, report: &str, counted: &Counts) -> Result<(), Mismatch> {
        let report = quick_junit::Report::deserialize_from_str(report)
            .map_err(|error| self.unreadable(error))?;
        let sum = |verdicts: &[Verdict]| verdicts.iter().map(|v| counted.of(*v)).sum();
        self.equal("tests", report.tests as u64, counted.total())?;
        let failures = sum(&[Verdict::Fail, Verdict::Xpass]);
        self.equal("failures", report.failures as u64, failures)?;
        let errors = sum(&[Verdict::Inconclusive, Verdict::HarnessError]);
        self.equal("errors", report.errors as u64, errors)?;
        let skipped = sum(&[Verdict::Unavailable, Verdict::NotApplicable]);
        self.equal("skipped", report.skipped as u64, skipped)?;
        let mut said = Counts::default();
        for case in report.test_suites.iter().flat_map(|s| &s.test_cases) {
            let verdict = case.properties.iter().find(|p| p.name.as_str() == junit::VERDICT);
            let verdict = verdict
                .ok_or_else(|| self.unreadable(format!("{} has no verdict", case.name.as_str())))?;
            said.add(self.verdict(verdict.value.as_str())?);
        }
        self.verdicts(&said, counted)
    }

    /// The totals of all verdicts, and the results that are listed.
    fn sarif(&self, report: &str, counted: &Counts) -> Result<(), Mismatch> {
        let log: serde_json::Value =
            serde_json::from_str(report).map_err(|error| self.unreadable(error))?;
        let run = log.pointer("/runs/0").ok_or_else(|| self.unreadable("it has no run"))?;
        let listed = run.get("results").and_then(|r| r.as_array());
        let mut shown = Counts::default();
        for result in listed.into_iter().flatten() {
            let name = result.pointer("/properties/verdict").and_then(|v| v.as_str());
            shown.add(self.verdict(name.unwrap_or_default())?);
        }
        let mut said = Counts::default();
        for verdict in Verdict::ALL {
            let number = run.pointer(&format!("/properties/verdicts/{verdict}"));
            let number = number.and_then(serde_json::Value::as_u64);
            said.add_many(
                verdict,
                number.ok_or_else(|| self.unreadable(format!("it has no number of {verdict}")))?,
            );
            let expected = if sarif::is_listed(verdict) { counted.of(verdict) } else { 0 };
            self.equal(&format!("results that are {verdict}"), shown.of(verdict), expected)?;
        }
        self.verdicts(&said, counted)
    }

    /// The totals, and their sum over the environments.
    fn ledger(&self, report: &str, counted: &Counts) -> Result<(), Mismatch> {
        let ledger: Ledger =
            serde_json::from_str(report).map_err(|error| self.unreadable(error))?;
        self.equal("total", ledger.total, counted.total())?;
        let (mut said, mut summed) = (Counts::default(), Counts::default());
        ledger.verdicts.iter().for_each(|(v, n)| said.add_many(*v, *n));
        self.verdicts(&said, counted)?;
        let each = ledger.environments.iter().flat_map(|e| &e.verdicts);
        each.for_each(|(v, n)| summed.add_many(*v, *n));
        self.verdicts(&summed, counted)
    }
}
