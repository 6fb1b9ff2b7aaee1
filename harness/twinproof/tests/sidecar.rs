//! A plain `go` behind a sidecar: the proxy, with a client certificate towards a gateway that demands
//! one. Both are this program; behind the gateway is an origin.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use rstest::rstest;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;
use twinproof_origin::{CertificateSpec, ClientCertificate, Identity, Origin, Setup, Usage};
use twinproof_testkit::go;

/// The only identity that the gateway lets in.
const LISTED: &str = "dev.corp.example";

/// A server of this program, ended with the test.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("twinproof"))
            .args(["proxy", "serve", "--listen", "127.0.0.1:0", "--log-level", "warn"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("it does not listen: {line}")).to_owned();
        Self { child, url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Files(TempDir);

impl Files {
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn folder(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn identity(&self, name: &str, identity: &Identity) -> (String, String) {
        let cert = self.write(&format!("{name}.pem"), &identity.certificate_pem);
        (cert, self.write(&format!("{name}.key"), &identity.key_pem))
    }
}

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
    command.args(["mod", "download"]).current_dir(files.0.path());
    command.env("GOMODCACHE", files.folder("modcache")).env("GOPROXY", proxy);
    command.env("GOFLAGS", "-modcacherw").env("GOSUMDB", "off").env("GOENV", "off");
    command.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("GOPRIVATE", "");
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
) {
    let Some(go) = go() else { return };
    let files = Files(TempDir::new().unwrap());
    let origin = Origin::start(Setup::default()).unwrap();
    let ca = files.write("ca.pem", &origin.ca_pem().unwrap());
    let server = origin.issue(&CertificateSpec::loopback_server()).unwrap();
    let (cert, key) = files.identity("server", &server);
    let gateway = Served::start(&[
        "--store",
        &files.folder("gateway"),
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
    let store = files.folder("sidecar");
    let mut args = vec!["--store", &store, "--upstream", &gateway.url, "--upstream-ca", &ca];
    let pair = client(&origin, kind).map(|identity| files.identity("client", &identity));
    if let Some((cert, key)) = &pair {
        args.extend(["--upstream-client-cert", cert, "--upstream-client-key", key]);
    }
    let sidecar = Served::start(&args);

    let output = download(&go, &files, &sidecar.url);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let zip = "modcache/cache/download/crafted.example/hello/@v/v1.0.0.zip";
    let there = files.0.path().join(zip).is_file();
    match said {
        None => assert!(output.status.success() && there, "{stderr}"),
        Some([refused, forbidden]) => {
            let said = if mode == "refuse" { refused } else { forbidden };
            assert!(!output.status.success() && !there, "{stderr}");
            // With TLS 1.3 a client has sent its request before it hears of the refusal, and may see the
            // connection close before it reads why.
            let cut = mode == "refuse" && stderr.contains("broke off: connection");
            assert!(cut || stderr.contains(said), "{stderr}");
            assert_eq!(origin.requests().len(), 0);
        }
    }
}
