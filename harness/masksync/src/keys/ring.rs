//! The ring and its file.
//!
//! ```toml
//! [[key]]
//! id = 1
//! state = "decrypt"            # added and not yet in use, or formerly primary
//! secret = "…"                 # 32 bytes, base64
//!
//! [[key]]
//! id = 2
//! state = "primary"            # the one that randomised tokens are made with
//! secret = "…"
//! ```
//!
//! A key is *added* as `decrypt`; when every reader has it, it is *promoted* to `primary` and the
//! former primary becomes `decrypt`; when no token of it is left, it is `retired`, and its tokens
//! are refused.

use super::subkey::{Purpose, SubKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::{Zeroize as _, Zeroizing};

/// No ring is larger, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The uses that a key is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// The key opens tokens, and makes deterministic ones where the policy pins it.
    Decrypt,
    /// The key makes randomised tokens, too. Exactly one key is primary.
    Primary,
    /// No use is allowed.
    Retired,
}

/// A ring that cannot be used. No secret is in the text.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The file or variable is missing or cannot be read.
    #[error("the key ring {place} cannot be read: {cause}")]
    Unreadable {
        /// The file, or the variable.
        place: String,
        /// The cause.
        cause: String,
    },
    /// The text of the ring is wrong.
    #[error("the key ring is wrong at line {line}: {cause}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The parser's message.
        cause: String,
    },
    /// A key has a wrong secret.
    #[error(
        "key {0}: the secret is not the base64 of 32 bytes; `openssl rand -base64 32` makes one"
    )]
    Secret(u32),
    /// An id is there twice.
    #[error("key {0} is there twice")]
    Twice(u32),
    /// Not exactly one key is primary.
    #[error("{0} keys are primary; one must be")]
    Primary(usize),
    /// No key has this id.
    #[error("the ring has no key {0}")]
    Unknown(u32),
    /// The key is retired.
    #[error("key {0} is retired")]
    Retired(u32),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<StoredKey>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    id: u32,
    state: KeyState,
    secret: String,
}

/// Keys by id.
pub struct Ring {
    keys: BTreeMap<u32, (KeyState, Zeroizing<[u8; 32]>)>,
    primary: u32,
}

impl Ring {
    /// Reads a ring from a file.
    ///
    /// # Errors
    /// When it cannot be read, or is wrong.
    pub fn from_file(path: &Path) -> Result<Self, RingError> {
        let unreadable = |cause: String| RingError::Unreadable {
            place: format!("file {}", path.display()),
            cause,
        };
        let bytes = Zeroizing::new(std::fs::read(path).map_err(|e| unreadable(e.to_string()))?);
        if bytes.len() > MAX_BYTES {
            return Err(unreadable("it is larger than 1 MiB".to_owned()));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("it is no UTF-8".into()))?;
        Self::from_text(text)
    }

    /// Reads a ring from a variable of the environment.
    ///
    /// # Errors
    /// When it is not set, or wrong.
    pub fn from_variable(name: &str) -> Result<Self, RingError> {
        let text = std::env::var(name).map(Zeroizing::new).map_err(|e| RingError::Unreadable {
            place: format!("in variable {name}"),
            cause: e.to_string(),
        })?;
        Self::from_text(&text)
    }

    /// Reads a ring.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn from_text(text: &str) -> Result<Self, RingError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
            // The message of a wrong value quotes the value, which may be a secret.
            let named = ["missing field `id`", "missing field `state`", "missing field `secret`"];
            let cause = named.into_iter().find(|known| error.message() == *known);
            let cause = cause.unwrap_or("expected [[key]] tables with id, state and secret");
            RingError::Syntax { line, cause: cause.to_owned() }
        })?;
        let mut keys = BTreeMap::new();
        for mut entry in file.key {
            let bytes = BASE64_STANDARD.decode(entry.secret.trim()).map(Zeroizing::new);
            // The text is as secret as what it stands for, and would stay in freed memory.
            entry.secret.zeroize();
            let bytes = bytes.map_err(|_| RingError::Secret(entry.id))?;
            let secret: [u8; 32] =
                bytes.as_slice().try_into().map_err(|_| RingError::Secret(entry.id))?;
            if keys.insert(entry.id, (entry.state, Zeroizing::new(secret))).is_some() {
                return Err(RingError::Twice(entry.id));
            }
        }
        let primaries: Vec<u32> = keys
            .iter()
            .filter(|(_, (state, _))| *state == KeyState::Primary)
            .map(|(id, _)| *id)
            .collect();
        // With two of them the order in the file would decide which key new tokens get.
        match primaries[..] {
            [primary] => Ok(Self { keys, primary }),
            _ => Err(RingError::Primary(primaries.len())),
        }
    }

    /// The key that randomised tokens are made with.
    #[must_use]
    pub fn primary(&self) -> u32 {
        self.primary
    }

    /// The uses that a key is allowed; `None` for an unknown id.
    #[must_use]
    pub fn state(&self, id: u32) -> Option<KeyState> {
        self.keys.get(&id).map(|(state, _)| *state)
    }

    /// A subkey of a key.
    ///
    /// # Errors
    /// When there is no such key, or it is retired.
    pub fn subkey(
        &self,
        id: u32,
        purpose: Purpose,
        tenant: &str,
        domain: &str,
    ) -> Result<SubKey, RingError> {
        match self.keys.get(&id) {
            None => Err(RingError::Unknown(id)),
            Some((KeyState::Retired, _)) => Err(RingError::Retired(id)),
            // A key that only decrypts still makes deterministic tokens: the policy pins it, and
            // another key would change every value.
            Some((_, secret)) => Ok(SubKey::derive(secret, purpose, tenant, domain)),
        }
    }
}

impl std::fmt::Debug for Ring {
    /// The ids, never the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.keys()).finish()
    }
}

#[cfg(test)]
impl Ring {
    /// A ring with one key, number 7.
    pub(crate) fn of_tests() -> Self {
        let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        Self::from_text(&format!("[[key]]\nid = 7\nstate = \"primary\"\nsecret = \"{secret}\"\n"))
            .unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn ring(states: &[(u32, &str)]) -> Result<Ring, RingError> {
        let key = |(id, state): &(u32, &str)| {
            format!("[[key]]\nid = {id}\nstate = \"{state}\"\nsecret = \"{SECRET}\"\n")
        };
        Ring::from_text(&states.iter().map(key).collect::<String>())
    }

    #[test]
    fn one_key_is_primary() {
        assert_eq!(ring(&[(1, "decrypt"), (2, "primary")]).unwrap().primary(), 2);
        assert!(matches!(ring(&[(1, "decrypt")]), Err(RingError::Primary(0))));
        assert!(matches!(ring(&[(1, "primary"), (2, "primary")]), Err(RingError::Primary(2))));
        assert!(matches!(ring(&[(1, "primary"), (1, "decrypt")]), Err(RingError::Twice(1))));
    }

    #[test]
    fn a_retired_key_gives_no_subkey() {
        let ring = ring(&[(1, "retired"), (2, "primary")]).unwrap();
        let asked = |id| ring.subkey(id, Purpose::Randomised, "", "phone").map(|_| ());
        assert!(matches!(asked(1), Err(RingError::Retired(1))));
        assert!(matches!(asked(3), Err(RingError::Unknown(3))));
        assert!(asked(2).is_ok());
    }

    #[test]
    fn no_message_shows_a_secret() {
        let wrong = [
            "[[key]]\nid = 1\nstate = \"primary\"\nsecret = \"SECRET-OF-31-BYTES\"\n",
            "[[key]]\nid = 1\nstate = \"SECRET-OF-31-BYTES\"\nsecret = \"\"\n",
            "[[key]]\nid = 1\nSECRET-OF-31-BYTES = 1\n",
            "key = \"SECRET-OF-31-BYTES",
        ];
        for text in wrong {
            let message = Ring::from_text(text).unwrap_err().to_string();
            assert!(!message.contains("SECRET"), "{message}");
        }
        assert_eq!(format!("{:?}", ring(&[(7, "primary")]).unwrap()), "[7]");
    }
}
