//! Signed notes: opened with a known key, and tree heads and records read from the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use twinproof_sumdb::note::{NoteError, Signer, Verifier, open, sign};
use twinproof_sumdb::tlog::{Record, TreeHead};

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer::from_seed("example.com/db", [7; 32]).expect("a name"));
static VERIFIERS: LazyLock<[Verifier; 1]> =
    LazyLock::new(|| [Verifier::new(&SIGNER.verifier().encode()).expect("its own key")]);

fuzz_target!(|message: &[u8]| {
    let _ = Record::parse(message);
    let note = match open(message, &*VERIFIERS) {
        Ok(note) => note,
        Err(NoteError::Unverified(note)) => *note,
        Err(_) => return,
    };
    assert!(note.text.ends_with('\n'));
    let _ = TreeHead::parse(&note.text);
    // Signed again, it opens to the same text.
    let unsigned = twinproof_sumdb::note::Note { text: note.text.clone(), ..Default::default() };
    let signed = sign(&unsigned, &[&SIGNER]).expect("a text that was in a note");
    assert_eq!(open(signed.as_bytes(), &*VERIFIERS).expect("just signed").text, note.text);
});
