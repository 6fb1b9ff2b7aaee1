//! Format-preserving encryption: FF1 (SP 800-38G) over the characters of an alphabet, in place.
//!
//! The floor is per value: fewer than a million possible values are refused, as are characters that
//! are neither of the alphabet nor separators, since they would stay in plain.

use super::transformer::Alphabet;
use crate::keys::SubKey;
use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};

/// The fewest values that a text of that form can have.
const FLOOR: u64 = 1_000_000;
/// No longer text is encrypted in place: the cost grows with the square of the length.
const LONGEST: usize = 256;
const SEPARATORS: &str = " -+().,/_:@";

/// Encrypts in place.
pub(super) struct Format {
    cipher: FF1<Aes256>,
    alphabet: Alphabet,
}

/// The reason why a value is not encrypted in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Short,
    Long,
    Foreign,
}

impl Unfit {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Short => "a value has too few characters of the alphabet",
            Self::Long => "a value has more than 256 characters",
            Self::Foreign => "a value has characters outside the alphabet",
        }
    }
}

impl Format {
    /// `None` where the cipher refuses the alphabet, which it does for none of ours.
    pub(super) fn new(subkey: &SubKey, alphabet: Alphabet) -> Option<Self> {
        let cipher = FF1::new(subkey.half(), alphabet.radix().into()).ok()?;
        Some(Self { cipher, alphabet })
    }

    pub(super) fn encrypt(&self, text: &str) -> Result<String, Unfit> {
        // Without a tweak: equal values of a domain must stay equal, and domains differ by their
        // subkeys.
        self.replace(text, |numerals| self.cipher.encrypt(&[], numerals).ok())
    }

    pub(super) fn decrypt(&self, text: &str) -> Result<String, Unfit> {
        self.replace(text, |numerals| self.cipher.decrypt(&[], numerals).ok())
    }

    fn replace(
        &self,
        text: &str,
        cipher: impl Fn(&FlexibleNumeralString) -> Option<FlexibleNumeralString>,
    ) -> Result<String, Unfit> {
        let mut numerals = Vec::with_capacity(text.len());
        for c in text.chars() {
            match self.alphabet.numeral(c) {
                Some(n) => numerals.push(n),
                None if SEPARATORS.contains(c) => {}
                None => return Err(Unfit::Foreign),
            }
        }
        if numerals.len() > LONGEST {
            return Err(Unfit::Long);
        }
        let length = u32::try_from(numerals.len()).unwrap_or(u32::MAX);
        // NIST SP 800-38G asks for a domain of a million: a smaller one can be tried through.
        if u64::from(self.alphabet.radix()).saturating_pow(length) < FLOOR {
            return Err(Unfit::Short);
        }
        let changed = cipher(&numerals.into()).ok_or(Unfit::Short)?;
        let mut changed = Vec::from(changed).into_iter();
        let place = |c: char| match self.alphabet.numeral(c) {
            Some(_) => changed.next().map_or(c, |n| self.alphabet.character(n)),
            None => c,
        };
        Ok(text.chars().map(place).collect())
    }
}

impl Alphabet {
    fn radix(self) -> u16 {
        match self {
            Self::Digits => 10,
            Self::Alphanumeric => 62,
        }
    }

    fn numeral(self, c: char) -> Option<u16> {
        let after = |first: char, n: u16| c as u16 - first as u16 + n;
        match (c, self) {
            ('0'..='9', _) => Some(after('0', 0)),
            ('A'..='Z', Self::Alphanumeric) => Some(after('A', 10)),
            ('a'..='z', Self::Alphanumeric) => Some(after('a', 36)),
            _ => None,
        }
    }

    fn character(self, numeral: u16) -> char {
        let all = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        all.get(usize::from(numeral)).map_or('0', |b| char::from(*b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Purpose, Ring};
    use proptest::prelude::*;

    fn format(alphabet: Alphabet) -> Format {
        let text = "[[key]]\nid = 1\nstate = \"primary\"\nsecret = \
                    \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";
        let ring = Ring::from_text(text).unwrap();
        let subkey = ring.subkey(1, Purpose::Format, "", "phone").unwrap();
        Format::new(&subkey, alphabet).unwrap()
    }

    #[test]
    fn values_below_the_floor_are_refused() {
        let format = format(Alphabet::Digits);
        assert_eq!(format.encrypt("110"), Err(Unfit::Short));
        assert_eq!(format.encrypt("12-34-5"), Err(Unfit::Short));
        assert_eq!(format.encrypt(""), Err(Unfit::Short));
        assert!(format.encrypt("123456").is_ok());
    }

    #[test]
    fn characters_that_would_stay_plain_are_refused() {
        let format = format(Alphabet::Digits);
        assert_eq!(format.encrypt("１３８00001111"), Err(Unfit::Foreign));
        assert_eq!(format.encrypt("tel 13800001111"), Err(Unfit::Foreign));
        assert_eq!(format.encrypt(&"1".repeat(257)), Err(Unfit::Long));
    }

    /// SP 800-38G, FF1 samples 7 (AES-256, radix 10, no tweak).
    #[test]
    fn the_cipher_is_that_of_the_standard() {
        let key = [
            0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf,
            0x4f, 0x3c, 0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f,
            0x04, 0xfc, 0x6a, 0x94,
        ];
        let cipher = FF1::<Aes256>::new(&key, 10).unwrap();
        let format = Format { cipher, alphabet: Alphabet::Digits };
        assert_eq!(format.encrypt("0123456789").unwrap(), "6657667009");
    }

    proptest! {
        #[test]
        fn encrypted_number_decrypts_to_itself(text in "\\+?[0-9]{6,20}( [0-9A-Za-z-]{0,9})?") {
            let format = format(Alphabet::Alphanumeric);
            let changed = format.encrypt(&text).unwrap();
            prop_assert_eq!(changed.len(), text.len());
            prop_assert_eq!(format.decrypt(&changed).unwrap(), text);
        }
    }
}
