//! Counters for Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use twinproof_httpd::Counters;

use crate::kind::Kind;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    kind: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Layered {
    kind: &'static str,
    layer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// The source of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Memory,
    Store,
    Upstream,
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Store => "store",
            Self::Upstream => "upstream",
        }
    }
}

/// All of them. Counting takes no lock where it is done for every request.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    layers: Family<Layered, Counter>,
    upstream: Family<Asked, Counter>,
    seconds: Family<OfKind, Histogram>,
    bytes: Family<OfKind, Counter>,
    pub(crate) joins: Counter,
    pub(crate) stale: Counter,
    pub(crate) evictions: Counter,
    pub(crate) evicted_bytes: Counter,
    pub(crate) fetches: Gauge,
    pub(crate) waiting: Gauge,
    memory_bytes: Gauge<u64, AtomicU64>,
    store_bytes: Gauge<u64, AtomicU64>,
    bound: [Bound; Kind::ALL.len()],
}

/// The counters of answers from memory with status 200, looked up once.
struct Bound {
    requests: Counter,
    layer: Counter,
    bytes: Counter,
}

fn histogram() -> Histogram {
    // From 1 ms to 131 s: a small file from a near upstream, and a zip that takes the time allowed.
    Histogram::new(exponential_buckets(0.001, 2.0, 18))
}

impl Metrics {
    /// `damaged` counts files of the store that are damaged, `connections` those of the server in
    /// front, if there is one.
    pub(crate) fn new(damaged: &Counter, connections: Option<Arc<Counters>>) -> Self {
        let requests = Family::<Answered, Counter>::default();
        let layers = Family::<Layered, Counter>::default();
        let upstream = Family::default();
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        let bytes = Family::<OfKind, Counter>::default();
        // Looked up once: an answer from memory must not take the lock of a family.
        let bound = Kind::ALL.map(|kind| {
            let kind = kind.name();
            Bound {
                requests: requests.get_or_create_owned(&Answered { kind, status: 200 }),
                layer: layers.get_or_create_owned(&Layered { kind, layer: Layer::Memory.name() }),
                bytes: bytes.get_or_create_owned(&OfKind { kind }),
            }
        });
        let mut metrics = Self {
            registry: Registry::with_prefix("twinproof"),
            requests,
            layers,
            upstream,
            seconds,
            bytes,
            joins: Counter::default(),
            stale: Counter::default(),
            evictions: Counter::default(),
            evicted_bytes: Counter::default(),
            fetches: Gauge::default(),
            waiting: Gauge::default(),
            memory_bytes: Gauge::default(),
            store_bytes: Gauge::default(),
            bound,
        };
        metrics.register(damaged);
        if let Some(connections) = connections {
            let registry = metrics.registry.sub_registry_with_prefix("httpd");
            registry.register_collector(Box::new(connections));
        }
        metrics
    }

    fn register(&mut self, damaged: &Counter) {
        let r = self.registry.sub_registry_with_prefix("modproxy");
        r.register("requests", "Requests answered", self.requests.clone());
        r.register("answers", "Files served, by where they were", self.layers.clone());
        r.register("upstream_requests", "Requests to upstreams", self.upstream.clone());
        let name = "fetch_duration";
        let help = "Time from missing a file to having it";
        r.register_with_unit(name, help, Unit::Seconds, self.seconds.clone());
        let help = "Bytes of the bodies of successful answers";
        r.register_with_unit("sent", help, Unit::Bytes, self.bytes.clone());
        let help = "Requests that waited for a fetch that was under way";
        r.register("joins", help, self.joins.clone());
        let help = "Answers beyond their time, because upstreams failed";
        r.register("stale", help, self.stale.clone());
        r.register("evictions", "Versions removed from the store", self.evictions.clone());
        let help = "Bytes removed from the store";
        r.register_with_unit("evicted", help, Unit::Bytes, self.evicted_bytes.clone());
        let help = "Files of the store that were not what they had been";
        r.register("damaged", help, damaged.clone());
        r.register("fetches", "Fetches under way", self.fetches.clone());
        r.register("waiting", "Fetches waiting for their turn", self.waiting.clone());
        let help = "Small files in memory";
        r.register_with_unit("memory", help, Unit::Bytes, self.memory_bytes.clone());
        let help = "Files in the store, where it has a budget";
        r.register_with_unit("store", help, Unit::Bytes, self.store_bytes.clone());
    }

    /// A file served from memory, with status 200.
    pub(crate) fn hit(&self, kind: Kind, bytes: u64) {
        if let Some(bound) = self.bound.get(kind as usize) {
            bound.requests.inc();
            bound.layer.inc();
            bound.bytes.inc_by(bytes);
        }
    }

    /// Any other answer.
    pub(crate) fn answered(&self, kind: Kind, status: u16, layer: Option<Layer>, bytes: u64) {
        let kind = kind.name();
        self.requests.get_or_create(&Answered { kind, status }).inc();
        if let Some(layer) = layer {
            self.layers.get_or_create(&Layered { kind, layer: layer.name() }).inc();
            self.bytes.get_or_create(&OfKind { kind }).inc_by(bytes);
        }
    }

    /// A request to an upstream.
    pub(crate) fn asked(&self, kind: Kind, outcome: &'static str) {
        self.upstream.get_or_create(&Asked { kind: kind.name(), outcome }).inc();
    }

    /// A fetch, successful or not.
    pub(crate) fn fetched(&self, kind: Kind, took: Duration) {
        self.seconds.get_or_create(&OfKind { kind: kind.name() }).observe(took.as_secs_f64());
    }

    /// The text for Prometheus, as OpenMetrics.
    pub(crate) fn text(&self, memory: u64, store: u64) -> String {
        self.memory_bytes.set(memory);
        self.store_bytes.set(store);
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
