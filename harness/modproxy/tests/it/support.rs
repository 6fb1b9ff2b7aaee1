//! A proxy in process, and folders of modules to serve.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use twinproof_model::Rule;
use twinproof_modproxy::{Proxy, Settings};
use twinproof_origin::{Origin, Setup};

/// An answer that has been read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

/// Asks a proxy, with headers.
pub async fn ask(
    proxy: &Arc<Proxy>,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = proxy.respond(request.body(()).expect("a request")).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Asks a proxy.
pub async fn get(proxy: &Arc<Proxy>, target: &str) -> Answer {
    ask(proxy, "GET", target, &[]).await
}

/// A zip with these entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content).expect("its content");
    }
    zip.finish().expect("a zip").into_inner()
}

/// A folder that is laid out as a proxy serves it.
pub struct Folder(pub TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn url(&self) -> String {
        let path = self.path().to_str().expect("UTF-8").replace('\\', "/");
        format!("file:///{}", path.trim_start_matches('/'))
    }

    pub fn file(&self, name: &str) -> PathBuf {
        name.split('/').fold(self.path().to_path_buf(), |path, element| path.join(element))
    }

    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.file(name)).ok()
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// Adds a module version of one package.
    pub fn module(&self, module: &str, version: &str) {
        let go_mod = format!("module {module}\n");
        let prefix = format!("{module}@{version}/");
        let zip = zip(&[
            (&format!("{prefix}go.mod"), go_mod.as_bytes()),
            (&format!("{prefix}a.go"), b"package a\n"),
        ]);
        let info = format!("{{\"Version\":\"{version}\",\"Time\":\"2024-01-02T03:04:05+01:00\"}}");
        let place = format!("{module}/@v/{version}");
        self.write(&format!("{place}.info"), info.as_bytes());
        self.write(&format!("{place}.mod"), go_mod.as_bytes());
        self.write(&format!("{place}.zip"), &zip);
        let list = format!("{module}/@v/list");
        let mut versions = self.read(&list).unwrap_or_default();
        versions.extend(format!("{version}\n").bytes());
        self.write(&list, &versions);
    }
}

/// Settings with a store in `store` and this upstream.
pub fn settings(store: &Folder, upstream: &str) -> Settings {
    let mut settings = Settings::new(store.path());
    // Without syncing a test takes milliseconds; what syncing is for has tests of its own.
    settings.sync = false;
    settings.upstream = upstream.to_owned();
    settings
}

/// A proxy with these settings.
pub fn start(settings: Settings) -> Arc<Proxy> {
    Proxy::start(settings, None).expect("a proxy")
}

/// An origin with its crafted modules.
pub fn origin() -> Origin {
    Origin::start(Setup::default()).expect("an origin")
}

/// A rule for these targets that does nothing yet.
pub fn rule(path: &str) -> Rule {
    Rule { path: path.to_owned(), ..Rule::default() }
}

/// Number of requests to an origin for a target, with its exclamation marks escaped or not.
pub fn count(origin: &Origin, target: &str) -> usize {
    let plain = |target: &str| target.replace("%21", "!");
    origin.requests().iter().filter(|request| plain(&request.target) == plain(target)).count()
}

/// Bytes in base64.
pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
