//! The configuration: what is read, what wins, and how mistakes are shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rstest::rstest;
use tempfile::TempDir;
use twinproof_httpd::Mode;
use twinproof_modproxy::config::{Config, Format, Given, KEYS, Origin};
use twinproof_toml::Diagnostics;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("written");
        path
    }

    fn load(&self, text: &str, given: &[Given]) -> Result<Config, Diagnostics> {
        self.load_with(text, given, &[])
    }

    fn load_with(
        &self,
        text: &str,
        given: &[Given],
        variables: &[(&str, &str)],
    ) -> Result<Config, Diagnostics> {
        let file = self.write("proxy.toml", text);
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Config::load(Some(&file), given, &|name| variables.get(name).map(|v| (*v).to_owned()))
    }

    /// The message, without the path of the folder.
    fn refusal(&self, text: &str, given: &[Given]) -> String {
        let mistakes = self.load(text, given).err().expect("there are mistakes");
        // Messages must be the same whatever the temporary folder is called.
        let folder = format!("{}{}", self.0.path().display(), std::path::MAIN_SEPARATOR);
        mistakes.render_items(false).replace(&folder, "")
    }
}

fn given(name: &'static str, text: &str, origin: Origin) -> Given {
    Given { name, text: text.to_owned(), origin }
}

const KEY: &str = "localhost.localdev/sumdb+00000c67+AcTrnkbUA+TU4heY3hkjiSES/DSQniBqIeQ/YppAUtK6";

#[test]
fn everything_in_the_file() {
    let folder = Folder::new();
    for name in ["cert.pem", "key.pem", "ca.pem", "up.pem", "token"] {
        folder.write(name, "s3cret\n");
    }
    let text = format!(
        r#"
        listen = "0.0.0.0:8443"
        base_path = "/goproxy/"
        offline = true
        [store]
        dir = "store"
        budget = "20GiB"
        sync = false
        small = 4096
        [upstream]
        list = "https://a.example/x|https://b.example"
        ca = "ca.pem"
        client_cert = "up.pem"
        client_key = "up.pem"
        zip_time = "20m"
        [[upstream.auth]]
        url = "https://a.example/x"
        bearer_file = "token"
        [lists]
        ttl = "5m"
        negative_ttl = "0s"
        [sumdb]
        databases = ["{KEY}", "{KEY} https://db.example"]
        verify = true
        nosumdb = "*.corp.example,private.example"
        [policy]
        allow = ["a.example", "b.example/*"]
        [tls]
        cert = "cert.pem"
        key = "key.pem"
        client_ca = "ca.pem"
        client_auth = "forbid"
        identities = ["spiffe://corp/ns/*"]
        [limits]
        connections = 100
        head_time = "2s"
        requests = 1000
        [log]
        format = "json"
        level = "debug"
        access = false
        [metrics]
        listen = "127.0.0.1:9090"
        "#
    );
    let config = folder.load(&text, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let at = |name: &str| folder.0.path().join(name);
    assert_eq!(config.server.listen, "0.0.0.0:8443");
    let tls = config.server.tls.expect("TLS");
    assert_eq!((tls.cert, tls.key), (at("cert.pem"), at("key.pem")));
    let client = tls.client.expect("client certificates");
    assert_eq!((client.ca, client.mode), (at("ca.pem"), Mode::Forbid));
    assert_eq!(client.identities, ["spiffe://corp/ns/*"]);
    let limits = config.server.limits;
    assert_eq!((limits.connections, limits.requests), (100, Some(1000)));
    assert_eq!(limits.head_time, Duration::from_secs(2));
    let proxy = config.proxy;
    assert_eq!(proxy.dir, at("store"));
    assert_eq!((proxy.budget, proxy.small, proxy.sync), (Some(20 << 30), 4096, false));
    assert_eq!((proxy.offline, proxy.base_path.as_str()), (true, "/goproxy"));
    assert_eq!(proxy.upstream, "https://a.example/x|https://b.example");
    assert_eq!(proxy.tls.cert, Some(at("up.pem")));
    assert_eq!(proxy.times.zip, Duration::from_secs(1200));
    let auth: Vec<_> = proxy.authorization.iter().map(|a| (&*a.prefix, &*a.value)).collect();
    assert_eq!(auth, [("https://a.example/x", "Bearer s3cret")]);
    assert_eq!((proxy.ttl.list, proxy.ttl.negative), (Duration::from_secs(300), Duration::ZERO));
    let databases: Vec<_> = proxy.databases.iter().map(|d| d.url.as_deref()).collect();
    assert_eq!(databases, [None, Some("https://db.example")]);
    assert_eq!((proxy.verify, proxy.nosumdb.as_str()), (true, "*.corp.example,private.example"));
    assert_eq!(proxy.allow, "a.example,b.example/*");
    assert_eq!((config.log.format, config.log.access), (Format::Json, false));
    assert_eq!(config.log.level, "debug");
    assert_eq!(config.metrics.as_deref(), Some("127.0.0.1:9090"));
}

#[test]
fn a_flag_goes_before_a_variable_before_the_file() {
    let folder = Folder::new();
    let text = "listen = 'file:1'\noffline = true\n[store]\ndir = 'file'\n[log]\nlevel = 'file'\n";
    let given = [
        given("listen", "flag:1", Origin::Flag),
        given("listen", "variable:1", Origin::Variable),
        given("store.dir", "variable", Origin::Variable),
        given("offline", "false", Origin::Flag),
        // An empty variable counts as one that is not set.
        given("log.level", "", Origin::Variable),
    ];
    let config = folder.load(text, &given).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(config.server.listen, "flag:1");
    assert_eq!(config.proxy.dir, Path::new("variable"));
    assert!(!config.proxy.offline);
    assert_eq!(config.log.level, "file");
}

#[test]
fn flags_are_enough() {
    let given = [given("store.dir", "store", Origin::Flag)];
    let config = Config::load(None, &given, &|_| None).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(config.server.listen, "127.0.0.1:8080");
    assert_eq!(config.proxy.upstream, "off");
    assert!(config.log.access);
}

#[test]
fn every_mistake_is_shown_with_its_line() {
    let text = "\
listen = 8080
ofline = true
[store]
budget = \"20GB\"
[lists]
ttl = \"soon\"
[tls]
cert = \"absent.pem\"
client_auth = \"maybe\"
[policy]
deny = [\"[a\"]
";
    let flags = [given("limits.fetches", "many", Origin::Flag)];
    let expected = "\
error[missing-key]: a proxy needs a store
 |
 = help: say where it is: `--store DIR`, or `dir` in `[store]`

error[wrong-type]: expected a number from 0 on
--> --limits-fetches

error[wrong-type]: `listen` is a text
 --> proxy.toml:1:10
  |
1 | listen = 8080
  |          ^^^^ this is an integer

error[unknown-key]: there is no setting `ofline`
--> proxy.toml:2:1
 = help: did you mean `offline`?

error[wrong-type]: `store.budget` is a number of bytes, such as 4096 or \"500MiB\"
 --> proxy.toml:4:10
  |
4 | budget = \"20GB\"
  |          ^^^^^^ this is a text

error[wrong-type]: `lists.ttl` is a time, such as \"30s\", \"5m\" or \"7d\"
 --> proxy.toml:6:7
  |
6 | ttl = \"soon\"
  |       ^^^^^^ this is a text

error[bad-setting]: absent.pem: No such file or directory (os error 2)
 --> proxy.toml:8:8
  |
8 | cert = \"absent.pem\"
  |        ^^^^^^^^^^^^

error[bad-setting]: `tls.cert` needs `tls.key`
 --> proxy.toml:8:8
  |
8 | cert = \"absent.pem\"
  |        ^^^^^^^^^^^^

error[bad-setting]: `tls.client_auth` is `refuse` or `forbid`
 --> proxy.toml:9:15
  |
9 | client_auth = \"maybe\"
  |               ^^^^^^^

error[bad-setting]: `tls.client_auth` needs `tls.client_ca`
 --> proxy.toml:9:15
  |
9 | client_auth = \"maybe\"
  |               ^^^^^^^

error[bad-setting]: `[a` is a malformed pattern
  --> proxy.toml:11:8
   |
11 | deny = [\"[a\"]
   |        ^^^^^^";
    let refusal = Folder::new().refusal(text, &flags);
    let absent = fs::File::open("absent.pem").expect_err("it is absent").to_string();
    // The system's words, however the renderer broke their line.
    let refusal = refusal.replace("\n                    ", " ");
    assert_eq!(refusal.replace(&absent, "No such file or directory (os error 2)"), expected);
}

#[rstest]
#[case::syntax("listen = \n", "string values must be quoted, expected literal string")]
#[case::twice("offline = true\noffline = true\n", "the key `offline` is given twice")]
#[case::table("tls = 1\n", "`tls` is a table")]
#[case::wrong_table("[tls]\nlisten = 'x:1'\n", "there is no setting `tls.listen`")]
#[case::port("listen = 'localhost'\n", "`listen` is host:port")]
#[case::list("[upstream]\nlist = 'ftp://a.example'\n", "")]
#[case::count("[limits]\nfetches = 0\n", "`limits.fetches` is from 1 to 10000")]
#[case::negative("[limits]\nfetches = -1\n", "`limits.fetches` is a number from 0 on")]
#[case::zero("[limits]\nhead_time = '0s'\n", "`limits.head_time` may not be 0")]
#[case::key("[sumdb]\ndatabases = ['x']\n", "`x` is not a verifier key, with a URL after a space")]
#[case::verify("[sumdb]\ndatabases = 'off'\nverify = true\n", "`sumdb.verify` needs a database")]
#[case::base("base_path = 'goproxy'\n", "`base_path` begins with `/`")]
#[case::auth("[upstream]\nauth = 1\n", "`upstream.auth` is a list of tables")]
#[case::plain(
    "[[upstream.auth]]\nurl = 'http://a.example'\nbearer_env = 'X'\n",
    "credentials are sent by https only"
)]
#[case::unset(
    "[[upstream.auth]]\nurl = 'https://a.example'\nbearer_env = 'X'\n",
    "the variable X is not set"
)]
#[case::two(
    "[[upstream.auth]]\nurl = 'https://a.example'\nbearer_env = 'X'\nbasic_env = 'X'\n",
    "`upstream.auth` needs one of `bearer_file`"
)]
fn a_mistake_is_found(#[case] text: &str, #[case] said: &str) {
    let store = [given("store.dir", "store", Origin::Flag)];
    let refusal = Folder::new().refusal(text, &store);
    let (_, message) = refusal.split_once("]: ").expect("a code");
    assert!(message.starts_with(said), "{refusal}");
}

#[test]
fn no_secret_is_shown() {
    let folder = Folder::new();
    folder.write("spaced", "hunter2 hunter2");
    for text in [
        "[upstream]\nlist = 'https://user:hunter2@a.example'\n",
        "[upstream]\nlist = 'https://user:hunter2@ [bad'\n",
        "[upstream]\npassword = 'hunter2'\n",
        "[upstream]\npassword = hunter2\n",
        "[upstream]\npassword = 'hunter2\n",
        "offline = true\noffline = 'hunter2'\n",
        "[[upstream.auth]]\nurl = 'https://a.example'\nbearer = 'hunter2'\n",
        "[[upstream.auth]]\nurl = 'https://a.example'\nbearer_file = 'spaced'\n",
        "[[upstream.auth]]\nurl = 'https://a.example'\nbasic_env = 'V'\n",
    ] {
        let variables = [("V", "hunter2")];
        let mistakes = folder.load_with(text, &[], &variables).err().expect("there are mistakes");
        assert!(!mistakes.to_string().contains("hunter2"), "{mistakes}");
    }
}

#[test]
fn secrets_from_the_environment_are_for_upstreams_by_https() {
    let text = "[store]\ndir = 's'\n[upstream]\nlist = 'https://a.example,http://b.example'\n";
    let variables = [("TWINPROOF_PROXY_UPSTREAM_BASIC", "user:word")];
    let config = Folder::new().load_with(text, &[], &variables);
    let config = config.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let auth: Vec<_> = config.proxy.authorization.iter().map(|a| (&*a.prefix, &*a.value)).collect();
    assert_eq!(auth, [("https://a.example", "Basic dXNlcjp3b3Jk")]);
}

#[test]
fn an_absent_file_is_said_to_be() {
    let mistakes = Config::load(Some(Path::new("absent.toml")), &[], &|_| None);
    let mistakes = mistakes.err().expect("there are mistakes").to_string();
    assert!(mistakes.contains("--> absent.toml"), "{mistakes}");
}

#[test]
fn every_setting_is_taken_over() {
    // A key that nothing reads would be of no use, and its wrong value no mistake.
    let folder = Folder::new();
    let file = folder.write("file.pem", "");
    for key in KEYS {
        assert!(!key.help.is_empty() && !key.help.ends_with('.'), "{}", key.name);
        let value = file.to_str().expect("UTF-8");
        let wrong = given(
            key.name,
            if key.kind.placeholder() == "PATH" { value } else { "\u{1}" },
            Origin::Flag,
        );
        let store = given("store.dir", "store", Origin::Flag);
        let loaded = Config::load(None, &[store, wrong], &|_| None);
        let free = ["PATH", "LIST"].contains(&key.kind.placeholder()) || key.name == "log.level";
        assert!(free || loaded.is_err(), "{} takes anything", key.name);
    }
}
