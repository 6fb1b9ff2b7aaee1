//! Text for people: hostile characters made visible, cutting and wrapping by display width, times
//! and durations. Not about any one report's syntax.

use std::borrow::Cow;
pub use twinproof_base::plural;
use unicode_width::UnicodeWidthStr;

/// Number of columns of this text on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Characters that would act on a terminal, reorder a line or break a file format, rather than be
/// seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        // Noncharacters: the last two code points of each plane, which XML does not allow.
        || (c as u32) & 0xfffe == 0xfffe
}

fn made_visible(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let bad = |c: char| is_hidden(c) && !keep(c);
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !bad(c) => out.push(c),
            // The block Control Pictures has one sign for each, in the same order.
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + c as u32)),
            '\u{7f}' => out.push('\u{2421}'),
            c => out.push_str(&format!("<U+{:04X}>", c as u32)),
        }
    }
    Cow::Owned(out)
}

/// Makes hidden characters of a line visible: control characters become control pictures (`␛`),
/// characters that reorder text become `<U+202E>`.
pub fn line(text: &str) -> Cow<'_, str> {
    made_visible(text, |_| false)
}

/// The same, but line feeds and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    made_visible(text, |c| matches!(c, '\n' | '\t'))
}

/// The longest prefix that is no wider than `columns`.
fn prefix(text: &str, columns: usize) -> &str {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if width(&text[..next]) > columns {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// Text of at most `columns`, its end replaced by `…` where it is wider.
pub fn cut(text: &str, columns: usize) -> String {
    // A terminal line shows at most a few hundred columns: no need to measure a megabyte.
    let head = head(text, columns.saturating_mul(8).saturating_add(64));
    if head.len() == text.len() && width(text) <= columns {
        return text.to_owned();
    }
    match columns {
        0 => String::new(),
        _ => format!("{}…", prefix(head, columns - 1)),
    }
}

/// Text of at most `columns`, its middle replaced by `…` where it is wider: names and paths differ
/// at both ends.
pub fn cut_middle(text: &str, columns: usize) -> String {
    // Measuring width is linear and slow; a text of that length is too wide in any case.
    if text.len() <= 4096 && width(text) <= columns {
        return text.to_owned();
    }
    if columns < 8 {
        return cut(text, columns);
    }
    let tail_columns = (columns - 1) / 2;
    let mut start = text.len();
    for (at, _) in text.char_indices().rev() {
        if width(&text[at..]) > tail_columns || text.len() - at > 4 * columns + 64 {
            break;
        }
        start = at;
    }
    let tail = &text[start..];
    let head = prefix(&text[..start], columns - 1 - width(tail));
    let joined = format!("{head}…{tail}");
    if width(&joined) <= columns { joined } else { cut(text, columns) }
}

/// The longest prefix of at most `bytes` that ends between characters.
pub fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Text with spaces after it, up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Text with spaces before it, up to `columns`.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Breaks one line of text into lines no wider than `columns`: between words, and within a word only
/// where it is wider than a line. At least one line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(4);
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let mut rest = word;
        while let Some(last) = lines.last_mut() {
            let joined = if last.is_empty() { rest.to_owned() } else { format!("{last} {rest}") };
            // Longer words are cut first: measuring takes time in proportion to the length.
            if rest.len() <= 8 * columns && width(&joined) <= columns {
                *last = joined;
                break;
            }
            if !last.is_empty() {
                lines.push(String::new());
                continue;
            }
            let piece = prefix(head(rest, 8 * columns), columns);
            // A single character wider than a line cannot be; be sure to go on all the same.
            let piece = if piece.is_empty() { head(rest, 4) } else { piece };
            *last = piece.to_owned();
            rest = &rest[piece.len()..];
            if rest.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// `2026-11-23 22:11:03 UTC` of milliseconds since the Unix epoch.
pub fn time(millis: i64) -> String {
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{millis} ms since 1970"),
    }
}

/// `2026-11-23T22:11:03Z` of milliseconds since the Unix epoch, where that is a date.
pub fn rfc3339(millis: i64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Days from the run's start to the end of that day; negative after it.
pub fn days_left(until: jiff::civil::Date, from_millis: i64) -> Option<i32> {
    let start = jiff::Timestamp::from_millisecond(from_millis).ok()?;
    let start = jiff::tz::Offset::UTC.to_datetime(start).date();
    Some(until.since(start).ok()?.get_days())
}

/// `350 µs`, `12 ms`, `3.4 s`, `2 min 5 s`.
pub fn duration(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 => {
            format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10)
        }
        _ => format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

/// `16 KiB`, `1.5 MiB`, `7 bytes`.
pub fn bytes(size: u64) -> String {
    match size {
        0..1024 => plural(size, "byte", "bytes"),
        1024..1_048_576 => format!("{} KiB", size / 1024),
        _ => format!("{}.{} MiB", size / 1_048_576, size % 1_048_576 * 10 / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain ünïcode", "plain ünïcode")]
    #[case("a\u{1b}[31mb\nc\0", "a␛[31mb␊c␀")]
    #[case("x\u{202e}y\u{7f}\u{85}", "x<U+202E>y␡<U+0085>")]
    #[case("\u{ffff}", "<U+FFFF>")]
    fn nothing_stays_hidden(#[case] text: &str, #[case] want: &str) {
        assert_eq!(line(text), want);
    }

    #[rstest]
    #[case("path/gobin-unset-goes-to-first", 13, "path/g…-first")]
    #[case("short", 13, "short")]
    #[case("日本語日本語日本語", 9, "日本…本語")]
    fn names_keep_both_ends(#[case] text: &str, #[case] columns: usize, #[case] want: &str) {
        assert_eq!(cut_middle(text, columns), want);
    }

    #[rstest]
    #[case(350, "350 µs")]
    #[case(12_345, "12 ms")]
    #[case(3_450_000, "3.4 s")]
    #[case(125_000_000, "2 min 5 s")]
    fn durations_are_shown_in_a_fitting_unit(#[case] micros: u64, #[case] want: &str) {
        assert_eq!(duration(micros), want);
    }

    #[test]
    fn days_are_counted_from_the_start_of_the_run() {
        let start = 1_790_000_000_000; // 2026-09-21
        assert_eq!(days_left(jiff::civil::date(2026, 9, 21), start), Some(0));
        assert_eq!(days_left(jiff::civil::date(2026, 12, 31), start), Some(101));
        assert_eq!(days_left(jiff::civil::date(2026, 9, 1), start), Some(-20));
    }

    proptest! {
        #[test]
        fn cutting_holds_the_width(text in "\\PC{0,60}|[ -~]{0,200}", columns in 0_usize..90) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert!(width(&cut_middle(&text, columns)) <= columns);
        }

        #[test]
        fn wrapping_holds_the_width_and_loses_no_letter(text in "[a-z日 ]{0,200}", columns in 4_usize..90) {
            let lines = wrap(&text, columns);
            prop_assert!(lines.iter().all(|l| width(l) <= columns));
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
