//! What a single step may say, beyond the types of its keys.

use crate::decode::decode;
use crate::exchange;
use crate::key::{Reader, SuiteReader as _};
use crate::names;
use crate::node::{self, Node};
use crate::pattern;
use crate::report::Spot;
use crate::scope::Variables;
use crate::template::{Pending, Template};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use twinproof_steps::{EnvStep, FileStep, Probe, ProbeKind, Process, Step, TreeStep, Write};

/// The largest exit code: that of a Windows program.
const MAX_EXIT: i64 = 0xffff_ffff;
/// The longest time limit in seconds.
const MAX_TIMEOUT: u32 = 3600;
/// What a `file` step can capture.
const FILE_VALUES: [&str; 5] = ["sha256", "size", "text", "mode", "symlink"];

/// A step where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Site<'i> {
    /// Absent when it cannot be read.
    pub(crate) step: Option<Step>,
    pub(crate) node: Node<'i>,
    pub(crate) file: Arc<str>,
    /// Variables that only a capture of an earlier step can give a value.
    pub(crate) pending: Vec<Pending>,
    /// Variables that its texts refer to.
    pub(crate) left: BTreeSet<String>,
    /// Whether a mistake of its own was found.
    pub(crate) wrong: bool,
}

impl<'i> Site<'i> {
    /// Reads a step, puts variables into it and checks what can be checked of it alone.
    pub(crate) fn read(
        mut node: Node<'i>,
        variables: &Variables,
        used: &mut BTreeSet<Spot>,
        normalisers: &BTreeSet<String>,
        reader: &mut Reader<'_>,
    ) -> Self {
        let before = reader.reporter.count();
        let mut template = Template::new(variables, used);
        template.fill(&mut node, reader);
        let (pending, left) = (template.pending, template.left);
        let message = match node::table(&node).map(|t| t.len()) {
            None => format!("expected a step, found {}", node::describe(node.get_ref())),
            Some(0) => "a step without a kind".to_owned(),
            Some(1) => String::new(),
            Some(_) => "a step has one key, its kind".to_owned(),
        };
        let step = if message.is_empty() {
            decode(&node, &reader.file, reader.reporter)
        } else {
            let draft = reader.draft("step-kind", &message, node.span());
            let kinds: Vec<&str> = Step::KINDS.iter().map(|info| info.kind).collect();
            let kinds = names::list(&kinds);
            reader.add(draft.help(format!("write `{{ KIND = … }}`; the kinds are {kinds}")));
            None
        };
        let file = Arc::clone(&reader.file);
        let mut site = Self { step, node, file, pending, left, wrong: false };
        site.check(normalisers, reader);
        site.wrong = reader.reporter.count() > before;
        site
    }

    /// The table of the step's keys.
    pub(crate) fn body(&self) -> &Node<'i> {
        node::table(&self.node).and_then(|t| t.iter().next()).map_or(&self.node, |(_, value)| value)
    }

    /// Where a key's value is written.
    pub(crate) fn spot(&self, key: &str) -> Spot {
        Spot::new(&self.file, node::value_span(self.body(), key))
    }

    /// Where its kind is written.
    pub(crate) fn kind_spot(&self) -> Spot {
        let kind = node::table(&self.node).and_then(|t| t.keys().next());
        Spot::new(&self.file, kind.map_or_else(|| self.node.span(), toml::Spanned::span))
    }

    /// Names that the step gives values to.
    pub(crate) fn captures(&self) -> impl Iterator<Item = (&str, Spot)> {
        let capture = node::get(self.body(), "capture").and_then(node::table);
        capture
            .into_iter()
            .flat_map(|t| t.keys())
            .map(|k| (k.get_ref().as_ref(), Spot::new(&self.file, k.span())))
    }

    /// Names that a step of its kind gives values to.
    pub(crate) fn given(&self) -> impl Iterator<Item = &str> {
        let gives = self.step.as_ref().map_or(&[][..], |step| step.info().gives);
        gives.iter().map(|(name, _)| *name)
    }

    fn check(&self, normalisers: &BTreeSet<String>, reader: &mut Reader<'_>) {
        let body = self.body();
        if let Some(name) = node::text(body, "name").filter(|n| !names::is_slug(n)) {
            let message = format!("`{name}` is no step's name");
            let draft = reader.draft("bad-name", &message, node::value_span(body, "name"));
            reader.add(draft.help("write lower-case words joined by `-`"));
        }
        for (name, spot) in self.captures() {
            if !names::is_variable(name) {
                let draft =
                    reader.draft("bad-name", &format!("`{name}` is no variable's name"), spot.span);
                reader.add(draft.help("write letters, digits and `_`, like `main_go`"));
            }
        }
        match &self.step {
            Some(Step::Write(s)) => write(s, body, reader),
            Some(Step::Run(s)) => {
                reader.filled(body, &["program", "cwd"]);
                process(&s.process(), body, reader);
            }
            Some(Step::Go(s)) => {
                reader.filled(body, &["cwd"]);
                reader.version(body, "sdk");
                process(&s.process(), body, reader);
            }
            Some(Step::Env(s)) => env(s, body, reader),
            Some(Step::File(s)) => file(s, body, reader),
            Some(Step::Tree(s)) => tree(s, body, reader),
            Some(Step::Origin(s)) => exchange::origin(s, body, reader),
            Some(Step::Subject(s)) => exchange::subject(s, body, reader),
            Some(Step::Http(s)) => exchange::http(s, body, reader),
            Some(Step::Raw(s)) => exchange::raw(s, body, reader),
            Some(Step::Requests(s)) => exchange::requests(s, body, reader),
            Some(Step::Sumdb(s)) => exchange::sumdb(s, body, reader),
            Some(Step::Script(s)) => exchange::script(s, body, reader),
            Some(Step::Canary(s)) => {
                reader.filled(body, &["write", "read"]);
                if s.write == s.read && !s.write.is_empty() {
                    let message = "the canary is looked for where it is written";
                    reader.add(reader.draft("no-effect", message, node::value_span(body, "read")));
                }
            }
            Some(Step::Golden(_)) => {
                reader.listed(body, "normalize", true);
                for (name, span) in node::texts(node::get(body, "normalize")) {
                    if !normalisers.contains(name) {
                        let message = format!("unknown normaliser `{name}`");
                        let draft = reader.draft("unknown-normaliser", &message, span);
                        let valid = normalisers.iter().map(String::as_str);
                        reader.add(draft.suggest(name, valid, "normalisers"));
                    }
                }
            }
            Some(Step::Probe(s)) => probe(s, body, reader),
            Some(Step::Use(_)) | None => {}
        }
    }
}

fn write(s: &Write, body: &Node<'_>, reader: &mut Reader<'_>) {
    const CONTENTS: [&str; 4] = ["text", "base64", "symlink", "dir"];
    let there = [s.text.is_some(), s.base64.is_some(), s.symlink.is_some(), s.dir];
    let count = there.iter().filter(|t| **t).count();
    if count != 1 {
        let message = if count == 0 {
            "this `write` step does not say what it writes"
        } else {
            "this `write` step writes several things at one path"
        };
        let written = CONTENTS.iter().filter(|k| node::get(body, k).is_some()).nth(1);
        let span = written.map_or_else(|| body.span(), |k| node::key_span(body, k));
        let draft = reader.draft("write-content", message, span);
        reader.add(draft.help(format!("give one of {}", names::list(&CONTENTS))));
    }
    inputs(body, reader);
}

/// Checks the keys of a `write` step, which a control may have too.
pub(crate) fn inputs(body: &Node<'_>, reader: &mut Reader<'_>) {
    if let (Some(path), true) = (node::text(body, "path"), true)
        && let Some(reason) = pattern::escapes(path)
    {
        let draft = reader.draft("path-escapes", reason, node::value_span(body, "path"));
        reader.add(draft.help(
            "write a path relative to the work directory, or begin it with a variable such as `${home}`",
        ));
    }
    bytes(body, "base64", reader);
    mode(body, reader);
}

pub(crate) fn bytes(body: &Node<'_>, key: &str, reader: &mut Reader<'_>) -> Option<usize> {
    let text = node::text(body, key)?;
    pattern::base64(text, &node::value_span(body, key), &reader.file, reader.reporter)
}

fn mode(body: &Node<'_>, reader: &mut Reader<'_>) {
    if let Some(mode) = node::text(body, "mode").filter(|m| !names::is_mode(m)) {
        let message = format!("`{mode}` are no permission bits");
        let draft = reader.draft("bad-mode", &message, node::value_span(body, "mode"));
        reader.add(draft.help("write three or four octal digits, like `\"0644\"`"));
    }
}

/// Checks the regular expressions of the conditions under a node.
pub(crate) fn conditions(condition: Option<&Node<'_>>, reader: &mut Reader<'_>) {
    for key in ["regex", "line_regex"] {
        if let Some(found) = condition.and_then(|c| node::get(c, key))
            && let Some(text) = found.get_ref().as_str()
        {
            pattern::regex(text, &found.span(), &reader.file, reader.reporter);
        }
    }
}

pub(crate) fn timeout(seconds: Option<u32>, body: &Node<'_>, reader: &mut Reader<'_>) {
    if let Some(n) = seconds.filter(|n| !(1..=MAX_TIMEOUT).contains(n))
        && node::get(body, "timeout").is_some()
    {
        let message = format!("a time limit of {n} seconds");
        let draft = reader.draft("bad-timeout", &message, node::value_span(body, "timeout"));
        reader.add(draft.help(format!("write seconds from 1 to {MAX_TIMEOUT}")));
    }
}

fn environment(
    set: &BTreeMap<String, String>,
    unset: &[String],
    of: (&str, &Node<'_>),
    reader: &mut Reader<'_>,
) {
    let (key, body) = of;
    let variables = node::get(body, key);
    for name in set.keys() {
        let span = variables.map_or_else(|| body.span(), |v| node::key_span(v, name));
        variable_name(name, span, reader);
    }
    reader.listed(body, "unset", true);
    for (name, span) in node::texts(node::get(body, "unset")) {
        variable_name(name, span.clone(), reader);
        if set.contains_key(name) && unset.iter().any(|n| n == name) {
            let draft =
                reader.draft("contradiction", &format!("`{name}` is both set and unset"), span);
            let first = variables.map_or_else(|| body.span(), |v| node::key_span(v, name));
            let spot = reader.spot(first);
            reader.add(draft.other(spot, "set here"));
        }
    }
}

fn variable_name(name: &str, span: Range<usize>, reader: &mut Reader<'_>) {
    if name.is_empty() || name.contains(['=', '\0']) {
        let message = format!("`{}` is no environment variable's name", name.escape_default());
        reader.add(reader.draft("bad-name", &message, span));
    }
}

fn process(s: &Process, body: &Node<'_>, reader: &mut Reader<'_>) {
    if !(0..=MAX_EXIT).contains(&s.exit.0) {
        let message = format!("no program can end with the exit code {}", s.exit.0);
        let draft = reader.draft("bad-exit", &message, node::value_span(body, "exit"));
        reader.add(
            draft.help(format!("write 0 to {MAX_EXIT}; 128 + N stands for death by signal N")),
        );
    }
    timeout(s.timeout, body, reader);
    environment(&s.env, &s.unset, ("env", body), reader);
    conditions(node::get(body, "stdout"), reader);
    conditions(node::get(body, "stderr"), reader);
    for (name, text) in &s.capture {
        let Some(found) = node::get(body, "capture").and_then(|c| node::get(c, name)) else {
            continue;
        };
        if found.get_ref().as_str().is_none() {
            continue;
        }
        let groups = pattern::regex(text, &found.span(), &reader.file, reader.reporter);
        if let Some(count) = groups.filter(|count| *count != 1) {
            let message = format!("a capture has exactly one group, this has {count}");
            let draft = reader.draft("capture-groups", &message, found.span());
            reader.add(draft.help("write `(…)` around the value, and `(?:…)` for other groups"));
        }
    }
}

fn env(s: &EnvStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    environment(&s.set, &s.unset, ("set", body), reader);
    if s.set.is_empty() && s.unset.is_empty() && node::table(body).is_some_and(|t| t.len() <= 1) {
        let draft = reader.draft("no-effect", "this `env` step does nothing", body.span());
        reader.add(draft.help("give `set` or `unset`"));
    }
}

fn file(s: &FileStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    reader.filled(body, &["path"]);
    bytes(body, "base64", reader);
    bytes(body, "starts_with", reader);
    mode(body, reader);
    conditions(node::get(body, "text"), reader);
    sha256(s.sha256.as_deref(), body, reader);
    let more = ["size", "base64", "text", "sha256", "starts_with", "mode", "symlink", "dir"];
    if s.exists == Some(false)
        && let Some(key) = more.iter().find(|k| node::get(body, k).is_some())
    {
        let message = "nothing can be asserted of a file that must not exist";
        let draft = reader.draft("contradiction", message, node::key_span(body, key));
        let spot = reader.spot(node::value_span(body, "exists"));
        reader.add(draft.other(spot, "must not exist"));
    }
    for (name, value) in &s.capture {
        if let Some(found) = node::get(body, "capture").and_then(|c| node::get(c, name))
            && found.get_ref().is_str()
            && !FILE_VALUES.contains(&value.as_str())
        {
            let message = format!("a `file` step has no value `{value}`");
            let draft = reader.draft("unknown-value", &message, found.span());
            reader.add(draft.suggest(value, FILE_VALUES, "valid values"));
        }
    }
}

/// Checks that a text is a SHA-256.
pub(crate) fn sha256(hash: Option<&str>, body: &Node<'_>, reader: &mut Reader<'_>) {
    let Some(hash) = hash else { return };
    let hex = hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hash.contains("${") && (hash.len() != 64 || !hex) {
        let message = "this is no SHA-256";
        let draft = reader.draft("bad-sha256", message, node::value_span(body, "sha256"));
        reader.add(draft.help("write 64 lower-case hexadecimal digits"));
    }
}

fn tree(s: &TreeStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    reader.filled(body, &["path"]);
    reader.listed(body, "entries", true);
    if s.exists == Some(false) && (s.entries.is_some() || s.count.is_some()) {
        let key = if s.entries.is_some() { "entries" } else { "count" };
        let message = "nothing can be asserted of a directory that must not exist";
        let draft = reader.draft("contradiction", message, node::key_span(body, key));
        let spot = reader.spot(node::value_span(body, "exists"));
        reader.add(draft.other(spot, "must not exist"));
    }
}

/// The keys that a probe's answer can have; `None` where any may be.
fn answers(kind: ProbeKind) -> Option<&'static [&'static str]> {
    match kind {
        ProbeKind::GoEnv | ProbeKind::ChecksumSettings => None,
        ProbeKind::GoVersion => Some(&["version", "goos", "goarch"]),
        ProbeKind::Environment => Some(&["os", "arch", "kernel", "libc", "name"]),
        ProbeKind::WslpathVectors => Some(&["total", "matched", "mismatched"]),
    }
}

fn probe(s: &Probe, body: &Node<'_>, reader: &mut Reader<'_>) {
    reader.version(body, "sdk");
    reader.filled(body, &["path", "cwd"]);
    environment(&s.env, &s.unset, ("env", body), reader);
    if node::text(body, "kind").is_none() {
        return;
    }
    let wants_path = matches!(s.kind, ProbeKind::WslpathVectors | ProbeKind::ChecksumSettings);
    if wants_path != node::get(body, "path").is_some() {
        let (message, span) = if wants_path {
            ("this probe needs the `path` of a file beside the suite's", body.span())
        } else {
            ("this probe has no `path`", node::key_span(body, "path"))
        };
        reader.add(reader.draft("probe-path", message, span));
    }
    let values = node::get(body, "values").and_then(node::table);
    let asserted = values.into_iter().flat_map(|t| t.iter());
    let mut named: Vec<(String, Range<usize>)> = Vec::new();
    for (key, value) in asserted {
        conditions(Some(value), reader);
        named.push((key.get_ref().to_string(), key.span()));
    }
    let captured = node::get(body, "capture").and_then(node::table);
    for value in captured.into_iter().flat_map(|t| t.values()) {
        named.extend(value.get_ref().as_str().map(|v| (v.to_owned(), value.span())));
    }
    for (name, span) in named {
        if let Some(valid) = answers(s.kind).filter(|valid| !valid.contains(&name.as_str())) {
            let message = format!("this probe's answer has no `{name}`");
            let draft = reader.draft("unknown-value", &message, span);
            reader.add(draft.suggest(&name, valid.iter().copied(), "valid values"));
        }
    }
}
