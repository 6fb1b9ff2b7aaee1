//! The files of this machine: in WSL those of both sides, on Windows every distribution's.

use std::path::{Path, PathBuf};

/// Files of a distribution, below its root.
const LINUX: [&str; 8] = [
    "etc/wsl.conf",
    "etc/resolv.conf",
    "etc/hosts",
    "etc/nsswitch.conf",
    "etc/environment",
    "etc/profile",
    "etc/bash.bashrc",
    "usr/local/go/go.env",
];

/// Files of a user of Linux, below the home folder.
const HOME: [&str; 7] = [
    ".profile",
    ".bashrc",
    ".bash_profile",
    ".zshrc",
    ".config/go/env",
    ".config/Code/User/settings.json",
    ".vscode-server/data/Machine/settings.json",
];

/// Files of a user of Windows, below the profile.
const PROFILE: [&str; 7] = [
    ".wslconfig",
    ".wslconf",
    ".wslconfig.txt",
    "AppData/Roaming/go/env",
    "AppData/Roaming/Code/User/settings.json",
    "AppData/Roaming/Code - Insiders/User/settings.json",
    "wsl.conf",
];

/// The folders that are searched.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Roots of Linux systems.
    pub roots: Vec<PathBuf>,
    /// Home folders of Linux.
    pub homes: Vec<PathBuf>,
    /// Profiles of Windows.
    pub profiles: Vec<PathBuf>,
}

impl Places {
    /// The places of this machine. `home` is the user's folder; `mounts` the folder of Windows'
    /// drives in WSL; `distributions` the root of each distribution, as Windows sees it.
    #[must_use]
    pub fn of(home: Option<PathBuf>, mounts: &Path, distributions: &[PathBuf]) -> Self {
        let mut places = Self::default();
        if cfg!(windows) {
            places.profiles.extend(home);
            for root in distributions {
                places.roots.push(root.clone());
                places.homes.extend(folders(&root.join("home")));
                places.homes.push(root.join("root"));
            }
        } else {
            places.roots.push(PathBuf::from("/"));
            places.homes.extend(home);
            places.profiles.extend(folders(&mounts.join("c/Users")));
        }
        places
    }

    /// The files that are there.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let all = |folders: &[PathBuf], names: &[&str]| {
            folders
                .iter()
                .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
                .collect::<Vec<_>>()
        };
        let mut files = all(&self.roots, &LINUX);
        files.extend(all(&self.homes, &HOME));
        files.extend(all(&self.profiles, &PROFILE));
        // A link that leads nowhere is looked at as well.
        files.retain(|file| file.symlink_metadata().is_ok_and(|found| !found.is_dir()));
        files
    }
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .take(64)
        .collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::Places;
    use std::fs;

    #[test]
    fn files_of_both_sides_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["root/etc/wsl.conf", "home/.config/go/env", "c/.wslconfig", "c/.bashrc"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "").unwrap();
        }
        let places =
            Places { roots: vec![at("root")], homes: vec![at("home")], profiles: vec![at("c")] };
        let found = places.files();
        assert_eq!(found, [at("root/etc/wsl.conf"), at("home/.config/go/env"), at("c/.wslconfig")]);
    }
}
