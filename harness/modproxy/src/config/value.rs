//! Kinds of values, and how each is read from text.

use std::time::Duration;

/// The kind of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// A duration.
    Time,
    /// A number of bytes.
    Bytes,
    /// A number.
    Count,
    /// Yes or no.
    Switch,
    /// Texts.
    List,
}

impl Kind {
    /// The placeholder of a value in a help text.
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Path => "PATH",
            Self::Time => "TIME",
            Self::Bytes => "BYTES",
            Self::Count => "N",
            Self::Switch => "BOOL",
            Self::List => "LIST",
        }
    }

    /// The expected form, in words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Path => "a path",
            Self::Time => "a time, such as \"30s\", \"5m\" or \"7d\"",
            Self::Bytes => "a number of bytes, such as 4096 or \"500MiB\"",
            Self::Count => "a number from 0 on",
            Self::Switch => "`true` or `false`",
            Self::List => "a list of texts",
        }
    }
}

/// A value that is right for its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Time(Duration),
    Number(u64),
    Switch(bool),
    List(Vec<String>),
}

/// Reads a value.
pub(super) fn parse(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Text | Kind::Path => Some(Value::Text(text.to_owned())),
        Kind::Time => time(text).map(Value::Time),
        Kind::Bytes => parse_bytes(text).map(Value::Number),
        Kind::Count => text.parse().ok().map(Value::Number),
        Kind::Switch => switch(text).map(Value::Switch),
        Kind::List => Some(Value::List(split(text))),
    }
}

/// The parts of a list.
pub(super) fn split(text: &str) -> Vec<String> {
    // No element of a list may hold a comma, so that a variable and a flag can hold one too.
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn time(text: &str) -> Option<Duration> {
    let (number, unit) = parts(text)?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    // 136 years: later additions to an Instant must not overflow.
    number.checked_mul(seconds).filter(|s| *s <= u64::from(u32::MAX)).map(Duration::from_secs)
}

/// Reads a number of bytes: `4096`, `64KiB`, `500MiB`, `20GiB`.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = parts(text)?;
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// A number and what follows it.
fn parts(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    // A space between number and unit is what people write.
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("500ms", Some(500))]
    #[case("30s", Some(30_000))]
    #[case("5 m", Some(300_000))]
    #[case("2h", Some(7_200_000))]
    #[case("7d", Some(604_800_000))]
    #[case("0s", Some(0))]
    #[case("30", Some(30_000))]
    #[case("-1s", None)]
    #[case("1.5h", None)]
    #[case("99999999999999999999s", None)]
    #[case("9999999999999d", None)]
    fn times(#[case] text: &str, #[case] millis: Option<u64>) {
        assert_eq!(time(text), millis.map(Duration::from_millis));
    }

    #[rstest]
    #[case("4096", Some(4096))]
    #[case("1KiB", Some(1024))]
    #[case("500 MiB", Some(524_288_000))]
    #[case("20GiB", Some(21_474_836_480))]
    #[case("1MB", None)]
    #[case("", None)]
    #[case("99999999TiB", None)]
    fn sizes(#[case] text: &str, #[case] count: Option<u64>) {
        assert_eq!(parse_bytes(text), count);
    }

    #[test]
    fn lists() {
        assert_eq!(split("a, b,,c "), ["a", "b", "c"]);
        assert_eq!(split(" "), Vec::<String>::new());
    }
}
