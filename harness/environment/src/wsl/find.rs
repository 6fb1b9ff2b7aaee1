//! Finds the distributions of WSL.

use super::list::{Distribution, ListError, parse_list};
use super::relay::WslExe;
use crate::absent::Absent;
use crate::sdk::Sdk;
use std::path::PathBuf;

/// Settings of the driver for WSL.
#[derive(Clone, Debug, Default)]
pub struct WslConfig {
    /// `wsl.exe`; looked up on PATH when it is not given.
    pub program: Option<PathBuf>,
    /// The SDKs there are; those for Linux are put into the distributions.
    pub sdks: Vec<Sdk>,
}

/// `wsl.exe` and its distributions.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) exe: WslExe,
    /// The distributions.
    pub distributions: Vec<Distribution>,
    /// The output of `wsl.exe --version`; empty for the one that came with Windows.
    pub version: String,
}

/// Looks for `wsl.exe` and its distributions. Where the harness itself runs in WSL, `wsl.exe` is
/// reached through interop.
///
/// # Errors
/// When there is none, or no distribution, with the remedy.
pub fn find(config: &WslConfig) -> Result<Found, Absent> {
    let install = "wsl.exe --install -d Ubuntu";
    let program = match &config.program {
        Some(program) => program.clone(),
        None => which::which("wsl.exe").map_err(|_| not_here())?,
    };
    let exe = WslExe { program };
    let ask = |args: &[&str]| {
        exe.ask(args).map_err(|e| Absent {
            detail: format!("{} cannot be started: {e}", exe.program.display()),
            remedy: install.to_owned(),
        })
    };
    let (code, text) = ask(&["-l", "-v"])?;
    let absent = |detail: String| Absent { detail, remedy: install.to_owned() };
    if code != Some(0) {
        let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = code.map_or("nothing: it was killed".to_owned(), |c| c.to_string());
        return Err(absent(format!("`wsl.exe -l -v` ended with {code}: {said}")));
    }
    let distributions = match parse_list(&text) {
        Ok(distributions) if distributions.is_empty() => {
            return Err(absent("no distribution is installed".to_owned()));
        }
        Ok(distributions) => distributions,
        Err(ListError::Message(text)) => {
            let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
            return Err(absent(format!("`wsl.exe -l -v` says: {said}")));
        }
        Err(error @ ListError::Line(_)) => return Err(absent(error.to_string())),
    };
    // The `wsl.exe` that comes with Windows does not support this option: then the version stays
    // unknown.
    let (code, version) = ask(&["--version"])?;
    let version = if code == Some(0) { version_of(&version) } else { String::new() };
    Ok(Found { exe, distributions, version })
}

fn not_here() -> Absent {
    if cfg!(windows) {
        Absent {
            detail: "there is no wsl.exe on PATH".to_owned(),
            remedy: "wsl.exe --install -d Ubuntu (Windows 10 2004 or newer)".to_owned(),
        }
    } else {
        Absent {
            detail: "this is no Windows machine, and not inside WSL (no wsl.exe on PATH)"
                .to_owned(),
            remedy: "run it on Windows: wsl.exe --install -d Ubuntu".to_owned(),
        }
    }
}

/// The version in the first line of `wsl.exe --version`; its words are translated.
fn version_of(text: &str) -> String {
    let digits = |w: &&str| w.starts_with(|c: char| c.is_ascii_digit()) && w.contains('.');
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    first
        // The full-width colon is the one of the Chinese and Japanese texts.
        .split(|c: char| c.is_whitespace() || c == '：')
        .find(digits)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::version_of;
    use rstest::rstest;

    #[rstest]
    #[case("WSL version: 2.7.3.0\r\nKernel version: 6.6.87.2-1\r\n", "2.7.3.0")]
    #[case("WSL 版本： 2.3.26.0\r\n内核版本： 5.15.167.4-1\r\n", "2.3.26.0")]
    #[case("WSL 版本：2.3.26.0\r\n", "2.3.26.0")]
    #[case("", "")]
    fn the_version_is_found_in_any_language(#[case] text: &str, #[case] want: &str) {
        assert_eq!(version_of(text), want);
    }
}
