//! The HTTP client towards upstreams: pool, certificates, redirects, time limits.

use std::path::{Path, PathBuf};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity};

use crate::settings::{Times, UpstreamTls};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;

/// Certificates towards upstreams cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: not a usable {what}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// A certificate without a key, or a key without a certificate.
    #[error("a client certificate needs both its chain and its key")]
    Half,
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(reqwest::Error),
}

/// A redirect that is not followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedirectError {
    #[error("stopped after {MAX_REDIRECTS} redirects")]
    TooMany,
    #[error("redirected from a secure URL to an insecure one")]
    Downgrade,
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_path_buf(), source })
}

/// A client that trusts and shows what the files say.
pub(super) fn client(tls: &UpstreamTls, times: &Times) -> Result<Client, TlsError> {
    // The first one in the process decides, and they are all the same here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .use_rustls_tls()
        .user_agent(concat!("twinproof/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .connect_timeout(times.connect)
        .read_timeout(times.idle)
        .redirect(Policy::custom(|attempt| {
            let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error(RedirectError::TooMany)
            } else if secure && attempt.url().scheme() != "https" {
                attempt.error(RedirectError::Downgrade)
            } else {
                attempt.follow()
            }
        }));
    if let Some(path) = &tls.ca {
        let pem = |source| TlsError::Pem { path: path.clone(), what: "certificate", source };
        for certificate in Certificate::from_pem_bundle(&read(path)?).map_err(pem)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    match (&tls.cert, &tls.key) {
        (None, None) => {}
        (Some(cert), Some(key)) => {
            let mut both = read(key)?;
            both.push(b'\n');
            both.extend(read(cert)?);
            let pem = |source| TlsError::Pem {
                path: cert.clone(),
                what: "certificate with its key",
                source,
            };
            builder = builder.identity(Identity::from_pem(&both).map_err(pem)?);
        }
        _ => return Err(TlsError::Half),
    }
    builder.build().map_err(TlsError::Client)
}
