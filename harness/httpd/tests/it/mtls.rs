//! Client certificates: which clients are let in, and which alert the others get.

use crate::authority::{Authority, Identity, client_config};
use crate::support::{exchange, start, status_and_body};
use crate::tls::{connect, failed, settings};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rstest::rstest;
use std::fs;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use twinproof_httpd::{ClientAuth, Mode, Server, Settings};

fn demanding(folder: &TempDir, authority: &Authority, mode: Mode, listed: &[&str]) -> Settings {
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, authority.pem()).unwrap();
    let mut settings = settings(folder, &authority.server("localhost"));
    let identities = listed.iter().map(|&name| name.to_owned()).collect();
    settings.tls.as_mut().unwrap().client = Some(ClientAuth { ca, mode, identities });
    settings
}

/// The certificates that clients come with, by name.
fn identity(authority: &Authority, kind: &str) -> Option<Identity> {
    match kind {
        "listed" => Some(authority.identity(&["other.example", "spiffe://corp/ns/ci"])),
        "unlisted" => Some(authority.identity(&["spiffe://corp/ns/ci/sub"])),
        "expired" => Some(authority.made(&["spiffe://corp/ns/ci"], |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 2);
        })),
        "early" => Some(authority.made(&["spiffe://corp/ns/ci"], |params| {
            params.not_before = date_time_ymd(2920, 1, 1);
            params.not_after = date_time_ymd(2920, 1, 2);
        })),
        "stranger" => Some(Authority::new("ca").identity(&["spiffe://corp/ns/ci"])),
        "servers" => Some(authority.made(&["spiffe://corp/ns/ci"], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        })),
        _ => None,
    }
}

const LISTED: &[&str] = &["spiffe://corp/ns/*"];

const GET: &str = "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[rstest]
#[case("listed", Ok("spiffe://corp/ns/ci tls=true\n"))]
#[case("none", Err("forbidden: a client certificate is needed\n"))]
#[case("unlisted", Err("forbidden: the client certificate is for none of those who are let in\n"))]
#[case("expired", Err("forbidden: the client certificate has expired\n"))]
#[case("early", Err("forbidden: the client certificate is not valid yet\n"))]
#[case(
    "stranger",
    Err("forbidden: the client certificate is from an authority that is not known here\n")
)]
#[case("servers", Err("forbidden: the client certificate is not meant for clients\n"))]
#[tokio::test]
async fn refused_client_gets_the_reason(
    #[case] kind: &str,
    #[case] expected: Result<&str, &str>,
    #[values(false, true)] older: bool,
) {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(demanding(&folder, &authority, Mode::Forbid, LISTED));
    let identity = identity(&authority, kind);
    let versions = [if older { &rustls::version::TLS12 } else { &rustls::version::TLS13 }];
    let config = client_config(&authority, identity.as_ref(), &versions, &[]);
    let answer = exchange(connect(&server, config).await.unwrap(), GET).await;
    let expected = match expected {
        Ok(text) => ("HTTP/1.1 200 OK", text),
        Err(text) => ("HTTP/1.1 403 Forbidden", text),
    };
    assert_eq!(status_and_body(&answer), expected);
    assert_eq!(
        answer.contains("content-type: text/plain; charset=utf-8\r\n"),
        expected.0.contains("403")
    );
}

#[rstest]
#[case("none", "no_certificate", "CertificateRequired")]
#[case("unlisted", "unlisted", "AccessDenied")]
#[case("expired", "expired", "CertificateExpired")]
#[case("early", "expired", "CertificateExpired")]
#[case("stranger", "unknown_authority", "UnknownCA")]
#[case("servers", "other", "UnsupportedCertificate")]
#[tokio::test]
async fn a_handshake_is_refused(#[case] kind: &str, #[case] reason: &str, #[case] alert: &str) {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(demanding(&folder, &authority, Mode::Refuse, LISTED));
    let identity = identity(&authority, kind);
    let config = client_config(&authority, identity.as_ref(), &[&rustls::version::TLS13], &[]);
    // In TLS 1.3 the client has finished before the server looks at its certificate, and may send
    // all of its request before it reads.
    let told = match connect(&server, config).await {
        Err(error) => error,
        Ok(mut stream) => {
            failed(&server, reason).await;
            for piece in GET.as_bytes().chunks(16) {
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
            }
            stream.read_to_end(&mut Vec::new()).await.unwrap_err()
        }
    };
    assert!(told.to_string().contains(alert), "{told}");
    failed(&server, reason).await;
    assert_eq!(server.counters.snapshot().requests, 0);
}

#[rstest]
#[case(LISTED, "spiffe://corp/ns/ci tls=true\n")]
#[case(&[], "other.example tls=true\n")]
#[tokio::test]
async fn accepted_client_has_its_identity(#[case] listed: &[&str], #[case] peer: &str) {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(demanding(&folder, &authority, Mode::Refuse, listed));
    let identity = identity(&authority, "listed");
    for _ in 0..2 {
        let config = client_config(&authority, identity.as_ref(), rustls::ALL_VERSIONS, &[]);
        let answer = exchange(connect(&server, config).await.unwrap(), GET).await;
        assert_eq!(status_and_body(&answer), ("HTTP/1.1 200 OK", peer));
    }
}

#[tokio::test]
async fn another_authority_is_taken_up() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let server = start(demanding(&folder, &authority, Mode::Forbid, &[]));
    let other = Authority::new("other");
    let identity = other.identity(&["ci.example"]);
    let answer = || async {
        let config = client_config(&authority, Some(&identity), rustls::ALL_VERSIONS, &[]);
        exchange(connect(&server, config).await.unwrap(), GET).await
    };
    assert_eq!(status_and_body(&answer().await).0, "HTTP/1.1 403 Forbidden");
    fs::write(folder.path().join("ca.pem"), authority.pem() + &other.pem()).unwrap();
    server.reload.now().unwrap();
    assert_eq!(status_and_body(&answer().await).1, "ci.example tls=true\n");
    fs::write(folder.path().join("ca.pem"), "nothing").unwrap();
    server.reload.now().unwrap_err();
    assert_eq!(status_and_body(&answer().await).1, "ci.example tls=true\n");
}

#[tokio::test]
async fn a_malformed_pattern_is_refused_at_once() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("ca"));
    let settings = demanding(&folder, &authority, Mode::Forbid, &["[a"]);
    let error = Server::bind(settings).unwrap_err();
    assert_eq!(error.to_string(), "identity `[a`: malformed pattern");
}
