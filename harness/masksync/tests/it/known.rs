//! Known answers: what every implementation of the format gives, for ever.

use crate::common::keys;
use serde::Deserialize;
use twinproof_masksync::mask::{
    Alphabet, Binding, Encoding, FakeKind, Fallback, Keyed, Masker, Named, Opener, RowContext,
    Transformer,
};
use twinproof_masksync::value::{Cell, ColumnType, Kind};

/// A known answer, for tenant `acme` and the ring of these tests.
#[derive(Debug, Deserialize)]
struct Answer {
    mask: String,
    /// The class, or the domain.
    domain: String,
    /// Canonical values of the row's key in staging.
    #[serde(default)]
    row: Vec<String>,
    /// The canonical bytes, hexadecimal.
    plain: String,
    /// The masked value, as text.
    masked: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn transformer(answer: &Answer) -> Transformer {
    let keyed = Keyed { key: 1, domain: answer.domain.as_str().into() };
    let encoding = Encoding::Text;
    match answer.mask.as_str() {
        "randomised" => Transformer::Randomised { encoding },
        "deterministic" => Transformer::Deterministic { keyed, encoding },
        "token" => Transformer::Token { keyed, length: 16, encoding },
        "format" => {
            Transformer::Format { keyed, alphabet: Alphabet::Digits, fallback: Fallback::Halt }
        }
        _ => Transformer::Fake { keyed, kind: FakeKind::Email },
    }
}

#[test]
fn known_answers_hold() {
    let text = include_str!("../data/known-answers.json");
    let answers: Vec<Answer> = serde_json::from_str(text).unwrap();
    let opener = Opener::new(keys().ring, "acme".into());
    for answer in &answers {
        let plain = bytes(&answer.plain);
        let mut row = Vec::new();
        for part in &answer.row {
            Binding::row_part(part.as_bytes(), &mut row);
        }
        let transformer = transformer(answer);
        if answer.mask == "randomised" {
            let place = ("shop.users", "phone");
            let token = answer.masked.as_bytes();
            let opened = opener.randomised(token, Encoding::Text, &answer.domain, place, &row);
            assert_eq!(*opened.unwrap(), plain, "{answer:?}");
            continue;
        }
        let named = Named { class: answer.domain.as_str().into(), transformer };
        let mut masker = Masker::new(&named, &keys(), "shop.users", "phone", &[]).unwrap();
        let place = RowContext { row: &row, cells: &[], types: &[] };
        let cell = Cell::Bytes(plain.into());
        let masked = masker.apply(&cell, &ColumnType::plain(Kind::Bytes), place).unwrap();
        assert_eq!(masked, Cell::Utf8(answer.masked.clone()), "{answer:?}");
    }
    assert_eq!(answers.len(), 12);
}
