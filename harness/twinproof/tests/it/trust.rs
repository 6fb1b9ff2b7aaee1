//! Whom the servers' clients trust, and through whom they go: authorities and forward proxies.

use crate::client;
use crate::files::Files;
use crate::served::Served;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use twinproof_origin::{Origin, Setup};

const TARGET: &str = "/crafted.example/hello/@v/v1.0.0.mod";

#[test]
fn the_proxy_trusts_the_authorities_of_ssl_cert_file() {
    let files = Files::new();
    let origin = Origin::start(Setup::default()).unwrap();
    let ca = files.write("ca.pem", &origin.ca_pem().unwrap());
    let upstream = origin.url_tls().unwrap();
    for (variables, status) in [(&[][..], 502), (&[("SSL_CERT_FILE", &*ca)][..], 200)] {
        let store = files.name(&format!("store {status}"));
        let args = ["--store", &*store, "--upstream", &upstream];
        let proxy = Served::with("proxy", variables, &args);
        assert_eq!(client::status(&format!("{}{TARGET}", proxy.url)), Some(status));
    }
}

#[test]
fn the_database_trusts_the_same_and_the_authorities_it_is_given() {
    let files = Files::new();
    let origin = Origin::start(Setup::default()).unwrap();
    let ca = files.write("ca.pem", &origin.ca_pem().unwrap());
    let key = files.name("key");
    let made = std::process::Command::new(crate::served::program())
        .args(["sumdb", "key", "--name", "sum.example", "--out", &key])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let upstream = origin.url_tls().unwrap();
    for (number, (variables, more, status)) in [
        (&[][..], &[][..], 500),
        (&[("SSL_CERT_FILE", &*ca)][..], &[][..], 200),
        (&[][..], &["--upstream-ca", &*ca][..], 200),
    ]
    .into_iter()
    .enumerate()
    {
        let store = files.name(&format!("store {number}"));
        let mut args = vec!["--store", &*store, "--key", &key, "--upstream", &upstream];
        args.extend(more);
        let database = Served::with("sumdb", variables, &args);
        let lookup = format!("{}/lookup/crafted.example/hello@v1.0.0", database.url);
        assert_eq!(client::status(&lookup), Some(status), "{number}");
    }
}

/// A forward proxy that answers everything itself, and records its requests.
fn forward_proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, requests) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                head.extend(byte);
            }
            let line = String::from_utf8_lossy(&head).lines().next().unwrap_or("").to_owned();
            let body = "module up.example/m\n";
            let answer = match line.starts_with("CONNECT") {
                true => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_owned(),
                false => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
            };
            asked.send(line).unwrap();
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, requests)
}

#[test]
fn forward_proxies_are_used_and_passed_by_as_the_variables_say() {
    let files = Files::new();
    let (forward, requests) = forward_proxy();
    let http = ("HTTP_PROXY", &*forward);
    let https = ("HTTPS_PROXY", &*forward);
    let no = ("NO_PROXY", "up.invalid");
    for (number, (variables, upstream, status, line)) in [
        (vec![http], "http://up.invalid", 200, Some("GET http://up.invalid/up.example/m/")),
        (vec![http, no], "http://up.invalid", 502, None),
        (vec![https], "https://up.invalid", 502, Some("CONNECT up.invalid:443 ")),
        (vec![https, no], "https://up.invalid", 502, None),
        (vec![], "http://up.invalid", 502, None),
    ]
    .into_iter()
    .enumerate()
    {
        let store = files.name(&format!("store {number}"));
        let none = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"].map(|name| (name, ""));
        let lower = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"].map(|name| (name, ""));
        let mut all = [none, lower].concat();
        all.retain(|(name, _)| !variables.iter().any(|(set, _)| set == name));
        all.extend(variables);
        let proxy = Served::with("proxy", &all, &["--store", &*store, "--upstream", upstream]);
        let target = format!("{}/up.example/m/@v/v1.0.0.mod", proxy.url);
        assert_eq!(client::status(&target), Some(status), "{number}");
        let asked = requests.try_iter().next();
        match line {
            Some(line) => assert!(asked.as_ref().is_some_and(|a| a.starts_with(line)), "{asked:?}"),
            None => assert_eq!(asked, None, "{number}"),
        }
    }
}
