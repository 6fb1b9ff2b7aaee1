//! Properties of masks, over all values.

use crate::common::{keys, keys_of};
use crate::ring::RING;
use proptest::prelude::*;
use rstest::rstest;
use std::sync::Arc;
use twinproof_masksync::keys::Ceiling;
use twinproof_masksync::mask::{Alphabet, parse_token};
use twinproof_masksync::mask::{
    Binding, Case, Encoding, FakeKind, Fallback, FixedValue, JsonRest, Keyed, MaskError, Masker,
    Named, Opener, RowContext, TokenError, Transformer,
};
use twinproof_masksync::value::{Cell, Charset, ColumnType, Kind};

const TABLE: &str = "shop.users";

fn named(transformer: Transformer) -> Named {
    Named { class: "phone".into(), transformer }
}

fn keyed() -> Keyed {
    Keyed { key: 1, domain: "phone".into() }
}

fn masker(transformer: Transformer) -> Masker {
    let columns: [Arc<str>; 2] = ["id".into(), "country".into()];
    Masker::new(&named(transformer), &keys(), TABLE, "phone", &columns).unwrap()
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(text.as_bytes().into())
}

fn row(id: &str) -> Vec<u8> {
    let mut row = Vec::new();
    Binding::row_part(id.as_bytes(), &mut row);
    row
}

fn apply(masker: &mut Masker, cell: &Cell<'_>, id: &str) -> Result<Cell<'static>, MaskError> {
    let row = row(id);
    let place = RowContext { row: &row, cells: &[], types: &[] };
    masker.apply(cell, &ColumnType::text(Charset::Utf8), place).map(Cell::into_owned)
}

fn written(cell: &Cell<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(cell.canonical(&Charset::Utf8, &mut bytes).unwrap());
    bytes
}

fn all() -> Vec<Transformer> {
    let encoding = Encoding::Text;
    vec![
        Transformer::Keep,
        Transformer::Null,
        Transformer::Redact { with: '*', length: None },
        Transformer::Partial { first: 3, last: 4, with: '*', hidden: 4 },
        Transformer::Token { keyed: keyed(), length: 16, encoding },
        Transformer::Deterministic { keyed: keyed(), encoding },
        Transformer::Randomised { encoding },
        Transformer::Format {
            keyed: keyed(),
            alphabet: Alphabet::Digits,
            fallback: Fallback::Redact,
        },
        Transformer::Fake { keyed: keyed(), kind: FakeKind::Phone },
    ]
}

#[test]
fn null_stays_null_under_every_mask_but_a_fixed_value() {
    for transformer in all() {
        assert_eq!(apply(&mut masker(transformer), &Cell::Null, "1").unwrap(), Cell::Null);
    }
    let fixed = Transformer::Fixed(FixedValue::Text("x".to_owned()));
    assert_eq!(apply(&mut masker(fixed), &Cell::Null, "1").unwrap(), Cell::Utf8("x".into()));
}

#[rstest]
#[case(Cell::Int(-5), ColumnType::plain(Kind::Integer), "-5")]
#[case(Cell::UInt(u64::MAX), ColumnType::plain(Kind::Integer), "18446744073709551615")]
#[case(Cell::Decimal("1.10".into()), ColumnType::plain(Kind::Decimal), "1.10")]
#[case(Cell::Moment("2026-11-26 00:00:00".into()), ColumnType::plain(Kind::Moment), "2026-11-26 00:00:00")]
#[case(Cell::Text(b"\x80".as_slice().into()), ColumnType::text(Charset::Latin1), "€")]
#[case(Cell::Text(b"\x20\xac".as_slice().into()), ColumnType::text(Charset::Utf16), "€")]
#[case(Cell::Bytes(b"\0a".as_slice().into()), ColumnType::plain(Kind::Bytes), "\0a")]
fn tokens_hold_the_canonical_bytes(
    #[case] cell: Cell<'_>,
    #[case] kind: ColumnType,
    #[case] canonical: &str,
) {
    let mut masker =
        masker(Transformer::Deterministic { keyed: keyed(), encoding: Encoding::Binary });
    let place = RowContext { row: &[], cells: &[], types: &[] };
    let token = written(&masker.apply(&cell, &kind, place).unwrap());
    let opener = Opener::new(keys().ring, "acme".into());
    let plain = opener.deterministic(&token, Encoding::Binary, "phone").unwrap();
    assert_eq!(*plain, canonical.as_bytes());
}

#[test]
fn the_same_text_in_two_character_sets_has_one_token() {
    let mut masker =
        masker(Transformer::Token { keyed: keyed(), length: 32, encoding: Encoding::Text });
    let place = RowContext { row: &[], cells: &[], types: &[] };
    let latin1 = Cell::Text(b"\xe9\x80".as_slice().into());
    let latin1 = masker.apply(&latin1, &ColumnType::text(Charset::Latin1), place).unwrap();
    let utf8 = masker.apply(&text("é€"), &ColumnType::text(Charset::Utf8), place).unwrap();
    assert_eq!(latin1, utf8);
}

#[test]
fn bytes_that_are_no_text_halt() {
    let mut masker = masker(Transformer::Randomised { encoding: Encoding::Text });
    let cell = Cell::Text(b"1380000\xff".as_slice().into());
    let error = apply(&mut masker, &cell, "1").unwrap_err();
    assert_eq!(error.to_string(), "the bytes are not valid utf8mb4");
}

#[test]
fn a_value_below_the_floor_halts_or_falls_back() {
    let format = |fallback| {
        let alphabet = Alphabet::Digits;
        masker(Transformer::Format { keyed: keyed(), alphabet, fallback })
    };
    let error = apply(&mut format(Fallback::Halt), &text("110"), "1").unwrap_err();
    assert!(error.to_string().starts_with("class `phone`: a value has too few characters"));
    let of = |fallback| apply(&mut format(fallback), &text("110"), "1").unwrap();
    assert_eq!(of(Fallback::Null), Cell::Null);
    assert_eq!(of(Fallback::Redact), Cell::Utf8("***".to_owned()));
}

#[test]
fn another_column_decides() {
    let redact = named(Transformer::Redact { with: '*', length: None });
    let cases = vec![
        Case { is: vec![Some("CN".to_owned())], then: redact },
        Case { is: vec![None], then: named(Transformer::Null) },
    ];
    let mut masker = masker(Transformer::Conditional {
        column: "country".into(),
        cases,
        otherwise: Box::new(named(Transformer::Keep)),
    });
    let types = [ColumnType::plain(Kind::Integer), ColumnType::text(Charset::Utf8)];
    let mut of = |country: Cell<'_>| {
        let cells = [Cell::Int(1), country];
        let place = RowContext { row: &[], cells: &cells, types: &types };
        masker.apply(&text("138"), &types[1], place).unwrap().into_owned()
    };
    assert_eq!(of(text("CN")), Cell::Utf8("***".to_owned()));
    assert_eq!(of(Cell::Null), Cell::Null);
    assert_eq!(of(text("DE")), text("138"));
}

#[test]
fn parts_of_a_document_are_masked_and_others_go() {
    let token = Transformer::Token { keyed: keyed(), length: 16, encoding: Encoding::Text };
    let mut masker = masker(Transformer::Json {
        paths: vec![
            ("$..tel".parse().unwrap(), named(token)),
            ("$.kind".parse().unwrap(), named(Transformer::Keep)),
        ],
        rest: JsonRest::Null,
    });
    let document = Cell::Json(br#"{"kind":"a","note":"138","tel":"138"}"#.as_slice().into());
    let place = RowContext { row: &[], cells: &[], types: &[] };
    let masked = masker.apply(&document, &ColumnType::plain(Kind::Json), place).unwrap();
    let masked = String::from_utf8(written(&masked)).unwrap();
    assert!(masked.starts_with(r#"{"kind":"a","note":null,"tel":""#), "{masked}");
    assert!(!masked.contains("138"), "{masked}");
    let broken = Cell::Text(b"{\"tel\": 138".as_slice().into());
    assert!(apply(&mut masker, &broken, "1").is_err());
}

#[test]
fn the_ceiling_of_a_key_halts() {
    let keys = twinproof_masksync::mask::Keys { reserve: Arc::new(Ceiling::new(2)), ..keys() };
    let randomised = named(Transformer::Randomised { encoding: Encoding::Text });
    let mut masker = Masker::new(&randomised, &keys, TABLE, "phone", &[]).unwrap();
    assert!(apply(&mut masker, &text("1"), "1").is_ok());
    assert!(apply(&mut masker, &text("2"), "2").is_ok());
    let error = apply(&mut masker, &text("3"), "3").unwrap_err().to_string();
    assert!(error.starts_with("key 2 has made 2^32 tokens of class `phone`"), "{error}");
}

#[test]
fn rotation_keeps_old_tokens_readable_until_the_key_is_retired() {
    let randomised = Transformer::Randomised { encoding: Encoding::Text };
    let old = written(&apply(&mut masker(randomised.clone()), &text("138"), "1").unwrap());
    let states =
        |from: &str, to: &str, text: &str| text.replace(&format!("{from:?}"), &format!("{to:?}"));
    let promoted = states("decrypt", "primary", &states("primary", "old", RING));
    let promoted = states("old", "decrypt", &promoted);
    let open = |ring: &str| {
        let opener = Opener::new(keys_of(ring).ring, "acme".into());
        opener.randomised(&old, Encoding::Text, "phone", (TABLE, "phone"), &row("1"))
    };
    assert_eq!(**open(&promoted).unwrap(), *b"138");
    let mut masker =
        Masker::new(&named(randomised), &keys_of(&promoted), TABLE, "phone", &[]).unwrap();
    let new = written(&apply(&mut masker, &text("138"), "1").unwrap());
    assert_eq!(parse_token(&new, Encoding::Text).unwrap().2, 1);
    let retired = RING.replace("id = 3\nstate = \"retired\"", "id = 3\nstate = \"primary\"");
    let retired = retired.replace("id = 2\nstate = \"primary\"", "id = 2\nstate = \"retired\"");
    assert!(matches!(open(&retired), Err(TokenError::Key(_))));
}

fn lengths() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,40}", "[0-9]{11}", Just(String::new()), Just("\0😀".to_owned())]
}

proptest! {
    #[test]
    fn randomised_tokens_read_back_where_they_belong_and_nowhere_else(value in lengths()) {
        let encoding = Encoding::Text;
        let mut masker = masker(Transformer::Randomised { encoding });
        let token = written(&apply(&mut masker, &text(&value), "1").unwrap());
        let again = written(&apply(&mut masker, &text(&value), "1").unwrap());
        prop_assert_ne!(&token, &again);
        let opener = |tenant: &str| Opener::new(keys().ring, tenant.into());
        let open = |tenant: &str, class: &str, table, column, id: &str| {
            opener(tenant).randomised(&token, encoding, class, (table, column), &row(id))
        };
        let plain = open("acme", "phone", TABLE, "phone", "1").unwrap();
        prop_assert_eq!(&**plain, value.as_bytes());
        for moved in [
            open("other", "phone", TABLE, "phone", "1"),
            open("acme", "mail", TABLE, "phone", "1"),
            open("acme", "phone", "shop.orders", "phone", "1"),
            open("acme", "phone", TABLE, "fax", "1"),
            open("acme", "phone", TABLE, "phone", "2"),
        ] {
            prop_assert!(matches!(moved, Err(TokenError::Foreign)));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed(value in "[0-9]{0,12}", bit: usize, randomised: bool) {
        let encoding = Encoding::Binary;
        let mut masker = masker(match randomised {
            true => Transformer::Randomised { encoding },
            false => Transformer::Deterministic { keyed: keyed(), encoding },
        });
        let mut token = written(&apply(&mut masker, &text(&value), "1").unwrap());
        let bit = bit % (token.len() * 8);
        token[bit / 8] ^= 1 << (bit % 8);
        let opener = Opener::new(keys().ring, "acme".into());
        let opened = match randomised {
            true => opener.randomised(&token, encoding, "phone", (TABLE, "phone"), &row("1")),
            false => opener.deterministic(&token, encoding, "phone"),
        };
        prop_assert!(opened.is_err());
    }

    #[test]
    fn deterministic_tokens_are_equal_where_values_are(one in lengths(), two in lengths()) {
        for transformer in [
            Transformer::Deterministic { keyed: keyed(), encoding: Encoding::Text },
            Transformer::Token { keyed: keyed(), length: 16, encoding: Encoding::Text },
        ] {
            let (mut a, mut b) = (masker(transformer.clone()), masker(transformer));
            let (first, again) =
                (apply(&mut a, &text(&one), "1").unwrap(), apply(&mut b, &text(&one), "2").unwrap());
            prop_assert_eq!(&first, &again);
            prop_assert_eq!(first == apply(&mut a, &text(&two), "1").unwrap(), one == two);
        }
    }

    #[test]
    fn no_mask_shows_a_canary(canary in "1[3-9][0-9]{9}") {
        for transformer in all().into_iter().filter(|t| !t.is_keep()) {
            if let Ok(masked) = apply(&mut masker(transformer.clone()), &text(&canary), "1")
                && !masked.is_null()
            {
                let masked = String::from_utf8(written(&masked)).unwrap();
                prop_assert!(!masked.contains(&canary), "{:?}", transformer);
            }
        }
    }

    #[test]
    fn tokens_of_aes_gcm_are_those_of_another_implementation(value in lengths()) {
        use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
        let mut masker = masker(Transformer::Randomised { encoding: Encoding::Binary });
        let mut token = written(&apply(&mut masker, &text(&value), "1").unwrap());
        let keys = keys();
        let purpose = twinproof_masksync::keys::Purpose::Randomised;
        let subkey = keys.ring.subkey(2, purpose, "acme", "phone").unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, subkey.half()).unwrap());
        let mut bound = vec![1, 0, 0, 0, 2];
        for part in ["acme".as_bytes(), TABLE.as_bytes(), b"phone", &row("1")] {
            bound.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
            bound.extend_from_slice(part);
        }
        let nonce = Nonce::try_assume_unique_for_key(&token[5..17]).unwrap();
        let plain = key.open_in_place(nonce, Aad::from(&bound), &mut token[17..]).unwrap();
        prop_assert_eq!(&*plain, value.as_bytes());
    }
}
