//! TLS: versions, protocols, handshakes that fail, and certificates that change.

use crate::authority::{Authority, Identity, client_config};
use crate::support::{Running, SOON, exchange, one, plain, rest, start, status_and_body};
use rstest::rstest;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, version};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use twinproof_httpd::{Settings, Tls, TlsError, identities};

const GET: &str = "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A server with a certificate of the authority, in files.
pub fn settings(folder: &TempDir, identity: &Identity) -> Settings {
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, &identity.cert).unwrap();
    fs::write(&key, &identity.key).unwrap();
    let mut settings = plain();
    // A test says itself when the files are to be read again.
    settings.tls = Some(Tls { poll: Duration::from_secs(3600), ..Tls::new(cert, key) });
    settings
}

pub async fn connect(
    server: &Running,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
}

#[rstest]
#[case::newer(&version::TLS13)]
#[case::older(&version::TLS12)]
#[tokio::test]
async fn requests_by_tls(#[case] version: &'static rustls::SupportedProtocolVersion) {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(settings(&folder, &authority.server("localhost")));
    assert_eq!(server.url, format!("https://{}", server.address));
    let config = client_config(&authority, None, &[version], &[]);
    let stream = connect(&server, config).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), None);
    let answer = exchange(stream, GET).await;
    assert_eq!(status_and_body(&answer), ("HTTP/1.1 200 OK", "nobody tls=true\n"));
    assert_eq!(server.counters.snapshot().handshakes, 1);
}

#[rstest]
#[case(&["h2", "http/1.1"], "h2")]
#[case(&["http/1.1"], "http/1.1")]
#[tokio::test]
async fn the_protocol_is_agreed_on(#[case] offered: &[&str], #[case] agreed: &str) {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(settings(&folder, &authority.server("localhost")));
    let config = client_config(&authority, None, rustls::ALL_VERSIONS, offered);
    let stream = connect(&server, config).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(agreed.as_bytes()));
}

#[tokio::test]
async fn a_connection_by_tls_goes_on_after_a_nap() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(settings(&folder, &authority.server("localhost")));
    let config = client_config(&authority, None, rustls::ALL_VERSIONS, &[]);
    let mut stream = connect(&server, config).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(status_and_body(&one(&mut stream).await).1, "hello\n");
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    server.stop();
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn plain_http_gets_an_answer_that_names_https() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(settings(&folder, &authority.server("localhost")));
    let answer = server.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(
        status_and_body(&answer),
        ("HTTP/1.1 400 Bad Request", "this port speaks TLS: use https\n")
    );
    failed(&server, "no_tls").await;
}

#[tokio::test]
async fn handshakes_that_are_no_tls_are_counted() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(settings(&folder, &authority.server("localhost")));
    let mut stream = server.connect().await;
    stream.write_all(&[0; 100]).await.unwrap();
    failed(&server, "no_tls").await;
}

#[tokio::test]
async fn a_handshake_has_its_time() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let mut settings = settings(&folder, &authority.server("localhost"));
    settings.limits.handshake_time = SOON;
    let server = start(settings);
    let _silent = server.connect().await;
    let mut begun = server.connect().await;
    begun.write_all(&[0x16, 3, 1]).await.unwrap();
    server.until(|s| s.accepted == 2 && s.open == 0).await;
    failed(&server, "late").await;
    assert_eq!(server.counters.snapshot().handshakes_failed[0].count, 2);
}

#[tokio::test]
async fn new_certificates_are_taken_up_and_bad_ones_are_not() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(settings(&folder, &authority.server("localhost")));
    let names = |stream: &TlsStream<TcpStream>| {
        identities(&stream.get_ref().1.peer_certificates().unwrap()[0])
    };
    let connected = || async {
        let config = client_config(&authority, None, rustls::ALL_VERSIONS, &[]);
        connect(&server, config).await.unwrap()
    };
    let mut old = connected().await;
    assert_eq!(names(&old), ["localhost"]);

    // A certificate with another's key, then a file cut short.
    let new = authority.identity(&["localhost", "new.example"]);
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, &new.cert).unwrap();
    assert!(matches!(server.reload.now(), Err(TlsError::Certificate { .. })));
    fs::write(&key, &new.key[..20]).unwrap();
    let wrong = server.reload.now().unwrap_err();
    assert_eq!(wrong.to_string(), format!("{}: no private key in PEM", key.display()));
    assert_eq!(names(&connected().await), ["localhost"]);

    fs::write(&key, &new.key).unwrap();
    server.reload.now().unwrap();
    server.reload.now().unwrap();
    assert_eq!(names(&connected().await), ["localhost", "new.example"]);
    let seen = server.counters.snapshot();
    assert_eq!((seen.reloads, seen.reloads_failed), (1, 2));

    // Connections that there are go on.
    old.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(status_and_body(&one(&mut old).await).1, "hello\n");

    fs::remove_file(&cert).unwrap();
    assert!(matches!(server.reload.now(), Err(TlsError::Read { .. })));
    assert_eq!(names(&connected().await), ["localhost", "new.example"]);
}

#[tokio::test]
async fn files_are_read_again_by_and_by() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let mut settings = settings(&folder, &authority.server("localhost"));
    settings.tls.as_mut().unwrap().poll = SOON;
    let server = start(settings);
    let new = authority.server("new.example");
    fs::write(folder.path().join("cert.pem"), &new.cert).unwrap();
    fs::write(folder.path().join("key.pem"), &new.key).unwrap();
    server.until(|s| s.reloads == 1).await;
}

/// Waits until a handshake has failed for the reason.
pub async fn failed(server: &Running, reason: &str) {
    let count = |s: &twinproof_httpd::Snapshot| {
        s.handshakes_failed.iter().find(|c| c.reason == reason).map(|c| c.count)
    };
    server.until(|s| count(s) > Some(0)).await;
}
