//! Reads certificates and keys from PEM files.

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file that is read.
pub(super) const LONGEST: u64 = 4 << 20;

/// TLS files will not do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The I/O error.
        error: io::Error,
    },
    /// A file is too long.
    #[error("{}: over {LONGEST} bytes", path.display())]
    Long {
        /// The file.
        path: PathBuf,
    },
    /// A file is no PEM, or has no certificate or key.
    #[error("{}: no {what} in PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// The missing part.
        what: &'static str,
    },
    /// A certificate cannot be used.
    #[error("{}: {error}", path.display())]
    Certificate {
        /// The file it is in.
        path: PathBuf,
        /// The defect of the certificate.
        error: String,
    },
    /// A pattern for identities is malformed.
    #[error("identity `{0}`: malformed pattern")]
    Identity(String),
}

/// A verifier that accepts certificates issued by an authority of the file.
pub(super) fn authorities(
    path: &Path,
    pem: &[u8],
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
    let wrong = |error: String| TlsError::Certificate { path: path.to_owned(), error };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    let provider = Arc::new(ring::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| wrong(error.to_string()))
}

pub(super) fn certificates(
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let missing = || TlsError::Pem { path: path.to_owned(), what: "certificate" };
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| missing())?;
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}
