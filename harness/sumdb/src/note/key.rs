//! Verifier and signer keys and their encoding.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use twinproof_base::base64;

/// The algorithm byte of Ed25519.
// The algorithm byte of golang.org/x/mod/sumdb/note, in front of the key in its encoding.
const ED25519: u8 = 1;

/// A key is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text does not have the parts of a key.
    #[error("malformed key: expected {expected}")]
    Malformed {
        /// The form a key has.
        expected: &'static str,
    },
    /// Its name is empty, or has a space or a plus.
    #[error("invalid key name {0:?}: it must not be empty nor have spaces or +")]
    Name(String),
    /// Its algorithm is not Ed25519.
    #[error("unknown key algorithm {0}: only 1 (Ed25519) is known")]
    Algorithm(u8),
    /// The hash in it is not that of its name and public key.
    #[error("key hash {written:08x} does not match the key, whose hash is {actual:08x}")]
    Hash {
        /// The hash written in the key.
        written: u32,
        /// The hash of its name and public key.
        actual: u32,
    },
}

const VERIFIER_FORM: &str = "name+8 hex digits+base64 of a 33-byte Ed25519 public key";
const SIGNER_FORM: &str = "PRIVATE+KEY+name+8 hex digits+base64 of a 33-byte Ed25519 seed";

/// Whether `name` may name a key.
pub(super) fn is_valid_name(name: &str) -> bool {
    // `+` separates the parts of a key, and a blank the parts of a signature line.
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace())
}

fn key_hash(name: &str, public: &VerifyingKey) -> u32 {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(public.as_bytes())
        .finalize();
    let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
    u32::from_be_bytes([a, b, c, d])
}

/// Splits `name+hash+base64` and decodes the parts.
fn parse(key: &str, form: &'static str) -> Result<(String, u32, [u8; 32]), KeyError> {
    let malformed = || KeyError::Malformed { expected: form };
    let mut parts = key.splitn(3, '+');
    let (Some(name), Some(hash), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed());
    };
    if !is_valid_name(name) {
        return Err(KeyError::Name(name.to_owned()));
    }
    if hash.len() != 8 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(malformed());
    }
    let hash = u32::from_str_radix(hash, 16).map_err(|_| malformed())?;
    let data = base64::decode(data).ok_or_else(malformed)?;
    let (algorithm, data) = data.split_first().ok_or_else(malformed)?;
    if *algorithm != ED25519 {
        return Err(KeyError::Algorithm(*algorithm));
    }
    let data = data.try_into().map_err(|_| malformed())?;
    Ok((name.to_owned(), hash, data))
}

fn check_hash(name: &str, written: u32, public: &VerifyingKey) -> Result<(), KeyError> {
    let actual = key_hash(name, public);
    if written == actual { Ok(()) } else { Err(KeyError::Hash { written, actual }) }
}

fn encode(name: &str, hash: u32, key: &[u8; 32]) -> String {
    let mut data = vec![ED25519];
    data.extend_from_slice(key);
    format!("{name}+{hash:08x}+{}", base64::encode(&data))
}

/// The public half of a key: says whether a signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    hash: u32,
    key: VerifyingKey,
}

impl Verifier {
    /// Parses `name+hash+base64`.
    ///
    /// # Errors
    /// When it is not that, or its hash is not the key's.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        let (name, hash, bytes) = parse(key, VERIFIER_FORM)?;
        let key = VerifyingKey::from_bytes(&bytes)
            .map_err(|_| KeyError::Malformed { expected: VERIFIER_FORM })?;
        check_hash(&name, hash, &key)?;
        Ok(Self { name, hash, key })
    }

    /// The key's name: that of the server, for a checksum database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key hash.
    #[must_use]
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// The key as [`Verifier::new`] reads it.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(&self.name, self.hash, self.key.as_bytes())
    }

    /// Whether `signature` is this key's signature of `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| {
            ed25519_dalek::Verifier::verify(&self.key, message, &signature).is_ok()
        })
    }
}

/// The private half of a key. It is not printed by `Debug`, and wiped when dropped.
pub struct Signer {
    verifier: Verifier,
    key: SigningKey,
}

impl Signer {
    /// Parses `PRIVATE+KEY+name+hash+base64`.
    ///
    /// # Errors
    /// When it is not that, or its hash is not the key's.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        let rest = key
            .strip_prefix("PRIVATE+KEY+")
            .ok_or(KeyError::Malformed { expected: SIGNER_FORM })?;
        let (name, hash, seed) = parse(rest, SIGNER_FORM)?;
        let signer = Self::from_seed(&name, seed)?;
        check_hash(&name, hash, &signer.verifier.key)?;
        Ok(signer)
    }

    /// The key that a 32-byte seed gives. The same seed always gives the same key.
    ///
    /// # Errors
    /// [`KeyError::Name`] when the name is not one.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        if !is_valid_name(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let key = SigningKey::from_bytes(&seed);
        let public = key.verifying_key();
        let verifier =
            Verifier { name: name.to_owned(), hash: key_hash(name, &public), key: public };
        Ok(Self { verifier, key })
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The key as [`Signer::new`] reads it. It must be kept secret.
    #[must_use]
    pub fn encode(&self) -> String {
        let Verifier { name, hash, .. } = &self.verifier;
        format!("PRIVATE+KEY+{}", encode(name, *hash, self.key.as_bytes()))
    }

    /// The signature of `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}
