//! Limits of a step's values, beyond the types of its keys: helpers for the kinds, which report
//! mistakes with their places.

mod pattern;

pub use pattern::{base64, regex};

use pattern::has_variables;

use std::collections::BTreeSet;
use std::ops::Range;
use twinproof_model::Template;
use twinproof_toml::node::{self, Node};

/// The names that a step may refer to, besides those in its own case.
#[derive(Clone, Copy)]
pub struct Names<'r> {
    /// Settings that some subject declares.
    pub settings: &'r BTreeSet<String>,
    /// The shared normalisers.
    pub normalisers: &'r BTreeSet<String>,
}

/// A suite file in which steps are checked.
pub type Lint<'r> = twinproof_toml::Reader<'r, Names<'r>>;

/// Checks the value of one key of a table, which is a step's or a control's.
pub type KeyCheck = fn(&Node<'_>, &str, &mut Lint<'_>);

/// The largest exit code: that of a Windows program.
// Windows' exit codes have 32 bits, unsigned; crashes are above 0xc0000000.
const MAX_EXIT: i64 = 0xffff_ffff;
/// The longest time limit in seconds.
const MAX_TIMEOUT: i64 = 3600;

/// An integer, where the node is one that fits.
fn integer(node: Option<&Node<'_>>) -> Option<i64> {
    match node?.get_ref() {
        // TOML has hexadecimal, octal and binary integers, too.
        toml::de::DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok(),
        _ => None,
    }
}

/// A path of something that is written: it must stay in the work directory.
pub fn path_inside(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    if let Some(path) = node::text(table, key)
        && let Some(reason) = pattern::escapes(path)
    {
        let draft = lint.draft("path-escapes", reason, node::value_span(table, key));
        lint.add(draft.help(
            "write a path relative to the work directory, or begin it with a variable such as `${home}`",
        ));
    }
}

/// A text that must not be empty.
pub fn filled(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    lint.filled(table, &[key]);
}

/// A list in which no text stands twice.
pub fn listed(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    lint.listed(table, key, true);
}

/// Bytes as base64.
pub fn bytes(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    if let Some(text) = node::text(table, key) {
        base64(text, &node::value_span(table, key), lint);
    }
}

/// Permission bits: three or four octal digits, `0644`.
pub fn mode(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let octal = |b: u8| (b'0'..=b'7').contains(&b);
    let fits = |mode: &&str| (3..=4).contains(&mode.len()) && mode.bytes().all(octal);
    if let Some(mode) = node::text(table, key).filter(|mode| !fits(mode)) {
        let message = format!("`{mode}` are no permission bits");
        let draft = lint.draft("bad-mode", &message, node::value_span(table, key));
        lint.add(draft.help("write three or four octal digits, like `\"0644\"`"));
    }
}

/// A SHA-256, or a text with variables.
pub fn sha256(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let Some(hash) = node::text(table, key) else { return };
    let hex = hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !has_variables(hash) && (hash.len() != 64 || !hex) {
        let draft = lint.draft("bad-sha256", "this is no SHA-256", node::value_span(table, key));
        lint.add(draft.help("write 64 lower-case hexadecimal digits"));
    }
}

/// A Go version without the `go`: `1.27.3`, `1.27`, `1.28rc1`.
pub fn go_version(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    go_version_in(table, key, lint);
}

/// The same, in any file.
pub fn go_version_in<C>(table: &Node<'_>, key: &str, reader: &mut twinproof_toml::Reader<'_, C>) {
    let Some(version) = node::text(table, key) else { return };
    if !is_go_version(version) {
        let message = format!("`{version}` is no version of Go");
        let draft = reader.draft("bad-version", &message, node::value_span(table, key));
        // `go1.27.3` is how Go names itself; suites write the number alone.
        let bare = version.trim_start_matches("go");
        reader.add(draft.help(if is_go_version(bare) {
            format!("write `{bare}`")
        } else {
            "write it like `1.27.3`, `1.27` or `1.28rc1`".to_owned()
        }));
    }
}

/// Whether a text is a Go version without the `go`.
#[must_use]
pub fn is_go_version(version: &str) -> bool {
    let number = |n: &str| {
        !n.is_empty()
            && n.len() <= 4
            && n.bytes().all(|b| b.is_ascii_digit())
            && (n == "0" || !n.starts_with('0'))
    };
    let (release, pre) = match version.find("rc").or_else(|| version.find("beta")) {
        Some(at) => (&version[..at], Some(version[at..].trim_start_matches(char::is_alphabetic))),
        None => (version, None),
    };
    let parts: Vec<&str> = release.split('.').collect();
    (2..=3).contains(&parts.len())
        && parts[0] == "1"
        && parts.iter().all(|p| number(p))
        && pre.is_none_or(number)
}

/// A method of HTTP.
pub fn method(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    if let Some(method) = node::text(table, key)
        && (method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()))
    {
        let message = format!("`{}` is no method", method.escape_debug());
        lint.add(lint.draft("bad-method", &message, node::value_span(table, key)));
    }
}

/// An address, which may begin with a variable.
pub fn url(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let Some(url) = node::text(table, key) else { return };
    let begins_with_variable = Template::parse(url)
        .is_ok_and(|url| url.variables().next().is_some_and(|(_, range)| range.start == 0));
    if !begins_with_variable && !["http://", "https://"].iter().any(|p| url.starts_with(p)) {
        let message = format!("`{}` is no address", url.escape_debug());
        let draft = lint.draft("bad-url", &message, node::value_span(table, key));
        lint.add(draft.help("begin it with `http://`, `https://` or a variable"));
    }
}

/// A status code, or a list of them.
pub fn status(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let Some(found) = node::get(table, key) else { return };
    let all: Vec<&Node<'_>> = match found.get_ref().as_array() {
        Some(list) => list.iter().collect(),
        None => vec![found],
    };
    if all.is_empty() {
        lint.add(lint.draft("empty-list", &format!("`{key}` is empty"), found.span()));
    }
    // A value that is no status code at all is reported with its type.
    let codes = all.into_iter().filter_map(|node| integer(Some(node)));
    for code in codes.filter(|n| (0..=u16::MAX.into()).contains(n) && !(100..=599).contains(n)) {
        let draft = lint.draft("bad-status", &format!("there is no status {code}"), found.span());
        lint.add(draft.help("write 100 to 599"));
    }
}

/// Settings: some subject must declare each.
pub fn settings(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let set = node::get(table, key).and_then(node::table);
    let declared = lint.context.settings;
    for key in set.into_iter().flat_map(|t| t.keys()) {
        let name: &str = key.get_ref().as_ref();
        if !declared.contains(name) {
            let message = format!("unknown setting `{name}`");
            let draft = lint.draft("unknown-setting", &message, key.span());
            let valid = declared.iter().map(String::as_str);
            lint.add(draft.label("no subject declares it").suggest(name, valid, "settings"));
        }
    }
}

/// Faults: each must do something, and its bytes must be some.
pub fn rules(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    const ONLY_WHEN: [&str; 4] = ["path", "method", "after", "times"];
    for rule in node::elements(node::get(table, key)) {
        lint.filled(rule, &["path"]);
        bytes(rule, "base64", lint);
        let mut keys = node::table(rule).into_iter().flat_map(|t| t.keys());
        if keys.all(|key| ONLY_WHEN.contains(&key.get_ref().as_ref())) {
            let draft = lint.draft("no-effect", "this rule does nothing", rule.span());
            lint.add(draft.help("give `status`, `body`, `truncate` or another fault"));
        }
        status(rule, "status", lint);
        if integer(node::get(rule, "times")) == Some(0) {
            let message = "a rule that applies to no request";
            lint.add(lint.draft("no-effect", message, node::value_span(rule, "times")));
        }
    }
}

/// Variables of programs, by name.
pub fn variables(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let names = node::get(table, key).and_then(node::table);
    for name in names.into_iter().flat_map(|t| t.keys()) {
        variable_name(name.get_ref().as_ref(), name.span(), lint);
    }
}

/// Names of variables that are taken away.
pub fn unset(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    lint.listed(table, key, true);
    for (name, span) in node::texts(node::get(table, key)) {
        variable_name(name, span, lint);
    }
}

fn variable_name(name: &str, span: Range<usize>, lint: &mut Lint<'_>) {
    if name.is_empty() || name.contains(['=', '\0']) {
        let message = format!("`{}` is no environment variable's name", name.escape_default());
        lint.add(lint.draft("bad-name", &message, span));
    }
}

/// The regular expressions of the conditions under a node.
pub fn conditions(condition: Option<&Node<'_>>, lint: &mut Lint<'_>) {
    for key in ["regex", "line_regex"] {
        if let Some(found) = condition.and_then(|c| node::get(c, key))
            && let Some(text) = found.get_ref().as_str()
        {
            regex(text, &found.span(), lint);
        }
    }
}

/// Conditions on headers: their texts, and that no header is named twice.
pub fn headers(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let mut seen: Vec<(String, Range<usize>)> = Vec::new();
    let headers = node::get(table, key).and_then(node::table);
    for (key, value) in headers.into_iter().flat_map(|t| t.iter()) {
        conditions(Some(value), lint);
        // Names of header fields have no case (RFC 9110, 5.1): two keys of TOML may be one header.
        let name = key.get_ref().to_ascii_lowercase();
        if let Some((_, first)) = seen.iter().find(|(n, _)| *n == name) {
            let message = format!("the header `{name}` is given twice");
            let draft = lint.draft("duplicate-key", &message, key.span());
            let spot = lint.spot(first.clone());
            lint.add(draft.other(spot, "the first"));
        }
        seen.push((name, key.span()));
    }
}

/// A time limit in seconds.
pub fn timeout(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let seconds = integer(node::get(table, key));
    // A value that does not fit into 32 bits is reported with its type.
    let fits = |n: &i64| (0..=u32::MAX.into()).contains(n) && !(1..=MAX_TIMEOUT).contains(n);
    if let Some(n) = seconds.filter(fits) {
        let message = format!("a time limit of {n} seconds");
        let draft = lint.draft("bad-timeout", &message, node::value_span(table, key));
        lint.add(draft.help(format!("write seconds from 1 to {MAX_TIMEOUT}")));
    }
}

/// An exit code.
pub fn exit(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    if let Some(code) = integer(node::get(table, key)).filter(|n| !(0..=MAX_EXIT).contains(n)) {
        let message = format!("no program can end with the exit code {code}");
        let draft = lint.draft("bad-exit", &message, node::value_span(table, key));
        lint.add(
            draft.help(format!("write 0 to {MAX_EXIT}; 128 + N stands for death by signal N")),
        );
    }
}

/// Keys that cannot stand beside another: the first of `more` that is there is reported, with `why`
/// it cannot, and with what is `said` at the other key.
pub fn excludes(
    body: &Node<'_>,
    more: &[&str],
    why: &str,
    said: (Range<usize>, &str),
    lint: &mut Lint<'_>,
) {
    if let Some(key) = more.iter().find(|k| node::get(body, k).is_some()) {
        let draft = lint.draft("contradiction", why, node::key_span(body, key));
        let spot = lint.spot(said.0);
        lint.add(draft.other(spot, said.1));
    }
}

/// Keys of which each needs the other: pairs of a key and the one that it needs.
pub fn needs(body: &Node<'_>, pairs: &[(&str, &str)], lint: &mut Lint<'_>) {
    for (one, other) in pairs {
        if node::get(body, one).is_some() && node::get(body, other).is_none() {
            let message = format!("`{one}` without `{other}`");
            lint.add(lint.draft("missing-key", &message, node::key_span(body, one)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_go_version;
    use rstest::rstest;

    #[rstest]
    #[case("1.27.3", true)]
    #[case("1.27", true)]
    #[case("1.28rc1", true)]
    #[case("1.21beta2", true)]
    #[case("go1.27.3", false)]
    #[case("1.027", false)]
    #[case("1", false)]
    #[case("1.27.", false)]
    #[case("2.0", false)]
    #[case("1.28rc", false)]
    #[case("latest", false)]
    fn only_versions_of_go_are_accepted(#[case] version: &str, #[case] want: bool) {
        assert_eq!(is_go_version(version), want);
    }
}
