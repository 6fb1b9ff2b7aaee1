//! Policy files: what a right one says, and what is said of a wrong one.

use std::path::Path;
use twinproof_masksync::mask::Transformer;
use twinproof_masksync::policy::{Endpoint, KeySource, read};

const RIGHT: &str = r#"
tenant = "acme"

[source]
url = "mysql://sync@db.prod:3306"
password-file = "source.password"

[staging]
url = "mysql://sync@/run/staging.sock"

[keys]
file = "keys.toml"
pinned = 1

[class.phone]
mask = { randomised = {} }

[class.mail]
mask = { deterministic = { domain = "mail" } }

[class.note]
mask = "null"

[class.by-country]
mask = { conditional = { column = "country", cases = [{ is = ["CN"], then = "phone" }], otherwise = "note" } }

[class.profile]
mask = { json = { paths = [{ path = "$..tel", class = "phone" }] } }

[[table]]
name = "shop.users"
where = "user_type NOT IN ('VIP', 'CORP')"
[table.columns]
id = "public"
user_type = "public"
country = "public"
phone = "phone"
mobile = "by-country"
mail = "mail"
note = "note"
profile = "profile"
"#;

#[test]
fn a_right_policy_is_read() {
    let policy = read("policy.toml", RIGHT, Path::new("/etc/sync")).unwrap();
    assert_eq!(policy.source.endpoint, Endpoint::Tcp("db.prod".to_owned(), 3306));
    assert_eq!(policy.keys, KeySource::File("/etc/sync/keys.toml".into()));
    assert_eq!(policy.lock, Path::new("/etc/sync/policy.toml.lock"));
    let table = &policy.tables[0];
    assert_eq!(table.staging, ("shop".to_owned(), "users".to_owned()));
    assert_eq!(table.columns["id"].transformer, Transformer::Keep);
    assert_eq!(&*table.columns["phone"].class, "phone");
    assert_eq!(table.predicate.as_ref().unwrap().text(), "user_type NOT IN ('VIP', 'CORP')");
}

const WRONG: &str = r#"
[source]
url = "mysql://sync:SECRET@db.prod"

[staging]
url = "mysql://sync@db.staging"
pasword-file = "x"

[keys]
pinned = 1

[class.phone]
mask = { randomised = { domain = "x" } }

[class.token]
mask = { token = { length = 4 } }

[class.hidden]
mask = { partial = { first = 3, with = "xx" } }

[class.profile]
mask = { json = { paths = [{ path = "tel", class = "fone" }] } }

[class.phon]
mask = "redacted"

[[table]]
name = "users"
key = ["idd"]
where = "user_type NOT IN (SELECT 1)"
columns = { id = "publik" }
"#;

#[test]
fn every_mistake_of_a_policy_is_reported_with_its_place() {
    let wrong = read("policy.toml", WRONG, Path::new("")).unwrap_err();
    let mut told: Vec<(usize, &str)> =
        wrong.items().iter().map(|d| (d.place.line, d.code)).collect();
    told.sort_unstable();
    let expected = [
        (3, "bad-address"),
        (7, "unknown-key"),
        (9, "key-source"),
        (13, "no-domain"),
        (16, "bad-length"),
        (19, "bad-character"),
        (22, "bad-path"),
        (22, "unknown-class"),
        (25, "unknown-value"),
        (28, "bad-table"),
        (29, "unclassified"),
        (30, "bad-predicate"),
        (31, "unknown-class"),
    ];
    assert_eq!(told, expected, "{wrong}");
    assert!(!wrong.to_string().contains("SECRET"), "{wrong}");
}

#[test]
fn keys_are_not_masked_at_random() {
    let text = RIGHT.replace("where =", "key = [\"phone\"]\nwhere =");
    let wrong = read("policy.toml", &text, Path::new("")).unwrap_err();
    assert_eq!(wrong.items()[0].code, "key-mask");
}
