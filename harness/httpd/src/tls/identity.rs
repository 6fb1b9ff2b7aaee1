//! Who a certificate is for: its subject alternative names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use twinproof_gomod::glob::match_path;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

/// The DNS names, URIs, mail addresses and IP addresses of a certificate (DER), in its order.
/// Empty if it has none or is malformed.
#[must_use]
pub fn identities(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let mut found = Vec::new();
    for extension in certificate.extensions() {
        if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
            found.extend(names.general_names.iter().filter_map(name));
        }
    }
    found
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// The first name that a pattern fits, all of it.
pub(super) fn listed<'a>(patterns: &[String], names: &'a [String]) -> Option<&'a str> {
    let fits = |name: &&String| patterns.iter().any(|p| match_path(p, name) == Ok(true));
    names.iter().find(fits).map(String::as_str)
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
    #[case("", None)]
    fn a_pattern_fits_a_whole_name(#[case] pattern: &str, #[case] name: Option<&str>) {
        let names =
            ["dev.corp.example", "spiffe://corp/ns/ci", "10.0.0.7"].map(str::to_owned).to_vec();
        assert_eq!(listed(&[pattern.to_owned()], &names), name);
    }

    #[test]
    fn malformed_certificate_has_no_identity() {
        assert_eq!(identities(b"\x30\x03abc"), Vec::<String>::new());
    }
}
