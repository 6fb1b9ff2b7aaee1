//! Transactions by their global identifiers, and sets of them: positions in a binlog that hold on
//! every server of a topology.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// A text that is no set of identifiers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no set of GTIDs")]
pub struct GtidError(String);

/// The origin of MySQL's transactions: a server, and a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The server's UUID.
    pub uuid: [u8; 16],
    /// The tag, empty where there is none.
    pub tag: Box<str>,
}

/// The id of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gtid {
    /// Of MySQL.
    Mysql {
        /// The server that it comes from.
        source: Source,
        /// Its number there, from 1.
        number: u64,
    },
    /// Of MariaDB.
    Mariadb {
        /// The replication domain.
        domain: u32,
        /// The server.
        server: u32,
        /// Its number in the domain.
        number: u64,
    },
}

/// A set of transactions. MariaDB's is the last one of each domain, and all before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GtidSet {
    /// Of MySQL: intervals, both ends within, sorted, none touching another.
    Mysql(BTreeMap<Source, Vec<(u64, u64)>>),
    /// Of MariaDB: server and number by domain.
    Mariadb(BTreeMap<u32, (u32, u64)>),
}

impl GtidSet {
    /// Reads what the server writes: `gtid_executed` of MySQL.
    ///
    /// # Errors
    /// When it is something else.
    pub fn mysql(text: &str) -> Result<Self, GtidError> {
        let error = || GtidError(text.to_owned());
        let mut set = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let mut fields = part.split(':').map(str::trim);
            let uuid = fields.next().and_then(uuid).ok_or_else(error)?;
            let mut source = Source { uuid, tag: "".into() };
            for field in fields {
                // Tags came with MySQL 8.3: `uuid:tag:1-5`. Intervals after a tag belong to it.
                if field.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                    source.tag = field.to_ascii_lowercase().into();
                    continue;
                }
                let (first, last) = field.split_once('-').unwrap_or((field, field));
                let number = |text: &str| u64::from_str(text).ok().filter(|n| *n > 0);
                let (Some(first), Some(last)) = (number(first), number(last)) else {
                    return Err(error());
                };
                if last < first {
                    return Err(error());
                }
                // Intervals may come in any order and touch: a server writes them merged, people do
                // not.
                insert(set.entry(source.clone()).or_default(), first, last);
            }
        }
        Ok(Self::Mysql(set))
    }

    /// Reads what the server writes: `gtid_binlog_pos` of MariaDB.
    ///
    /// # Errors
    /// When it is something else.
    pub fn mariadb(text: &str) -> Result<Self, GtidError> {
        let error = || GtidError(text.to_owned());
        let mut set = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let mut fields = part.splitn(3, '-');
            let mut field = || fields.next().ok_or_else(error);
            let domain = field()?.parse().map_err(|_| error())?;
            let server = field()?.parse().map_err(|_| error())?;
            let number = field()?.parse().map_err(|_| error())?;
            set.insert(domain, (server, number));
        }
        Ok(Self::Mariadb(set))
    }

    /// Whether a transaction is in it.
    #[must_use]
    pub fn contains(&self, gtid: &Gtid) -> bool {
        match (self, gtid) {
            (Self::Mysql(set), Gtid::Mysql { source, number }) => {
                let within = |(first, last): &(u64, u64)| (first..=last).contains(&number);
                set.get(source).is_some_and(|intervals| intervals.iter().any(within))
            }
            (Self::Mariadb(set), Gtid::Mariadb { domain, number, .. }) => {
                set.get(domain).is_some_and(|(_, last)| number <= last)
            }
            _ => false,
        }
    }

    /// Adds a transaction.
    pub fn insert(&mut self, gtid: &Gtid) {
        match (self, gtid) {
            (Self::Mysql(set), Gtid::Mysql { source, number }) => match set.get_mut(source) {
                Some(intervals) => insert(intervals, *number, *number),
                None => {
                    set.insert(source.clone(), vec![(*number, *number)]);
                }
            },
            (Self::Mariadb(set), Gtid::Mariadb { domain, server, number }) => {
                let last = set.entry(*domain).or_insert((*server, *number));
                // Without strict mode, numbers of one domain may come out of order after a
                // failover.
                if *number >= last.1 {
                    *last = (*server, *number);
                }
            }
            _ => {}
        }
    }

    /// Whether all of another set is in it.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mysql(set), Self::Mysql(other)) => other.iter().all(|(source, intervals)| {
                let ours = set.get(source).map_or(&[][..], |i| i);
                let covered =
                    |(a, b): &(u64, u64)| ours.iter().any(|(first, last)| first <= a && b <= last);
                intervals.iter().all(covered)
            }),
            (Self::Mariadb(set), Self::Mariadb(other)) => other
                .iter()
                .all(|(domain, (_, n))| set.get(domain).is_some_and(|(_, last)| n <= last)),
            _ => false,
        }
    }
}

/// Adds an interval to sorted ones. The common case is the number after the last.
fn insert(intervals: &mut Vec<(u64, u64)>, first: u64, last: u64) {
    // The usual case, transactions in order, costs no search.
    if let Some(end) = intervals.last_mut()
        && end.1.checked_add(1) == Some(first)
    {
        end.1 = last;
        return;
    }
    intervals.push((first, last));
    intervals.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(intervals.len());
    for (first, last) in intervals.drain(..) {
        match merged.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    *intervals = merged;
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let n = u128::from_str_radix(&digits, 16).ok();
    n.filter(|_| digits.len() == 32 && !digits.starts_with('+')).map(u128::to_be_bytes)
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let hex = format!("{:032x}", u128::from_be_bytes(self.uuid));
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        write!(f, "{a}-{b}-{c}-{d}-{e}")?;
        if self.tag.is_empty() { Ok(()) } else { write!(f, ":{}", self.tag) }
    }
}

impl Display for Gtid {
    /// As the servers write it.
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mysql { source, number } => write!(f, "{source}:{number}"),
            Self::Mariadb { domain, server, number } => write!(f, "{domain}-{server}-{number}"),
        }
    }
}

impl Display for GtidSet {
    /// As the servers write it, sources sorted.
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut before = "";
        match self {
            Self::Mysql(set) => {
                for (source, intervals) in set {
                    write!(f, "{before}{source}")?;
                    before = ",";
                    for (first, last) in intervals {
                        write!(f, ":{first}")?;
                        if first < last {
                            write!(f, "-{last}")?;
                        }
                    }
                }
            }
            Self::Mariadb(set) => {
                for (domain, (server, number)) in set {
                    write!(f, "{before}{domain}-{server}-{number}")?;
                    before = ",";
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn gtid(number: u64) -> Gtid {
        Gtid::Mysql { source: Source { uuid: uuid(UUID).unwrap(), tag: "".into() }, number }
    }

    #[test]
    fn sets_read_and_write_as_the_servers_do() {
        let text = format!("{UUID}:1-3:5,{UUID}:ops:1-2");
        let set = GtidSet::mysql(&text).unwrap();
        assert_eq!(set.to_string(), text);
        assert_eq!(GtidSet::mysql(&format!("{UUID}:1-3:5:ops:1-2")).unwrap(), set);
        assert_eq!(GtidSet::mysql("").unwrap().to_string(), "");
        assert_eq!(GtidSet::mariadb("0-1-100,3-2-7").unwrap().to_string(), "0-1-100,3-2-7");
    }

    #[test]
    fn malformed_gtid_set_is_refused() {
        for text in ["x", "3e11:1", &format!("{UUID}:0"), &format!("{UUID}:3-1")] {
            assert!(GtidSet::mysql(text).is_err(), "{text}");
        }
        for text in ["0-1", "a-1-1", "0-1-x"] {
            assert!(GtidSet::mariadb(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_set_has_what_was_added(numbers in prop::collection::vec(1..60_u64, 0..60)) {
            let mut set = GtidSet::mysql("").unwrap();
            for number in &numbers {
                set.insert(&gtid(*number));
            }
            let model: BTreeSet<u64> = numbers.into_iter().collect();
            for number in 0..62 {
                prop_assert_eq!(set.contains(&gtid(number)), model.contains(&number));
            }
            let again = GtidSet::mysql(&set.to_string()).unwrap();
            prop_assert!(again.contains_all(&set) && set.contains_all(&again));
            prop_assert_eq!(again, set);
        }
    }
}
