//! The subjects of a run: an SDK version, and the module proxies and checksum databases beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use twinproof_model::EnvironmentName;
use twinproof_subject::{Asked, Declaration, Declarations, Kind};
use twinproof_sumdb::note::Verifier;
use twinproof_toolchain::Version;

/// The SDK version that is judged unless `--subject sdk=` names another.
const DEFAULT: &str = "1.27.3";
/// The subject of a kind unless `--subject` names another.
const EMBEDDED: &str = "embedded";

/// A toolchain as the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkSubject {
    /// Version of the SDK (`1.27.3`).
    pub version: String,
    /// Whether `--subject` named this version.
    pub asked: bool,
}

impl std::fmt::Display for SdkSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sdk={}", self.version)
    }
}

/// The subjects of a run.
#[derive(Clone, Debug)]
pub struct Subjects {
    /// The toolchain.
    pub sdk: SdkSubject,
    /// Proxies and databases, each a column of its own.
    pub servers: Vec<Declaration>,
    /// Programs given by `--subject NAME=PATH`: name of the subject → path.
    pub given: BTreeMap<String, PathBuf>,
    /// The environments of subjects that `--subject` named: the absence of one makes the result unknown.
    pub asked: BTreeSet<EnvironmentName>,
}

impl Subjects {
    /// Reads `--subject`. `selectors` are those of `--env`, which may name a subject too. A
    /// declaration in a file is added to `declarations`; its features are among `features`, those
    /// that cases ask for.
    ///
    /// # Errors
    /// When a kind or a name is unknown, a declaration cannot be used, or a version is none.
    pub fn parse(
        given: &[String],
        selectors: &[String],
        declarations: &mut Declarations,
        features: &Asked,
    ) -> Result<Self, String> {
        let sdk = SdkSubject { version: DEFAULT.into(), asked: false };
        let mut all =
            Self { sdk, servers: Vec::new(), given: BTreeMap::new(), asked: BTreeSet::new() };
        for text in given {
            let wrong = |message: String| format!("--subject {text}: {message}");
            let (kind, value) = text
                .split_once('=')
                .ok_or_else(|| wrong("write KIND=VALUE, such as sdk=1.22.5".into()))?;
            match kind {
                "sdk" => all.sdk(value).map_err(wrong)?,
                "proxy" => all.server(Kind::Proxy, value, declarations, features).map_err(wrong)?,
                "sumdb" => all.server(Kind::Sumdb, value, declarations, features).map_err(wrong)?,
                "masking" => {
                    all.server(Kind::Masking, value, declarations, features).map_err(wrong)?;
                }
                name => all.program(name, value, declarations).map_err(wrong)?,
            }
        }
        // Two kinds may have a subject of one name, so that environments are compared, which have
        // the kind in them.
        for selector in selectors {
            let declared = declarations.all().find(|d| d.environment().to_string() == *selector);
            if let Some(declaration) = declared {
                all.add(declaration.clone())?;
            }
        }
        for kind in [Kind::Proxy, Kind::Sumdb, Kind::Masking] {
            // A kind that no option names is judged by its embedded server.
            if all.servers.iter().all(|d| d.kind != kind)
                && let Some(declaration) = declarations.get(kind, EMBEDDED)
            {
                all.servers.push(declaration.clone());
            }
        }
        Ok(all)
    }

    /// Their environments.
    pub fn environments(&self) -> impl Iterator<Item = EnvironmentName> {
        self.servers.iter().map(Declaration::environment)
    }

    fn add(&mut self, declaration: Declaration) -> Result<(), String> {
        let environment = declaration.environment();
        match self.servers.iter().find(|d| d.environment() == environment) {
            None => self.servers.push(declaration),
            // Named twice in the same way is no mistake.
            Some(there) if *there == declaration => {}
            Some(_) => {
                return Err(format!(
                    "another subject is called {environment} already: name one of them in a declaration \
                     of its own (`twinproof subject new NAME`)"
                ));
            }
        }
        self.asked.insert(environment);
        Ok(())
    }

    fn sdk(&mut self, value: &str) -> Result<(), String> {
        if self.sdk.asked {
            return Err("there is one SDK subject already".into());
        }
        let version: Version = value.parse().map_err(|e| format!("{e}"))?;
        self.sdk = SdkSubject { version: version.to_string(), asked: true };
        Ok(())
    }

    /// A declared name, an address, or a file with a declaration.
    fn server(
        &mut self,
        kind: Kind,
        value: &str,
        declarations: &mut Declarations,
        features: &Asked,
    ) -> Result<(), String> {
        if value.contains("://") {
            let declaration = Declaration::of_address(kind, value).map_err(|e| e.to_string())?;
            // A wrong key would make every case fail, for a reason that no case shows.
            if let Some(key) = &declaration.key {
                Verifier::new(key).map_err(|e| format!("{key}: {e}"))?;
            }
            return self.add(declaration);
        }
        if value.ends_with(".toml") {
            let declaration = Declarations::check(Path::new(value), features);
            let declaration = declaration.map_err(|e| e.to_string())?;
            if declaration.kind != kind {
                return Err(format!("it declares a {}", declaration.kind.as_str()));
            }
            declarations.add(declaration.clone());
            return self.add(declaration);
        }
        let Some(declaration) = declarations.get(kind, value) else {
            let names = declarations.all().filter(|d| d.kind == kind).map(|d| d.name.as_str());
            let names: Vec<_> = names.collect();
            return Err(format!(
                "no subject is called `{value}`; there are {}, or give an address or the file of \
                 a declaration, NAME.toml",
                names.join(", ")
            ));
        };
        self.add(declaration.clone())
    }

    /// The program of a subject, instead of the one that is declared.
    fn program(
        &mut self,
        name: &str,
        path: &str,
        declarations: &Declarations,
    ) -> Result<(), String> {
        let takes: Vec<_> = declarations.all().filter(|d| !d.is_read_only()).collect();
        let of_name: Vec<_> = takes.iter().filter(|d| d.name == name).collect();
        if of_name.is_empty() {
            let mut names: Vec<_> = takes.iter().map(|d| d.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            return Err(format!(
                "unknown kind `{name}`; there are sdk, proxy, sumdb and masking, and the subjects whose \
                 program can be given: {}",
                names.join(", ")
            ));
        }
        self.given.insert(name.to_owned(), PathBuf::from(path));
        for declaration in of_name {
            self.add((*declaration).clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Subjects;
    use rstest::rstest;
    use twinproof_subject::{Asked, Declarations};

    fn declarations() -> Declarations {
        let text = |name: &str, kind: &str, how: &str| {
            format!("name = \"{name}\"\nkind = \"{kind}\"\ntitle = \"T\"\nhomepage = \"h\"\n{how}")
        };
        let all = [
            ("a.toml", text("embedded", "proxy", "embedded = true")),
            ("b.toml", text("embedded", "sumdb", "embedded = true")),
            ("c.toml", text("goproxy", "proxy", "version = \"v1\"\nbuild = { module = \"m\" }")),
            ("d.toml", text("athens", "proxy", "given = true")),
        ];
        Declarations::read(all.iter().map(|(file, text)| (*file, text.as_bytes()))).unwrap()
    }

    #[rstest]
    #[case(&[], "1.27.3 proxy:embedded sumdb:embedded")]
    #[case(&["sdk=1.22.5"], "1.22.5 proxy:embedded sumdb:embedded")]
    #[case(&["sdk=go1.22.5"], "1.22.5 proxy:embedded sumdb:embedded")]
    #[case(&["proxy=goproxy"], "1.27.3 proxy:goproxy sumdb:embedded")]
    #[case(&["proxy=goproxy", "proxy=embedded", "proxy=goproxy"],
        "1.27.3 proxy:goproxy proxy:embedded sumdb:embedded")]
    #[case(&["proxy=https://proxy.example.com/x"], "1.27.3 proxy:proxy.example.com sumdb:embedded")]
    #[case(&["athens=bin/athens"], "1.27.3 proxy:athens sumdb:embedded")]
    #[case(&["goproxy=bin/goproxy"], "1.27.3 proxy:goproxy sumdb:embedded")]
    fn the_embedded_servers_are_judged_unless_others_are_named(
        #[case] given: &[&str],
        #[case] want: &str,
    ) {
        let given: Vec<_> = given.iter().map(|s| (*s).to_owned()).collect();
        let got = Subjects::parse(&given, &[], &mut declarations(), &Asked::new()).unwrap();
        let names: Vec<_> = got.environments().map(|n| n.to_string()).collect();
        assert_eq!(format!("{} {}", got.sdk.version, names.join(" ")), want);
    }

    #[rstest]
    #[case("sdk=latest", "--subject sdk=latest: ")]
    #[case("1.22.5", "--subject 1.22.5: write KIND=VALUE, such as sdk=1.22.5")]
    #[case(
        "proxy=athen",
        "no subject is called `athen`; there are athens, embedded, goproxy, or give"
    )]
    #[case("proxy=http://h/a b", "printable ASCII only")]
    #[case("proxy=http://h/a?b", "it has no `?`")]
    #[case("proxy=ftp://x", "an address begins with `http://` or `https://`")]
    #[case("proxy=nowhere.toml", "nowhere.toml: ")]
    #[case(
        "goprox=/bin/x",
        "unknown kind `goprox`; there are sdk, proxy, sumdb and masking, and the subjects whose program can be \
         given: athens, embedded, goproxy"
    )]
    fn wrong_subject_is_refused_with_its_reason(#[case] given: &str, #[case] want: &str) {
        let got = Subjects::parse(&[given.to_owned()], &[], &mut declarations(), &Asked::new());
        let said = got.map(|_| String::new()).unwrap_or_else(|e| e);
        assert!(said.contains(want), "{said}");
    }

    #[test]
    fn two_of_one_name_are_refused() {
        let given = ["proxy=http://h/a", "proxy=http://h/b"].map(str::to_owned);
        let got = Subjects::parse(&given, &[], &mut declarations(), &Asked::new());
        assert!(got.unwrap_err().contains("another subject is called proxy:h already"));
    }

    #[test]
    fn an_environment_may_name_one() {
        let selectors = ["proxy:goproxy".to_owned()];
        let got = Subjects::parse(&[], &selectors, &mut declarations(), &Asked::new()).unwrap();
        let names: Vec<_> = got.environments().map(|n| n.to_string()).collect();
        assert_eq!(names, ["proxy:goproxy", "sumdb:embedded"]);
    }
}
