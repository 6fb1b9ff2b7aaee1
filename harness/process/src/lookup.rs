//! Looks a program up on the PATH of the environment it is started with, not on the harness's own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use which::WhichConfig;
use which::sys::{RealSys, Sys};

/// The machine as `which` sees it, but for the variables: those of the program to start.
struct Given {
    extensions: Option<OsString>,
}

impl Sys for Given {
    type ReadDirEntry = std::fs::DirEntry;
    type Metadata = std::fs::Metadata;

    fn is_windows(&self) -> bool {
        RealSys.is_windows()
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        RealSys.current_dir()
    }

    /// None, so that `which` does not expand `~` in PATH: operating systems do not either.
    fn home_dir(&self) -> Option<PathBuf> {
        None
    }

    fn env_split_paths(&self, paths: &OsStr) -> Vec<PathBuf> {
        RealSys.env_split_paths(paths)
    }

    fn env_path(&self) -> Option<OsString> {
        None
    }

    fn env_path_ext(&self) -> Option<OsString> {
        self.extensions.clone()
    }

    fn metadata(&self, path: &Path) -> io::Result<Self::Metadata> {
        RealSys.metadata(path)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<Self::Metadata> {
        RealSys.symlink_metadata(path)
    }

    fn read_dir(
        &self,
        path: &Path,
    ) -> io::Result<Box<dyn Iterator<Item = io::Result<Self::ReadDirEntry>>>> {
        RealSys.read_dir(path)
    }

    fn is_valid_executable(&self, path: &Path) -> io::Result<bool> {
        RealSys.is_valid_executable(path)
    }
}

/// A variable of `env`, by the rules of this machine for its name.
fn variable<'a>(env: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    env.iter()
        .find(|(k, _)| if cfg!(windows) { k.eq_ignore_ascii_case(name) } else { *k == name })
        .map(|(_, v)| v.as_str())
}

/// The file that `program` names: itself where it is a path (taken from `cwd`), else what the PATH
/// in `env` leads to, with the PATHEXT in `env` on Windows. None when PATH leads to nothing.
pub fn lookup(program: &str, env: &BTreeMap<String, String>, cwd: &Path) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    let is_path = program.contains(std::path::is_separator)
        || Path::new(program).is_absolute()
        || (cfg!(windows) && program.contains(':'));
    // Unix starts a path as it is. Windows appends the extensions of PATHEXT to a path too, which
    // `which` does.
    if is_path && !cfg!(windows) {
        return Some(cwd.join(program));
    }
    // The extensions that cmd.exe assumes where PATHEXT is not set, without those of script hosts.
    let extensions = variable(env, "PATHEXT").unwrap_or(".COM;.EXE;.BAT;.CMD");
    WhichConfig::new_with_sys(Given { extensions: Some(extensions.into()) })
        .binary_name(program.into())
        .custom_path_list(variable(env, "PATH").unwrap_or_default().into())
        .custom_cwd(cwd.to_path_buf())
        .first_result()
        .ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::lookup;
    use rstest::rstest;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[rstest]
    #[case("tool", "one:two", Some("two/tool"))]
    #[case("tool", "two:one", Some("two/tool"))]
    #[case("tool", "one", None)]
    #[case("tool", "", None)]
    #[case("tool", "~", None)]
    #[case("./tool", "two", Some("tool"))]
    #[case("two/tool", "", Some("two/tool"))]
    #[case("", "two", None)]
    fn by_the_path_that_is_given(
        #[case] program: &str,
        #[case] path: &str,
        #[case] want: Option<&str>,
    ) {
        let dir = tempfile::tempdir().unwrap();
        for (name, mode) in [("one/tool", 0o644), ("two/tool", 0o755)] {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        }
        let env = BTreeMap::from([("PATH".to_owned(), path.to_owned())]);
        let got = lookup(program, &env, dir.path());
        assert_eq!(got, want.map(|w| dir.path().join(Path::new(w))));
    }
}
