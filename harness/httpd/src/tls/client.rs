//! Decides by its certificate whether a client is let in.

use super::identity::{identities_of, listed};
use super::pem::{TlsError, authorities};
use crate::settings::{ClientAuth, Mode};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::sync::Arc;
use twinproof_gomod::glob::match_path;

/// The rules.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) mode: Mode,
    authorities: Arc<dyn ClientCertVerifier>,
    identities: Vec<String>,
}

impl Clients {
    pub(super) fn new(client: &ClientAuth, ca: &[u8]) -> Result<Self, TlsError> {
        for pattern in &client.identities {
            if match_path(pattern, "").is_err() {
                return Err(TlsError::Identity(pattern.clone()));
            }
        }
        Ok(Self {
            mode: client.mode,
            authorities: authorities(&client.ca, ca)?,
            identities: client.identities.clone(),
        })
    }

    /// The client, or why it is not let in.
    pub(super) fn admit(
        &self,
        chain: Option<&[CertificateDer<'_>]>,
    ) -> Result<Option<String>, &'static str> {
        let Some((own, rest)) = chain.and_then(<[_]>::split_first) else {
            return Err("a client certificate is needed");
        };
        // In the mode that answers 403, the handshake let every certificate pass, so it is verified
        // here.
        self.authorities.verify_client_cert(own, rest, UnixTime::now()).map_err(|e| reason(&e))?;
        self.identity(own).ok_or("the client certificate is for none of those who are let in")
    }

    /// Under which name the certificate lets its owner in; `None` if under none.
    fn identity(&self, own: &CertificateDer<'_>) -> Option<Option<String>> {
        let names = identities_of(own);
        if self.identities.is_empty() {
            return Some(names.into_iter().next().map(|identity| identity.name));
        }
        listed(&self.identities, &names).map(|name| Some(name.to_owned()))
    }
}

/// The reason to report for a certificate that does not verify.
fn reason(error: &Error) -> &'static str {
    use CertificateError as E;
    match error {
        Error::InvalidCertificate(E::Expired | E::ExpiredContext { .. }) => {
            "the client certificate has expired"
        }
        Error::InvalidCertificate(E::NotValidYet | E::NotValidYetContext { .. }) => {
            "the client certificate is not valid yet"
        }
        Error::InvalidCertificate(E::UnknownIssuer | E::BadSignature) => {
            "the client certificate is from an authority that is not known here"
        }
        Error::InvalidCertificate(E::InvalidPurpose | E::InvalidPurposeContext { .. }) => {
            "the client certificate is not meant for clients"
        }
        _ => "the client certificate will not do",
    }
}

/// A certificate of another authority with the same name fails by its signature; it is reported as one
/// of an unknown authority, which says more.
fn plainer(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            CertificateError::UnknownIssuer.into()
        }
        error => error,
    }
}

/// Judges the certificates of clients by [`Clients`]: in the handshake where its mode is to refuse;
/// or else later, so that an answer can say what is wrong. That the client has its key is checked
/// all the same.
#[derive(Debug)]
pub(super) struct ByList(pub(super) Arc<Clients>);

impl ByList {
    fn refuses(&self) -> bool {
        self.0.mode == Mode::Refuse
    }
}

impl ClientCertVerifier for ByList {
    fn client_auth_mandatory(&self) -> bool {
        self.refuses()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // With a list of authorities, a client with a certificate of another one sends none, and the
        // answer would wrongly say that it has none.
        if self.refuses() { self.0.authorities.root_hint_subjects() } else { &[] }
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if !self.refuses() {
            return Ok(ClientCertVerified::assertion());
        }
        let verified = self.0.authorities.verify_client_cert(own, rest, now).map_err(plainer)?;
        match self.0.identity(own) {
            Some(_) => Ok(verified),
            None => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.authorities.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.authorities.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.authorities.supported_verify_schemes()
    }
}
