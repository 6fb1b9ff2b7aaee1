//! Where the module proxies in force are.

use std::process::Command;

use twinproof_testkit::{Requirement, go};

/// The URLs of the module proxies in force, or `None` when there is none and need not be.
pub fn proxies() -> Option<Vec<String>> {
    let output = Command::new(go()?).args(["env", "GOPROXY"]).output().expect("go runs");
    let list = String::from_utf8(output.stdout).expect("go prints UTF-8");
    let urls: Vec<String> = list
        .trim()
        .split([',', '|'])
        .filter(|entry| entry.starts_with("http"))
        .map(|url| url.trim_end_matches('/').to_owned())
        .collect();
    if urls.is_empty() {
        Requirement::GoProxy.unavailable("GOPROXY names no URL");
        return None;
    }
    Some(urls)
}
