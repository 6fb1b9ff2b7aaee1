//! Tokens and keys: 11 to 19, 45 and 46.

use super::court::Court;
use super::outcome::Outcome;
use crate::cell::Cell;
use crate::class::{Domain, Mask};
use crate::mask::{deterministic_key, parts};
use crate::record::Done;
use crate::replay::{Replay, shown};
use std::collections::{BTreeMap, BTreeSet};

/// A token in staging: table, column, key, bytes as written.
type Token<'t> = (&'t str, &'t str, Vec<Cell>, &'t [u8]);

/// Number of tokens with distinct values of `of`, or the first two that share a value and for which
/// `two` holds.
fn distinct<'t, 'e, K: Ord>(
    tokens: &'t BTreeSet<Token<'e>>,
    of: impl Fn(&'t Token<'e>) -> Option<K>,
    two: impl Fn(&Token<'e>, &Token<'e>) -> bool,
) -> Result<usize, (&'t Token<'e>, &'t Token<'e>)> {
    let mut seen = BTreeMap::new();
    for token in tokens {
        let Some(own) = of(token) else { continue };
        if let Some(other) = seen.insert(own, token)
            && two(token, other)
        {
            return Err((other, token));
        }
    }
    Ok(seen.len())
}

impl Court<'_> {
    /// Every cell of staging, in every state, whose mask is so.
    fn tokens(&self, is: impl Fn(&Mask) -> bool) -> BTreeSet<Token<'_>> {
        let mut all = BTreeSet::new();
        for state in &self.evidence.staging {
            for table in self.replay.tables() {
                for column in table.columns.keys() {
                    if !self.evidence.spec.mask(table, column).is_some_and(|(_, mask)| is(mask)) {
                        continue;
                    }
                    for row in state.tables.get(&table.name).into_iter().flatten() {
                        let written = row.get(column).and_then(Cell::bytes);
                        let key = Replay::staged_key(table, row);
                        all.extend(written.map(|w| (table.name.as_str(), column.as_str(), key, w)));
                    }
                }
            }
        }
        all
    }

    fn randomised(&self) -> BTreeSet<Token<'_>> {
        self.tokens(|mask| matches!(mask, Mask::Randomised(_)))
    }

    pub(super) fn equality(&self) -> Outcome {
        let tokens = self.randomised();
        // Of two rows: the same row keeps its token from one state to the next.
        if let Err((other, token)) = distinct(&tokens, |t| Some(t.3), |t, other| t.2 != other.2) {
            return Outcome::Violated(format!(
                "rows {} and {} of {} have the same token",
                shown(&other.2),
                shown(&token.2),
                token.0
            ));
        }
        let equal = self.equal_values();
        match (tokens.len(), equal) {
            (0, _) | (_, 0) => Outcome::Unseen("no two rows had an equal value".to_owned()),
            (tokens, equal) => {
                Outcome::Holds(format!("{tokens} tokens, none equal; {equal} values were equal"))
            }
        }
    }

    /// Number of values of randomised columns that occur in several rows.
    fn equal_values(&self) -> usize {
        let mut rows: BTreeMap<(&str, &Cell), BTreeSet<Vec<Cell>>> = BTreeMap::new();
        for (name, row) in self.images() {
            let Some(table) = self.evidence.spec.find(name) else { continue };
            for (column, cell) in row {
                let randomised = matches!(
                    self.evidence.spec.mask(table, column),
                    Some((_, Mask::Randomised(_)))
                );
                // An empty value has the same ciphertext length everywhere, and says nothing.
                if randomised && cell.bytes().is_some_and(|b| !b.is_empty()) {
                    rows.entry((column, cell)).or_default().insert(self.replay.key(table, row));
                }
            }
        }
        rows.values().filter(|keys| keys.len() > 1).count()
    }

    pub(super) fn nonces(&self) -> Outcome {
        let tokens = self.randomised();
        let nonce = |t: &Token<'_>| parts(t.3).map(|(key, nonce, _)| (key, nonce));
        let seen = match distinct(&tokens, nonce, |t, other| t.3 != other.3) {
            Ok(seen) => seen,
            Err((other, token)) => {
                return Outcome::Violated(format!(
                    "rows {} and {} of {} have one nonce with one key",
                    shown(&other.2),
                    shown(&token.2),
                    token.0
                ));
            }
        };
        let starts = self.evidence.instances.len();
        // One start cannot repeat another's nonces.
        if seen < 2 || starts < 2 {
            return Outcome::Unseen("there were not two tokens and two starts".to_owned());
        }
        Outcome::Holds(format!("{seen} nonces over {starts} starts, none twice"))
    }

    pub(super) fn round_trip(&self) -> Outcome {
        let mut seen = BTreeSet::new();
        for (table, version, _) in self.pairs() {
            for column in table.columns.keys() {
                if self.evidence.spec.mask(table, column).is_none() {
                    continue;
                }
                let cell = version.row.get(column).unwrap_or(&Cell::NULL);
                let text = cell.as_text().unwrap_or_default();
                let kinds = [
                    ("NULL", cell.bytes().is_none()),
                    ("empty", cell.bytes() == Some(b"")),
                    ("emoji", text.chars().any(|c| c > '\u{ffff}')),
                    ("NUL", text.contains('\0')),
                    ("padded", text.ends_with(' ')),
                    ("full width", text.contains('Ｆ')),
                    ("long", text.len() > 1000),
                ];
                seen.extend(kinds.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind));
            }
        }
        // All seven kinds must have come through, or the property says nothing.
        if seen.len() < 7 {
            return Outcome::Unseen(format!("only seen: {seen:?}"));
        }
        self.at_rest("", |_| true)
    }

    pub(super) fn binding(&self) -> Outcome {
        let tokens = self.randomised();
        let moved: Vec<&Done> = self.done("unmask-moved").collect();
        if tokens.is_empty() {
            return Outcome::Unseen("there is no randomised token".to_owned());
        }
        if let Some(read) = moved.iter().find(|d| d.outcome.starts_with("0 ")) {
            return Outcome::Violated(format!("a token was read in another row: {}", read.what));
        }
        match self.at_rest("", |_| true) {
            Outcome::Holds(_) => Outcome::Holds(format!(
                "{} tokens, each bound to its row; {} were refused in another",
                tokens.len(),
                moved.len()
            )),
            other => other,
        }
    }

    pub(super) fn flipped_bits(&self) -> Outcome {
        let own: Vec<&Done> = self.done("unmask").collect();
        let flipped: Vec<&Done> = self.done("unmask-flipped").collect();
        if own.is_empty() || flipped.is_empty() {
            return Outcome::Unseen("no token was read".to_owned());
        }
        // If not even an unchanged token is read, refusing the changed ones proves nothing.
        if let Some(unread) = own.iter().find(|d| !d.outcome.starts_with("0 ")) {
            return Outcome::Unseen(format!(
                "a token that was not changed is not read: {}",
                unread.outcome
            ));
        }
        match flipped.iter().find(|d| d.outcome.starts_with("0 ")) {
            Some(read) => Outcome::Violated(format!("{} was read", read.what)),
            None => Outcome::Holds(format!("{} changed tokens were refused", flipped.len())),
        }
    }

    pub(super) fn ceiling(&self) -> Outcome {
        // Statements that set the count say how many uses are left: `left-N`.
        let left = |d: &Done| d.what.split("left-").nth(1)?.split([' ', '*']).next()?.parse().ok();
        let Some((at, left)) = self.done("staging").find_map(|d| Some((d.until, left(d)?))) else {
            return Outcome::Unseen("no count was set".to_owned());
        };
        let left: usize = left;
        let states = &self.evidence.staging;
        let of = |until: bool| -> BTreeSet<&[u8]> {
            // By bytes: a token that stood in staging before the count was set is not a new one.
            let states = states.iter().filter(|s| (s.at <= at) == until);
            let rows = states.flat_map(|s| s.tables.values().flatten());
            rows.flat_map(|row| row.values().filter_map(Cell::bytes))
                .filter(|w| parts(w).is_some())
                .collect()
        };
        let made = of(false).difference(&of(true)).count();
        let asked = self.images().count();
        if made > left {
            return Outcome::Violated(format!("{made} tokens were made after {left} were left"));
        }
        match self.halted().last() {
            None => Outcome::Violated("the pipeline went on".to_owned()),
            Some(halted) => Outcome::Holds(format!(
                "{made} tokens of {left} that were left, {asked} images; it ended with {}",
                halted.code.unwrap_or(0)
            )),
        }
    }

    pub(super) fn rotation(&self) -> Outcome {
        let Some(rotated) = self.done("rotate").last() else {
            return Outcome::Unseen("no key was rotated".to_owned());
        };
        let tokens = |after: bool| -> BTreeSet<&[u8]> {
            let states = self.evidence.staging.iter().filter(|s| (s.at > rotated.at) == after);
            states
                .flat_map(|s| s.tables.values().flatten())
                .flat_map(|r| r.values().filter_map(Cell::bytes))
                .collect()
        };
        let before = tokens(false);
        let (mut new, mut old) = (0, 0);
        for token in tokens(true) {
            let Some((key, ..)) = parts(token) else { continue };
            if before.contains(token) {
                old += 1;
            } else if key == self.evidence.keys.primary {
                new += 1;
            } else {
                return Outcome::Violated(format!(
                    "a token was made with key {key} after the rotation"
                ));
            }
        }
        // Both must be seen: without old tokens the rotation is a fresh start.
        if new == 0 || old == 0 {
            return Outcome::Unseen(format!("{new} new tokens and {old} old ones were seen"));
        }
        match self.at_rest("", |_| true) {
            Outcome::Holds(_) => {
                Outcome::Holds(format!("{new} tokens of the new key; {old} old ones still open"))
            }
            other => other,
        }
    }

    pub(super) fn replayed(&self) -> Outcome {
        let during = self.done("busy").count() > 0
            || self.done("held").any(|held| {
                let next = self.done("source").find(|d| d.at >= held.until);
                held.outcome != "late" && next.is_some()
            });
        self.at_rest("nothing changed during the snapshot", |_| during)
    }

    pub(super) fn domains(&self) -> Outcome {
        let mut of: BTreeMap<(String, Cell), (Cell, String)> = BTreeMap::new();
        let mut back: BTreeMap<(String, Cell), Cell> = BTreeMap::new();
        let mut shared = 0;
        for (table, version, staged) in self.pairs() {
            let Some(staged) = staged else { continue };
            for column in table.columns.keys() {
                let Some((class, Mask::Deterministic(d) | Mask::Token(d))) =
                    self.evidence.spec.mask(table, column)
                else {
                    continue;
                };
                let Domain { domain } = d;
                let domain = domain.clone().unwrap_or_else(|| class.to_owned());
                let plain = version.row.get(column).cloned().unwrap_or_default();
                let token = staged.get(column).cloned().unwrap_or_default();
                if plain.bytes().is_none() {
                    continue;
                }
                let place = format!("{}.{column}", table.name);
                if let Some((other, at)) =
                    of.insert((domain.clone(), plain.clone()), (token.clone(), place.clone()))
                {
                    // Within one column equal tokens are expected; only two columns show that the
                    // domain is shared.
                    shared += usize::from(at != place);
                    if other != token {
                        return Outcome::Violated(format!(
                            "{at} and {place} have different tokens of {}",
                            plain.shown()
                        ));
                    }
                }
                // The other direction: two values must not get one token either.
                if back.insert((domain, token), plain.clone()).is_some_and(|other| other != plain) {
                    return Outcome::Violated(format!("two values of {place} have one token"));
                }
            }
        }
        if shared == 0 {
            return Outcome::Unseen("no value was in two columns of a domain".to_owned());
        }
        Outcome::Holds(format!("{} values, {shared} of them in two columns", of.len()))
    }

    pub(super) fn one_key(&self) -> Outcome {
        let mut keys = BTreeSet::new();
        for state in &self.evidence.staging {
            let mut of_state = BTreeSet::new();
            for table in self.replay.tables() {
                for column in table.columns.keys() {
                    if matches!(
                        self.evidence.spec.mask(table, column),
                        Some((_, Mask::Deterministic(_)))
                    ) {
                        let rows = state.tables.get(&table.name).into_iter().flatten();
                        of_state.extend(
                            rows.filter_map(|r| deterministic_key(r.get(column)?.bytes()?)),
                        );
                    }
                }
            }
            // At every moment, also while a key is rotated: joins would break between rows of two
            // keys.
            if of_state.len() > 1 {
                return Outcome::Violated(format!("one state has tokens of the keys {of_state:?}"));
            }
            keys.extend(of_state);
        }
        if keys.is_empty() || self.done("rotate").count() == 0 {
            return Outcome::Unseen("no key was rotated beside deterministic tokens".to_owned());
        }
        Outcome::Holds(format!("every state has tokens of one key: {keys:?}"))
    }

    pub(super) fn collations(&self) -> Outcome {
        let mut loose = None;
        let mut seen = 0;
        for table in self.replay.tables() {
            for column in table.columns.keys() {
                let token = matches!(
                    self.evidence.spec.mask(table, column),
                    Some((_, Mask::Randomised(_) | Mask::Deterministic(_) | Mask::Token(_)))
                );
                let collation = self.evidence.collations.get(&format!("{}.{column}", table.name));
                let Some(collation) = collation.filter(|_| token) else { continue };
                seen += 1;
                let rows = self
                    .evidence
                    .staging
                    .iter()
                    .any(|s| s.tables.get(&table.name).is_some_and(|r| !r.is_empty()));
                if !collation.ends_with("_bin") && collation != "binary" {
                    loose = Some((format!("{}.{column} is {collation}", table.name), rows));
                }
            }
        }
        match loose {
            _ if seen == 0 => Outcome::Unseen("there is no column of tokens".to_owned()),
            // A halt before any row is written is the right answer.
            Some((what, true)) => Outcome::Violated(format!("{what}, and rows were written")),
            Some((what, false)) => match self.halted().last() {
                Some(_) => Outcome::Holds(format!("{what}, and nothing was written")),
                None => Outcome::Violated(format!("{what}, and the pipeline went on")),
            },
            None => Outcome::Holds(format!("{seen} columns of tokens are compared byte by byte")),
        }
    }
}
