//! Certificates of a test's own: an authority, and what it issues.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// The use of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// A server proves itself with it.
    Server,
    /// A client proves itself with it.
    Client,
}

/// The content of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSpec {
    /// The common name of its subject.
    pub common_name: String,
    /// DNS names and IP addresses of its subject.
    pub names: Vec<String>,
    /// Whether it is for servers or for clients.
    pub usage: Usage,
    /// Whether its time is over.
    pub expired: bool,
}

impl CertificateSpec {
    /// A server's, for the names of this machine's loopback.
    #[must_use]
    pub fn loopback_server() -> Self {
        Self {
            common_name: "origin.example".to_owned(),
            names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec(),
            usage: Usage::Server,
            expired: false,
        }
    }

    /// A client's, with this name as common name and DNS name.
    #[must_use]
    pub fn client(name: &str) -> Self {
        Self {
            common_name: name.to_owned(),
            names: vec![name.to_owned()],
            usage: Usage::Client,
            expired: false,
        }
    }

    fn params(&self) -> Result<CertificateParams, CertificateError> {
        let mut params = CertificateParams::new(self.names.clone())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.common_name.as_str());
        (params.not_before, params.not_after) = if self.expired {
            (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1))
        } else {
            (date_time_ymd(2001, 1, 1), date_time_ymd(2101, 1, 1))
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match self.usage {
            Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        // Some verifiers choose the issuer by it where several have one name.
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making a certificate")]
pub struct CertificateError(#[from] rcgen::Error);

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS #8 in PEM.
    pub key_pem: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Identity {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        }
    }

    /// A self-signed certificate.
    ///
    /// # Errors
    /// When the names are not ones.
    pub fn self_signed(spec: &CertificateSpec) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        Ok(Self::new(&spec.params()?.self_signed(&key)?, &key))
    }
}

/// A certificate authority, gone with the process.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one, with a key of its own.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(name: &str) -> Result<Self, CertificateError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        // Path length 0: it may sign end certificates and no further authority. Go's verifier and
        // rustls both check that.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) =
            (date_time_ymd(2001, 1, 1), date_time_ymd(2101, 1, 1));
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its own certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn der(&self) -> rustls_pki_types::CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A new certificate.
    ///
    /// # Errors
    /// When the names are not ones.
    pub fn issue(&self, spec: &CertificateSpec) -> Result<Identity, CertificateError> {
        let key = KeyPair::generate()?;
        let certificate = spec.params()?.signed_by(&key, &self.0)?;
        Ok(Identity::new(&certificate, &key))
    }
}
