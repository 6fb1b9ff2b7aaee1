//! The transactions that a server has executed.

use crate::binlog::{Flavour, GtidSet};
use crate::server::{Failed, Session};

/// All transactions in the server's binlog, up to now.
///
/// # Errors
/// When the server does not say, or in a form that is not known.
pub fn executed(session: &mut Session) -> Result<GtidSet, Failed> {
    let doing = "reading the source's position";
    let (sql, read): (_, fn(&str) -> _) = match session.flavour {
        Flavour::Mysql => ("SELECT @@GLOBAL.gtid_executed", GtidSet::mysql),
        Flavour::Mariadb => ("SELECT @@GLOBAL.gtid_binlog_pos", GtidSet::mariadb),
    };
    let text = session.text(doing, sql)?.unwrap_or_default();
    read(&text.replace('\n', "")).map_err(|error| Failed {
        doing: doing.to_owned(),
        why: error.to_string(),
        code: None,
        unreachable: false,
    })
}
