//! Conditions on texts.

use crate::{Scope, json};
use regex::Regex;
use twinproof_model::TextTable;
use twinproof_model::variables::VariableError;

/// The output of a program as text: UTF-8, `\r\n` read as `\n`. None when it is not UTF-8.
pub fn of_process(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(|t| t.replace("\r\n", "\n"))
}

/// A file as text: UTF-8, as it is. None when it is not UTF-8.
pub fn of_file(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// The text without its last line end.
pub fn without_final_line_end(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t))
}

/// At most `limit` characters of a text, quoted, and the number of the others.
pub fn shown(text: &str, limit: usize) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(limit).collect();
    match chars.count() {
        0 => format!("{head:?}"),
        rest => format!("{head:?} and {rest} more characters"),
    }
}

/// A condition that does not hold of a text.
pub struct Mismatch {
    /// The condition.
    pub expected: String,
    /// The text instead.
    pub actual: String,
}

/// Every condition of the table, as it is with the text: what was asserted, and whether it holds.
///
/// # Errors
/// When a variable of a condition is unknown.
pub fn judge(
    table: &TextTable,
    text: &str,
    scope: &Scope,
) -> Result<(String, Option<Mismatch>), VariableError> {
    const SHOWN: usize = 400;
    let text = without_final_line_end(text);
    let lines = || text.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l));
    let mut asserted = Vec::new();
    let mut wrong = None;
    let mut hold = |expected: String, holds: bool, actual: &dyn Fn() -> String| {
        if !holds && wrong.is_none() {
            wrong = Some(Mismatch { expected: expected.clone(), actual: actual() });
        }
        asserted.push(expected);
    };
    let whole = || shown(text, SHOWN);
    if let Some(want) = &table.equals {
        let want = scope.expand(want)?;
        let want = without_final_line_end(&want);
        hold(shown(want, SHOWN), text == want, &whole);
    }
    if let Some(want) = &table.lines {
        let want = want.iter().map(|l| scope.expand(l)).collect::<Result<Vec<_>, _>>()?;
        let holds = if want.is_empty() {
            text.is_empty()
        } else {
            lines().eq(want.iter().map(String::as_str))
        };
        hold(format!("lines {want:?}"), holds, &|| difference(&want.join("\n"), text));
    }
    if let Some(want) = &table.lines_in_any_order {
        let mut want = want.iter().map(|l| scope.expand(l)).collect::<Result<Vec<_>, _>>()?;
        want.sort();
        let mut there: Vec<&str> = if text.is_empty() { Vec::new() } else { lines().collect() };
        there.sort_unstable();
        let actual = || difference(&want.join("\n"), &there.join("\n"));
        hold(format!("lines {want:?} in any order"), there == want, &actual);
    }
    if let Some(want) = &table.line {
        let want = scope.expand(want)?;
        hold(format!("a line {want:?}"), lines().any(|l| l == want), &whole);
    }
    if let Some(want) = &table.no_line {
        let want = scope.expand(want)?;
        hold(format!("no line {want:?}"), !lines().any(|l| l == want), &whole);
    }
    if let Some(want) = &table.contains {
        let want = scope.expand(want)?;
        hold(format!("a part {want:?}"), text.contains(&want), &whole);
    }
    if let Some(want) = &table.lacks {
        let want = scope.expand(want)?;
        hold(format!("no part {want:?}"), !text.contains(&want), &whole);
    }
    let anchored = |pattern: &str| Regex::new(&format!("^(?:{pattern})$")).ok();
    if let Some(pattern) = &table.regex {
        let pattern = scope.expand_regex(pattern)?;
        let holds = anchored(&pattern).is_some_and(|r| r.is_match(text));
        hold(format!("all matches /{pattern}/"), holds, &whole);
    }
    if let Some(pattern) = &table.line_regex {
        let pattern = scope.expand_regex(pattern)?;
        let holds = anchored(&pattern).is_some_and(|r| lines().any(|l| r.is_match(l)));
        hold(format!("a line matches /{pattern}/"), holds, &whole);
    }
    if !table.json.is_empty() || !table.json_lacks.is_empty() {
        match serde_json::from_str(text) {
            Ok(value) => json::hold(table, &value, scope, &mut hold)?,
            Err(error) => {
                hold("JSON".to_owned(), false, &|| format!("no JSON: {error}; {}", whole()))
            }
        }
    }
    if let Some(empty) = table.empty {
        let want = if empty { "nothing" } else { "something" };
        hold(want.to_owned(), text.is_empty() == empty, &whole);
    }
    Ok((asserted.join(", "), wrong))
}

/// A line-by-line difference: `-` expected, `+` observed.
pub fn difference(expected: &str, actual: &str) -> String {
    const LIMIT: usize = 4_000;
    let diff = similar::TextDiff::from_lines(expected, actual);
    let mut out = String::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            similar::ChangeTag::Delete => '-',
            similar::ChangeTag::Insert => '+',
            similar::ChangeTag::Equal => continue,
        };
        let line = change.value();
        out.push(sign);
        out.push_str(line.strip_suffix('\n').unwrap_or(line));
        out.push('\n');
        if out.len() > LIMIT {
            out.push_str("… (more differences)\n");
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::collections::BTreeMap;

    fn holds(toml_like: serde_json::Value, text: &str) -> bool {
        let table: TextTable = serde_json::from_value(toml_like).unwrap();
        let scope = Scope::new(&BTreeMap::from([("w".to_owned(), "/a.b".to_owned())]));
        judge(&table, text, &scope).unwrap().1.is_none()
    }

    #[rstest]
    #[case(serde_json::json!({"equals": "a"}), "a\n", true)]
    #[case(serde_json::json!({"equals": "a"}), "a\n\n", false)]
    #[case(serde_json::json!({"equals": "a"}), "A", false)]
    #[case(serde_json::json!({"lines": ["a", "b"]}), "a\r\nb\r\n", true)]
    #[case(serde_json::json!({"lines": ["a"]}), "a\nb", false)]
    #[case(serde_json::json!({"lines": []}), "", true)]
    #[case(serde_json::json!({"line": "b"}), "a\nb\n", true)]
    #[case(serde_json::json!({"line": "b"}), "a\nbc\n", false)]
    #[case(serde_json::json!({"no_line": "b"}), "a\nbc\n", true)]
    #[case(serde_json::json!({"contains": "${w}"}), "x/a.b", true)]
    #[case(serde_json::json!({"regex": "${w}"}), "/a.b", true)]
    #[case(serde_json::json!({"regex": "${w}"}), "/axb", false)]
    #[case(serde_json::json!({"regex": "a"}), "ab", false)]
    #[case(serde_json::json!({"regex": "a|b"}), "ab", false)]
    #[case(serde_json::json!({"line_regex": "b+"}), "a\nbbb", true)]
    #[case(serde_json::json!({"line_regex": "b"}), "a\nbbb", false)]
    #[case(serde_json::json!({"lines_in_any_order": ["b", "a"]}), "a\nb\n", true)]
    #[case(serde_json::json!({"lines_in_any_order": ["a"]}), "a\na", false)]
    #[case(serde_json::json!({"lines_in_any_order": []}), "", true)]
    #[case(serde_json::json!({"json": {"/Version": "v1"}}), r#"{"Time":"t","Version":"v1","Origin":{}}"#, true)]
    #[case(serde_json::json!({"json": {"/Version": "v1"}}), r#"{ "Version" : "v1" }"#, true)]
    #[case(serde_json::json!({"json": {"/Version": "v1"}}), r#"{"version":"v1"}"#, false)]
    #[case(serde_json::json!({"json": {"/Version": "v1"}}), r#"{"Version":"v1""#, false)]
    #[case(serde_json::json!({"json": {"": {"A": {"B": 1}}}}), r#"{"A":{"B":1,"C":2}}"#, true)]
    #[case(serde_json::json!({"json": {"/l": [1, 2]}}), r#"{"l":[2,1]}"#, false)]
    #[case(serde_json::json!({"json": {"/w": "${w}"}}), r#"{"w":"/a.b"}"#, true)]
    #[case(serde_json::json!({"json_lacks": ["/Origin"]}), r#"{"Origin":null}"#, false)]
    #[case(serde_json::json!({"json_lacks": ["/Origin"]}), "{}", true)]
    #[case(serde_json::json!({"empty": true}), "\n", true)]
    #[case(serde_json::json!({"empty": true}), "x", false)]
    #[case(serde_json::json!({"lacks": "x"}), "x", false)]
    #[case(serde_json::json!({"contains": "a", "lacks": "b"}), "ab", false)]
    fn each_condition_holds_only_for_its_texts(
        #[case] table: serde_json::Value,
        #[case] text: &str,
        #[case] want: bool,
    ) {
        assert_eq!(holds(table, text), want);
    }
}
