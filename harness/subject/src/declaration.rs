//! Declarations: how a subject is had, launched, told of its surroundings, and known to be ready.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use twinproof_model::variables::{VariableError, references};
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName};

/// The variables that texts of a declaration may refer to: name and meaning. Texts of a setting may
/// also refer to `value`.
pub const VARIABLES: [(&str, &str); 16] = [
    ("port", "a port that is free on 127.0.0.1"),
    ("address", "127.0.0.1 and that port, with a colon between them"),
    ("work", "a folder of the subject's own, its current directory unless it says otherwise"),
    ("store", "the folder in it where the subject keeps what it has"),
    ("upstream", "the upstream, in GOPROXY's syntax; `off` where there is none"),
    ("origin", "address of the case's origin; empty where there is none"),
    ("origin_ca", "file with the certificate of the origin's authority; likewise"),
    ("sumdb_name", "name of the origin's checksum database; likewise"),
    ("sumdb_key", "its verifier key; likewise"),
    ("sumdb_url", "its address; likewise"),
    ("server_cert", "file with a certificate for 127.0.0.1 of the origin's authority; likewise"),
    ("server_key", "file with the key of that certificate; likewise"),
    ("go", "the `go` program of the SDK that the case is about; empty where there is none"),
    ("goroot", "the root of that SDK; likewise"),
    ("gocache", "a build cache that subjects may share"),
    ("exe", "the suffix of programs: empty or `.exe`"),
];

/// One subject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Its name, the instance of its environment: lower-case words joined by `-`.
    pub name: String,
    /// What it is: `proxy` or `sumdb`.
    pub kind: Kind,
    /// Its name as its makers write it.
    pub title: String,
    /// Where its makers tell of it.
    pub homepage: String,
    /// The version that is judged, where that is known beforehand.
    #[serde(default)]
    pub version: Option<String>,
    /// How its program is had: this program itself.
    #[serde(default)]
    pub embedded: bool,
    /// How its program is had: built from a Go module.
    #[serde(default)]
    pub build: Option<Build>,
    /// How its program is had: the tests of a package of the SDK, built. `cmd/go` is one.
    #[serde(default)]
    pub test: Option<String>,
    /// How its program is had: from whoever runs the suites, by `--subject NAME=PATH`.
    #[serde(default)]
    pub given: bool,
    /// It runs elsewhere, at this address, and its upstream is not ours.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether it needs an SDK's `go` on its PATH.
    #[serde(default)]
    pub needs_go: bool,
    /// What it can do, for `requires = ["feature:NAME"]`. Its settings are features too.
    #[serde(default)]
    pub features: BTreeSet<String>,
    /// What the address of its service has after host and port, such as `/sumdb/NAME`.
    #[serde(default)]
    pub base_path: String,
    /// Verifier key of a checksum database that has one of its own: what `${sumdb_key}` is once it is
    /// launched. That of the origin's database when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// Arguments of its program.
    #[serde(default)]
    pub args: Vec<String>,
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files written before it is launched: path in its folder → text.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Its current directory; the folder of its own when absent.
    #[serde(default)]
    pub cwd: Option<String>,
    /// What is added where the case has an origin.
    #[serde(default)]
    pub origin: Addition,
    /// What is added where a case sets something: setting → addition.
    #[serde(default)]
    pub set: BTreeMap<String, Setting>,
    /// How it is known to be ready.
    #[serde(default)]
    pub ready: Ready,
}

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A module proxy.
    Proxy,
    /// A checksum database.
    Sumdb,
}

impl Kind {
    /// The kind of its environments.
    #[must_use]
    pub fn environment(self) -> EnvironmentKind {
        match self {
            Self::Proxy => EnvironmentKind::Proxy,
            Self::Sumdb => EnvironmentKind::Sumdb,
        }
    }

    /// As suite files and the command line write it; also the variable with its address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.environment().as_str()
    }
}

/// A program built from a Go module.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The module's path.
    pub module: String,
    /// The package of the program; that of the module's root when absent.
    #[serde(default)]
    pub package: Option<String>,
}

/// What is added to a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// Further arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Further variables, or other values.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Further files, or text after that of files already there.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// What a case can set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it means, for whoever writes cases.
    pub about: String,
    /// Only applies where its value is this one; with any value when absent.
    #[serde(default)]
    pub when: Option<String>,
    /// Further arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Further variables, or other values.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Further files, or text after that of files already there.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Another scheme of its address, such as `https`.
    #[serde(default)]
    pub scheme: Option<String>,
    /// What its address has after host and port instead.
    #[serde(default)]
    pub base_path: Option<String>,
}

/// How a subject is known to be ready: its port is open and, where a path is given, a GET of it is
/// answered with the status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// What is asked, on its port.
    #[serde(default)]
    pub path: Option<String>,
    /// The status of the answer.
    #[serde(default = "ok")]
    pub status: u16,
    /// Time limit in seconds.
    #[serde(default = "patience")]
    pub seconds: u32,
}

fn ok() -> u16 {
    200
}

fn patience() -> u32 {
    30
}

impl Default for Ready {
    fn default() -> Self {
        Self { path: None, status: ok(), seconds: patience() }
    }
}

/// A declaration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct DeclarationError {
    /// Which file.
    pub file: String,
    /// What is wrong with it, with its place where it is known.
    pub message: String,
}

impl Declaration {
    /// Reads a declaration; `file` is its name in messages.
    ///
    /// # Errors
    /// When it is no TOML, has unknown keys, or does not say how the subject is had.
    pub fn parse(file: &str, text: &str) -> Result<Self, DeclarationError> {
        let wrong = |message: String| DeclarationError { file: file.to_owned(), message };
        let read: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        read.check().map_err(wrong)?;
        Ok(read)
    }

    /// The subject at an address that somebody gives: it is only read. A checksum database has its
    /// verifier key before the address, as in GOSUMDB.
    ///
    /// # Errors
    /// When it is no `http` or `https` address, or a database has no key.
    pub fn of_address(kind: Kind, value: &str) -> Result<Self, DeclarationError> {
        let wrong = |message: &str| DeclarationError {
            file: value.to_owned(),
            message: message.to_owned(),
        };
        let (key, url) = match (kind, value.split_once(' ')) {
            (Kind::Proxy, None) => (None, value),
            (Kind::Proxy, Some(_)) => return Err(wrong("an address has no space")),
            (Kind::Sumdb, Some((key, url))) => (Some(key.to_owned()), url),
            (Kind::Sumdb, None) => {
                let text = "a checksum database is judged by its verifier key: give `KEY URL`, as \
                            GOSUMDB has them";
                return Err(wrong(text));
            }
        };
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let rest = rest.ok_or_else(|| wrong("an address begins with `http://` or `https://`"))?;
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        if host.is_empty() || host.contains(['\\', '*', '?', '#']) {
            return Err(wrong("the address has no host"));
        }
        Ok(Self {
            name: host.to_owned(),
            kind,
            title: host.to_owned(),
            homepage: url.to_owned(),
            version: None,
            embedded: false,
            build: None,
            test: None,
            given: false,
            url: Some(url.trim_end_matches('/').to_owned()),
            needs_go: false,
            features: BTreeSet::new(),
            base_path: String::new(),
            key,
            args: Vec::new(),
            env: BTreeMap::new(),
            files: BTreeMap::new(),
            cwd: None,
            origin: Addition::default(),
            set: BTreeMap::new(),
            ready: Ready::default(),
        })
    }

    /// Its environment.
    #[must_use]
    pub fn environment(&self) -> EnvironmentName {
        EnvironmentName::instance_of(self.kind.environment(), &self.name)
    }

    /// Whether it is only read: it runs elsewhere, and its upstream is not ours.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.url.is_some()
    }

    /// What cases may require of it, besides what the host has.
    #[must_use]
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        let features = self.features.iter().chain(self.set.keys());
        let mut all: BTreeSet<_> = features.map(|f| Capability::Feature(f.clone())).collect();
        if self.has_upstream() {
            all.insert(Capability::Origin);
        }
        all
    }

    /// Whether it is told of an upstream. One that is not serves what it has.
    fn has_upstream(&self) -> bool {
        let texts = self.args.iter().chain(self.env.values()).chain(self.files.values());
        let added = [&self.origin.env, &self.origin.files].into_iter().flat_map(BTreeMap::values);
        texts.chain(&self.origin.args).chain(added).any(|text| {
            let names = references(text).unwrap_or_default();
            names.iter().any(|reference| matches!(reference.name.as_str(), "upstream" | "origin"))
        })
    }

    fn check(&self) -> Result<(), String> {
        let word = |w: &str| {
            !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if !self.name.split(['-', '.']).all(word) {
            return Err(format!(
                "`{}` is no subject's name: write lower-case words joined by `-`",
                self.name
            ));
        }
        let ways = [
            ("embedded", self.embedded),
            ("build", self.build.is_some()),
            ("test", self.test.is_some()),
            ("given", self.given),
            ("url", self.url.is_some()),
        ];
        let there: Vec<_> = ways.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect();
        match there.as_slice() {
            [_] => {}
            [] => {
                let keys = ways.map(|(key, _)| format!("`{key}`")).join(", ");
                return Err(format!("it does not say how the subject is had: give one of {keys}"));
            }
            [one, other, ..] => {
                return Err(format!("`{one}` and `{other}` are two ways to have the subject"));
            }
        }
        if self.build.is_some() && self.version.is_none() {
            return Err("what is built from a module has a `version`".to_owned());
        }
        let launched = !self.args.is_empty()
            || !self.env.is_empty()
            || !self.files.is_empty()
            || self.cwd.is_some()
            || !self.set.is_empty()
            || self.origin != Addition::default();
        if self.is_read_only() && launched {
            return Err("what runs elsewhere is not launched: it has neither `args`, `env`, \
                        `files`, `cwd`, `origin` nor `set`"
                .to_owned());
        }
        for name in self.features.iter().chain(self.set.keys()) {
            if Capability::parse(&format!("feature:{name}")).is_none() {
                return Err(format!(
                    "`{name}` is no feature's name: write lower-case words joined by `-` or `_`"
                ));
            }
        }
        for path in self.all_files() {
            let parts: Vec<_> = path.split('/').collect();
            if path.contains(['\\', ':']) || parts.iter().any(|p| matches!(*p, "" | "." | "..")) {
                return Err(format!("the file `{path}` is not in the subject's folder"));
            }
        }
        self.check_texts()
    }

    fn all_files(&self) -> impl Iterator<Item = &String> {
        let of_sets = self.set.values().flat_map(|s| s.files.keys());
        self.files.keys().chain(self.origin.files.keys()).chain(of_sets)
    }

    /// Checks the variables of every text.
    fn check_texts(&self) -> Result<(), String> {
        self.texts().try_for_each(|(text, of_setting)| known(text, of_setting))
    }

    /// Every text that may refer to variables, and whether it is of a setting.
    fn texts(&self) -> impl Iterator<Item = (&String, bool)> {
        let plain = self.args.iter().chain(self.env.values()).chain(self.files.values());
        let plain = plain.chain(&self.cwd);
        let origin = &self.origin;
        let plain =
            plain.chain(&origin.args).chain(origin.env.values()).chain(origin.files.values());
        let of_settings = self.set.values().flat_map(|setting| {
            let texts = setting.args.iter().chain(setting.env.values()).chain(&setting.base_path);
            texts.chain(setting.files.values())
        });
        plain.map(|text| (text, false)).chain(of_settings.map(|text| (text, true)))
    }

    /// The variables that its texts refer to.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        // A text that cannot be read is refused where declarations are loaded.
        let names = self.texts().flat_map(|(text, _)| references(text).unwrap_or_default());
        names.map(|reference| reference.name).collect()
    }
}

fn known(text: &str, value: bool) -> Result<(), String> {
    let wrong = |e: VariableError| format!("in {text:?}: {e}");
    for reference in references(text).map_err(wrong)? {
        let name = reference.name;
        let there = VARIABLES.iter().any(|(v, _)| *v == name) || (value && name == "value");
        if !there {
            return Err(format!("in {text:?}: {}", VariableError::Unknown(name)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Declaration, Kind};
    use rstest::rstest;
    use twinproof_model::Capability;

    const HEAD: &str = "name = \"x\"\nkind = \"proxy\"\ntitle = \"X\"\nhomepage = \"h\"\n";

    fn error(rest: &str) -> String {
        let text = format!("{HEAD}{rest}");
        Declaration::parse("x.toml", &text).map(|_| String::new()).unwrap_or_else(|e| e.to_string())
    }

    #[rstest]
    #[case("args = [\"--upstream=${upstream}\"]", true)]
    #[case("env = { UP = \"${upstream}\" }", true)]
    #[case("files = { conf = \"${origin}/x\" }", true)]
    #[case("origin = { args = [\"${origin}\"] }", true)]
    #[case("args = [\"${address}\"]", false)]
    fn what_is_told_of_an_upstream_has_one(#[case] rest: &str, #[case] want: bool) {
        let read = Declaration::parse("x.toml", &format!("{HEAD}given = true\n{rest}")).unwrap();
        assert_eq!(read.capabilities().contains(&Capability::Origin), want);
    }

    #[rstest]
    #[case(
        "",
        "x.toml: it does not say how the subject is had: give one of `embedded`, `build`, `test`, `given`, `url`"
    )]
    #[case(
        "embedded = true\ngiven = true",
        "x.toml: `embedded` and `given` are two ways to have the subject"
    )]
    #[case("build = { module = \"m\" }", "x.toml: what is built from a module has a `version`")]
    #[case(
        "given = true\nargs = [\"${prot}\"]",
        "x.toml: in \"${prot}\": unknown variable `${prot}`"
    )]
    #[case(
        "given = true\nargs = [\"${value}\"]",
        "x.toml: in \"${value}\": unknown variable `${value}`"
    )]
    #[case(
        "given = true\nfiles = { \"../a\" = \"\" }",
        "x.toml: the file `../a` is not in the subject's folder"
    )]
    #[case(
        "given = true\nfeatures = [\"A\"]",
        "x.toml: `A` is no feature's name: write lower-case words joined by `-` or `_`"
    )]
    #[case("given = true\n[set.offline]\nabout = \"a\"\nargs = [\"${value}\"]", "")]
    fn what_cannot_be_used_is_told(#[case] rest: &str, #[case] want: &str) {
        assert_eq!(error(rest), want);
    }

    #[test]
    fn a_mistake_in_the_file_has_a_place() {
        let said = error("given = true\nargz = []");
        assert!(said.contains("line 6, column 1") && said.contains("argz"), "{said}");
        let said = error("url = \"http://h\"\nargs = [\"x\"]");
        assert!(said.starts_with("x.toml: what runs elsewhere is not launched"), "{said}");
    }

    #[rstest]
    #[case("https://proxy.example.com/", Some(("proxy.example.com", "https://proxy.example.com")))]
    #[case("http://127.0.0.1:8080/base", Some(("127.0.0.1:8080", "http://127.0.0.1:8080/base")))]
    #[case("https://u:p@h/x", Some(("h", "https://u:p@h/x")))]
    #[case("ftp://h", None)]
    #[case("https://", None)]
    #[case("key https://h", None)]
    fn addresses(#[case] url: &str, #[case] want: Option<(&str, &str)>) {
        let got = Declaration::of_address(Kind::Proxy, url).ok();
        let got = got.as_ref().map(|d| (d.name.as_str(), d.url.as_deref().unwrap()));
        assert_eq!(got, want);
    }

    #[test]
    fn settings_are_features() {
        let text = format!(
            "{HEAD}embedded = true\nargs = [\"${{upstream}}\"]\nfeatures = [\"sumdb\"]\n\
             [set.offline]\nabout = \"a\"\n"
        );
        let all = Declaration::parse("x", &text).unwrap().capabilities();
        let feature = |n: &str| Capability::Feature(n.to_owned());
        assert_eq!(
            all.into_iter().collect::<Vec<_>>(),
            [Capability::Origin, feature("offline"), feature("sumdb")]
        );
        let said = Declaration::of_address(Kind::Sumdb, "http://h.example").unwrap_err().message;
        assert!(said.contains("`KEY URL`"), "{said}");
        let read = Declaration::of_address(Kind::Sumdb, "name+1+A http://h.example").unwrap();
        assert_eq!(read.key.as_deref(), Some("name+1+A"));
        assert_eq!(read.capabilities().len(), 0);
        assert_eq!(read.environment().to_string(), "sumdb:h.example");
    }
}
