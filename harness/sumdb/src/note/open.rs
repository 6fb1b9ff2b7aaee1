//! Opening and signing notes.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::key::{Signer, Verifier, is_valid_name};
use twinproof_base::base64;

/// The most signature lines a note may have.
pub const MAX_SIGNATURES: usize = 100;

const SIGNATURE_START: &str = "— ";

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// The key's hash.
    pub hash: u32,
    /// Key hash and signature in base64, as written.
    pub base64: String,
}

/// A note that has been opened, or is to be signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The text, newline at the end included.
    pub text: String,
    /// Signatures that were verified, one for each key.
    pub signatures: Vec<Signature>,
    /// Signatures by keys that are not known, without repetitions.
    pub unverified: Vec<Signature>,
}

/// An error in opening or signing a note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is not a note.
    #[error("malformed note: {0}")]
    Malformed(&'static str),
    /// A known key is said to have signed, and has not signed this.
    #[error("invalid signature for key {name}+{hash:08x}")]
    InvalidSignature {
        /// The key's name.
        name: String,
        /// The key's hash.
        hash: u32,
    },
    /// No known key has signed. The note is inside, unverified.
    #[error("note has no verifiable signatures")]
    Unverified(Box<Note>),
    /// Two of the known keys have the same name and hash.
    #[error("ambiguous key {name}+{hash:08x}")]
    Ambiguous {
        /// The keys' name.
        name: String,
        /// The keys' hash.
        hash: u32,
    },
}

/// Parses `message` and verifies the signatures of the `known` keys.
///
/// # Errors
/// See [`NoteError`]; the rules are in the [module](super)'s documentation.
pub fn open(message: &[u8], known: &[Verifier]) -> Result<Note, NoteError> {
    let message =
        std::str::from_utf8(message).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
    if message.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed("it has a control character"));
    }
    let (text, lines) = message
        .rfind("\n\n")
        .and_then(|at| Some((message.get(..=at)?, message.get(at + 2..)?)))
        .ok_or(NoteError::Malformed("no blank line precedes the signatures"))?;
    let lines = lines
        .strip_suffix('\n')
        .ok_or(NoteError::Malformed("it does not end in a signature line"))?;

    let mut note = Note { text: text.to_owned(), ..Note::default() };
    let mut seen_keys = HashSet::new();
    let mut seen_lines = HashSet::new();
    for (count, line) in lines.split('\n').enumerate() {
        if count >= MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has more than 100 signatures"));
        }
        let (signature, bytes) = parse_line(line)?;
        let Some(verifier) = find(known, &signature)? else {
            if seen_lines.insert(line) {
                note.unverified.push(signature);
            }
            continue;
        };
        if !seen_keys.insert((verifier.name(), verifier.hash())) {
            continue;
        }
        if !verifier.verify(text.as_bytes(), &bytes) {
            let Signature { name, hash, .. } = signature;
            return Err(NoteError::InvalidSignature { name, hash });
        }
        note.signatures.push(signature);
    }
    if note.signatures.is_empty() {
        return Err(NoteError::Unverified(Box::new(note)));
    }
    Ok(note)
}

/// A signature line and the signature's bytes, without the key hash.
fn parse_line(line: &str) -> Result<(Signature, Vec<u8>), NoteError> {
    let malformed = NoteError::Malformed("a signature line is not \"— name base64\"");
    let Some((name, base64)) = line.strip_prefix(SIGNATURE_START).and_then(|l| l.split_once(' '))
    else {
        return Err(malformed);
    };
    let bytes = base64::decode(base64).unwrap_or_default();
    match bytes.split_first_chunk::<4>() {
        Some((hash, rest)) if is_valid_name(name) && !rest.is_empty() => {
            let hash = u32::from_be_bytes(*hash);
            let signature = Signature { name: name.to_owned(), hash, base64: base64.to_owned() };
            Ok((signature, rest.to_vec()))
        }
        _ => Err(malformed),
    }
}

/// The key that is said to have made `signature`, if it is known.
fn find<'a>(
    known: &'a [Verifier],
    signature: &Signature,
) -> Result<Option<&'a Verifier>, NoteError> {
    let mut found =
        known.iter().filter(|v| (v.name(), v.hash()) == (&signature.name, signature.hash));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => {
            Err(NoteError::Ambiguous { name: signature.name.clone(), hash: signature.hash })
        }
        (first, _) => Ok(first),
    }
}

/// Signs `note` and writes it out. Signatures already in it come first, but for those by a key
/// that signs anew.
///
/// # Errors
/// [`NoteError::Malformed`] when the text does not end in a newline, or a signature in the note is
/// not one.
pub fn sign(note: &Note, signers: &[&Signer]) -> Result<String, NoteError> {
    if !note.text.ends_with('\n') {
        return Err(NoteError::Malformed("its text does not end in a newline"));
    }
    let mut out = format!("{}\n", note.text);
    for old in note.signatures.iter().chain(&note.unverified) {
        let line = format!("{SIGNATURE_START}{} {}", old.name, old.base64);
        if parse_line(&line)?.0.hash != old.hash {
            return Err(NoteError::Malformed("a signature has another key hash than it says"));
        }
        let replaced =
            |s: &&Signer| (s.verifier().name(), s.verifier().hash()) == (&old.name, old.hash);
        if !signers.iter().any(replaced) {
            let _ = writeln!(out, "{line}");
        }
    }
    for signer in signers {
        let mut bytes = signer.verifier().hash().to_be_bytes().to_vec();
        bytes.extend_from_slice(&signer.sign(note.text.as_bytes()));
        let _ = writeln!(
            out,
            "{SIGNATURE_START}{} {}",
            signer.verifier().name(),
            base64::encode(&bytes)
        );
    }
    Ok(out)
}
