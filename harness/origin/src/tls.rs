//! The TLS side of an origin: right, asking for client certificates, and wrong in one way each.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::authority::{Authority, CertificateError, CertificateSpec, Identity};

/// A fault of a TLS listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BadTls {
    /// The certificate has expired.
    Expired,
    /// The certificate is another host's.
    WrongHost,
    /// The certificate is self-signed.
    SelfSigned,
    /// The certificate is issued by an authority that no client trusts.
    UnknownAuthority,
    /// The listener answers with HTTP without TLS.
    Plain,
}

/// A certificate that a client shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientCertificate {
    /// A valid certificate.
    Good,
    /// A certificate that has expired.
    Expired,
    /// A certificate of an authority that no server trusts.
    UnknownAuthority,
}

/// The common name of client certificates.
pub(crate) const CLIENT_NAME: &str = "client.example";

/// An error in setting up TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The pieces do not go together.
    #[error("setting up TLS")]
    Config(#[from] rustls::Error),
    /// Client certificates cannot be verified.
    #[error("setting up the verification of client certificates")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// The authority of an origin, and one that neither side trusts.
pub(crate) struct Authorities {
    pub own: Authority,
    other: Authority,
}

impl Authorities {
    pub fn new() -> Result<Self, TlsError> {
        Ok(Self {
            own: Authority::new("Origin test authority")?,
            other: Authority::new("Another test authority")?,
        })
    }

    pub fn client(&self, kind: ClientCertificate) -> Result<Identity, TlsError> {
        let expired = kind == ClientCertificate::Expired;
        let spec = CertificateSpec { expired, ..CertificateSpec::client(CLIENT_NAME) };
        let issuer =
            if kind == ClientCertificate::UnknownAuthority { &self.other } else { &self.own };
        Ok(issuer.issue(&spec)?)
    }

    /// A server's set-up; with `demand`, only clients with a certificate are let in.
    pub fn server(&self, bad: Option<BadTls>, demand: bool) -> Result<Arc<ServerConfig>, TlsError> {
        let good = CertificateSpec::loopback_server();
        let identity = match bad {
            None | Some(BadTls::Plain) => self.own.issue(&good)?,
            Some(BadTls::Expired) => self.own.issue(&CertificateSpec { expired: true, ..good })?,
            Some(BadTls::WrongHost) => {
                let names = vec!["elsewhere.example".to_owned()];
                self.own.issue(&CertificateSpec { names, ..good })?
            }
            Some(BadTls::SelfSigned) => Identity::self_signed(&good)?,
            Some(BadTls::UnknownAuthority) => self.other.issue(&good)?,
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = if demand {
            let mut roots = RootCertStore::empty();
            roots.add(self.own.der())?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build()?)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key));
        let chain = vec![CertificateDer::from(identity.certificate)];
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// The subject of a certificate in DER, as `CN=…`.
pub(crate) fn subject(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(certificate.subject().to_string())
}
