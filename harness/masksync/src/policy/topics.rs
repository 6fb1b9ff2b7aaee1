//! Topics of Kafka as staging: where the brokers are, and how topics are written.

use super::address::{AddressError, Secret};
use super::host::{host_and_port, is_loopback};
use std::path::PathBuf;
use std::time::Duration;

/// The port of Kafka.
const PORT: u16 = 9092;
/// The time for which a broker keeps a transaction open by default (`transaction.max.timeout.ms`).
pub(super) const TRANSACTION: Duration = Duration::from_secs(900);

/// The mechanism that authenticates with a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// SCRAM-SHA-512.
    #[default]
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
    /// SCRAM-SHA-256.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// PLAIN.
    Plain,
}

/// The content of a record's field `before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// The masked row before.
    #[default]
    Masked,
    /// Nothing.
    Null,
}

/// Hosts and ports.
pub type Brokers = Vec<(String, u16)>;

/// Topics as staging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicsPolicy {
    /// The brokers that are asked first.
    pub brokers: Brokers,
    /// The user, where the brokers ask for one.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
    /// The mechanism of authentication.
    pub mechanism: Mechanism,
    /// Certificates that the brokers' must lead to; the public ones where none is named.
    pub ca: Option<PathBuf>,
    /// The first part of topics' names: `PREFIX.SCHEMA.TABLE`.
    pub prefix: String,
    /// The content of a record's field `before`.
    pub before: Before,
    /// Whether topics that are not there are made.
    pub create: bool,
    /// Partitions of topics that are made; the broker's default where it is left out.
    pub partitions: Option<u16>,
    /// Replicas of topics that are made; the broker's default where it is left out.
    pub replication: Option<u16>,
    /// The longest time for which a transaction may stay open.
    pub transaction: Duration,
}

impl TopicsPolicy {
    /// Reads `kafka://[user@]host:9092[,host:9092]`: the brokers, and the user.
    pub(super) fn parse(url: &str) -> Result<(Brokers, Option<String>), AddressError> {
        let rest = url.strip_prefix("kafka://").ok_or(AddressError::Brokers)?;
        let (user, places) = match rest.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => return Err(AddressError::Password),
            Some(("", _)) => return Err(AddressError::Brokers),
            Some((user, places)) => (Some(user.to_owned()), places),
            None => (None, rest),
        };
        let places = places.trim_end_matches('/').split(',');
        let brokers: Option<Brokers> = places.map(|place| host_and_port(place, PORT)).collect();
        Ok((brokers.ok_or(AddressError::Brokers)?, user))
    }

    /// Whether connections are encrypted: all that leave this machine.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.ca.is_some() || !self.brokers.iter().all(|(host, _)| is_loopback(host))
    }

    /// The topic of a table in staging.
    #[must_use]
    pub fn topic(&self, (schema, name): &(String, String)) -> String {
        format!("{}.{schema}.{name}", self.prefix)
    }
}

/// Whether Kafka takes a text as the name of a topic.
#[must_use]
pub(crate) fn is_topic(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c);
    (1..=249).contains(&name.len()) && name.chars().all(is_allowed) && ![".", ".."].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("kafka://b1:9093,b2", &[("b1", 9093), ("b2", 9092)], None)]
    #[case("kafka://sync@b1/", &[("b1", 9092)], Some("sync"))]
    #[case("kafka://[::1]:9094", &[("::1", 9094)], None)]
    fn brokers_are_read(
        #[case] url: &str,
        #[case] brokers: &[(&str, u16)],
        #[case] user: Option<&str>,
    ) {
        let brokers = brokers.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect();
        assert_eq!(TopicsPolicy::parse(url), Ok((brokers, user.map(str::to_owned))));
    }

    #[rstest]
    #[case("kafka://sync:SECRET@b1", AddressError::Password)]
    #[case("kafka://", AddressError::Brokers)]
    #[case("kafka://b1,", AddressError::Brokers)]
    #[case("kafka://@b1", AddressError::Brokers)]
    #[case("kafka://b1:x", AddressError::Brokers)]
    fn wrong_brokers_are_refused(#[case] url: &str, #[case] expected: AddressError) {
        assert_eq!(TopicsPolicy::parse(url), Err(expected));
    }

    #[rstest]
    #[case("masked.shop.users", true)]
    #[case("masked.shop.Größe", false)]
    #[case("masked.shop.a b", false)]
    #[case("..", false)]
    fn names_of_topics_are_told(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(is_topic(name), expected);
        assert!(!is_topic(&"x".repeat(250)));
    }
}
