//! The files of TLS: reads them, checks that they fit together, and makes a configuration of them.

use super::client::{ByList, Clients};
use super::pem::{LONGEST, TlsError, certificates};
use crate::settings::Tls;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, crypto::ring};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// The content of the files.
#[derive(PartialEq, Eq)]
pub(super) struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
    pub(super) ca: Option<Vec<u8>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files")
    }
}

impl Files {
    pub(super) fn read(settings: &Tls) -> Result<Self, TlsError> {
        Ok(Self {
            cert: read(&settings.cert)?,
            key: read(&settings.key)?,
            ca: settings.client.as_ref().map(|client| read(&client.ca)).transpose()?,
        })
    }

    pub(super) fn config(
        &self,
        settings: &Tls,
        clients: Option<&Arc<Clients>>,
    ) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&settings.cert, &self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsError::Pem { path: settings.key.clone(), what: "private key" })?;
        let wrong = |error: rustls::Error| TlsError::Certificate {
            path: settings.cert.clone(),
            error: error.to_string(),
        };
        // Named, because two crates that enable different providers of rustls make the process
        // default ambiguous, and that panics.
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                builder.with_client_cert_verifier(Arc::new(ByList(Arc::clone(clients))))
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(wrong)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if clients.is_some() {
            // A session that is resumed would not be held against the list again.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        } else {
            config.ticketer = ring::Ticketer::new().map_err(wrong)?;
        }
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let fail = |error| TlsError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > LONGEST {
        return Err(TlsError::Long { path: path.to_owned() });
    }
    Ok(bytes)
}
