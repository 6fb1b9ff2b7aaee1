//! A plain `go` behind a sidecar: the proxy, with a client certificate towards a gateway that demands
//! one. Both are this program; behind the gateway is an origin.

use crate::files::Files;
use crate::served::Served;
use rstest::rstest;
use std::path::Path;
use std::process::{Command, Output};
use twinproof_origin::{CertificateSpec, ClientCertificate, Identity, Origin, Setup, Usage};
use twinproof_testkit::{Outcome, go};

/// The only identity that the gateway lets in.
const LISTED: &str = "dev.corp.example";

/// The client certificate that the sidecar has.
fn client(origin: &Origin, kind: &str) -> Option<Identity> {
    let spec = |name: &str, expired| CertificateSpec {
        common_name: name.to_owned(),
        names: vec![name.to_owned()],
        usage: Usage::Client,
        expired,
    };
    match kind {
        "listed" => Some(origin.issue(&spec(LISTED, false)).unwrap()),
        "unlisted" => Some(origin.issue(&spec("left.corp.example", false)).unwrap()),
        "expired" => Some(origin.issue(&spec(LISTED, true)).unwrap()),
        "stranger" => Some(origin.client_cert(ClientCertificate::UnknownAuthority).unwrap()),
        _ => None,
    }
}

/// `go mod download` of one module, as plain as can be.
fn download(go: &Path, files: &Files, proxy: &str) -> Output {
    files.write("go.mod", "module m.example\n\ngo 1.21\n\nrequire crafted.example/hello v1.0.0\n");
    let mut command = Command::new(go);
    command.args(["mod", "download"]).current_dir(files.path());
    command.env("GOMODCACHE", files.name("modcache")).env("GOPROXY", proxy);
    command.envs(twinproof_base::go_env::HERMETIC).env("GOFLAGS", "-modcacherw");
    command.env("GOSUMDB", "off").env("GOPRIVATE", "");
    command.env("GONOPROXY", "none").output().unwrap()
}

#[rstest]
#[case::listed("listed", None)]
#[case::none("none", Some(["CertificateRequired", "a client certificate is needed"]))]
#[case::unlisted("unlisted", Some(["AccessDenied", "is for none of those who are let in"]))]
#[case::expired("expired", Some(["CertificateExpired", "the client certificate has expired"]))]
#[case::stranger("stranger", Some(["UnknownCA", "from an authority that is not known here"]))]
fn a_plain_go_gets_modules_through_a_sidecar(
    #[case] kind: &str,
    #[case] said: Option<[&str; 2]>,
    #[values("refuse", "forbid")] mode: &str,
) -> Outcome {
    let go = go()?;
    let files = Files::new();
    let origin = Origin::start(Setup::default()).unwrap();
    let ca = files.write("ca.pem", &origin.ca_pem().unwrap());
    let server = origin.issue(&CertificateSpec::loopback_server()).unwrap();
    let (cert, key) = files.identity("server", &server);
    let gateway = Served::proxy(&[
        "--store",
        &files.name("gateway"),
        "--upstream",
        &origin.url(),
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--client-ca",
        &ca,
        "--client-auth",
        mode,
        "--identities",
        LISTED,
    ]);
    assert!(gateway.url.starts_with("https://"));
    let store = files.name("sidecar");
    let mut args = vec!["--store", &store, "--upstream", &gateway.url, "--upstream-ca", &ca];
    let pair = client(&origin, kind).map(|identity| files.identity("client", &identity));
    if let Some((cert, key)) = &pair {
        args.extend(["--upstream-client-cert", cert, "--upstream-client-key", key]);
    }
    let sidecar = Served::proxy(&args);

    let output = download(&go, &files, &sidecar.url);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let zip = "modcache/cache/download/crafted.example/hello/@v/v1.0.0.zip";
    let there = files.at(zip).is_file();
    match said {
        None => assert!(output.status.success() && there, "{stderr}"),
        Some([refused, forbidden]) => {
            let said = if mode == "refuse" { refused } else { forbidden };
            assert!(!output.status.success() && !there, "{stderr}");
            // With TLS 1.3 the sidecar learns of it after it has finished the handshake. Where it has not
            // sent its request by then, its HTTP client says no more than that the connection ended.
            let unsent = mode == "refuse" && stderr.contains("broke off: connection");
            assert!(unsent || stderr.contains(said), "{stderr}");
            assert_eq!(origin.requests().len(), 0);
        }
    }
    Ok(())
}
