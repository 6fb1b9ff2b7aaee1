//! The requests to PowerShell that start programs on Windows, and its answers.

use super::quote::command_line;
use crate::driver::Exec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

/// The script that runs a program.
pub(super) const SCRIPT: &str = include_str!("run.ps1");

/// A script for `-EncodedCommand`: nothing in it needs quoting on its way.
pub(super) fn encoded(script: &str) -> String {
    // PowerShell takes UTF-16, little-endian, in base64.
    BASE64.encode(script.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
}

/// `text` as a string of PowerShell, for which typographic quotes are quotes too.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        quoted.push(c);
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
    }
    quoted.push('\'');
    quoted
}

/// The request of `run.ps1`. Lists, so that names which differ in case only stay apart on the way.
#[derive(Serialize)]
struct Request<'a> {
    program: &'a str,
    line: String,
    cwd: &'a str,
    path: Vec<&'a str>,
    extensions: Vec<&'a str>,
    env: Vec<Variable<'a>>,
}

#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
}

/// The request for a program, as JSON.
pub(super) fn request(exec: &Exec) -> serde_json::Result<String> {
    let variable = |name: &str| {
        // Windows finds variables by name without regard to case.
        exec.env.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    };
    let list = |text: &'static str, name| -> Vec<&str> {
        let items = variable(name).unwrap_or(text).split(';');
        items.map(str::trim).filter(|i| !i.is_empty()).collect()
    };
    serde_json::to_string(&Request {
        program: &exec.program,
        line: command_line(&exec.args),
        cwd: &exec.cwd,
        path: list("", "PATH"),
        // The extensions that cmd.exe uses where PATHEXT is not set.
        extensions: list(".COM;.EXE;.BAT;.CMD", "PATHEXT"),
        env: exec.env.iter().map(|(name, value)| Variable { name, value }).collect(),
    })
}

/// The outcome of a program as `run.ps1` reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Code(i64),
    NotFound,
    NoDirectory,
    /// Windows refused to start it: its message.
    Refused(String),
    /// The script itself failed, or its answer cannot be parsed.
    Failed(String),
}

impl Answer {
    /// Reads an answer.
    pub(super) fn parse(text: &str) -> Self {
        // Windows PowerShell may write a byte order mark.
        let text = text.trim_start_matches('\u{feff}').trim();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "not-found" => Self::NotFound,
            "no-directory" => Self::NoDirectory,
            "refused" => Self::Refused(rest.to_owned()),
            "failed" => Self::Failed(rest.to_owned()),
            code => code.parse().map_or_else(|_| Self::Failed(text.to_owned()), Self::Code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, encoded, literal, request};
    use crate::driver::Exec;
    use rstest::rstest;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[rstest]
    #[case("0", Answer::Code(0))]
    #[case("-1073741510\r\n", Answer::Code(-1_073_741_510))]
    #[case("\u{feff}not-found", Answer::NotFound)]
    #[case("no-directory", Answer::NoDirectory)]
    #[case("refused not a valid application", Answer::Refused("not a valid application".into()))]
    #[case("failed x y", Answer::Failed("x y".into()))]
    #[case("", Answer::Failed(String::new()))]
    #[case("what 3", Answer::Failed("what 3".into()))]
    fn each_answer_of_the_script_is_read(#[case] text: &str, #[case] want: Answer) {
        assert_eq!(Answer::parse(text), want);
    }

    #[test]
    fn a_request_has_everything_that_the_program_gets() {
        let exec = Exec {
            program: "go".to_owned(),
            args: vec!["env".to_owned(), "a \"b\"".to_owned()],
            env: BTreeMap::from([
                ("Path".to_owned(), r"C:\a;;D:\b c".to_owned()),
                ("X".to_owned(), "ü'‘".to_owned()),
            ]),
            cwd: r"C:\w".to_owned(),
            stdin: Vec::new(),
            limit: Duration::ZERO,
            output_limit: 0,
        };
        assert_eq!(
            request(&exec).unwrap(),
            r#"{"program":"go","line":"env \"a \\\"b\\\"\"","cwd":"C:\\w","path":["C:\\a","D:\\b c"],"extensions":[".COM",".EXE",".BAT",".CMD"],"env":[{"name":"Path","value":"C:\\a;;D:\\b c"},{"name":"X","value":"ü'‘"}]}"#
        );
    }

    #[test]
    fn scripts_are_encoded_as_powershell_wants_them() {
        assert_eq!(encoded("dir"), "ZABpAHIA");
        assert_eq!(literal("C:\\it's ‘x’"), "'C:\\it''s ‘‘x’’'");
    }
}
