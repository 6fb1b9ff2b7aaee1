//! Errors of database servers, without the values that servers quote in their messages: a message is
//! passed on only for error numbers whose messages hold no value, else the number and its meaning.

/// A request that a server refused or did not answer. No row's value is in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{doing}: {why}")]
pub struct Failed {
    /// The action that failed.
    pub doing: String,
    /// The reason.
    pub why: String,
    /// The server's number of the error, where it gave one.
    pub code: Option<u16>,
    /// Whether the server cannot be reached at the moment: a later attempt may succeed.
    pub unreachable: bool,
}

/// Errors whose messages name users, rights, objects, files or positions, and no values.
const SAFE: [u16; 18] = [
    1044, 1045, 1049, 1054, 1142, 1143, 1146, 1193, 1227, 1236, 1290, 1419, 1524, 3159, 3170, 1698,
    2061, 4052,
];

/// An error in words that hold no value of a row.
#[must_use]
pub fn without_values(doing: &str, error: &mysql::Error) -> Failed {
    let (why, code, unreachable) = match error {
        mysql::Error::MySqlError(e) if SAFE.contains(&e.code) => {
            (format!("error {}: {}", e.code, e.message), Some(e.code), false)
        }
        // An unlisted number may quote a value in its message, so that its meaning alone is passed
        // on.
        mysql::Error::MySqlError(e) => {
            (format!("error {} ({})", e.code, meaning(e.code, &e.state)), Some(e.code), false)
        }
        mysql::Error::IoError(e) => (format!("connection: {e}"), None, true),
        mysql::Error::DriverError(e) => (format!("connection: {e}"), None, true),
        mysql::Error::TlsError(e) => (format!("TLS: {e}"), None, true),
        // After a packet that cannot be read the connection is of no more use; a new one is.
        mysql::Error::CodecError(_) => ("a packet is wrong".to_owned(), None, true),
        mysql::Error::UrlError(_) => ("an address is wrong".to_owned(), None, false),
        mysql::Error::FromValueError(_) | mysql::Error::FromRowError(_) => {
            ("a value has an unexpected type".to_owned(), None, false)
        }
    };
    // A server that shuts down or lost its lock wait is asked again.
    let again = matches!(code, Some(1053 | 1077 | 1205 | 1213 | 1040 | 1927 | 3169));
    Failed { doing: doing.to_owned(), why, code, unreachable: unreachable || again }
}

/// The meaning of errors that a row's values cause, without the values.
fn meaning(code: u16, state: &str) -> String {
    let words = match code {
        1062 => "a row with this key is there already",
        1264 => "a number is out of the column's range",
        1292 | 1366 | 1411 => "a value does not fit the column's type",
        1300 => "a text is not valid in its character set",
        1406 => "a value is too long for its column",
        1451 | 1452 => "a foreign key does not hold",
        1048 => "a column cannot be NULL",
        1205 => "the wait for a lock timed out",
        1213 => "a deadlock",
        1153 => "a packet is larger than max_allowed_packet",
        1114 | 1021 | 3 => "the disk is full",
        1053 => "the server shuts down",
        1064 => "a statement is wrong",
        1365 => "a division by zero",
        _ => return state.to_owned(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u16, message: &str) -> mysql::Error {
        let (state, message) = ("23000".to_owned(), message.to_owned());
        mysql::Error::MySqlError(mysql::MySqlError { state, message, code })
    }

    #[test]
    fn values_are_left_out_of_messages() {
        for code in [1062, 1406, 1366, 1292, 1264, 1300, 9999] {
            let failed = without_values(
                "writing",
                &error(code, "Duplicate entry '13800001111' for key 'u'"),
            );
            assert!(!failed.to_string().contains("138"), "{failed}");
            assert!(failed.to_string().contains(&code.to_string()));
        }
        let failed =
            without_values("writing", &error(1142, "INSERT command denied to user 'a'@'b'"));
        assert!(failed.to_string().ends_with("INSERT command denied to user 'a'@'b'"));
    }
}
