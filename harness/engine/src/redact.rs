//! Secrets are taken out of evidence before it is stored, and every replacement is counted.

use regex::bytes::Regex;
use std::cell::Cell;
use std::collections::BTreeMap;

const PLACE: &str = "[redacted]";

/// Replaces secrets in bytes and texts.
pub struct Redactor {
    secrets: Vec<String>,
    user_info: Regex,
}

impl Redactor {
    /// A redactor for the values of those variables whose names say that they are secret
    /// (`TOKEN`, `SECRET`, `PASSWORD`, `PASSWD`, `CREDENTIAL`, `API_KEY`, `PRIVATE_KEY`), where they
    /// have at least 6 characters, and for user information in addresses.
    #[must_use]
    pub fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        const TELLING: [&str; 7] =
            ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "PRIVATE_KEY"];
        let telling = |name: &str| {
            let name = name.to_ascii_uppercase();
            TELLING.iter().any(|t| name.contains(t))
        };
        let mut secrets: Vec<_> = environment
            .into_iter()
            .filter(|(name, value)| telling(name) && value.len() >= 6)
            .map(|(_, value)| value)
            .collect();
        // The longest first, so that a secret that holds another is taken out whole.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        #[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in a test below")]
        let user_info = Regex::new(r"(://)[^/\s:@]+:[^/\s@]+(@)").unwrap();
        Self { secrets, user_info }
    }

    /// A redactor for one run that counts its replacements.
    #[must_use]
    pub fn counting(&self) -> Counting<'_> {
        Counting { redactor: self, count: Cell::new(0) }
    }

    /// The bytes without secrets, and how many were taken out.
    fn bytes(&self, mut bytes: Vec<u8>) -> (Vec<u8>, u64) {
        let mut count = 0;
        for secret in &self.secrets {
            count += replace(&mut bytes, secret.as_bytes());
        }
        let found = self.user_info.find_iter(&bytes).count() as u64;
        if found > 0 {
            bytes = self.user_info.replace_all(&bytes, b"${1}[redacted]${2}").into_owned();
        }
        (bytes, count + found)
    }
}

/// Replaces secrets in the records and files of one run, and counts them.
pub struct Counting<'a> {
    redactor: &'a Redactor,
    count: Cell<u64>,
}

impl Counting<'_> {
    /// Number of replacements so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.get()
    }

    /// The bytes without secrets.
    #[must_use]
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let (bytes, count) = self.redactor.bytes(bytes);
        self.count.set(self.count.get() + count);
        bytes
    }

    /// The text without secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes().to_vec())).into_owned()
    }

    /// The variables without secrets in their values.
    #[must_use]
    pub fn variables(&self, env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        env.iter().map(|(name, value)| (name.clone(), self.text(value))).collect()
    }
}

fn replace(bytes: &mut Vec<u8>, secret: &[u8]) -> u64 {
    let mut count = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(secret.len()).position(|w| w == secret) {
        let start = at + found;
        bytes.splice(start..start + secret.len(), PLACE.bytes());
        at = start + PLACE.len();
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    fn redactor() -> Redactor {
        let env = [("API_TOKEN", "s3cr3t-1"), ("HOME", "/home/u"), ("MY_PASSWORD", "x")];
        Redactor::new(env.map(|(k, v)| (k.to_owned(), v.to_owned())))
    }

    #[test]
    fn secrets_are_replaced_and_counted() {
        let redactor = redactor();
        let counting = redactor.counting();
        let bytes = counting.bytes(b"a s3cr3t-1 b s3cr3t-1\xff".to_vec());
        assert_eq!(bytes, b"a [redacted] b [redacted]\xff");
        let env = [("A".to_owned(), "s3cr3t-1".to_owned())].into();
        assert_eq!(counting.variables(&env)["A"], "[redacted]");
        assert_eq!(counting.count(), 3);
    }

    #[test]
    fn user_information_in_addresses_is_a_secret() {
        let redactor = redactor();
        let counting = redactor.counting();
        let text = counting.text("https://u:p@h/x and https://h:80/y");
        assert_eq!(text, "https://[redacted]@h/x and https://h:80/y");
        assert_eq!(counting.count(), 1);
    }

    #[test]
    fn text_without_a_secret_is_unchanged() {
        let redactor = redactor();
        let counting = redactor.counting();
        assert_eq!((counting.text("/home/u x").as_str(), counting.count()), ("/home/u x", 0));
    }
}
