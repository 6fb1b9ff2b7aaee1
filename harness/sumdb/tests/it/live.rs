//! One lookup in Go's public checksum database, through the module proxy in force.

use std::io::Read;
use std::time::Duration;

use twinproof_gomod::dirhash::H1;
use twinproof_sumdb::client::{Client, Fetch, FetchError, MAX_RESPONSE, MemoryStore, check_proof};
use twinproof_sumdb::{LookupError, PUBLIC_DATABASE, PUBLIC_KEY};
use twinproof_testkit::{Outcome, Requirement};
use ureq::tls::{RootCerts, TlsConfig};

use crate::requirement::proxies;

struct Proxy {
    base: String,
    agent: ureq::Agent,
}

impl Proxy {
    fn new(proxy: &str) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        Self { base: format!("{proxy}/sumdb/{PUBLIC_DATABASE}"), agent: config.into() }
    }
}

impl Fetch for Proxy {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        let failed = |error: &dyn std::error::Error| FetchError::Transport(error.to_string());
        let url = format!("{}{path}", self.base);
        let response = self.agent.get(url).call().map_err(|e| failed(&e))?;
        if response.status() != 200 {
            return Err(FetchError::from_status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        let reader = response.into_body().into_reader();
        reader.take(MAX_RESPONSE as u64).read_to_end(&mut body).map_err(|e| failed(&e))?;
        Ok(body)
    }
}

#[test]
fn a_toolchain_in_the_public_database() -> Outcome {
    let proxies = proxies()?;
    let proxy = Proxy::new(&proxies[0]);
    if let Err(error) = proxy.get("/supported") {
        return Err(Requirement::GoProxy.unavailable(format!("/supported: {error}")));
    }
    let client = Client::new(PUBLIC_KEY, proxy, MemoryStore::default()).unwrap();
    let (module, version) = ("golang.org/toolchain", "v0.0.1-go1.27.3.linux-amd64");
    let proof = match client.lookup_with_proof(module, version) {
        Err(LookupError::Fetch { path, source }) => {
            return Err(Requirement::GoProxy.unavailable(format!("{path}: {source}")));
        }
        result => result.unwrap(),
    };
    let lines = check_proof(PUBLIC_KEY, &proof).unwrap();
    let [line] = &*lines else { panic!("{lines:?}") };
    let hash = line.strip_prefix(&format!("{module} {version} ")).unwrap();
    assert_eq!(hash.parse::<H1>().unwrap().to_string(), hash);
    println!("{line} (record {} of {})", proof.record_id, proof.tree_size);
    // A second one stands on the first tree head: consistency is proven on the way.
    assert_eq!(client.lookup(module, &format!("{version}/go.mod")).unwrap().len(), 1);
    let head = client.update_latest().unwrap();
    assert!(head.size >= proof.tree_size);
    Ok(())
}
