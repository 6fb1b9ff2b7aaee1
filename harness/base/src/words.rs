//! Counted things in words.

/// A number and its noun: `1 entry`, `2 entries`.
#[must_use]
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A number and a noun whose plural ends in s: `1 case`, `2 cases`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    plural(number, noun, &format!("{noun}s"))
}
