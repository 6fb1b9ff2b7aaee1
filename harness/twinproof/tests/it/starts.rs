//! Starting and ending: one address for one server, sockets that are handed over, signals.

use crate::files::Files;
use crate::served::{Served, program};
use std::process::Command;

#[test]
fn two_servers_on_one_address_are_refused_at_once() {
    let files = Files::new();
    let first = Served::proxy(&["--store", &files.name("one")]);
    let (store, key) = (files.name("two"), files.name("key"));
    let key_args = ["sumdb", "key", "--name", "sum.example", "--out", &key];
    assert!(Command::new(program()).args(key_args).status().unwrap().success());
    for args in [
        vec!["proxy", "serve", "--store", &store],
        vec!["sumdb", "serve", "--store", &store, "--key", &key],
    ] {
        let second =
            Command::new(program()).args(&args).args(["--listen", first.address()]).output();
        let second = second.unwrap();
        assert_eq!(second.status.code(), Some(254), "{args:?}");
        let said = String::from_utf8_lossy(&second.stderr);
        let want = format!("cannot listen on {}", first.address());
        assert!(said.contains(&want), "{said}");
    }
    assert!(!files.at("two/sumdb").exists());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use crate::client;
    use crate::served::until;
    use rustix::process::Signal;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_socket_that_is_handed_over_refuses_nobody_across_a_restart() {
        let files = Files::new();
        let store = files.name("store");
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let mut first = Served::on(&socket, &["--store", &store]);
        assert_eq!(first.url, format!("http://{address}"));
        assert_eq!(client::status(&format!("{}/healthz", first.url)), Some(200));
        first.signal(Signal::TERM);
        assert!(first.end().success());
        // No server accepts now, and no client is refused.
        let mut waiting = TcpStream::connect(address).unwrap();
        waiting.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
        let _second = Served::on(&socket, &["--store", &store]);
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"),
            "{answer}"
        );
    }

    #[test]
    fn a_hangup_ends_no_server() {
        let files = Files::new();
        let key = files.name("key");
        let key_args = ["sumdb", "key", "--name", "sum.example", "--out", &key];
        assert!(Command::new(program()).args(key_args).status().unwrap().success());
        let store = files.name("log");
        let proxy = Served::proxy(&["--store", &files.name("store")]);
        let database = Served::sumdb(&["--store", &store, "--key", &key]);
        for mut server in [proxy, database] {
            for _ in 0..20 {
                server.signal(Signal::HUP);
                assert_eq!(client::status(&format!("{}/healthz", server.url)), Some(200));
            }
            server.signal(Signal::TERM);
            let status = until("the end", || Some(server.end()));
            assert!(status.success(), "{status}");
        }
    }
}
