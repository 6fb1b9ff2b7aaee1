//! The command line of a Windows program: the launcher's, and the launcher's input.

use serde::Serialize;

use super::prefix::{OWN, PREFIX, unix_environment};
use crate::supervise::{Program, check_name, command as supervised};
use crate::{Error, Exec};

#[derive(Serialize)]
struct Spec<'a> {
    argv: &'a [String],
    env: Vec<String>,
    cwd: &'a str,
}

/// The supervisor's command line for a Windows program.
pub(crate) fn command(exec: &Exec, token: &str) -> Result<Vec<String>, Error> {
    for (name, _) in &exec.env {
        // Windows itself has names like `=C:`.
        check_name(name.strip_prefix('=').unwrap_or(name))?;
    }
    let cwd = if exec.cwd == "/" { r"C:\" } else { &exec.cwd };
    let spec = Spec {
        argv: &exec.argv,
        env: exec.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        cwd,
    };
    let nul = |text: &String| text.contains('\0');
    if exec.argv.is_empty() || exec.argv.iter().any(nul) || spec.env.iter().any(nul) {
        return Err(Error::Invalid("a command is empty or has a NUL character in it".into()));
    }
    let spec = serde_json::to_string(&spec).map_err(|e| Error::Invalid(e.to_string()))?;
    let file = |extension: &str| format!("{PREFIX}/drive_c/{OWN}/{token}.{extension}");
    let windows = |extension: &str| format!(r"C:\{OWN}\{token}.{extension}");
    let argv = vec![
        "wine".into(),
        format!(r"C:\{OWN}\launch.exe"),
        "run".into(),
        windows("json"),
        windows("txt"),
    ];
    supervised(
        &Program {
            argv: &argv,
            env: &unix_environment(),
            cwd: "/",
            stdin: exec.stdin.as_ref().map(Vec::len),
            spec: Some((file("json"), file("txt"), spec)),
        },
        token,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_windows_program_is_started_by_the_launcher() {
        let mut exec = Exec::new(["prog=1.exe", "ü"]);
        exec.env = vec![("PATH".into(), r"C:\x;D:\y".into()), ("=C:".into(), r"C:\".into())];
        let command = command(&exec, "tok").unwrap();
        assert_eq!(
            command[7..13],
            [
                "tok",
                "-",
                "/",
                "/opt/wine/drive_c/twinproof/tok.json",
                "/opt/wine/drive_c/twinproof/tok.txt",
                r#"{"argv":["prog=1.exe","ü"],"env":["PATH=C:\\x;D:\\y","=C:=C:\\"],"cwd":"C:\\"}"#,
            ]
        );
        assert_eq!(
            command[command.len() - 5..],
            [
                "wine",
                r"C:\twinproof\launch.exe",
                "run",
                r"C:\twinproof\tok.json",
                r"C:\twinproof\tok.txt"
            ]
        );
    }
}
