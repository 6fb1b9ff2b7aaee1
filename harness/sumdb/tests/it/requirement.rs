//! The module proxies that `go` is configured with, as a requirement of tests.

use std::process::Command;

use twinproof_testkit::{Requirement, Unavailable, go};

/// The URLs of the module proxies in force.
pub fn proxies() -> Result<Vec<String>, Unavailable> {
    let output = Command::new(go()?).args(["env", "GOPROXY"]).output().expect("go runs");
    let list = String::from_utf8(output.stdout).expect("go prints UTF-8");
    let urls: Vec<String> = list
        .trim()
        .split([',', '|'])
        .filter(|entry| entry.starts_with("http"))
        .map(|url| url.trim_end_matches('/').to_owned())
        .collect();
    if urls.is_empty() {
        return Err(Requirement::GoProxy.unavailable("GOPROXY names no URL"));
    }
    Ok(urls)
}
