//! Result of parsing a file, in the format of the vectors.

use super::text::Text;
use crate::apply::{Applied, apply};
use crate::parse::{Parsed, parse};
use crate::units::Dialect;
use crate::value::Value as Setting;
use crate::warning::{Trouble, Warning};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Result that vectors are compared with and that `config parse` prints.
pub struct Answer {
    pub opens: bool,
    pub aborts: bool,
    pub refused: bool,
    pub stops: bool,
    pub accepted: Vec<Value>,
    pub malformed: Vec<Value>,
    pub warnings: Vec<Value>,
    pub config: Map<String, Value>,
}

/// WSL's reading of a file's bytes. Messages name its usual path.
pub fn answer(dialect: Dialect, bytes: &[u8]) -> Answer {
    answer_of(dialect, bytes, dialect.usual_path())
}

fn answer_of(dialect: Dialect, bytes: &[u8], path: &str) -> Answer {
    let Ok(parsed) = parse(dialect, bytes) else {
        return Answer {
            opens: false,
            aborts: false,
            refused: false,
            stops: false,
            accepted: Vec::new(),
            malformed: Vec::new(),
            warnings: Vec::new(),
            config: Map::new(),
        };
    };
    let applied = apply(&parsed);
    Answer {
        opens: true,
        aborts: parsed.aborts(),
        refused: applied.refused,
        stops: parsed.stopped.is_some() && !parsed.aborts(),
        accepted: accepted(&parsed),
        malformed: malformed(&applied, dialect, path),
        warnings: applied
            .warnings
            .iter()
            .map(|warning| Text(warning.message(dialect, path)).shown())
            .collect(),
        config: applied
            .changed(dialect)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), shown(dialect, &value)))
            .collect(),
    }
}

/// Every well-formed assignment, the first of each name.
fn accepted(parsed: &Parsed) -> Vec<Value> {
    let mut names: Vec<&[u8]> = Vec::new();
    let mut accepted = Vec::new();
    for assignment in parsed.assignments() {
        // The recorded program listed what its parser accepted, and its parser drops later
        // assignments of one name before it looks at values.
        if names.iter().any(|name| name.eq_ignore_ascii_case(&assignment.name)) {
            continue;
        }
        names.push(&assignment.name);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut shown = json!({
            "section": assignment.section().map(text),
            "key": text(assignment.key_name()),
            "line": assignment.line,
        });
        match str::from_utf8(&assignment.value) {
            Ok(value) => shown["value"] = value.into(),
            Err(_) => shown["value_base64"] = STANDARD.encode(&assignment.value).into(),
        }
        accepted.push(shown);
    }
    accepted
}

/// WSL's messages about malformed lines: each byte of wsl.conf is a character there.
fn malformed(applied: &Applied, dialect: Dialect, path: &str) -> Vec<Value> {
    let is_malformed = |warning: &&Warning| matches!(warning.trouble, Trouble::Malformed(_));
    let text = |warning: &Warning| {
        let message = warning.message(dialect, path);
        Value::from(match dialect {
            // The recorded messages of init went through Latin-1: one character for each byte.
            Dialect::WslConf => message.iter().map(|&byte| char::from(byte)).collect::<String>(),
            Dialect::WslConfig => String::from_utf8_lossy(&message).into_owned(),
        })
    };
    applied.warnings.iter().filter(is_malformed).map(text).collect()
}

/// A setting's value: with its type in wsl.conf, as text in `.wslconfig`.
fn shown(dialect: Dialect, value: &Setting) -> Value {
    match (dialect, value) {
        (Dialect::WslConf, Setting::Bool(value)) => (*value).into(),
        (Dialect::WslConf, Setting::Int(value)) => (*value).into(),
        (_, value) => value.text().into(),
    }
}

/// WSL's reading of a file, as JSON: `opens`, `aborts`, `refused`, `stops`, `accepted`,
/// `malformed`, `warnings` and `config`, as a file of vectors has them. Messages name `path`.
#[must_use]
pub fn view(dialect: Dialect, bytes: &[u8], path: &str) -> Value {
    let answer = answer_of(dialect, bytes, path);
    json!({
        "file": match dialect { Dialect::WslConf => "wsl.conf", Dialect::WslConfig => ".wslconfig" },
        "opens": answer.opens,
        "aborts": answer.aborts,
        "refused": answer.refused,
        "stops": answer.stops,
        "accepted": answer.accepted,
        "malformed": answer.malformed,
        "warnings": answer.warnings,
        "config": answer.config,
    })
}
