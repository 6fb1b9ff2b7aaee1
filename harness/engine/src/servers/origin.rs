//! The case's origin: started by its first step, scripted by the others.

use super::expand::expanded;
use crate::drive::{Driver, Undriven};
use std::collections::BTreeMap;
use std::path::Path;
use twinproof_base::error_chain;
use twinproof_environment::Put;
use twinproof_model::{Capability, Case, Observation, OriginDatabase, OriginStep};
use twinproof_origin::{
    BadTls, CertificateSpec, ClientCertificate, Module, Origin, OriginError, Setup,
};
use twinproof_subject::{Subject, Upstream};

/// Where a Go distribution keeps the modules of cmd/go's tests.
const CORPUS: [&str; 5] = ["src", "cmd", "go", "testdata", "mod"];

impl Driver<'_> {
    pub(super) fn origin_step(
        &mut self,
        case: &Case,
        step: &OriginStep,
    ) -> Result<Observation, Undriven> {
        let rules = expanded(&step.rule, self.scope())?;
        if let Some(origin) = &self.servers.origin {
            origin.script(rules);
            if step.clear {
                self.forget_requests();
            }
            return Ok(Observation::Origin { variables: BTreeMap::new() });
        }
        // A subject without one has an upstream of its own; it runs beside us all the same.
        let environment = self.environment();
        let name = environment.name();
        if !name.kind().is_subject() && !environment.capabilities().contains(&Capability::Origin) {
            return Err(Undriven::Broken(format!("{name} has no origin")));
        }
        let goroot = self.scope().get("goroot").unwrap_or_default();
        let mut corpus = Path::new(goroot).to_path_buf();
        corpus.extend(CORPUS);
        let corpora = if !goroot.is_empty() && corpus.is_dir() { vec![corpus] } else { vec![] };
        let mut modules = Vec::new();
        for module in expanded(&step.module, self.scope())? {
            let files = module.files.into_iter().map(|(name, text)| (name, text.into_bytes()));
            modules.push(Module {
                path: module.path,
                version: module.version,
                files: files.collect(),
                info: module.info.map(String::into_bytes),
                go_mod: module.go_mod.map(String::into_bytes),
                ..Module::default()
            });
        }
        let origin = Origin::start(Setup { corpora, modules, rules }).map_err(broken)?;
        let (name, key, url) = match (step.database, origin.cmd_go_sumdb()) {
            (OriginDatabase::Own, _) => {
                (origin.sumdb_name().to_owned(), origin.sumdb_key(), origin.sumdb_url())
            }
            (OriginDatabase::CmdGo, Some((name, key))) => {
                (name, key, format!("{}/mod/sumdb-direct", origin.url()))
            }
            (OriginDatabase::CmdGo, None) => {
                let detail = "the SDK comes without the database of cmd/go's tests".to_owned();
                return Err(Undriven::OutOfReach(detail));
            }
        };
        let mut variables: BTreeMap<String, String> = BTreeMap::from(
            [
                ("origin", origin.url()),
                ("sumdb_name", name),
                ("sumdb_key", key),
                ("sumdb_url", url),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        self.with_tls(case, &origin, &mut variables)?;
        let of = |name: &str| variables.get(name).cloned().unwrap_or_default();
        self.servers.upstream = Some(Upstream {
            url: of("origin"),
            ca: of("origin_ca"),
            sumdb_name: of("sumdb_name"),
            sumdb_key: of("sumdb_key"),
            sumdb_url: of("sumdb_url"),
            tls_cert: of("server_cert"),
            tls_key: of("server_key"),
        });
        self.servers.origin = Some(origin);
        Ok(Observation::Origin { variables })
    }

    /// What the case says of TLS, each thing only where it is named: keys take time to make.
    fn with_tls(
        &self,
        case: &Case,
        origin: &Origin,
        variables: &mut BTreeMap<String, String>,
    ) -> Result<(), Undriven> {
        let texts = texts_of(case, self.subject())?;
        let names = |variable: &str| texts.contains(&format!("${{{variable}}}"));
        let mut give = |name: &str, value: String| variables.insert(name.to_owned(), value);
        let listeners: [(&str, Listener); 6] = [
            ("origin_tls", Listener::Good),
            ("origin_mtls", Listener::Mutual),
            ("origin_tls_expired", Listener::Bad(BadTls::Expired)),
            ("origin_tls_wrong_host", Listener::Bad(BadTls::WrongHost)),
            ("origin_tls_self_signed", Listener::Bad(BadTls::SelfSigned)),
            ("origin_tls_plain", Listener::Bad(BadTls::Plain)),
        ];
        for (name, listener) in listeners {
            if names(name) {
                let url = match listener {
                    Listener::Good => origin.url_tls(),
                    Listener::Mutual => origin.url_mutual_tls(),
                    Listener::Bad(kind) => origin.url_tls_bad(kind),
                };
                give(name, url.map_err(broken)?);
            }
        }
        if names("origin_ca") {
            give("origin_ca", self.put_pem("origin-ca", origin.ca_pem().map_err(broken)?)?);
        }
        for (cert, key, whose) in [
            ("origin_cert", "origin_key", Some(ClientCertificate::Good)),
            ("origin_cert_expired", "origin_key_expired", Some(ClientCertificate::Expired)),
            (
                "origin_cert_unknown",
                "origin_key_unknown",
                Some(ClientCertificate::UnknownAuthority),
            ),
            ("server_cert", "server_key", None),
        ] {
            if names(cert) || names(key) {
                let identity = match whose {
                    Some(kind) => origin.client_cert(kind),
                    None => origin.issue(&CertificateSpec::loopback_server()),
                };
                let identity = identity.map_err(broken)?;
                give(cert, self.put_pem(&cert.replace('_', "-"), identity.certificate_pem)?);
                give(key, self.put_pem(&key.replace('_', "-"), identity.key_pem)?);
            }
        }
        Ok(())
    }

    /// A PEM file of that name in the work directory; its native path.
    fn put_pem(&self, name: &str, pem: String) -> Result<String, Undriven> {
        let path = self.native(&format!("tls/{name}.pem"));
        let file = Put::File { bytes: pem.into_bytes(), mode: Some(0o600) };
        self.sandbox().put(&path, &file)?;
        Ok(path)
    }
}

enum Listener {
    Good,
    Mutual,
    Bad(BadTls),
}

fn broken(error: OriginError) -> Undriven {
    Undriven::Broken(format!("the origin: {}", error_chain(&error)))
}

/// Every text of a case and of its subject's declaration.
fn texts_of(case: &Case, subject: Option<&Subject>) -> Result<String, Undriven> {
    let case = serde_json::to_string(&(&case.step, &case.control))
        .map_err(|e| Undriven::Broken(e.to_string()))?;
    let declaration = subject.map(|s| format!("{:?}", s.declaration)).unwrap_or_default();
    Ok(case + &declaration)
}
