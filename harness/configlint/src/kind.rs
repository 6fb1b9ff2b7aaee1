//! Kinds of files, recognised by name, else by content.

use crate::source::Source;
use twinproof_wslconf::Dialect;
use twinproof_wslconf::keys::keys;

/// Kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `/etc/wsl.conf`.
    WslConf,
    /// `%USERPROFILE%\.wslconfig`.
    WslConfig,
    /// `settings.json` or a workspace file of Visual Studio Code.
    Settings,
    /// `launch.json`.
    Launch,
    /// A list of installed extensions: `code --list-extensions`, or `extensions.json`.
    Extensions,
    /// A file that `go env -w` writes, or GOROOT/go.env.
    GoEnv,
    /// Variables as `env` or `set` prints them.
    Environment,
    /// A shell's start-up file, or a script.
    Profile,
    /// A Dockerfile.
    Dockerfile,
    /// `resolv.conf`.
    ResolvConf,
    /// `hosts`.
    Hosts,
    /// `nsswitch.conf`.
    Nsswitch,
    /// An export of the registry.
    Registry,
    /// Text for people with snippets of the above in it.
    Prose,
}

impl Kind {
    /// All kinds, with their names on the command line.
    pub const NAMES: [(&'static str, Self); 14] = [
        ("wsl.conf", Self::WslConf),
        (".wslconfig", Self::WslConfig),
        ("settings.json", Self::Settings),
        ("launch.json", Self::Launch),
        ("extensions", Self::Extensions),
        ("go-env", Self::GoEnv),
        ("environment", Self::Environment),
        ("profile", Self::Profile),
        ("dockerfile", Self::Dockerfile),
        ("resolv.conf", Self::ResolvConf),
        ("hosts", Self::Hosts),
        ("nsswitch.conf", Self::Nsswitch),
        ("reg", Self::Registry),
        ("prose", Self::Prose),
    ];

    /// The dialect, where it is one of WSL's own files.
    #[must_use]
    pub const fn dialect(self) -> Option<Dialect> {
        match self {
            Self::WslConf => Some(Dialect::WslConf),
            Self::WslConfig => Some(Dialect::WslConfig),
            _ => None,
        }
    }

    /// Kind by file name; `None` if the name is unknown.
    #[must_use]
    pub fn of_name(source: &Source) -> Option<Self> {
        let path = source.path().to_ascii_lowercase();
        let name = source.file_name().to_ascii_lowercase();
        let in_go = path.ends_with("/go/env") || path == "go/env";
        let kind = match name.as_str() {
            "wsl.conf" => Self::WslConf,
            ".wslconfig" => Self::WslConfig,
            "settings.json" => Self::Settings,
            "launch.json" => Self::Launch,
            "extensions.json" | "extensions.txt" | "extensions" => Self::Extensions,
            "go.env" | "goenv" | "go-env" => Self::GoEnv,
            "env" if in_go => Self::GoEnv,
            "environment" | "environ" | ".env" | "env" | "env.txt" | "environment.txt"
            | "wslenv" => Self::Environment,
            "profile" | ".profile" | "bash.bashrc" | ".bashrc" | ".bash_profile"
            | ".bash_login" | ".zshrc" | ".zprofile" | ".zshenv" | "zshrc" | "zprofile"
            | "config.fish" => Self::Profile,
            "resolv.conf" => Self::ResolvConf,
            "hosts" => Self::Hosts,
            "nsswitch.conf" => Self::Nsswitch,
            "dockerfile" | "containerfile" => Self::Dockerfile,
            _ if name.starts_with("dockerfile.") || name.ends_with(".dockerfile") => {
                Self::Dockerfile
            }
            _ => match name.rsplit_once('.').map(|(_, extension)| extension) {
                Some("code-workspace") => Self::Settings,
                Some("reg") => Self::Registry,
                Some("sh" | "bash" | "zsh" | "profile") => Self::Profile,
                Some("env") => Self::Environment,
                Some("md" | "markdown") => Self::Prose,
                _ => return None,
            },
        };
        Some(kind)
    }

    /// Kind by content; `None` if nothing in it is known.
    #[must_use]
    pub fn of_content(source: &Source) -> Option<Self> {
        let text = source.text().trim_start();
        if text.starts_with("Windows Registry Editor") || text.starts_with("REGEDIT4") {
            return Some(Self::Registry);
        }
        if text.starts_with("#!") {
            return Some(Self::Profile);
        }
        if text.starts_with('{') {
            let launch = text.contains("\"configurations\"");
            return Some(if launch { Self::Launch } else { Self::Settings });
        }
        let mut words = Tally::default();
        for (_, line) in source.lines().take(400) {
            words.line(line.trim());
        }
        words.kind()
    }

    /// Whether a file of no known name is a wsl.conf or .wslconfig by its sections and keys.
    #[must_use]
    pub fn of_sections(source: &Source) -> Option<Self> {
        let mut words = Tally::default();
        for (_, line) in source.lines().take(400) {
            words.line(line.trim());
        }
        words.dialect()
    }
}

/// Whether a file has a key of this name, in any section.
fn has_key(dialect: Dialect, name: &str) -> bool {
    // `enabled` and `root` stand in files of many programs; `generateResolvConf` does not.
    let telling = |last: &str| last.bytes().any(|byte| byte.is_ascii_uppercase());
    let is = |key: &str| {
        let last = key.rsplit('.').next().unwrap_or_default();
        telling(last) && last.eq_ignore_ascii_case(name)
    };
    keys(dialect).iter().flat_map(|key| key.names).any(|key| is(key))
}

/// Counts of lines typical of each kind.
#[derive(Default)]
struct Tally {
    wsl_conf: usize,
    wsl_config: usize,
    /// Keys that only one of the two files has, below any sections.
    keys_of_conf: usize,
    keys_of_config: usize,
    sections: usize,
    images: usize,
    exports: usize,
    variables: usize,
    resolver: usize,
}

impl Tally {
    fn line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix('[') {
            self.sections += 1;
            let section = rest.split(']').next().unwrap_or_default().trim().to_ascii_lowercase();
            let in_dialect = |dialect| {
                let own = |key: &str| key.split('.').next() == Some(section.as_str());
                keys(dialect)
                    .iter()
                    .flat_map(|key| key.names)
                    .any(|name| own(&name.to_ascii_lowercase()))
            };
            self.wsl_conf += usize::from(in_dialect(Dialect::WslConf));
            self.wsl_config += usize::from(in_dialect(Dialect::WslConfig));
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        match word {
            "FROM" | "RUN" | "ENV" | "COPY" | "WORKDIR" => self.images += 1,
            "export" | "alias" | "source" | "fi" | "esac" => self.exports += 1,
            "nameserver" => self.resolver += 1,
            _ => {
                let name = line.split('=').next().unwrap_or_default();
                if self.sections > 0 && line.contains('=') {
                    let conf = has_key(Dialect::WslConf, name.trim());
                    let config = has_key(Dialect::WslConfig, name.trim());
                    self.keys_of_conf += usize::from(conf && !config);
                    self.keys_of_config += usize::from(config && !conf);
                }
                let upper =
                    |byte: u8| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit();
                let variable = line.contains('=') && !name.is_empty() && name.bytes().all(upper);
                self.variables += usize::from(variable || line.starts_with("Path="));
            }
        }
    }

    fn dialect(&self) -> Option<Kind> {
        // Sections say more than keys: a key may well stand in the wrong file. Where no section is
        // known (`[net]`), the keys still tell whose mistake it is.
        let counts = match (self.wsl_conf, self.wsl_config) {
            (0, 0) => (self.keys_of_conf, self.keys_of_config),
            counts => counts,
        };
        match counts {
            (0, 0) => None,
            (conf, config) if config > conf => Some(Kind::WslConfig),
            _ => Some(Kind::WslConf),
        }
    }

    fn kind(&self) -> Option<Kind> {
        if self.images > 1 {
            return Some(Kind::Dockerfile);
        }
        if self.resolver > 0 {
            return Some(Kind::ResolvConf);
        }
        if self.exports > 0 {
            return Some(Kind::Profile);
        }
        self.dialect().or((self.variables > 0).then_some(Kind::Environment))
    }
}
