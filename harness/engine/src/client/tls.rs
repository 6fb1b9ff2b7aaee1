//! TLS of the client: the authorities it trusts, and the certificate it presents.

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::Arc;

/// Certificates of a client, PEM.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Authorities of the server's certificate; the system's when absent.
    pub ca: Option<Vec<u8>>,
    /// The client's certificate and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Credentials {
    /// A configuration that offers these protocols.
    pub fn config(&self, protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, String> {
        // Named here, not taken from the process: a default that another crate installs must not
        // change the measurement.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?;
        let builder = match &self.ca {
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem)? {
                    roots.add(certificate).map_err(|e| format!("the authority: {e}"))?;
                }
                builder.with_root_certificates(roots)
            }
            // The machine's own authorities, as for every other client on it.
            None => builder.with_platform_verifier().map_err(|e| e.to_string())?,
        };
        let mut config = match &self.identity {
            Some((certificate, key)) => {
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|e| format!("the client's key: {e}"))?;
                let chain = certificates(certificate)?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|e| format!("the client's certificate: {e}"))?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|e| format!("a certificate: {e}"))?;
    if all.is_empty() { Err("there is no certificate in the file".to_owned()) } else { Ok(all) }
}

/// A host as certificates name it.
pub fn name_of(host: &str) -> Result<ServerName<'static>, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    ServerName::try_from(bare).map_err(|e| format!("{host}: {e}"))
}
