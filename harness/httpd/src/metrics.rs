//! The counters of connections, as a collector for a Prometheus registry.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::counters::{Count, Counters};

impl Collector for Counters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let seen = self.snapshot();
        let e = &mut encoder;
        one(e, "connections", "Connections open.", &ConstGauge::new(seen.open))?;
        one(e, "accepted", "Connections accepted.", &ConstCounter::new(seen.accepted))?;
        let help = "Connections turned away, since there were too many.";
        one(e, "turned_away", help, &ConstCounter::new(seen.turned_away))?;
        one(e, "requests", "Requests read.", &ConstCounter::new(seen.requests))?;
        one(e, "in_flight", "Requests under way.", &ConstGauge::new(seen.in_flight))?;
        let help = "Requests refused for a limit or a certificate.";
        one(e, "refused", help, &ConstCounter::new(seen.refused))?;
        let help = "TLS handshakes completed.";
        one(e, "handshakes", help, &ConstCounter::new(seen.handshakes))?;
        by_reason(e, "handshakes_failed", "TLS handshakes that failed.", &seen.handshakes_failed)?;
        by_reason(e, "late", "Connections ended because the client was late.", &seen.late)?;
        one(e, "reloads", "New certificates taken up.", &ConstCounter::new(seen.reloads))?;
        let help = "New certificates that were of no use.";
        one(e, "reloads_failed", help, &ConstCounter::new(seen.reloads_failed))
    }
}

fn one(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn by_reason(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    counts: &[Count],
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for Count { reason, count } in counts {
        ConstCounter::new(*count).encode(family.encode_family(&[("reason", *reason)])?)?;
    }
    Ok(())
}
