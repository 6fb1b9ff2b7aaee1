//! Turns values into settings, and checks that they fit together.

use super::auth::{self, AuthEntry};
use super::given::{Placed, Values};
use super::memory;
use super::value::Value;
use super::{Config, Format, Log};
use crate::settings::{Database, Settings};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_gomod::glob::match_path;
use twinproof_gomod::goproxy::{ProxyList, has_user};
use twinproof_httpd::{ClientAuth, Mode, Tls};
use twinproof_sumdb::note::Verifier;
use twinproof_sumdb::{PUBLIC_DATABASE, PUBLIC_KEY};
use twinproof_toml::{Draft, Reporter, Spot};

/// The default address to listen at.
const LISTEN: &str = "127.0.0.1:8080";

/// The settings; `None` if something is missing that they cannot be made without.
pub(super) fn resolve(
    values: &Values,
    auth: &[AuthEntry],
    folder: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<String>,
    reporter: &mut Reporter,
) -> Option<Config> {
    let mut r = Resolver { values, reporter };
    let log = r.log();
    let server = r.server(log.access);
    let metrics = r.text("metrics.listen").map(str::to_owned);
    if let Some(address) = &metrics {
        r.address("metrics.listen", address);
    }
    let poll = r.time("tls.poll").unwrap_or(Duration::from_secs(10));
    let proxy = r.proxy(auth, folder, variable)?;
    Some(Config { server, metrics, proxy, log, poll })
}

struct Resolver<'a> {
    values: &'a Values,
    reporter: &'a mut Reporter,
}

impl<'a> Resolver<'a> {
    fn get(&self, name: &str) -> Option<&'a Placed> {
        self.values.get(name)
    }

    fn spot(&self, name: &str) -> Spot {
        self.get(name).map_or_else(nowhere, |placed| placed.spot.clone())
    }

    fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let spot = self.spot(name);
        self.reporter.add(Draft::new("bad-setting", message, spot));
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        match &self.get(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    fn time(&self, name: &str) -> Option<Duration> {
        match self.get(name)?.value {
            Value::Time(time) => Some(time),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn switch(&self, name: &str) -> Option<bool> {
        match self.get(name)?.value {
            Value::Switch(switch) => Some(switch),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> &'a [String] {
        match self.get(name).map(|placed| &placed.value) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// Takes over a time that may not be zero.
    fn set_time(&mut self, to: &mut Duration, name: &str) {
        match self.time(name) {
            Some(Duration::ZERO) => self.wrong(name, format!("`{name}` may not be 0")),
            Some(time) => *to = time,
            None => {}
        }
    }

    fn set_ttl(&mut self, to: &mut Duration, name: &str) {
        *to = self.time(name).unwrap_or(*to);
    }

    fn set_bytes(&mut self, to: &mut u64, name: &str) {
        *to = self.number(name).unwrap_or(*to);
    }

    /// Takes over a number in a range.
    fn set_count<T: TryFrom<u64> + Copy>(&mut self, to: &mut T, name: &str, least: u64, most: u64) {
        match self.number(name) {
            Some(number) if (least..=most).contains(&number) => {
                *to = T::try_from(number).unwrap_or(*to);
            }
            Some(_) => self.wrong(name, format!("`{name}` is from {least} to {most}")),
            None => {}
        }
    }

    fn address(&mut self, name: &str, address: &str) {
        let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        // The last colon: an IPv6 address has others.
        if !matches!(port, Some(Ok(_))) {
            self.wrong(name, format!("`{name}` is host:port"));
        }
    }

    fn log(&mut self) -> Log {
        let format = match self.text("log.format").unwrap_or("text") {
            "text" => Format::Text,
            "json" => Format::Json,
            _ => {
                self.wrong("log.format", "`log.format` is `text` or `json`");
                Format::Text
            }
        };
        let level = self.text("log.level").unwrap_or("info").to_owned();
        Log { format, level, access: self.switch("log.access").unwrap_or(true) }
    }

    fn server(&mut self, access: bool) -> twinproof_httpd::Settings {
        let listen = self.text("listen").unwrap_or(LISTEN);
        self.address("listen", listen);
        let mut server = twinproof_httpd::Settings::new(listen);
        server.access_log = access;
        server.tls = self.tls();
        let limits = &mut server.limits;
        self.set_count(&mut limits.connections, "limits.connections", 1, 1 << 20);
        let mut requests = 0;
        self.set_count(&mut requests, "limits.requests", 0, u64::MAX);
        // 0 is how people write "no limit".
        limits.requests = (requests > 0).then_some(requests);
        self.set_count(&mut limits.streams, "limits.streams", 1, 10_000);
        let caches = self.number("store.memory").unwrap_or(memory::CACHE);
        let limit = self.number("limits.memory").unwrap_or(memory::LIMIT);
        match memory::for_clients(limit, caches) {
            Ok(left) => server.limits.memory = left,
            Err(message) => self.wrong("limits.memory", message),
        }
        let limits = &mut server.limits;
        self.set_count(&mut limits.head, "limits.head", 1 << 10, 1 << 20);
        self.set_count(&mut limits.fields, "limits.fields", 8, 1000);
        self.set_count(&mut limits.target, "limits.target", 256, 64 << 10);
        self.set_time(&mut limits.head_time, "limits.head_time");
        self.set_time(&mut limits.idle_time, "limits.idle_time");
        self.set_time(&mut limits.write_time, "limits.write_time");
        self.set_time(&mut limits.handshake_time, "limits.handshake_time");
        self.set_ttl(&mut limits.drain_time, "limits.drain_time");
        server
    }

    fn tls(&mut self) -> Option<Tls> {
        for name in ["tls.cert", "tls.key", "tls.client_ca"] {
            self.readable(name);
        }
        let (cert, key, ca) =
            (self.path("tls.cert"), self.path("tls.key"), self.path("tls.client_ca"));
        self.both("tls.cert", "tls.key");
        if ca.is_none() {
            self.needs("tls.client_auth", "tls.client_ca");
            self.needs("tls.identities", "tls.client_ca");
        }
        if cert.is_none() {
            self.needs("tls.client_ca", "tls.cert");
        }
        let mode = match self.text("tls.client_auth").unwrap_or("refuse") {
            "refuse" => Mode::Refuse,
            "forbid" => Mode::Forbid,
            _ => {
                self.wrong("tls.client_auth", "`tls.client_auth` is `refuse` or `forbid`");
                Mode::Refuse
            }
        };
        let identities = self.patterns("tls.identities");
        let mut tls = Tls::new(cert?, key?);
        self.set_time(&mut tls.poll, "tls.poll");
        tls.client = ca.map(|ca| ClientAuth { ca, mode, identities });
        Some(tls)
    }

    fn proxy(
        &mut self,
        auth: &[AuthEntry],
        folder: Option<&Path>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Settings> {
        let dir = self.path("store.dir");
        if dir.is_none() {
            let draft = Draft::new("missing-key", "a proxy needs a store", nowhere());
            self.reporter.add(draft.help("say where it is: `--store DIR`, or `dir` in `[store]`"));
        }
        let mut s = Settings::new(dir.unwrap_or_default());
        s.budget = self.number("store.budget");
        s.read_only = self.switch("store.read_only").unwrap_or(s.read_only);
        s.sync = self.switch("store.sync").unwrap_or(s.sync);
        self.set_bytes(&mut s.memory, "store.memory");
        self.set_bytes(&mut s.small, "store.small");
        s.offline = self.switch("offline").unwrap_or(s.offline);
        s.base_path = self.base_path();
        let upstreams = self.upstream(&mut s);
        s.authorization = auth::resolve(auth, &upstreams, folder, variable, self.reporter);
        self.set_ttl(&mut s.ttl.list, "lists.ttl");
        self.set_ttl(&mut s.ttl.latest, "lists.latest_ttl");
        self.set_ttl(&mut s.ttl.negative, "lists.negative_ttl");
        self.set_ttl(&mut s.ttl.stale, "lists.stale_if_error");
        self.set_ttl(&mut s.ttl.tree, "sumdb.tree_ttl");
        s.databases = self.databases();
        s.verify = self.switch("sumdb.verify").unwrap_or(s.verify);
        if s.verify && s.databases.is_empty() {
            self.wrong("sumdb.verify", "`sumdb.verify` needs a database");
        }
        s.nosumdb = self.patterns("sumdb.nosumdb").join(",");
        s.allow = self.patterns("policy.allow").join(",");
        s.deny = self.patterns("policy.deny").join(",");
        s.exclude = self.patterns("policy.exclude").join(",");
        self.set_bytes(&mut s.limits.info, "limits.info");
        self.set_bytes(&mut s.limits.go_mod, "limits.go_mod");
        self.set_bytes(&mut s.limits.list, "limits.list");
        self.set_bytes(&mut s.limits.zip, "limits.zip");
        self.set_bytes(&mut s.limits.unpacked, "limits.unpacked");
        s.limits.ratio = self.number("limits.ratio").filter(|ratio| *ratio > 0);
        self.set_count(&mut s.limits.fetches, "limits.fetches", 1, 10_000);
        self.set_count(&mut s.limits.zips, "limits.zips", 1, 10_000);
        self.set_time(&mut s.times.patience, "limits.patience");
        Some(s)
    }

    /// Reads where missing files come from. Gives the URLs.
    fn upstream(&mut self, s: &mut Settings) -> Vec<String> {
        let mut urls = Vec::new();
        if let Some(list) = self.text("upstream.list") {
            s.upstream = list.to_owned();
            match list.parse::<ProxyList>() {
                Ok(parsed) => {
                    urls.extend(parsed.proxies().map(|url| url.base().to_owned()));
                    if urls.iter().any(|url| has_user(url)) {
                        let spot = self.spot("upstream.list");
                        let message = "credentials do not stand in the list of upstreams";
                        let help = "use `[[upstream.auth]]`, or a variable";
                        self.reporter
                            .add(Draft::new("credentials", message, spot).secret().help(help));
                    }
                }
                Err(error) => {
                    let spot = self.spot("upstream.list");
                    // The list may have a password in it, so the line is not shown.
                    self.reporter.add(Draft::new("bad-setting", error.to_string(), spot).secret());
                }
            }
        }
        for name in ["upstream.ca", "upstream.client_cert", "upstream.client_key"] {
            self.readable(name);
        }
        self.both("upstream.client_cert", "upstream.client_key");
        s.tls.ca = self.path("upstream.ca");
        s.tls.cert = self.path("upstream.client_cert");
        s.tls.key = self.path("upstream.client_key");
        if self.get("upstream.redirects").is_some() {
            s.redirects = self.patterns("upstream.redirects");
        }
        s.ambiguous_zips = self.switch("upstream.ambiguous_zips").unwrap_or(s.ambiguous_zips);
        self.set_time(&mut s.times.small, "upstream.timeout");
        // An operator who shortens the whole means that no part of it takes longer; a part that is
        // set by itself is taken as it is.
        s.times.connect = s.times.connect.min(s.times.small);
        s.times.idle = s.times.idle.min(s.times.small);
        self.set_time(&mut s.times.connect, "upstream.connect_time");
        self.set_time(&mut s.times.idle, "upstream.idle_time");
        self.set_time(&mut s.times.zip, "upstream.zip_time");
        urls
    }

    fn databases(&mut self) -> Vec<Database> {
        let mut databases = Vec::new();
        let given = self.list("sumdb.databases");
        if given.is_empty() {
            return vec![Database::public()];
        }
        if given == ["off"] {
            return databases;
        }
        for text in given {
            let mut fields = text.split_ascii_whitespace();
            let (key, url, rest) =
                (fields.next().unwrap_or_default(), fields.next(), fields.next());
            // GOSUMDB knows the public database by its name alone, and so does everyone who writes
            // this setting.
            let key = if key == PUBLIC_DATABASE { PUBLIC_KEY } else { key };
            if rest.is_some() || Verifier::new(key).is_err() {
                let message = format!("`{text}` is not a verifier key, with a URL after a space");
                self.wrong("sumdb.databases", message);
            } else if url.is_some_and(|url| !url.starts_with("http")) {
                self.wrong("sumdb.databases", format!("`{text}`: the URL is http or https"));
            } else {
                let (key, url) = (key.to_owned(), url.map(str::to_owned));
                databases.push(Database { key, url, by_default: false });
            }
        }
        databases
    }

    fn base_path(&mut self) -> String {
        let path = self.text("base_path").unwrap_or_default().trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        if !path.is_empty() && (!path.starts_with('/') || !path.chars().all(plain)) {
            self.wrong("base_path", "`base_path` begins with `/` and has letters, digits, `/-._~`");
        }
        path.to_owned()
    }

    /// The patterns of a list, which cmd/go would pass over when they are malformed.
    fn patterns(&mut self, name: &str) -> Vec<String> {
        let list = self.list(name);
        for pattern in list {
            if pattern.contains(',') || match_path(pattern, "").is_err() {
                self.wrong(name, format!("`{pattern}` is a malformed pattern"));
            }
        }
        list.to_vec()
    }

    fn readable(&mut self, name: &str) {
        let Some(path) = self.path(name) else { return };
        // Opened now: a file that cannot be read should fail the start, not the first request.
        if let Err(error) = std::fs::File::open(&path) {
            self.wrong(name, format!("{}: {error}", path.display()));
        }
    }

    /// Two that go together.
    fn both(&mut self, one: &str, other: &str) {
        if self.get(other).is_none() {
            self.needs(one, other);
        }
        if self.get(one).is_none() {
            self.needs(other, one);
        }
    }

    /// `name`, if it is given, is of no use without `other`, which is not there.
    fn needs(&mut self, name: &str, other: &str) {
        if self.get(name).is_some() {
            self.wrong(name, format!("`{name}` needs `{other}`"));
        }
    }
}

/// The place of something that could be given anywhere.
fn nowhere() -> Spot {
    Spot::new(&"".into(), 0..0)
}
