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

/// A policy whose tables have these parts, each after its name.
fn tables(parts: &[(&str, &str)]) -> String {
    let head = RIGHT.split("[[table]]").next().unwrap().to_owned();
    let part = |(name, part): &(&str, &str)| {
        format!(
            "[[table]]\nname = \"shop.{name}\"\n{part}\n[table.columns]\nid = \"public\"\nof = \"public\"\n"
        )
    };
    head + &parts.iter().map(part).collect::<String>()
}

#[test]
fn a_table_follows_others() {
    let text = tables(&[
        ("orders", "follows = [{ table = \"shop.users\", by = [\"of\"] }]"),
        ("users", "key = [\"id\"]"),
    ]);
    let policy = read("policy.toml", &text, Path::new("/etc/sync")).unwrap();
    let follow = &policy.tables[0].follows[0];
    assert_eq!(follow.parent, ("shop".to_owned(), "users".to_owned()));
    assert_eq!(follow.by, ["of"]);
}

#[test]
fn tables_follow_none_where_staging_is_topics() {
    let parts = |follows| {
        let text = tables(&[("orders", follows), ("users", "key = [\"id\"]")]);
        let (before, rest) = text.split_once("[staging]\n").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        format!("{before}[staging]\nurl = \"kafka://127.0.0.1:9092\"\n{rest}")
    };
    read("policy.toml", &parts(""), Path::new("/etc/sync")).unwrap();
    let text = parts("follows = [{ table = \"shop.users\", by = [\"of\"] }]");
    let line = text.lines().position(|line| line.starts_with("follows")).unwrap() + 1;
    let said = said(&text).join("\n");
    assert!(said.contains("topics of Kafka cannot"), "{said}");
    assert!(said.contains(&format!("policy.toml:{line}")), "{said}");
    assert!(said.contains("take `follows` out, or copy to a database"), "{said}");
}

/// The diagnostics of a policy, each with its line.
fn said(text: &str) -> Vec<String> {
    let diagnostics = read("policy.toml", text, Path::new("/etc/sync")).unwrap_err();
    diagnostics.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn tables_that_cannot_follow_are_refused_with_line_and_remedy() {
    let follows =
        |table: &str, by: &str| format!("follows = [{{ table = \"shop.{table}\", by = [{by}] }}]");
    let one = |parts: &[(&str, &str)], message: &str, help: &str| {
        let text = tables(parts);
        let said = said(&text).join("\n");
        assert!(said.contains(message) && said.contains(help), "{said}");
        let line = text.lines().position(|line| line.starts_with("follows")).unwrap() + 1;
        assert!(said.contains(&format!("policy.toml:{line}")), "{said}");
    };
    let of = |table: &str| follows(table, "\"of\"");
    one(
        &[("a", &of("b"))],
        "shop.a follows shop.b, which is no table of the policy",
        "add a [[table]]",
    );
    one(&[("a", &of("a"))], "leads back to shop.a", "take one `follows` of the circle out");
    one(
        &[("a", &of("b")), ("b", &of("c")), ("c", &of("a"))],
        "shop.a follows shop.b, which leads back to shop.a",
        "take one",
    );
    one(&[("a", &follows("b", "\"x\"")), ("b", "")], "`by` names column `x`", "[table.columns]");
    one(
        &[("a", &follows("b", "\"of\", \"id\"")), ("b", "key = [\"id\"]")],
        "by 2 columns, and its key has 1",
        "in its order: id",
    );
    let masked = tables(&[("a", &of("b")), ("b", "key = [\"id\"]")]);
    let masked = masked.replacen("of = \"public\"", "of = \"mail\"", 1);
    let said = said(&masked).join("\n");
    assert!(said.contains("the reference would not hold in staging"), "{said}");
    let names: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
    let parts: Vec<String> =
        (0..10).map(|n| if n == 0 { String::new() } else { of(&format!("t{}", n - 1)) }).collect();
    let parts: Vec<(&str, &str)> =
        names.iter().zip(&parts).map(|(n, p)| (n.as_str(), p.as_str())).collect();
    assert!(read("policy.toml", &tables(&parts[..9]), Path::new("/")).is_ok());
    let said = self::said(&tables(&parts)).join("\n");
    assert!(said.contains("shop.t9 is 9 tables below the first one"), "{said}");
}
