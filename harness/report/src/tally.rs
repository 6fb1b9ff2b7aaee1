//! Counts the cases of a run by verdict, environment and claim, for all reporters. It counts the
//! cases themselves, never the summary, so that the two can be compared.

use std::collections::HashMap;
use twinproof_model::{CaseResult, Claim, EnvironmentName, EnvironmentResult, Results, Verdict};

/// Number of cases by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Verdict::ALL.len()]);

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict) {
        self.add_many(verdict, 1);
    }

    /// Counts that many more.
    pub fn add_many(&mut self, verdict: Verdict, count: u64) {
        // `Verdict::ALL` has the order of the discriminants.
        self.0[verdict as usize] = self.0[verdict as usize].saturating_add(count);
    }

    /// Number of cases with this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// Number of all cases.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Number of cases whose verdict is about the subject.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.present().filter(|(v, _)| v.is_decided()).map(|(_, n)| n).sum()
    }

    /// The verdicts that occur, in order, with their numbers.
    pub fn present(&self) -> impl DoubleEndedIterator<Item = (Verdict, u64)> {
        Verdict::ALL.into_iter().zip(self.0).filter(|(_, n)| *n > 0)
    }

    /// The merged verdict; of none, nothing.
    #[must_use]
    pub fn merged(&self) -> Option<Verdict> {
        self.present().next_back().map(|(v, _)| v)
    }

    /// Counts verdicts.
    pub fn of_all(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        verdicts.into_iter().for_each(|v| counts.add(v));
        counts
    }
}

/// An environment with its counts.
pub struct EnvironmentTally<'a> {
    /// Its name.
    pub name: &'a EnvironmentName,
    /// Its entry in the results; `None` where only cases name it.
    pub result: Option<&'a EnvironmentResult>,
    /// Counts of its cases.
    pub counts: Counts,
}

/// Results of a claim in one environment. Never run: all counts are 0.
#[derive(Clone, Copy, Default)]
pub struct Cell {
    /// The cases of the claim there.
    pub counts: Counts,
    /// Index of the most alarming of them in the results.
    pub worst: Option<usize>,
}

/// A claim over all environments.
pub struct ClaimTally<'a> {
    /// Its id.
    pub id: &'a str,
    /// The claim; nothing where only cases name it.
    pub claim: Option<&'a Claim>,
    /// A cell for each environment, in their order.
    pub cells: Vec<Cell>,
}

impl ClaimTally<'_> {
    /// The merged verdict over all environments.
    pub fn merged(&self) -> Option<Verdict> {
        self.cells.iter().filter_map(|c| c.counts.merged()).max()
    }
}

/// The count of a run.
pub struct Tally<'a> {
    /// All cases.
    pub counts: Counts,
    /// The run's environments in its order, then those that only cases name.
    pub environments: Vec<EnvironmentTally<'a>>,
    /// The run's claims in its order, then those that only cases name.
    pub claims: Vec<ClaimTally<'a>>,
}

impl<'a> Tally<'a> {
    /// Counts a run.
    pub fn of(results: &'a Results) -> Self {
        let mut environments: Vec<EnvironmentTally<'a>> = Vec::new();
        let mut place: HashMap<&EnvironmentName, usize> = HashMap::new();
        // Environments without a case have a row too: one that is missing from the table would look
        // as if it had not been selected.
        let listed = results.environments.iter().map(|e| (&e.name, Some(e)));
        let named = results.cases.iter().map(|c| (&c.environment, None));
        for (name, result) in listed.chain(named) {
            place.entry(name).or_insert_with(|| {
                environments.push(EnvironmentTally { name, result, counts: Counts::default() });
                environments.len() - 1
            });
        }
        let row = |id, claim| ClaimTally { id, claim, cells: vec![Cell::default(); place.len()] };
        let mut claims: Vec<ClaimTally<'a>> = Vec::new();
        let mut rows: HashMap<&str, usize> = HashMap::new();
        for claim in &results.claims {
            rows.entry(&claim.id).or_insert_with(|| {
                claims.push(row(&claim.id, Some(claim)));
                claims.len() - 1
            });
        }
        let mut counts = Counts::default();
        for (index, case) in results.cases.iter().enumerate() {
            counts.add(case.verdict);
            let Some(&column) = place.get(&case.environment) else { continue };
            environments[column].counts.add(case.verdict);
            for id in &case.claims {
                let at = *rows.entry(id).or_insert_with(|| {
                    claims.push(row(id, None));
                    claims.len() - 1
                });
                let cell = &mut claims[at].cells[column];
                // Verdicts are ordered by how alarming they are, so that the greatest is the one to
                // show.
                if cell.counts.merged().is_none_or(|worst| case.verdict > worst) {
                    cell.worst = Some(index);
                }
                cell.counts.add(case.verdict);
            }
        }
        Self { counts, environments, claims }
    }

    /// Number of cells without a case.
    pub fn never_run(&self) -> u64 {
        let cells = self.claims.iter().flat_map(|c| &c.cells);
        cells.filter(|c| c.counts.total() == 0).count() as u64
    }
}

/// All cases, the most alarming first, each verdict in the order of the results.
pub fn by_alarm(results: &Results) -> Vec<(usize, &CaseResult)> {
    let mut cases: Vec<_> = results.cases.iter().enumerate().collect();
    cases.sort_by_key(|(index, case)| (std::cmp::Reverse(case.verdict), *index));
    cases
}

/// Whether a verdict needs attention.
pub fn needs_attention(verdict: Verdict) -> bool {
    // The order of the enum: inconclusive, xpass, fail, harness error.
    verdict >= Verdict::Inconclusive
}

/// A drift table: the answers to a question, by environment.
pub struct DriftTable<'a> {
    /// The question: the label that cases declare.
    pub label: &'a str,
    /// Names of the values, sorted.
    pub columns: Vec<&'a str>,
    /// A row for each environment that answered, in the order of the run.
    pub rows: Vec<DriftRow<'a>>,
    /// Number of different values in each column.
    pub distinct: Vec<usize>,
}

impl DriftTable<'_> {
    /// The columns that do not have one value everywhere.
    pub fn differing(&self) -> impl Iterator<Item = usize> {
        self.distinct.iter().enumerate().filter(|(_, n)| **n > 1).map(|(column, _)| column)
    }

    /// The environments whose rows are equal, as `host = wine; image:musl = image:trixie`; nothing
    /// where no two are.
    pub fn alike(&self) -> Option<String> {
        let mut groups: Vec<(&[DriftValue<'_>], Vec<String>)> = Vec::new();
        for row in &self.rows {
            let name = row.environment.to_string();
            match groups.iter_mut().find(|(values, _)| *values == row.values.as_slice()) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => groups.push((&row.values, vec![name])),
            }
        }
        let equal = groups.iter().filter(|(_, names)| names.len() > 1);
        let equal: Vec<_> = equal.map(|(_, names)| names.join(" = ")).collect();
        (!equal.is_empty()).then(|| equal.join("; "))
    }
}

/// The letter of a value among those of its column: `A`, `B`, … `Z`, then numbers.
pub fn letter(number: usize) -> String {
    match u8::try_from(number) {
        Ok(n) if n < 26 => char::from(b'A' + n).to_string(),
        _ => (number + 1).to_string(),
    }
}

/// A value with its number (from 0) among those of its column; nothing where it was not asked.
pub type DriftValue<'a> = Option<(&'a str, usize)>;

/// A row of a drift table.
pub struct DriftRow<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// Index of the case that filled it, in the results.
    pub case: usize,
    /// The subject of that case.
    pub subject: &'a str,
    /// The values, by column.
    pub values: Vec<DriftValue<'a>>,
}

/// The drift tables of a run, by label.
pub fn drift_tables(results: &Results) -> Vec<DriftTable<'_>> {
    let mut labels: Vec<&str> = Vec::new();
    let mut cases: HashMap<&str, Vec<(usize, &CaseResult)>> = HashMap::new();
    for (index, case) in results.cases.iter().enumerate() {
        for label in case.drift.keys() {
            let filled = cases.entry(label).or_insert_with(|| {
                labels.push(label);
                Vec::new()
            });
            filled.push((index, case));
        }
    }
    labels.into_iter().filter_map(|l| Some(drift_table(l, cases.get(l)?))).collect()
}

fn drift_table<'a>(label: &'a str, cases: &[(usize, &'a CaseResult)]) -> DriftTable<'a> {
    let answers = |case: &'a CaseResult| case.drift.get(label).into_iter().flatten();
    let mut columns: Vec<&str> =
        cases.iter().flat_map(|(_, c)| answers(c).map(|(k, _)| k.as_str())).collect();
    columns.sort_unstable();
    columns.dedup();
    let mut seen: Vec<Vec<&str>> = vec![Vec::new(); columns.len()];
    let mut rows = Vec::new();
    for &(index, case) in cases {
        let mut values = vec![None; columns.len()];
        for (key, value) in answers(case) {
            let Ok(column) = columns.binary_search(&key.as_str()) else { continue };
            // Numbered by first appearance: equal values have one letter in all rows.
            let known = &mut seen[column];
            let number = known.iter().position(|v| v == value).unwrap_or_else(|| {
                known.push(value);
                known.len() - 1
            });
            values[column] = Some((value.as_str(), number));
        }
        rows.push(DriftRow {
            environment: &case.environment,
            case: index,
            subject: &case.subject,
            values,
        });
    }
    DriftTable { label, columns, rows, distinct: seen.iter().map(Vec::len).collect() }
}
