//! What tests ask servers: one request, or several over one connection.

use crate::served::PATIENCE;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// Status and body of an answer.
pub type Answer = (u16, String);

/// What a server answers; `None` when it does not, or not in whole.
pub fn fetch(url: &str) -> Option<(u16, Vec<u8>)> {
    let config = ureq::Agent::config_builder();
    let config = config.timeout_global(Some(PATIENCE)).http_status_as_error(false);
    let mut answer = ureq::Agent::from(config.build()).get(url).call().ok()?;
    let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().ok()?;
    Some((answer.status().as_u16(), body))
}

/// Status and text of an answer that must come.
pub fn get(url: &str) -> Answer {
    let (status, body) = fetch(url).unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// A connection that stays open.
pub struct Connection<S: Read + Write>(BufReader<S>);

impl Connection<TcpStream> {
    pub fn plain(address: &str) -> Self {
        let tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(tcp))
    }
}

impl Connection<StreamOwned<ClientConnection, TcpStream>> {
    /// By TLS, to a server whose certificate is of this authority.
    pub fn tls(address: &str, ca_pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(StreamOwned::new(tls, tcp)))
    }

    /// The certificate that the server has shown.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.0.get_ref().conn.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

impl<S: Read + Write> Connection<S> {
    pub fn send(&mut self, method: &str, target: &str) {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
        self.0.get_mut().flush().unwrap();
    }

    /// The next answer, and whether it is the last.
    pub fn receive(&mut self) -> (Answer, bool) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "it ends: {head}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        let last = head.contains("connection: close\r\n");
        ((status, String::from_utf8_lossy(&body).into_owned()), last)
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target);
        self.receive().0
    }
}
