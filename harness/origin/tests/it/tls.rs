//! The TLS listeners, met by a client that verifies.

use std::io::{Read, Write};
use std::sync::Arc;

use rstest::rstest;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use twinproof_model::Rule;
use twinproof_origin::{BadTls, CertificateSpec, ClientCertificate, Identity, Origin};

use crate::client::{connect, origin, request};

/// The list as a client gets it that trusts the origin's authority.
fn list(origin: &Origin, url: &str, client: Option<&Identity>) -> Result<String, String> {
    // The authority is that of the test's own origin; the system's store must have no part in it.
    let mut roots = RootCertStore::empty();
    let authority = origin.ca_pem().expect("an authority");
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).expect("PEM");
    roots.add(authority).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes());
            builder
                .with_client_auth_cert(vec![chain.expect("PEM")], key.expect("PEM"))
                .expect("a certificate with its key")
        }
    };
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let mut stream = StreamOwned::new(connection, connect(url));
    let mut answer = String::new();
    stream
        .write_all(request("/example.com/m/@v/list").as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer))
        .map_err(|error| error.to_string())?;
    Ok(answer.split_once("\r\n\r\n").expect("a head").1.to_owned())
}

#[test]
fn the_same_under_tls() {
    let origin = origin();
    let url = origin.url_tls().expect("TLS");
    assert_eq!(url, origin.url_tls().expect("TLS"));
    assert_eq!(list(&origin, &url, None).as_deref(), Ok("v1.0.0\n"));
    let request = &origin.requests()[0];
    assert_eq!((request.tls, request.client.as_deref()), (true, None));
    origin.script(vec![Rule { path: "*".to_owned(), truncate: Some(2), ..Rule::default() }]);
    // Cut inside TLS: without close_notify the client cannot take it for a shorter body.
    let error = list(&origin, &url, None).expect_err("no orderly end");
    assert!(error.contains("close_notify"), "{error}");
}

#[rstest]
#[case(BadTls::Expired, "expired")]
#[case(BadTls::WrongHost, "not valid for name")]
#[case(BadTls::SelfSigned, "UnknownIssuer")]
#[case(BadTls::UnknownAuthority, "UnknownIssuer")]
#[case(BadTls::Plain, "received corrupt message")]
fn bad_servers(#[case] kind: BadTls, #[case] want: &str) {
    let origin = origin();
    let url = origin.url_tls_bad(kind).expect("TLS");
    let error = list(&origin, &url, None).expect_err("refused");
    assert!(error.contains(want), "{error}");
    // The handshake failed, so no request may have been sent.
    assert_eq!(origin.requests(), []);
}

#[test]
fn clients_show_certificates() {
    let origin = origin();
    let url = origin.url_mutual_tls().expect("TLS");
    let good = origin.client_cert(ClientCertificate::Good).expect("a certificate");
    assert_eq!(list(&origin, &url, Some(&good)).as_deref(), Ok("v1.0.0\n"));
    assert_eq!(origin.requests()[0].client.as_deref(), Some("CN=client.example"));
    let other = origin.issue(&CertificateSpec::client("other.example")).expect("a certificate");
    assert_eq!(list(&origin, &url, Some(&other)).as_deref(), Ok("v1.0.0\n"));
    assert_eq!(origin.requests()[1].client.as_deref(), Some("CN=other.example"));
    let error = list(&origin, &url, None).expect_err("refused");
    assert!(error.contains("CertificateRequired"), "{error}");
    for (kind, want) in [
        (ClientCertificate::Expired, "CertificateExpired"),
        (ClientCertificate::UnknownAuthority, "UnknownCA"),
    ] {
        let bad = origin.client_cert(kind).expect("a certificate");
        let error = list(&origin, &url, Some(&bad)).expect_err("refused");
        assert!(error.contains(want), "{error}");
    }
    // Of the refused clients no request is recorded.
    assert_eq!(origin.requests().len(), 2);
}
