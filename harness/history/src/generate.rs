//! Transactions by a seed: every value unique, every kind of change.

use crate::spec::{BEAT, PUBLIC, Spec, TableSpec};
use std::collections::BTreeSet;

/// Makes transactions.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    count: u64,
    ids: Vec<BTreeSet<u32>>,
}

/// The values of the column that the predicate reads.
// Mostly the value that passes, and then every spelling that a collation, a trim or a fold makes
// equal to another.
const KINDS: [&str; 12] = [
    "'NORMAL'",
    "'NORMAL'",
    "'NORMAL'",
    "'VIP'",
    "'CORP'",
    "'vip'",
    "'VIP '",
    "'ViP'",
    "''",
    "NULL",
    "'ＶＩＰ'",
    "'TRIAL'",
];
/// Texts that break careless programs.
const TEXTS: [&str; 8] =
    ["", "😀 emoji", "nul \\0 inside", "quote '' and \\\\", "ＦＵＬＬ", "pad  ", "日本語", "plain"];

impl Generator {
    /// Generates for tables whose key is one integer column `id`.
    #[must_use]
    pub fn new(seed: u64, spec: &Spec) -> Self {
        Self { seed, count: 0, ids: vec![BTreeSet::new(); spec.table.len()] }
    }

    fn next(&mut self) -> u64 {
        // SplitMix64: the same sequence on every machine.
        self.count += 1;
        let mut z = self.seed.wrapping_add(self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        let at = self.next() as usize % all.len();
        &all[at]
    }

    fn id(&mut self, table: usize) -> Option<u32> {
        let at = self.next() as usize;
        let ids = &self.ids[table];
        ids.iter().nth(at % ids.len().max(1)).copied()
    }

    fn value(&mut self, spec: &Spec, table: &TableSpec, column: &str) -> String {
        let n = self.next();
        let parent = table.follows.iter().find(|f| f.by == [column]).map(|f| &f.table);
        if let Some(place) = spec.table.iter().position(|t| Some(&t.name) == parent) {
            // One in eight references is NULL or names a row that is not there, or not yet.
            let id = self.id(place).filter(|_| !n.is_multiple_of(8));
            return match id {
                Some(id) => id.to_string(),
                None if n.is_multiple_of(16) => "NULL".to_owned(),
                None => (1 + n % 5000).to_string(),
            };
        }
        match column {
            "user_type" => (*self.pick(&KINDS)).to_owned(),
            _ if table.columns.get(column).is_some_and(|class| class == PUBLIC) => {
                (n % 1000).to_string()
            }
            // One in nine is something else: values that cannot be masked are part of every table.
            "phone" | "tel" if !n.is_multiple_of(9) => {
                format!("'1{:010}'", 3_000_000_000 + n % 6_000_000_000)
            }
            "mail" if !n.is_multiple_of(9) => format!("'m{:012x}@canary.example'", n >> 16),
            _ => match spec.mask(table, column) {
                Some(_) if n.is_multiple_of(9) => "NULL".to_owned(),
                _ => format!("'{} {:010x}'", self.pick(&TEXTS), n >> 24),
            },
        }
    }

    /// The statements of the next transaction.
    pub fn transaction(&mut self, spec: &Spec) -> Vec<String> {
        let tables: Vec<usize> = (0..spec.table.len())
            .filter(|i| {
                let table = &spec.table[*i];
                table.name != BEAT && !table.aside && table.key == ["id"]
            })
            .collect();
        let statements = 1 + self.next() % 4;
        let mut all = Vec::new();
        for _ in 0..statements {
            let place = *self.pick(&tables);
            self.change(spec, place, &mut all);
        }
        if all.len() > 1 {
            all.insert(0, "START TRANSACTION".to_owned());
            all.push("COMMIT".to_owned());
        }
        all
    }

    fn change(&mut self, spec: &Spec, place: usize, all: &mut Vec<String>) {
        let table = &spec.table[place];
        let name = &table.name;
        let columns: Vec<&String> = table.columns.keys().filter(|c| *c != "id").collect();
        let kind = self.next() % 10;
        // Inserts win until there are sixty rows, so that updates and deletes meet rows.
        let Some(id) = self.id(place).filter(|_| kind > 1 || self.ids[place].len() > 60) else {
            let id = 1 + (self.next() % 5000) as u32;
            if self.ids[place].insert(id) {
                let names: Vec<String> = columns.iter().map(|c| format!("`{c}`")).collect();
                let values: Vec<String> =
                    columns.iter().map(|c| self.value(spec, table, c)).collect();
                all.push(format!(
                    "INSERT INTO {name} (id, {}) VALUES ({id}, {})",
                    names.join(", "),
                    values.join(", ")
                ));
            }
            return;
        };
        let decides = table.columns.contains_key("user_type");
        match kind {
            2 => {
                self.ids[place].remove(&id);
                all.push(format!("DELETE FROM {name} WHERE id = {id}"));
            }
            3 | 6 if decides => {
                let value = self.value(spec, table, "user_type");
                all.push(format!("UPDATE {name} SET user_type = {value} WHERE id = {id}"));
            }
            7 if decides => {
                for value in ["'VIP'", "'NORMAL'"] {
                    all.push(format!("UPDATE {name} SET user_type = {value} WHERE id = {id}"));
                }
            }
            8 => {
                let to = 1 + (self.next() % 5000) as u32;
                if self.ids[place].insert(to) {
                    self.ids[place].remove(&id);
                    all.push(format!("UPDATE {name} SET id = {to} WHERE id = {id}"));
                }
            }
            9 => {
                // Two rows swap their keys over a third.
                if let Some(other) = self.id(place).filter(|other| *other != id) {
                    // Keys are unique at each statement: a swap needs a third value, above all that
                    // are generated.
                    for (from, to) in [(id, 900_000), (other, id), (900_000, other)] {
                        all.push(format!("UPDATE {name} SET id = {to} WHERE id = {from}"));
                    }
                }
            }
            _ => {
                let column = *self.pick(&columns);
                let value = self.value(spec, table, column);
                all.push(format!("UPDATE {name} SET `{column}` = {value} WHERE id = {id}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_history() {
        let text = "[class.p]\nmask = { randomised = {} }\n[[table]]\nname = \"users\"\nsource = \"\"\n\
                    staging = \"\"\nkey = [\"id\"]\nwhere = \"user_type <> 'VIP'\"\n[table.columns]\n\
                    id = \"public\"\nuser_type = \"public\"\nphone = \"p\"\n";
        let spec = Spec::parse(text).unwrap();
        let all = |seed| {
            let mut generator = Generator::new(seed, &spec);
            (0..50).map(|_| generator.transaction(&spec)).collect::<Vec<_>>()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        let text = all(1).concat().join("\n");
        for word in ["INSERT", "DELETE", "SET id", "'VIP'", "phone"] {
            assert!(text.contains(word), "{word}");
        }
    }
}
