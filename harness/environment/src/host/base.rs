//! The variables that a program needs on this machine to start at all.

use std::collections::BTreeMap;

/// Variables with a home directory and a temporary directory at these paths. On Windows the
/// variables that the system itself provides are taken from the harness's own environment, and no
/// others.
#[cfg(windows)]
pub(super) fn base_env(home: &str, tmp: &str) -> BTreeMap<String, String> {
    let own = |name: &str| std::env::var(name).ok();
    let root = own("SystemRoot").unwrap_or_else(|| r"C:\Windows".to_owned());
    windows_env(home, tmp, &root, &|name| own(name))
}

/// Variables with a home directory and a temporary directory at these paths.
#[cfg(not(windows))]
pub(super) fn base_env(home: &str, tmp: &str) -> BTreeMap<String, String> {
    posix_env(home, tmp)
}

/// Variables on a system with POSIX paths.
pub(crate) fn posix_env(home: &str, tmp: &str) -> BTreeMap<String, String> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    [("HOME", home), ("TMPDIR", tmp), ("PATH", path), ("LANG", "C.UTF-8")]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

/// Variables on Windows, whose directory is `root`; `system` returns the machine's own values.
pub(crate) fn windows_env(
    home: &str,
    tmp: &str,
    root: &str,
    system: &dyn Fn(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    let drive = root.get(..2).unwrap_or("C:");
    // The defaults are for a container with Wine: its variables are not read.
    let given = |name: &str, default: String| (name.to_owned(), system(name).unwrap_or(default));
    let mut env = BTreeMap::from([
        given("ComSpec", format!(r"{root}\System32\cmd.exe")),
        given("NUMBER_OF_PROCESSORS", "1".to_owned()),
        given("OS", "Windows_NT".to_owned()),
        given("PATHEXT", ".COM;.EXE;.BAT;.CMD".to_owned()),
        given("PROCESSOR_ARCHITECTURE", "AMD64".to_owned()),
        given("SystemDrive", drive.to_owned()),
    ]);
    let system32 = format!(r"{root}\System32");
    let path = format!(r"{system32};{root};{system32}\Wbem;{system32}\WindowsPowerShell\v1.0");
    // Windows' sockets and its random numbers fail in a process without `SystemRoot`; Go finds its
    // cache by `LOCALAPPDATA`.
    for (name, value) in [
        ("SystemRoot", root.to_owned()),
        ("windir", root.to_owned()),
        ("PATH", path),
        ("USERPROFILE", home.to_owned()),
        ("APPDATA", format!(r"{home}\AppData\Roaming")),
        ("LOCALAPPDATA", format!(r"{home}\AppData\Local")),
        ("TEMP", tmp.to_owned()),
        ("TMP", tmp.to_owned()),
    ] {
        env.insert(name.to_owned(), value);
    }
    env
}

#[cfg(test)]
mod tests {
    use super::windows_env;

    #[test]
    fn windows_has_what_its_programs_need() {
        let env = windows_env(r"D:\h", r"D:\t", r"C:\Windows", &|name| {
            (name == "NUMBER_OF_PROCESSORS").then(|| "8".to_owned())
        });
        let lines: Vec<_> = env.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            lines,
            [
                r"APPDATA=D:\h\AppData\Roaming",
                r"ComSpec=C:\Windows\System32\cmd.exe",
                r"LOCALAPPDATA=D:\h\AppData\Local",
                "NUMBER_OF_PROCESSORS=8",
                "OS=Windows_NT",
                r"PATH=C:\Windows\System32;C:\Windows;C:\Windows\System32\Wbem;C:\Windows\System32\WindowsPowerShell\v1.0",
                "PATHEXT=.COM;.EXE;.BAT;.CMD",
                "PROCESSOR_ARCHITECTURE=AMD64",
                "SystemDrive=C:",
                r"SystemRoot=C:\Windows",
                r"TEMP=D:\t",
                r"TMP=D:\t",
                r"USERPROFILE=D:\h",
                r"windir=C:\Windows",
            ]
        );
    }
}
