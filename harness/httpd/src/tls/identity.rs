//! The names that a certificate is for: its subject alternative names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use twinproof_gomod::glob::match_path;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

/// The holder that a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    kind: Kind,
    pub(super) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dns,
    Uri,
    Mail,
    Address,
}

impl Kind {
    /// Whether a pattern is for names of this kind: a name of one kind must not pass for another.
    fn takes(self, pattern: &str) -> bool {
        // `10.0.0.1` as a DNS name must not pass for the address: an authority may check one kind
        // of name and not the other.
        let of_address = |c: char| c.is_ascii_hexdigit() || ".:*?[]-".contains(c);
        match self {
            Self::Uri => pattern.contains("://") || pattern.starts_with("urn:"),
            Self::Mail => pattern.contains('@') && !pattern.contains("://"),
            Self::Address => pattern.chars().all(of_address),
            Self::Dns => {
                let other = pattern.contains(['@', ':', '/']);
                let letters = pattern.contains(|c: char| c.is_ascii_alphabetic());
                !other && (letters || !pattern.contains(|c: char| c.is_ascii_digit()))
            }
        }
    }
}

/// The DNS names, URIs, mail addresses and IP addresses of a certificate (DER), in its order.
/// Empty if it has none or is malformed.
#[must_use]
pub fn identities(certificate: &[u8]) -> Vec<String> {
    identities_of(certificate).into_iter().map(|identity| identity.name).collect()
}

/// The same, each with its kind.
pub(super) fn identities_of(certificate: &[u8]) -> Vec<Identity> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let mut found = Vec::new();
    for extension in certificate.extensions() {
        if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
            found.extend(names.general_names.iter().filter_map(identity));
        }
    }
    found
}

fn identity(name: &GeneralName<'_>) -> Option<Identity> {
    let (kind, name) = match name {
        GeneralName::DNSName(name) => (Kind::Dns, (*name).to_owned()),
        GeneralName::URI(name) => (Kind::Uri, (*name).to_owned()),
        GeneralName::RFC822Name(name) => (Kind::Mail, (*name).to_owned()),
        GeneralName::IPAddress(octets) => (Kind::Address, address(octets)?.to_string()),
        _ => return None,
    };
    Some(Identity { kind, name })
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// The first name that a pattern for its kind fits, all of it.
pub(super) fn listed<'a>(patterns: &[String], names: &'a [Identity]) -> Option<&'a str> {
    let fits = |identity: &&Identity| {
        let fits = |p: &&String| match_path(p, &identity.name) == Ok(true);
        patterns.iter().filter(|p| identity.kind.takes(p)).any(|p| fits(&p))
    };
    names.iter().find(fits).map(|identity| identity.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("dev.corp.example", Some("dev.corp.example"))]
    #[case("*.corp.example", Some("dev.corp.example"))]
    #[case("corp.example", None)]
    #[case("spiffe://corp/ns/*", Some("spiffe://corp/ns/ci"))]
    #[case("spiffe://corp/*", None)]
    #[case("spiffe://corp", None)]
    #[case("10.0.0.*", Some("10.0.0.7"))]
    #[case("*@corp.example", Some("dev@corp.example"))]
    #[case("*", Some("dev.corp.example"))]
    #[case("", None)]
    fn a_pattern_fits_a_whole_name(#[case] pattern: &str, #[case] name: Option<&str>) {
        let names = [
            (Kind::Dns, "dev.corp.example"),
            (Kind::Uri, "spiffe://corp/ns/ci"),
            (Kind::Mail, "dev@corp.example"),
            (Kind::Address, "10.0.0.7"),
        ];
        let names = names.map(|(kind, name)| Identity { kind, name: name.to_owned() });
        assert_eq!(listed(&[pattern.to_owned()], &names), name);
    }

    #[rstest]
    #[case("good.example", Kind::Uri)]
    #[case("good.example", Kind::Mail)]
    #[case("good.example", Kind::Address)]
    #[case("*", Kind::Uri)]
    #[case("*", Kind::Mail)]
    #[case("spiffe://corp/ns/ci", Kind::Dns)]
    #[case("spiffe://corp/ns/ci", Kind::Mail)]
    #[case("dev@corp.example", Kind::Dns)]
    #[case("dev@corp.example", Kind::Uri)]
    #[case("10.0.0.7", Kind::Dns)]
    #[case("10.0.0.7", Kind::Uri)]
    fn a_name_of_one_kind_does_not_pass_for_another(#[case] pattern: &str, #[case] kind: Kind) {
        let names = [Identity { kind, name: pattern.to_owned() }];
        assert_eq!(listed(&[pattern.to_owned()], &names), None);
    }

    #[test]
    fn malformed_certificate_has_no_identity() {
        assert_eq!(identities(b"\x30\x03abc"), Vec::<String>::new());
    }
}
