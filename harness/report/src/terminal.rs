//! The summary for a terminal: one table that a person can read, then the findings that need
//! attention, and the environments that were absent with the commands that provide them. At most 80
//! columns, and complete without colour.

use crate::findings::findings;
use crate::tally::{self, Counts, DriftTable, Tally};
use crate::text::{self, cut, cut_middle, pad, pad_left, width, wrap};
use crate::words::Tone;
use crate::{failure, sarif, words};
use twinproof_model::{CaseResult, EnvironmentName, Results, Verdict};

/// Columns of a line.
const COLUMNS: usize = 80;
/// The most cases that a list shows before it refers to the report.
const LISTED: usize = 40;
/// The most findings that it shows before that.
const FINDINGS: usize = 30;
/// Failed steps of a case that are shown.
const STEPS: usize = 3;
/// As wide as the labels of a case's lines.
const EMPTY: &str = "        ";
/// Lines of a request or an answer that are shown.
const EXCERPT: usize = 12;
/// The beginning of the line with totals.
pub(crate) const TOTALS: &str = "Totals: ";

/// Properties of the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct TerminalOptions<'a> {
    /// Whether to colour.
    pub colour: bool,
    /// Path to `report.html`, where it was written.
    pub report: Option<&'a str>,
}

/// Draws the summary for a terminal; every line ends with a line feed.
#[must_use]
pub fn terminal(results: &Results, options: TerminalOptions<'_>) -> String {
    let tally = Tally::of(results);
    let mut screen = Screen { out: String::new(), colour: options.colour };
    // Details first, the conclusion last: on a terminal the last lines are the ones in sight.
    attention(&mut screen, results);
    known(&mut screen, results);
    unavailable(&mut screen, results);
    drift(&mut screen, results);
    controls(&mut screen, results);
    floors(&mut screen, results);
    remarks(&mut screen, results);
    table(&mut screen, &tally);
    conclusion(&mut screen, results, &tally, options.report);
    screen.out
}

/// The role of a piece of text. Colour only repeats what the words say.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    Title,
    Dim,
    Good,
    Bad,
    Doubt,
}

impl Style {
    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Fail | Verdict::Xpass | Verdict::HarnessError => Self::Bad,
            Verdict::Inconclusive | Verdict::Xfail | Verdict::Waived => Self::Doubt,
            Verdict::NotApplicable | Verdict::Unavailable => Self::Dim,
        }
    }

    /// Parameters of the SGR sequence.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Title => Some("1"),
            Self::Dim => Some("2"),
            Self::Good => Some("32"),
            Self::Bad => Some("1;31"),
            Self::Doubt => Some("33"),
        }
    }
}

struct Screen {
    out: String,
    colour: bool,
}

impl Screen {
    /// Pieces that are known to fit a line.
    fn pieces(&mut self, pieces: &[(Style, &str)]) {
        let start = self.out.len();
        for (style, text) in pieces {
            match style.code().filter(|_| self.colour && !text.is_empty()) {
                Some(code) => self.out.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m")),
                None => self.out.push_str(text),
            }
        }
        // Padding at the end of a line is of no use, and would show in snapshots.
        let kept = start + self.out[start..].trim_end_matches(' ').len();
        self.out.truncate(kept);
        self.out.push('\n');
    }

    fn blank(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn title(&mut self, text: &str) {
        self.blank();
        self.pieces(&[(Style::Title, &cut(text, COLUMNS))]);
    }

    /// A label and a text, wrapped beneath itself.
    fn labelled(&mut self, indent: usize, style: Style, label: &str, text: &str) {
        let head = " ".repeat(indent);
        let hang = indent + width(label) + usize::from(!label.is_empty());
        let text = text::line(text);
        for (at, line) in wrap(&text, COLUMNS - hang).iter().enumerate() {
            match at {
                0 if label.is_empty() => self.pieces(&[(Style::Plain, &head), (style, line)]),
                0 => self.pieces(&[
                    (Style::Plain, &head),
                    (style, label),
                    (Style::Plain, " "),
                    (Style::Plain, line),
                ]),
                _ => self.pieces(&[(Style::Plain, &" ".repeat(hang)), (Style::Plain, line)]),
            }
        }
    }

    /// Lines under a label, each as it is.
    fn beneath(&mut self, label: &str, lines: impl IntoIterator<Item = String>) {
        for (at, line) in lines.into_iter().enumerate() {
            let label = if at == 0 { (Style::Dim, label) } else { (Style::Plain, EMPTY) };
            self.pieces(&[
                (Style::Plain, "      "),
                label,
                (Style::Plain, " "),
                (Style::Plain, &line),
            ]);
        }
    }

    /// The first lines of a text under a label, each cut to its line.
    fn excerpt(&mut self, label: &str, text: &str) {
        let lines: Vec<_> = text.trim_end().lines().collect();
        let cut = |line: &&str| cut(&text::line(line), COLUMNS - 7 - EMPTY.len());
        let mut shown: Vec<_> = lines.iter().take(EXCERPT).map(cut).collect();
        if lines.len() > EXCERPT {
            let rest = (lines.len() - EXCERPT) as u64;
            shown.push(format!("… {}", text::plural(rest, "more line", "more lines")));
        }
        self.beneath(label, shown);
    }

    /// A command line that can be copied, broken only where a shell reads on.
    fn command(&mut self, label: &str, command: Option<&str>) {
        let lines =
            command.map(|c| failure::command_lines(&text::line(c), COLUMNS - 7 - EMPTY.len()));
        self.beneath(label, lines.into_iter().flatten());
    }

    fn more(&mut self, all: usize) {
        if all > LISTED {
            let text = format!("  … and {} more in report.html", all - LISTED);
            self.pieces(&[(Style::Dim, &text)]);
        }
    }
}

/// `verdict  name in environment`.
fn head_line(screen: &mut Screen, verdict: Verdict, name: &str, environment: &EnvironmentName) {
    let label = pad(words::label(verdict), 15);
    let environment = cut_middle(&text::line(&environment.to_string()), 22);
    let room = COLUMNS - 2 - width(&label) - 4 - width(&environment);
    let name = cut_middle(&text::line(name), room);
    screen.pieces(&[
        (Style::Plain, "  "),
        (Style::of(verdict), &label),
        (Style::Title, &name),
        (Style::Plain, " in "),
        (Style::Plain, &environment),
    ]);
}

fn attention(screen: &mut Screen, results: &Results) {
    let found = findings(results);
    if found.is_empty() {
        return;
    }
    screen.title(&format!("Needs attention ({})", found.len()));
    for finding in found.iter().take(FINDINGS) {
        match finding.case() {
            Some((_, case)) => case_finding(screen, results, case),
            None => {
                head_line(screen, finding.verdict(), "every case", finding.environment);
                let why = finding.broken.unwrap_or_default();
                screen.labelled(6, Style::Plain, "", &cut(&text::line(why), 300));
                screen.labelled(6, Style::Dim, "", &words::kept(finding));
                continue;
            }
        }
        if let Some(more) = words::and_more(finding) {
            screen.labelled(6, Style::Dim, "", &cut(&text::line(&more), 150));
        }
    }
    if found.len() > FINDINGS {
        let text = format!("  … and {} more: see report.html", found.len() - FINDINGS);
        screen.pieces(&[(Style::Dim, &text)]);
    }
}

/// A case, where it is declared, and its observations.
fn case_finding(screen: &mut Screen, results: &Results, case: &CaseResult) {
    head_line(screen, case.verdict, &case.case, &case.environment);
    let file = results.run.suite_file(&case.file);
    let place = cut_middle(&text::line(&format!("{file}:{}", case.line)), COLUMNS - 6);
    screen.pieces(&[(Style::Dim, &format!("      {place}"))]);
    if let Some(why) = words::why(case) {
        screen.labelled(6, Style::Plain, "", &cut(&text::line(&why), 300));
    }
    let steps = failure::failed_steps(case);
    if !steps.is_empty() {
        for claim in failure::claims(results, case) {
            let line = format!("{} ({})", failure::claim_line(claim), failure::claim_source(claim));
            screen.labelled(6, Style::Dim, "claim   ", &cut(&text::line(&line), 400));
        }
    }
    let (shown, rest) = steps.split_at(steps.len().min(STEPS));
    for step in shown {
        for check in &step.checks {
            screen.labelled(6, Style::Title, "check   ", &cut_middle(&text::line(&check.id), 64));
            screen.labelled(6, Style::Dim, "expected", &cut(&text::line(&check.expected), 260));
            screen.labelled(6, Style::Dim, "actual  ", &cut(&text::line(&check.actual), 260));
        }
        if let Some(exchange) = step.exchange {
            screen.excerpt("request ", &exchange.request);
            screen.excerpt("response", &exchange.response);
            screen.command("repeat  ", exchange.repeat.as_deref());
        }
    }
    let rest: usize = rest.iter().map(|step| step.checks.len()).sum();
    if rest > 0 {
        let text =
            format!("      … and {} in report.html", text::plural(rest as u64, "check", "checks"));
        screen.pieces(&[(Style::Dim, &text)]);
    }
}

fn known(screen: &mut Screen, results: &Results) {
    let cases: Vec<_> = results
        .cases
        .iter()
        .filter(|c| matches!(c.verdict, Verdict::Xfail | Verdict::Waived))
        .collect();
    if !cases.is_empty() {
        screen.title(&format!("Known divergences ({})", cases.len()));
    }
    for case in cases.iter().take(LISTED) {
        head_line(screen, case.verdict, &case.case, &case.environment);
        if let Some(state) = sarif::expectation_of(results, case) {
            let e = &state.expectation;
            screen.labelled(6, Style::Plain, "", &cut(&text::line(&e.reason), 300));
            let left = words::days(text::days_left(e.expires.0, results.run.started));
            let line = format!("until {} ({left}), {}", e.expires, e.owner);
            screen.labelled(6, Style::Dim, "", &cut(&text::line(&line), 150));
        }
    }
    screen.more(cases.len());
    let expired: Vec<_> = results.expectations.iter().filter(|e| e.expired).collect();
    if !expired.is_empty() {
        screen.title(&format!("Expectations past their last day ({})", expired.len()));
    }
    for state in expired.iter().take(LISTED) {
        let e = &state.expectation;
        let line = format!("{} ended {}: {}:{}", e.case, e.expires, state.file, state.line);
        screen.labelled(2, Style::Plain, "", &cut(&text::line(&line), 300));
    }
    screen.more(expired.len());
}

fn unavailable(screen: &mut Screen, results: &Results) {
    let absent: Vec<_> = results.environments.iter().filter(|e| e.absent.is_some()).collect();
    if !absent.is_empty() {
        screen.title(&format!("Not available ({})", absent.len()));
    }
    for environment in absent {
        let Some(skip) = &environment.absent else { continue };
        let name = cut_middle(&text::line(&environment.name.to_string()), 24);
        let required = if environment.required { "required: " } else { "" };
        let why = format!("{required}{skip}");
        screen.labelled(2, Style::Title, &pad(&name, 16), &cut(&text::line(&why), 300));
        if let Some(remedy) = words::remedy(skip) {
            screen.labelled(4, Style::Dim, "provide it:", &cut(&text::line(remedy), 600));
        }
    }
}

/// The drift tables: value by value where environments differ, one line for all other tables.
fn drift(screen: &mut Screen, results: &Results) {
    let tables = tally::drift_tables(results);
    if tables.is_empty() {
        return;
    }
    screen.title("Drift");
    let (same, different): (Vec<_>, Vec<_>) =
        tables.iter().partition(|t| t.differing().next().is_none());
    for table in different.iter().take(LISTED) {
        drift_table(screen, table);
    }
    screen.more(different.len());
    if !same.is_empty() {
        let labels: Vec<_> = same.iter().map(|t| cut(&text::line(t.label), 60)).collect();
        screen.labelled(2, Style::Good, "the same everywhere:", &cut(&labels.join("; "), 600));
    }
}

fn drift_table(screen: &mut Screen, table: &DriftTable<'_>) {
    let line = format!(
        "{}: {} of {} differ",
        cut(&text::line(table.label), 200),
        table.differing().count(),
        text::plural(table.columns.len() as u64, "value", "values")
    );
    screen.labelled(2, Style::Title, "", &line);
    if let Some(alike) = table.alike() {
        screen.labelled(4, Style::Dim, "alike in every value:", &cut(&text::line(&alike), 300));
    }
    for column in table.differing().take(LISTED) {
        let (name, distinct) = (table.columns[column], table.distinct[column]);
        screen.pieces(&[(Style::Plain, "    "), (Style::Title, &cut(&text::line(name), 70))]);
        for number in 0..distinct.min(8) {
            let rows = table.rows.iter().filter_map(|r| {
                r.values[column].filter(|v| v.1 == number).map(|v| (v.0, r.environment))
            });
            let (values, mut names): (Vec<&str>, Vec<String>) =
                rows.map(|(v, e)| (v, e.to_string())).unzip();
            names.dedup();
            let value = match values.first() {
                Some(&"") => "(empty)",
                Some(value) => value,
                None => continue,
            };
            let line = format!("{}  in {}", cut(&text::line(value), 120), names.join(", "));
            screen.labelled(6, Style::Doubt, "-", &cut(&text::line(&line), 300));
        }
        if distinct > 8 {
            screen.pieces(&[(Style::Dim, &format!("      … and {} more", distinct - 8))]);
        }
    }
}

fn controls(screen: &mut Screen, results: &Results) {
    if results.controls.is_empty() {
        return;
    }
    screen.title("Controls");
    screen.labelled(2, Style::Plain, "", &words::controls(results));
    let bad: Vec<_> = results.controls.iter().filter(|c| !c.ok).collect();
    for control in bad.iter().take(LISTED) {
        let problem = control.problem.as_deref().unwrap_or("it did not do its work");
        let line = format!("{} in {}: {problem}", control.case, control.environment);
        let (style, sign) = match control.verdict {
            Verdict::Unavailable => (Style::Doubt, words::sign(Verdict::Unavailable)),
            _ => (Style::Bad, "✗"),
        };
        screen.labelled(2, style, sign, &cut(&text::line(&line), 300));
    }
    screen.more(bad.len());
}

fn floors(screen: &mut Screen, results: &Results) {
    let missed: Vec<_> = results.floors.iter().filter(|f| !f.met).collect();
    if results.floors.is_empty() {
        return;
    }
    let idle = results.floors.iter().filter(|f| f.not_applied.is_some()).count();
    screen.title("Floors");
    // A floor that does not apply counts as met in the results.
    let met = results.floors.len() - missed.len() - idle.min(results.floors.len() - missed.len());
    let line = format!("{met} met, {} not met, {idle} do not apply", missed.len());
    screen.labelled(2, Style::Plain, "", &line);
    for floor in missed.iter().take(LISTED) {
        let line = format!(
            "{} in {}: {} of at least {}",
            floor.suite, floor.environment, floor.actual, floor.floor
        );
        screen.labelled(2, Style::Bad, "✗", &cut(&text::line(&line), 300));
    }
    screen.more(missed.len());
}

/// Things that change no verdict and should be known all the same.
fn remarks(screen: &mut Screen, results: &Results) {
    let mut lines = Vec::new();
    let flaky: Vec<_> = results.cases.iter().filter(|c| c.flaky).collect();
    for case in flaky.iter().take(LISTED) {
        lines.push(format!("held only after a retry: {} in {}", case.case, case.environment));
    }
    if flaky.len() > LISTED {
        lines.push(format!("held only after a retry: {} more", flaky.len() - LISTED));
    }
    let idle: Vec<_> =
        results.normalisers.iter().filter(|n| n.replaced == 0).map(|n| n.name.as_str()).collect();
    if !idle.is_empty() {
        lines.push(format!("normalisers that replaced nothing: {}", idle.join(", ")));
    }
    if results.run.redactions > 0 {
        lines.push(format!("secrets replaced in the evidence: {}", results.run.redactions));
    }
    if results.run.interrupted {
        lines.push("the run was interrupted before its end".to_owned());
    }
    if results.run.filtered {
        lines.push("cases were filtered, so floors do not apply".to_owned());
    }
    if !lines.is_empty() {
        screen.title("Remarks");
    }
    for line in lines {
        screen.labelled(2, Style::Plain, "-", &cut(&text::line(&line), 300));
    }
}

fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "n/a",
        Verdict::Unavailable => "absent",
        Verdict::Inconclusive => "unsure",
        Verdict::HarnessError => "broken",
        other => other.as_str(),
    }
}

/// Environments × verdicts; a verdict that no case has gets no column, `pass` and `fail` always do.
fn table(screen: &mut Screen, tally: &Tally<'_>) {
    let mut shown = vec![Verdict::Pass, Verdict::Fail];
    let others = Verdict::ALL.into_iter().rev();
    shown.extend(
        others.filter(|v| !shown.contains(v) && tally.counts.of(*v) > 0).collect::<Vec<_>>(),
    );
    let each = tally.counts.total().to_string().len().max(6) + 1;
    // With nine verdicts of seven columns, this leaves 17 for the name.
    let room = COLUMNS.saturating_sub(each * shown.len()).max(8);
    let names = tally.environments.iter().map(|e| text::line(&e.name.to_string()).into_owned());
    let names: Vec<_> = names.map(|n| cut_middle(&n, room - 1)).collect();
    let column = names.iter().map(|n| width(n)).max().unwrap_or(0).max(12).min(room - 1);
    screen.blank();
    let mut head = pad("environment", column);
    shown.iter().for_each(|v| head.push_str(&pad_left(heading(*v), each)));
    screen.pieces(&[(Style::Title, &head)]);
    let rows = names.iter().zip(&tally.environments).map(|(n, e)| (n.as_str(), &e.counts));
    for (name, counts) in rows.chain([("all", &tally.counts)]) {
        let style = if name == "all" { Style::Title } else { Style::Plain };
        let mut pieces = vec![(style, pad(name, column))];
        pieces.extend(shown.iter().map(|v| cell(counts, *v, each)));
        let pieces: Vec<_> = pieces.iter().map(|(s, t)| (*s, t.as_str())).collect();
        screen.pieces(&pieces);
    }
}

fn cell(counts: &Counts, verdict: Verdict, columns: usize) -> (Style, String) {
    match counts.of(verdict) {
        0 => (Style::Dim, pad_left("·", columns)),
        n => (Style::of(verdict), pad_left(&n.to_string(), columns)),
    }
}

fn conclusion(screen: &mut Screen, results: &Results, tally: &Tally<'_>, report: Option<&str>) {
    screen.blank();
    let counts = &tally.counts;
    let each: Vec<_> = counts.present().rev().map(|(v, n)| format!("{v} {n}")).collect();
    let cases = text::plural(counts.total(), "case", "cases");
    let colon = if each.is_empty() { "" } else { ": " };
    screen.labelled(
        0,
        Style::Plain,
        TOTALS.trim_end(),
        &format!("{cases}{colon}{}", each.join(", ")),
    );
    let style = match words::tone(results, tally) {
        Tone::Good => Style::Good,
        Tone::Doubt => Style::Doubt,
        Tone::Bad => Style::Bad,
    };
    let outcome = format!("{}:", words::outcome(results, tally));
    screen.labelled(0, style, &outcome, &words::headline(results, tally));
    for reason in results.summary.reasons.iter().take(LISTED) {
        screen.labelled(2, Style::Plain, "-", &cut(&text::line(reason), 300));
    }
    screen.more(results.summary.reasons.len());
    screen.labelled(0, Style::Plain, "", &words::exit_meaning(results, tally));
    if let Some(path) = report {
        screen.labelled(0, Style::Title, "Report:", path);
    }
}
