//! The Wine prefix of the image: its paths and its environments.

/// `WINEPREFIX` in the image.
pub const PREFIX: &str = "/opt/wine";
/// Variables that Wine 10 puts into every Windows process, in addition to those of its parent.
pub const ADDED: [&str; 10] = [
    "PROCESSOR_ARCHITECTURE",
    "SystemDrive",
    "SystemRoot",
    "WINECONFIGDIR",
    "WINEDATADIR",
    "WINEDLLDIR0",
    "WINEHOMEDIR",
    "WINELOADER",
    "WINEUSERLOCALE",
    "WINEUSERNAME",
];
/// The container's path of an absolute Windows path on drive C: or Z:; `None` for any other.
///
/// `C:\sdk\go` is `/opt/wine/drive_c/sdk/go`, `Z:\tmp` is `/tmp`. Nothing is looked up: letters
/// keep their case.
pub fn to_unix(windows: &str) -> Option<String> {
    let mut chars = windows.chars();
    let drive = chars.next()?.to_ascii_lowercase();
    let rest = chars.as_str().strip_prefix(':')?;
    if !rest.starts_with(['\\', '/']) {
        return None;
    }
    let rest = rest.replace('\\', "/");
    let rest = rest.trim_end_matches('/');
    match drive {
        'c' => Some(format!("{PREFIX}/drive_c{rest}")),
        // Wine shows the root of Linux as drive Z:.
        'z' if rest.is_empty() => Some("/".into()),
        'z' => Some(rest.to_owned()),
        _ => None,
    }
}

/// The Windows path of an absolute path in the container: on drive C: below the prefix, else on
/// drive Z:. `None` for a relative path or one with a `\` in it.
pub fn to_windows(unix: &str) -> Option<String> {
    if !unix.starts_with('/') || unix.contains('\\') {
        return None;
    }
    let trimmed = unix.trim_end_matches('/');
    let drive_c = format!("{PREFIX}/drive_c");
    let (drive, rest) = match trimmed.strip_prefix(&drive_c) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ("C:", rest),
        _ => ("Z:", trimmed),
    };
    let rest = if rest.is_empty() { "/" } else { rest };
    Some(format!("{drive}{}", rest.replace('/', "\\")))
}

/// Variables that Windows gives to every program and many programs need (`SystemRoot`, `PATH` with
/// the system's directories, `TEMP`, the profile of `root`, …): add them to [`crate::Exec::env`]
/// for an ordinary environment.
pub fn base_environment() -> Vec<(String, String)> {
    [
        ("APPDATA", r"C:\users\root\AppData\Roaming"),
        ("ComSpec", r"C:\windows\system32\cmd.exe"),
        ("HOMEDRIVE", "C:"),
        ("HOMEPATH", r"\users\root"),
        ("LOCALAPPDATA", r"C:\users\root\AppData\Local"),
        ("OS", "Windows_NT"),
        ("PATH", r"C:\windows\system32;C:\windows"),
        ("PATHEXT", ".COM;.EXE;.BAT;.CMD"),
        ("PROCESSOR_ARCHITECTURE", "AMD64"),
        ("ProgramData", r"C:\ProgramData"),
        ("ProgramFiles", r"C:\Program Files"),
        ("SystemDrive", "C:"),
        ("SystemRoot", r"C:\windows"),
        ("TEMP", r"C:\users\root\AppData\Local\Temp"),
        ("TMP", r"C:\users\root\AppData\Local\Temp"),
        ("USERNAME", "root"),
        ("USERPROFILE", r"C:\users\root"),
        ("windir", r"C:\windows"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Directory of the launcher and its files on drive C:.
pub(super) const OWN: &str = "twinproof";
/// The environment of `wine` itself.
pub(super) fn unix_environment() -> Vec<(String, String)> {
    [
        ("HOME", "/root"),
        ("LC_ALL", "C.UTF-8"),
        ("PATH", "/usr/bin:/bin"),
        ("WINEDEBUG", "-all"),
        ("WINEPREFIX", PREFIX),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r"C:\sdk\go1.27.3", Some("/opt/wine/drive_c/sdk/go1.27.3"))]
    #[case("c:/x/", Some("/opt/wine/drive_c/x"))]
    #[case(r"C:\", Some("/opt/wine/drive_c"))]
    #[case(r"Z:\tmp\a b", Some("/tmp/a b"))]
    #[case(r"Z:\", Some("/"))]
    #[case(r"D:\x", None)]
    #[case("C:x", None)]
    #[case(r"\\server\share", None)]
    #[case("", None)]
    fn windows_to_unix(#[case] windows: &str, #[case] unix: Option<&str>) {
        assert_eq!(to_unix(windows).as_deref(), unix);
    }

    #[rstest]
    #[case("/opt/wine/drive_c/sdk/go", Some(r"C:\sdk\go"))]
    #[case("/opt/wine/drive_c", Some(r"C:\"))]
    #[case("/opt/wine/drive_cc/x", Some(r"Z:\opt\wine\drive_cc\x"))]
    #[case("/tmp/", Some(r"Z:\tmp"))]
    #[case("/", Some(r"Z:\"))]
    #[case("tmp", None)]
    #[case(r"/a\b", None)]
    fn unix_to_windows(#[case] unix: &str, #[case] windows: Option<&str>) {
        assert_eq!(to_windows(unix).as_deref(), windows);
    }
}
