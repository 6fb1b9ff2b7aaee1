//! Signed notes: the specification's example, and every byte of a note and its keys changed.

use proptest::prelude::*;
use rstest::rstest;
use twinproof_sumdb::note::{
    KeyError, KeyFileError, Note, NoteError, Signer, Verifier, open, sign,
};

const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SIGNER: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn known() -> Vec<Verifier> {
    vec![Verifier::new(KEY).unwrap()]
}

fn unsigned(text: &str) -> Note {
    Note { text: text.to_owned(), ..Note::default() }
}

#[test]
fn the_specifications_example() {
    let message = format!("{TEXT}\n{SIGNATURE}");
    let note = open(message.as_bytes(), &known()).unwrap();
    assert_eq!(note.text, TEXT);
    assert_eq!(note.signatures.len(), 1);
    assert_eq!((&*note.signatures[0].name, note.signatures[0].hash), ("PeterNeumann", 0xc74f_20a3));
    assert_eq!(note.unverified, []);
    let signer = Signer::new(SIGNER).unwrap();
    assert_eq!(sign(&unsigned(TEXT), &[&signer]).unwrap(), message);
    assert_eq!(sign(&note, &[]).unwrap(), message);
    assert_eq!(sign(&note, &[&signer]).unwrap(), message);
}

#[test]
fn keys_round_trip() {
    assert_eq!(Verifier::new(KEY).unwrap().encode(), KEY);
    let signer = Signer::new(SIGNER).unwrap();
    assert_eq!(signer.encode(), SIGNER);
    assert_eq!(signer.verifier().encode(), KEY);
    assert!(!format!("{signer:?}").contains("AYEKFALV"));
}

#[rstest]
#[case(KEY)]
#[case(SIGNER)]
fn no_part_of_a_key_is_a_key(#[case] key: &str) {
    let parse = |text: &str| Verifier::new(text).is_ok() || Signer::new(text).is_ok();
    for i in 0..key.len() {
        for j in i..=key.len() {
            // A signer key has the form of neither a verifier key nor a shorter signer key.
            assert_eq!(parse(&key[i..j]), (i, j) == (0, key.len()), "{}", &key[i..j]);
        }
    }
}

#[rstest]
#[case(KEY)]
#[case(SIGNER)]
fn no_byte_of_a_key_can_change(#[case] key: &str) {
    for i in 0..key.len() {
        for byte in 0..0x80 {
            let mut changed = key.as_bytes().to_vec();
            changed[i] = byte;
            let changed = String::from_utf8(changed).unwrap();
            // The hexadecimal digits may be written in uppercase.
            if !changed.eq_ignore_ascii_case(key) {
                assert!(
                    Verifier::new(&changed).is_err() && Signer::new(&changed).is_err(),
                    "{changed}"
                );
            }
        }
    }
}

#[rstest]
#[case::long("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==")]
#[case::no_key("PeterNeumann+c74f20a3+")]
#[case::no_hash("PeterNeumann++ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
#[case::signed_hash("PeterNeumann++74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
fn a_malformed_key_is_refused(#[case] key: &str) {
    assert!(matches!(Verifier::new(key), Err(KeyError::Malformed { .. })));
}

#[test]
fn keys_wrong_in_one_way() {
    let algorithm = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(Verifier::new(algorithm), Err(KeyError::Algorithm(0x65)));
    let hash = KEY.replace("c74f20a3", "c74f20a4");
    let want = KeyError::Hash { written: 0xc74f_20a4, actual: 0xc74f_20a3 };
    assert_eq!(Verifier::new(&hash), Err(want));
    let name = KEY.replace("PeterNeumann", "Peter Neumann");
    assert_eq!(Verifier::new(&name), Err(KeyError::Name("Peter Neumann".to_owned())));
    assert_eq!(Signer::from_seed("a+b", [0; 32]).unwrap_err(), KeyError::Name("a+b".to_owned()));
}

#[test]
fn no_byte_of_a_note_can_change() {
    let message = format!("{TEXT}\n{SIGNATURE}").into_bytes();
    for i in 0..message.len() {
        let old = message[i];
        for byte in [old ^ 1, old ^ 0x20, old ^ 0x80, b'\n', b' ', b'A'] {
            let mut changed = message.clone();
            changed[i] = byte;
            assert!(byte == old || open(&changed, &known()).is_err(), "{byte} at {i}");
        }
        let mut shorter = message.clone();
        shorter.remove(i);
        assert!(open(&shorter, &known()).is_err(), "byte {i} missing");
        assert!(open(&message[..i], &known()).is_err(), "cut at {i}");
    }
}

#[test]
fn signatures_by_unknown_keys_are_kept_apart_once() {
    let stranger = Signer::from_seed("stranger", [7; 32]).unwrap();
    let theirs = sign(&unsigned(TEXT), &[&stranger]).unwrap();
    let line = theirs.rsplit("\n\n").next().unwrap();
    let message = format!("{TEXT}\n{line}{SIGNATURE}{line}{SIGNATURE}");
    let note = open(message.as_bytes(), &known()).unwrap();
    assert_eq!((note.signatures.len(), note.unverified.len()), (1, 1));
    assert_eq!(note.unverified[0].name, "stranger");
    let only_theirs = open(theirs.as_bytes(), &known()).unwrap_err();
    assert!(matches!(only_theirs, NoteError::Unverified(note) if note.text == TEXT));
    // Both are kept when the note is signed by a third.
    let third = Signer::from_seed("third", [8; 32]).unwrap();
    let all = sign(&note, &[&third]).unwrap();
    assert_eq!(all.matches('—').count(), 3);
}

#[test]
fn a_bad_signature_by_a_known_key_is_fatal_beside_a_good_one() {
    let other = Signer::from_seed("other", [1; 32]).unwrap();
    let keys = [known(), vec![other.verifier().clone()]].concat();
    let forged = sign(&unsigned("something else\n"), &[&other]).unwrap();
    let line = forged.rsplit("\n\n").next().unwrap();
    let message = format!("{TEXT}\n{SIGNATURE}{line}");
    let (name, hash) = ("other".to_owned(), other.verifier().hash());
    assert_eq!(open(message.as_bytes(), &keys), Err(NoteError::InvalidSignature { name, hash }));
    assert!(open(message.as_bytes(), &known()).is_ok());
}

#[test]
fn a_key_known_twice_is_ambiguous() {
    let message = format!("{TEXT}\n{SIGNATURE}");
    let twice = [known(), known()].concat();
    let (name, hash) = ("PeterNeumann".to_owned(), 0xc74f_20a3);
    assert_eq!(open(message.as_bytes(), &twice), Err(NoteError::Ambiguous { name, hash }));
}

#[rstest]
#[case(99, true)]
#[case(100, false)]
fn at_most_a_hundred_signatures(#[case] strangers: usize, #[case] valid: bool) {
    let line = "— stranger AAAAAAA=\n".repeat(strangers);
    let message = format!("{TEXT}\n{line}{SIGNATURE}");
    let result = open(message.as_bytes(), &known());
    let malformed = NoteError::Malformed("it has more than 100 signatures");
    assert_eq!(
        result.map(|note| note.unverified.len()),
        if valid { Ok(1) } else { Err(malformed) }
    );
}

#[test]
fn the_text_ends_at_the_last_blank_line() {
    let signer = Signer::new(SIGNER).unwrap();
    for text in ["a\n\nb\n", "\n", "\n\n\n", "a\n\n— PeterNeumann AAAAAAA=\n"] {
        let message = sign(&unsigned(text), &[&signer]).unwrap();
        assert_eq!(open(message.as_bytes(), &known()).unwrap().text, text);
    }
}

#[rstest]
#[case::nothing("")]
#[case::no_signatures("text\n\n")]
#[case::no_blank_line("text\n— PeterNeumann AAAAAAA=\n")]
#[case::no_last_newline("text\n\n— PeterNeumann AAAAAAA=")]
#[case::hyphen("text\n\n- PeterNeumann AAAAAAA=\n")]
#[case::no_name("text\n\n—  AAAAAAA=\n")]
#[case::plus_in_the_name("text\n\n— Peter+Neumann AAAAAAA=\n")]
#[case::no_base64("text\n\n— PeterNeumann\n")]
#[case::too_short("text\n\n— PeterNeumann AAAAAA==\n")]
#[case::carriage_return("text\r\n\n— PeterNeumann AAAAAAA=\n")]
#[case::trailing_bits("text\n\n— stranger AAAAAAB=\n")]
fn a_malformed_note_is_refused(#[case] message: &str) {
    let error = open(message.as_bytes(), &known()).unwrap_err();
    assert!(matches!(error, NoteError::Malformed(_)), "{error:?}");
}

#[test]
fn a_text_without_a_last_newline_is_not_signed() {
    let signer = Signer::new(SIGNER).unwrap();
    assert!(matches!(sign(&unsigned("text"), &[&signer]), Err(NoteError::Malformed(_))));
}

proptest! {
    #[test]
    fn signed_note_opens(text in "([ -~é—]{0,20}\n){1,5}", seed: [u8; 32], name in "[a-z./é]{1,20}") {
        let signer = Signer::from_seed(&name, seed).unwrap();
        let message = sign(&unsigned(&text), &[&signer]).unwrap();
        let note = open(message.as_bytes(), &[signer.verifier().clone()]).unwrap();
        prop_assert_eq!(note.text, text);
        prop_assert_eq!(note.signatures.len(), 1);
    }

    #[test]
    fn any_bytes_are_opened_or_refused(bytes: Vec<u8>, text: String) {
        let _ = open(&bytes, &known());
        let _ = open(text.as_bytes(), &known());
        let _ = (Verifier::new(&text), Signer::new(&text));
    }
}

#[test]
fn a_key_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("signer.key");
    let signer = Signer::generate("example.com/db").unwrap();
    assert_ne!(signer.encode(), Signer::generate("example.com/db").unwrap().encode());
    signer.create_file(&path).unwrap();
    assert_eq!(Signer::read_file(&path).unwrap().encode(), signer.encode());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let other = Signer::generate("example.com/other").unwrap();
    assert!(matches!(other.create_file(&path), Err(KeyFileError::Io { action: "create", .. })));
    assert_eq!(Signer::read_file(&path).unwrap().encode(), signer.encode());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    assert!(matches!(Signer::generate("a b"), Err(KeyFileError::Name(_))));
}

#[rstest]
#[case::empty("")]
#[case::a_password("hunter2")]
#[case::the_public_half(KEY)]
#[case::a_broken_key("PRIVATE+KEY+hunter2 x+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")]
fn key_file_content_is_never_printed(#[case] content: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("signer.key");
    std::fs::write(&path, content).unwrap();
    let error = Signer::read_file(&path).unwrap_err();
    assert!(matches!(error, KeyFileError::NotAKey { .. }));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(matches!(Signer::read_file(&dir.path().join("none")), Err(KeyFileError::Io { .. })));
}
