//! The keys of all tests.

/// A ring with key 1 (added), 2 (primary) and 3 (retired).
pub const RING: &str = r#"
[[key]]
id = 1
state = "decrypt"
secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[[key]]
id = 2
state = "primary"
secret = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
[[key]]
id = 3
state = "retired"
secret = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
"#;
