//! The case's origin: started by its first step, scripted by the others.

use super::driver::Driver;
use super::error::StepError;
use std::collections::BTreeMap;
use std::path::Path;
use twinproof_base::error_chain;
use twinproof_environment::Put;
use twinproof_model::{Capability, Rule, Template};
use twinproof_origin::{
    BadTls, CertificateSpec, ClientCertificate, Module, Origin, OriginError, Setup,
};
use twinproof_steps::{OriginDatabase, OriginSight, OriginStep};
use twinproof_subject::Upstream;

/// The folder of cmd/go's test modules in a Go distribution.
const CORPUS: [&str; 5] = ["src", "cmd", "go", "testdata", "mod"];

pub fn drive(driver: &mut Driver<'_>, step: &OriginStep) -> Result<OriginSight, StepError> {
    let rules = rules(driver, &step.rule)?;
    if let Some(origin) = &driver.servers.origin {
        origin.script(rules);
        if step.clear {
            driver.servers.forget_requests();
        }
        return Ok(OriginSight { variables: BTreeMap::new() });
    }
    // A subject without one has an upstream of its own; it runs beside us all the same.
    let environment = driver.environment();
    let name = environment.name();
    if !name.kind().is_subject() && !environment.facts().capabilities.contains(&Capability::Origin)
    {
        return Err(StepError::Broken(format!("{name} has no origin")));
    }
    let goroot = driver.scope().get("goroot").unwrap_or_default();
    let mut corpus = Path::new(goroot).to_path_buf();
    corpus.extend(CORPUS);
    let corpora = if !goroot.is_empty() && corpus.is_dir() { vec![corpus] } else { vec![] };
    let mut modules = Vec::new();
    let scope = driver.scope();
    for module in &step.module {
        let files = scope.expand_all(&module.files)?.into_iter();
        let bytes = |text: &Option<Template>| -> Result<Option<Vec<u8>>, StepError> {
            Ok(text.as_ref().map(|text| scope.expand(text)).transpose()?.map(String::into_bytes))
        };
        modules.push(Module {
            path: scope.expand(&module.path)?,
            version: scope.expand(&module.version)?,
            files: files.map(|(name, text)| (name, text.into_bytes())).collect(),
            info: bytes(&module.info)?,
            go_mod: bytes(&module.go_mod)?,
            ..Module::default()
        });
    }
    let origin = Origin::start(Setup { corpora, modules, rules }).map_err(broken)?;
    let (name, key, url) = match (step.database, origin.cmd_go_sumdb()) {
        (OriginDatabase::Own, _) => {
            (origin.sumdb_name().to_owned(), origin.sumdb_key(), origin.sumdb_url())
        }
        (OriginDatabase::Slashed, _) => origin.slashed_sumdb(),
        (OriginDatabase::Root, _) => origin.root_sumdb().map_err(broken)?,
        (OriginDatabase::CmdGo, Some((name, key))) => {
            (name, key, format!("{}/mod/sumdb-direct", origin.url()))
        }
        (OriginDatabase::CmdGo, None) => {
            let detail = "the SDK comes without the database of cmd/go's tests".to_owned();
            return Err(StepError::OutOfReach(detail));
        }
    };
    let mut variables: BTreeMap<String, String> = BTreeMap::from(
        [("origin", origin.url()), ("sumdb_name", name), ("sumdb_key", key), ("sumdb_url", url)]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    with_tls(driver, &origin, &mut variables)?;
    let of = |name: &str| variables.get(name).cloned().unwrap_or_default();
    driver.servers.upstream = Some(Upstream {
        url: of("origin"),
        ca: of("origin_ca"),
        sumdb_name: of("sumdb_name"),
        sumdb_key: of("sumdb_key"),
        sumdb_url: of("sumdb_url"),
        tls_cert: of("server_cert"),
        tls_key: of("server_key"),
    });
    driver.servers.origin = Some(origin);
    Ok(OriginSight { variables })
}

/// Rules with the variables put into their texts.
pub(super) fn rules(driver: &Driver<'_>, rules: &[Rule<Template>]) -> Result<Vec<Rule>, StepError> {
    let expand = |text: &Template| driver.scope().expand(text);
    Ok(rules.iter().map(|rule| rule.try_map(expand)).collect::<Result<_, _>>()?)
}

/// Starts the TLS listeners and makes the certificates that the case or its subject names. Others
/// are left out: keys take time to make.
fn with_tls(
    driver: &Driver<'_>,
    origin: &Origin,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), StepError> {
    let names = |variable: &str| {
        driver.case().all_variables().any(|name| name == variable)
            || driver.subject().is_some_and(|s| s.declaration.variables().contains(variable))
    };
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
        give("origin_ca", put_pem(driver, "origin-ca", origin.ca_pem().map_err(broken)?)?);
    }
    for (cert, key, whose) in [
        ("origin_cert", "origin_key", Some(ClientCertificate::Good)),
        ("origin_cert_expired", "origin_key_expired", Some(ClientCertificate::Expired)),
        ("origin_cert_unknown", "origin_key_unknown", Some(ClientCertificate::UnknownAuthority)),
        ("server_cert", "server_key", None),
    ] {
        if names(cert) || names(key) {
            let identity = match whose {
                Some(kind) => origin.client_cert(kind),
                None => origin.issue(&CertificateSpec::loopback_server()),
            };
            let identity = identity.map_err(broken)?;
            give(cert, put_pem(driver, &cert.replace('_', "-"), identity.certificate_pem)?);
            give(key, put_pem(driver, &key.replace('_', "-"), identity.key_pem)?);
        }
    }
    Ok(())
}

/// A PEM file of that name in the work directory; its native path.
fn put_pem(driver: &Driver<'_>, name: &str, pem: String) -> Result<String, StepError> {
    let path = driver.native(&format!("tls/{name}.pem"));
    let file = Put::File { bytes: pem.into_bytes(), mode: Some(0o600) };
    driver.sandbox().put(&path, &file)?;
    Ok(path)
}

enum Listener {
    Good,
    Mutual,
    Bad(BadTls),
}

fn broken(error: OriginError) -> StepError {
    StepError::Broken(format!("the origin: {}", error_chain(&error)))
}
