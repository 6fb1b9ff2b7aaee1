//! SIGHUP: another configuration and other certificates are in use after it, and no connection ends.

use crate::client::{Connection, connect};
use crate::files::Files;
use crate::served::Served;
use rustix::process::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::net::TcpStream;
use std::sync::Arc;
use twinproof_origin::{CertificateSpec, Origin, Setup};

const LIST: &str = "/crafted.example/hello/@v/list";

#[test]
fn another_configuration_is_in_use() {
    let (files, origin) = (Files::new(), Origin::start(Setup::default()).unwrap());
    let with = |rest: &str| format!("[upstream]\nlist = \"{}\"\n{rest}", origin.url());
    let config = files.write("proxy.toml", &with(""));
    let proxy = Served::proxy(&["--config", &config, "--store", &files.name("store")]);
    let mut client = Connection::plain(proxy.address());
    let versions = (200, "v1.0.0\nv1.1.0\n".to_owned());
    assert_eq!(client.get(LIST), versions);

    files.write("proxy.toml", &with("[policy]\ndeny = [\"crafted.example/hello\"]\n"));
    proxy.signal(Signal::HUP);
    proxy.says("the new configuration is in use");
    assert_eq!(client.get(LIST).0, 403);

    // A wrong one is reported with its line, and changes nothing.
    files.write("proxy.toml", "[policy]\ndeny = 7\n");
    proxy.signal(Signal::HUP);
    proxy.says("the old configuration stays in use");
    proxy.says(&format!("{config}:2:8"));
    assert_eq!(client.get(LIST).0, 403);
    assert_eq!(Connection::plain(proxy.address()).get("/readyz").0, 200);
}

type Secure = Connection<StreamOwned<ClientConnection, TcpStream>>;

/// By TLS, to a server whose certificate is of this authority; and the certificate that it shows.
fn secure(address: &str, ca_pem: &str) -> (Secure, CertificateDer<'static>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = connect(address);
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).unwrap();
    }
    let shown = tls.peer_certificates().unwrap()[0].clone().into_owned();
    (Connection::over(StreamOwned::new(tls, tcp)), shown)
}

#[test]
fn another_certificate_is_shown() {
    let (files, origin) = (Files::new(), Origin::start(Setup::default()).unwrap());
    let ca = origin.ca_pem().unwrap();
    let [first, second] =
        [0, 1].map(|_| origin.issue(&CertificateSpec::loopback_server()).unwrap());
    let (cert, key) = files.identity("server", &first);
    let proxy = Served::proxy(&[
        "--store",
        &files.name("store"),
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        // By the signal alone.
        "--tls-poll",
        "1h",
    ]);
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let (mut before, shown) = secure(proxy.address(), &ca);
    assert_eq!((before.get("/readyz").0, shown), (200, der(&first.certificate_pem)));

    files.identity("server", &second);
    proxy.signal(Signal::HUP);
    proxy.says("new TLS files are in use");
    let (mut after, shown) = secure(proxy.address(), &ca);
    assert_eq!((after.get("/readyz").0, shown), (200, der(&second.certificate_pem)));
    assert_eq!(before.get("/readyz").0, 200);

    // One that will not do leaves the one there is.
    fs::write(&cert, "nothing").unwrap();
    proxy.signal(Signal::HUP);
    proxy.says("the new TLS files will not do");
    let (mut still, shown) = secure(proxy.address(), &ca);
    assert_eq!((still.get("/readyz").0, shown), (200, der(&second.certificate_pem)));
}
