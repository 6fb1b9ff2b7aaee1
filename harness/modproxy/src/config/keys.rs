//! The table of all settings.

use super::value::Kind;
use std::sync::LazyLock;

/// The beginning of the variables' names.
const PREFIX: &str = "TWINPROOF_PROXY_";

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the file: `table.key`.
    pub name: &'static str,
    /// Its flag, without the dashes in front.
    pub flag: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Its effect, in one sentence.
    pub help: &'static str,
}

/// The variables of [`KEYS`], in its order.
// Made once: clap wants them for as long as the program runs.
static VARIABLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let name = |key: &Key| format!("{PREFIX}{}", key.flag.replace('-', "_").to_uppercase());
    KEYS.iter().map(name).collect()
});

impl Key {
    /// Name of its environment variable.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        let at = KEYS.iter().position(|key| key.name == self.name);
        at.and_then(|at| VARIABLES.get(at)).map_or("", String::as_str)
    }
}

const fn key(name: &'static str, flag: &'static str, kind: Kind, help: &'static str) -> Key {
    Key { name, flag, kind, help }
}

use Kind::{Bytes, Count, List, Path, Switch, Text, Time};

/// All settings, in the order of the documentation.
pub const KEYS: &[Key] = &[
    key(
        "listen",
        "listen",
        Text,
        "Where to listen, host:port; port 0 is a free one [127.0.0.1:8080]",
    ),
    key("base_path", "base-path", Text, "What stands in front of every path, such as /goproxy"),
    key("offline", "offline", Switch, "Answer from the store alone [false]"),
    key("store.dir", "store", Path, "The store, in the layout of GOMODCACHE's cache/download"),
    key(
        "store.budget",
        "store-budget",
        Bytes,
        "Bytes the store may have; least used versions go first",
    ),
    key("store.read_only", "store-read-only", Switch, "Never write to the store [false]"),
    key("store.sync", "store-sync", Switch, "Sync files to disk before they count [true]"),
    key("store.memory", "store-memory", Bytes, "Bytes of small files kept in memory [64MiB]"),
    key("store.small", "store-small", Bytes, "The largest file kept in memory [128KiB]"),
    key(
        "upstream.list",
        "upstream",
        Text,
        "Where missing files come from, in GOPROXY's syntax [off]",
    ),
    key("upstream.ca", "upstream-ca", Path, "Authorities to trust besides the system's, PEM"),
    key(
        "upstream.client_cert",
        "upstream-client-cert",
        Path,
        "Client certificate towards upstreams, PEM",
    ),
    key("upstream.client_key", "upstream-client-key", Path, "Its private key, PEM"),
    key(
        "upstream.redirects",
        "upstream-redirects",
        List,
        "Hosts beside their own that upstreams may redirect to [storage.googleapis.com]",
    ),
    key(
        "upstream.ambiguous_zips",
        "upstream-ambiguous-zips",
        Switch,
        "Take zips that can be read in two ways, as go does [false]",
    ),
    key("upstream.connect_time", "upstream-connect-time", Time, "Until connected [10s]"),
    key("upstream.idle_time", "upstream-idle-time", Time, "Without a byte arriving [30s]"),
    key(
        "upstream.timeout",
        "upstream-timeout",
        Time,
        "For everything but zips; connecting and silence take no longer [60s]",
    ),
    key("upstream.zip_time", "upstream-zip-time", Time, "For a zip [10m]"),
    key("lists.ttl", "list-ttl", Time, "How long a list is believed [60s]"),
    key("lists.latest_ttl", "latest-ttl", Time, "How long @latest and branches are [60s]"),
    key("lists.negative_ttl", "negative-ttl", Time, "How long \"does not exist\" is [10s]"),
    key(
        "lists.stale_if_error",
        "stale-if-error",
        Time,
        "How much longer while upstreams fail [7d]",
    ),
    key(
        "sumdb.databases",
        "sumdb",
        List,
        "Checksum databases to relay, each in GOSUMDB's syntax: a verifier key, and a URL after a space; `off` for none [sum.golang.org]",
    ),
    key(
        "sumdb.verify",
        "sumdb-verify",
        Switch,
        "Hold files against the first database before they are kept [false]",
    ),
    key(
        "sumdb.nosumdb",
        "nosumdb",
        List,
        "Modules no database is asked about, in GOPRIVATE's syntax",
    ),
    key("sumdb.tree_ttl", "sumdb-tree-ttl", Time, "How long a tree head is believed [60s]"),
    key(
        "policy.allow",
        "allow",
        List,
        "Modules that may be asked for, in GOPRIVATE's syntax; all when empty",
    ),
    key("policy.deny", "deny", List, "Modules that may not (403)"),
    key("policy.exclude", "exclude", List, "Modules served from the store only, otherwise 404"),
    key(
        "tls.cert",
        "tls-cert",
        Path,
        "Certificate chain of the server, PEM; it speaks TLS when given",
    ),
    key("tls.key", "tls-key", Path, "Its private key, PEM"),
    key("tls.poll", "tls-poll", Time, "How often certificate files are read again [10s]"),
    key(
        "tls.client_ca",
        "client-ca",
        Path,
        "Authorities that vouch for clients, PEM; clients need a certificate when given",
    ),
    key(
        "tls.client_auth",
        "client-auth",
        Text,
        "What becomes of other clients: `refuse` the handshake, or `forbid` with 403 [refuse]",
    ),
    key(
        "tls.identities",
        "identities",
        List,
        "Names (DNS, URI, mail, IP) of the clients let in, `*` stops at `/`; all when empty",
    ),
    key("limits.connections", "limits-connections", Count, "Connections at once [16384]"),
    key(
        "limits.requests",
        "limits-requests",
        Count,
        "Requests on one connection; 0 is no limit [0]",
    ),
    key(
        "limits.streams",
        "limits-streams",
        Count,
        "Requests at once on a connection of HTTP/2 [250]",
    ),
    key(
        "limits.memory",
        "memory-limit",
        Bytes,
        "Memory of the whole process; clients wait or are turned away before it is passed [512MiB]",
    ),
    key("limits.head", "limits-head", Bytes, "The head of a request [16KiB]"),
    key("limits.fields", "limits-fields", Count, "Header fields of a request [100]"),
    key("limits.target", "limits-target", Bytes, "The target of a request [8KiB]"),
    key(
        "limits.head_time",
        "limits-head-time",
        Time,
        "From the first byte of a head to its last [10s]",
    ),
    key("limits.idle_time", "limits-idle-time", Time, "A connection without a request [2m]"),
    key(
        "limits.write_time",
        "limits-write-time",
        Time,
        "A client that takes no byte of its answer [30s]",
    ),
    key("limits.handshake_time", "limits-handshake-time", Time, "A TLS handshake [10s]"),
    key(
        "limits.drain_time",
        "limits-drain-time",
        Time,
        "What is under way when the server ends [30s]",
    ),
    key("limits.info", "limits-info", Bytes, "An .info file from upstream [1MiB]"),
    key("limits.go_mod", "limits-go-mod", Bytes, "A .mod file from upstream [16MiB]"),
    key("limits.list", "limits-list", Bytes, "A list from upstream [16MiB]"),
    key("limits.zip", "limits-zip", Bytes, "A zip from upstream [500MiB]"),
    key("limits.unpacked", "limits-unpacked", Bytes, "Everything in a zip, unpacked [500MiB]"),
    key(
        "limits.ratio",
        "limits-ratio",
        Count,
        "How many times a zip its contents may be; 0 is any number, as for go [0]",
    ),
    key("limits.fetches", "limits-fetches", Count, "Fetches of small files at once [64]"),
    key("limits.zips", "limits-zips", Count, "Fetches of zips at once [32]"),
    key("limits.patience", "limits-patience", Time, "A fetch that waits for its turn [2m]"),
    key("log.format", "log-format", Text, "`text` or `json` [text]"),
    key(
        "log.level",
        "log-level",
        Text,
        "A level (error, warn, info, debug, trace) or directives [info]",
    ),
    key("log.access", "log-access", Switch, "A line for every request [true]"),
    key(
        "metrics.listen",
        "metrics-listen",
        Text,
        "Where /healthz, /readyz and /metrics are served by themselves, without TLS",
    ),
];

/// The setting of a name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_flags_differ() {
        let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        let flags: BTreeSet<_> = KEYS.iter().map(|key| key.flag).collect();
        assert_eq!((names.len(), flags.len()), (KEYS.len(), KEYS.len()));
        assert_eq!(find("tls.cert").unwrap().variable(), "TWINPROOF_PROXY_TLS_CERT");
        assert!(!flags.contains("config"));
    }
}
