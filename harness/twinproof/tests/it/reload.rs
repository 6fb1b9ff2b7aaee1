//! SIGHUP: another configuration and other certificates are in use after it, and no connection ends.

use crate::client::Connection;
use crate::files::Files;
use crate::served::Served;
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs;
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

    // A wrong one is told with its line, and changes nothing.
    files.write("proxy.toml", "[policy]\ndeny = 7\n");
    proxy.signal(Signal::HUP);
    proxy.says("the old configuration stays in use");
    proxy.says(&format!("{config}:2:8"));
    assert_eq!(client.get(LIST).0, 403);
    assert_eq!(Connection::plain(proxy.address()).get("/readyz").0, 200);
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
    let mut before = Connection::tls(proxy.address(), &ca);
    assert_eq!(before.get("/readyz").0, 200);
    assert_eq!(before.certificate(), der(&first.certificate_pem));

    files.identity("server", &second);
    proxy.signal(Signal::HUP);
    proxy.says("new TLS files are in use");
    let mut after = Connection::tls(proxy.address(), &ca);
    assert_eq!(after.get("/readyz").0, 200);
    assert_eq!(after.certificate(), der(&second.certificate_pem));
    assert_eq!(before.get("/readyz").0, 200);

    // One that will not do leaves the one there is.
    fs::write(&cert, "nothing").unwrap();
    proxy.signal(Signal::HUP);
    proxy.says("the new TLS files will not do");
    let mut still = Connection::tls(proxy.address(), &ca);
    assert_eq!(still.get("/readyz").0, 200);
    assert_eq!(still.certificate(), der(&second.certificate_pem));
}
