//! The address of a server, with the user: `mysql://user@host:3306` or `mysql://user@/path/to/socket`.

use super::host::{host_and_port, is_loopback};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The port of MySQL and MariaDB.
const PORT: u16 = 3306;

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host and a port.
    Tcp(String, u16),
    /// A socket of this machine.
    Socket(PathBuf),
}

/// The source of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// There is none.
    None,
    /// A file; a line end at its end is no part of it.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

/// A server, with the user and the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The server's address.
    pub endpoint: Endpoint,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// Certificates that the server's must lead to; the public ones where none is named.
    pub ca: Option<PathBuf>,
}

/// An address that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text is none.
    #[error("an address is `mysql://user@host:3306` or `mysql://user@/path/to/socket`")]
    Form,
    /// The text names no brokers.
    #[error(
        "brokers are `kafka://host:9092`, `kafka://host:9092,host:9092` or `kafka://user@host:9092`"
    )]
    Brokers,
    /// The address has a password.
    #[error(
        "a password does not stand in an address; name its `password-file` or `password-variable`"
    )]
    Password,
    /// The password cannot be read.
    #[error("the password {0}")]
    Unreadable(String),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it has another form, or a password.
    pub fn parse(url: &str) -> Result<(Endpoint, String), AddressError> {
        let rest = url.strip_prefix("mysql://").ok_or(AddressError::Form)?;
        let (user, place) = rest.rsplit_once('@').ok_or(AddressError::Form)?;
        // Before the other checks: a password must not get into a message.
        if user.contains(':') {
            return Err(AddressError::Password);
        }
        if user.is_empty() || place.is_empty() {
            return Err(AddressError::Form);
        }
        if place.starts_with('/') {
            return Ok((Endpoint::Socket(place.into()), user.to_owned()));
        }
        let place = host_and_port(place.trim_end_matches('/'), PORT);
        let (host, port) = place.ok_or(AddressError::Form)?;
        Ok((Endpoint::Tcp(host, port), user.to_owned()))
    }

    /// Whether the connection stays on this machine: a Unix socket or a loopback address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.endpoint {
            Endpoint::Socket(_) => true,
            Endpoint::Tcp(host, _) => is_loopback(host),
        }
    }

    /// The password.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn password(&self) -> Result<Option<Zeroizing<String>>, AddressError> {
        self.password.read()
    }
}

impl Secret {
    /// The password.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Option<Zeroizing<String>>, AddressError> {
        match self {
            Self::None => Ok(None),
            Self::Variable(name) => std::env::var(name)
                .map(|text| Some(Zeroizing::new(text)))
                .map_err(|e| AddressError::Unreadable(format!("in variable {name}: {e}"))),
            Self::File(path) => {
                let text = std::fs::read_to_string(path).map(Zeroizing::new);
                let text = text.map_err(|e| {
                    AddressError::Unreadable(format!("in file {}: {e}", path.display()))
                })?;
                // Editors and `echo` end a file with a newline, which is no part of the password.
                Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("mysql://a@db:3307", Endpoint::Tcp("db".into(), 3307))]
    #[case("mysql://a@db/", Endpoint::Tcp("db".into(), 3306))]
    #[case("mysql://a@[::1]:3307", Endpoint::Tcp("::1".into(), 3307))]
    #[case("mysql://a@[::1]", Endpoint::Tcp("::1".into(), 3306))]
    #[case("mysql://a@/run/mysqld.sock", Endpoint::Socket("/run/mysqld.sock".into()))]
    fn addresses_are_read(#[case] url: &str, #[case] endpoint: Endpoint) {
        assert_eq!(Address::parse(url), Ok((endpoint, "a".to_owned())));
    }

    #[rstest]
    #[case("mysql://a:b@db", AddressError::Password)]
    #[case("http://a@db", AddressError::Form)]
    #[case("mysql://db", AddressError::Form)]
    #[case("mysql://@db", AddressError::Form)]
    #[case("mysql://a@db:x", AddressError::Form)]
    #[case("mysql://a@", AddressError::Form)]
    fn wrong_addresses_are_refused(#[case] url: &str, #[case] expected: AddressError) {
        assert_eq!(Address::parse(url), Err(expected));
    }
}
