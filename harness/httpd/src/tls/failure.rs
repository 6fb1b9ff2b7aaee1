//! Classifies failures of TLS handshakes.

use crate::counters::Handshake;
use rustls::{CertificateError, Error};
use std::io;

pub(super) fn of(error: &io::Error) -> Handshake {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let Some(inner) = inner else { return Handshake::Left };
    match inner {
        Error::NoCertificatesPresented => Handshake::NoCertificate,
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(_) => Handshake::Left,
        Error::InvalidMessage(_) => Handshake::NoTls,
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Handshake::Unlike,
        _ => Handshake::Other,
    }
}

fn certificate(error: &CertificateError) -> Handshake {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => {
            Handshake::Expired
        }
        E::UnknownIssuer | E::BadSignature => Handshake::Unknown,
        E::ApplicationVerificationFailure => Handshake::Unlisted,
        _ => Handshake::Other,
    }
}
