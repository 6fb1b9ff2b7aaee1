//! `proxy check`: a configuration is right, or every mistake of it is reported, with its place.

use crate::files::Files;
use std::process::{Command, Output};

fn proxy(command: &str, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut program = Command::new(assert_cmd::cargo::cargo_bin("twinproof"));
    program.args(["proxy", command]).args(args).envs(variables.iter().copied());
    program.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const GOOD: &str = r#"
listen = "127.0.0.1:0"

[store]
dir = "store"
budget = "2GiB"

[upstream]
list = "https://up.example|direct"

[lists]
ttl = "5m"

[policy]
deny = ["secret.example/*"]

[limits]
zip = "100MiB"
"#;

const BAD: &str = r#"listen = "127.0.0.1"
ofline = true

[store]
dir = 7
budget = "much"

[upstream]
list = "ftp://up.example"
client_cert = "client.pem"

[[upstream.auth]]
password = "hunter2"

[lists]
ttl = 60

[policy]
deny = ["[a-"]

[tls]
key = "server.key"
"#;

#[test]
fn a_right_one() {
    let files = Files::new();
    let config = files.write("proxy.toml", GOOD);
    let output = proxy("check", &["--config", &config, "--offline"], &[]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "the configuration is right\n");
    assert_eq!(output.status.code(), Some(0));
    // Nothing was begun.
    assert!(!files.at("store").exists());
}

#[test]
fn every_mistake_of_a_wrong_one() {
    let files = Files::new();
    let config = files.write("proxy.toml", BAD);
    for file in ["client.pem", "server.key"] {
        files.write(file, "");
    }
    let args = ["--config", &config, "--latest-ttl", "soon"];
    let variables = [("TWINPROOF_PROXY_LIMITS_FETCHES", "many")];
    let output = proxy("check", &args, &variables);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(254));
    let said = text(&output.stderr).replace(&config, "proxy.toml");
    assert!(!said.contains("hunter2"), "{said}");
    insta::assert_snapshot!(said);

    // `serve` refuses what `check` refuses, with the same words.
    let served = proxy("serve", &args, &variables);
    assert_eq!(text(&served.stdout), "");
    assert_eq!(served.status.code(), Some(254));
    assert_eq!(text(&served.stderr), text(&output.stderr));
}

#[test]
fn missing_configuration_file_is_an_error() {
    let files = Files::new();
    let output = proxy("check", &["--config", &files.name("none.toml")], &[]);
    let said = text(&output.stderr);
    assert!(said.contains(&files.name("none.toml")), "{said}");
    assert_eq!(output.status.code(), Some(254));
}
