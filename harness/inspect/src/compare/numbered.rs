//! Keys for sections of a file and members of an archive, of which several may have one name.

use std::collections::BTreeMap;

/// A name, and the number among those of that name, from 1.
pub(super) type Key = (String, usize);

/// Items by their name and their number among those of that name.
pub(super) fn numbered<T>(named: impl Iterator<Item = (String, T)>) -> BTreeMap<Key, T> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for (name, item) in named {
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        all.insert((name, *count), item);
    }
    all
}

/// A name for people.
pub(super) fn shown((name, number): Key) -> String {
    if number == 1 { name } else { format!("{name} ({number})") }
}
