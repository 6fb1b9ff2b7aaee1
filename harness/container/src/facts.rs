//! Facts about a container, read from inside it and from the engine: for the fingerprint of an
//! environment. Nothing here is judged.

use std::collections::BTreeMap;

use crate::{Error, Exec, Origin, Session};

/// The C library of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Libc {
    /// GNU's, with its version, `2.41`.
    Glibc(String),
    /// musl, with its version, `1.2.5`.
    Musl(String),
    /// Neither was recognised.
    Unknown,
}

/// Facts about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `uname -srm`.
    pub kernel: String,
    /// The fields of `/etc/os-release`.
    pub os_release: BTreeMap<String, String>,
    /// The C library.
    pub libc: Libc,
    /// The image's tag.
    pub image: String,
    /// The engine's id of the image, `sha256:…`.
    pub image_id: String,
    /// The source of its base, with packages and versions.
    pub origin: Origin,
    /// `wine --version` in `wine`, `wine-10.0 (Debian 10.0~repack-6)`.
    pub wine: Option<String>,
    /// The engine's version.
    pub engine: String,
}

impl Session {
    /// Gathers the facts; some four programs are run.
    ///
    /// # Errors
    /// As [`Session::exec`].
    pub fn facts(&self) -> Result<Facts, Error> {
        let kernel = self.said(&["uname", "-srm"])?;
        let os_release = os_release(&self.said(&["cat", "/etc/os-release"])?);
        let ldd = self.said(&["ldd", "--version"])?;
        let loader = match libc(&ldd) {
            Libc::Unknown => {
                // The loader's name has the machine in it; only the one that is there answers.
                let musl = "for l in /lib/ld-musl-*.so.1; do $l; done";
                libc(&self.said(&["sh", "-c", musl])?)
            }
            found => found,
        };
        let wine = match self.image.name.as_str() {
            "wine" => Some(self.said(&["wine", "--version"])?.trim().to_owned()),
            _ => None,
        };
        Ok(Facts {
            kernel: kernel.trim().to_owned(),
            os_release,
            libc: loader,
            image: self.image.tag.clone(),
            image_id: self.image.id.clone(),
            origin: self.image.origin.clone(),
            wine,
            engine: self.engine.version.clone(),
        })
    }

    /// Both streams of a command of the container's system, as text.
    fn said(&self, argv: &[&str]) -> Result<String, Error> {
        // A program gets exactly the environment that is given to it: without PATH it finds
        // nothing.
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let mut exec = Exec::new(argv.iter().copied());
        exec.env = vec![("PATH".into(), path.into())];
        exec.output_limit = 64 << 10;
        let done = self.exec_unix(&exec)?;
        let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&done.stderr));
        Ok(text)
    }
}

/// `NAME=value` lines, values quoted or not.
fn os_release(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
        .collect()
}

/// Reads `ldd --version` (glibc, musl) or the words of musl's loader.
fn libc(text: &str) -> Libc {
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("musl") {
        let version = text.lines().find_map(|line| line.strip_prefix("Version "));
        return version.map_or(Libc::Unknown, |version| Libc::Musl(version.trim().to_owned()));
    }
    if first.starts_with("ldd (") {
        return first.split_whitespace().last().map_or(Libc::Unknown, |v| Libc::Glibc(v.into()));
    }
    Libc::Unknown
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ldd (Debian GLIBC 2.31-13+deb11u13) 2.31\nCopyright", Libc::Glibc("2.31".into()))]
    #[case("musl libc (x86_64)\nVersion 1.2.5\nDynamic Program Loader\n", Libc::Musl("1.2.5".into()))]
    #[case("env: can't execute 'ldd': No such file or directory\n", Libc::Unknown)]
    #[case("", Libc::Unknown)]
    fn the_c_library_is_read(#[case] text: &str, #[case] expected: Libc) {
        assert_eq!(libc(text), expected);
    }

    #[test]
    fn os_release_is_unquoted() {
        let fields = os_release("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n\n#x\n");
        assert_eq!(fields["ID"], "debian");
        assert_eq!(fields["PRETTY_NAME"], "Debian GNU/Linux 13 (trixie)");
        assert_eq!(fields.len(), 2);
    }
}
