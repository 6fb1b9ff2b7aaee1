//! The HTTP client towards upstreams: pool, certificates, redirects, time limits.

use std::path::{Path, PathBuf};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, Url};
use twinproof_base::file::exposure;
use twinproof_gomod::glob::match_path;

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
        /// The I/O error.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: not a usable {what}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// The expected content.
        what: &'static str,
        /// The parser's error.
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
    #[error(
        "redirected to {0}, which is not the upstream's and not listed in `upstream.redirects`"
    )]
    Elsewhere(String),
    #[error("stopped after {MAX_REDIRECTS} redirects")]
    TooMany,
    #[error("redirected from a secure URL to an insecure one")]
    Downgrade,
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_path_buf(), source })
}

/// A URL's host and port.
fn place(url: &Url) -> (Option<&str>, Option<u16>) {
    (url.host_str(), url.port_or_known_default())
}

/// Whether a redirect stays where the request went, or turns to TLS there.
pub(super) fn stays(from: &Url, to: &Url) -> bool {
    // http://host to https://host is the usual redirect to TLS, and is the same place for
    // credentials.
    let secured = from.port().or(to.port()).is_none() && to.scheme() == "https";
    from.host_str() == to.host_str() && (place(from) == place(to) || secured)
}

/// Whether redirects may lead to this host.
fn is_listed(listed: &[String], to: &Url) -> bool {
    let host = to.host_str().unwrap_or_default();
    let with_port = format!("{host}:{}", to.port_or_known_default().unwrap_or_default());
    let fits = |pattern: &String, name: &str| match_path(pattern, name) == Ok(true);
    listed.iter().any(|pattern| fits(pattern, host) || fits(pattern, &with_port))
}

/// A client that trusts and shows what the files say. Redirects lead elsewhere only to hosts that are
/// listed, with patterns as Go's `path.Match` has them.
///
/// Besides the files, the authorities of the system count, those of SSL_CERT_FILE and SSL_CERT_DIR
/// in their place; and HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
pub(super) fn client(
    tls: &UpstreamTls,
    times: &Times,
    redirects: &[String],
) -> Result<Client, TlsError> {
    let listed = redirects.to_vec();
    // The first one in the process decides, and they are all the same here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .use_rustls_tls()
        .user_agent(concat!("twinproof/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .connect_timeout(times.connect)
        .read_timeout(times.idle)
        .redirect(Policy::custom(move |attempt| {
            let stays = attempt.previous().first().is_some_and(|from| stays(from, attempt.url()));
            let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error(RedirectError::TooMany)
            } else if secure && attempt.url().scheme() != "https" {
                attempt.error(RedirectError::Downgrade)
            } else if !stays && !is_listed(&listed, attempt.url()) {
                let host = attempt.url().host_str().unwrap_or("nowhere").to_owned();
                attempt.error(RedirectError::Elsewhere(host))
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
            if let Some(why) = exposure(key) {
                tracing::warn!(file = %key.display(), why, "the private key is not safe");
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://a.example/x", "http://a.example/y", true)]
    #[case("http://a.example/x", "https://a.example/x", true)]
    #[case("http://a.example:8080/x", "http://a.example:8080/y", true)]
    #[case("http://a.example/x", "http://a.example:2375/y", false)]
    #[case("http://a.example:8080/x", "https://a.example/x", false)]
    #[case("http://a.example/x", "http://b.example/x", false)]
    #[case("http://127.0.0.1:1/x", "http://127.0.0.1:2/x", false)]
    fn redirects_stay(#[case] from: &str, #[case] to: &str, #[case] want: bool) {
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(stays(&url(from), &url(to)), want);
    }

    #[test]
    fn other_hosts_are_listed() {
        let to = Url::parse("https://zips.example/x").unwrap();
        for (pattern, want) in [
            ("zips.example", true),
            ("*.example", true),
            ("zips.example:443", true),
            ("zips.example:80", false),
            ("example", false),
        ] {
            assert_eq!(is_listed(&[pattern.to_owned()], &to), want, "{pattern}");
        }
    }
}
