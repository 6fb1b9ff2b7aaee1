//! GET requests to `http`, `https` and `file` URLs, with limits; downloads that can be resumed.
//!
//! The system's own rules judge certificates, so that a company's root works. This module verifies
//! no hashes and has no rules of module proxies: the caller does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use twinproof_gomod::goproxy::{file_path, without_user};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::error::Error;
use crate::progress::{Phase, Progress};

/// Number of times that a download is resumed after the connection broke.
const ATTEMPTS: u32 = 3;

/// An answer: the body with status 200, or another status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply<T> {
    /// Status 200 (or 206).
    Found(T),
    /// Another status. A file that is not there counts as 404.
    Status(u16),
}

/// A finished download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Downloaded {
    /// Whether part of it was there before this call.
    pub(crate) resumed: bool,
}

/// The client.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
}

impl Http {
    pub(crate) fn new() -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // As many as the go command follows.
            .max_redirects(10)
            .user_agent(concat!("twinproof/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            // A slow line may take its time as long as something comes; the whole has half an hour.
            .timeout_per_read(Some(Duration::from_secs(60)))
            .timeout_global(Some(Duration::from_secs(1800)))
            .build();
        Self { agent: config.new_agent() }
    }

    /// The body of `url`, which may have at most `limit` bytes.
    pub(crate) fn get(&self, url: &str, limit: u64) -> Result<Reply<Vec<u8>>, Error> {
        if let Some(path) = file_path(url) {
            return match File::open(&path) {
                Ok(file) => read_limited(file, url, limit).map(Reply::Found),
                Err(error) => missing(error, &path),
            };
        }
        let response = self.request(url, None)?;
        match response.status().as_u16() {
            200 => read_limited(response.into_body().into_reader(), url, limit).map(Reply::Found),
            status => Ok(Reply::Status(status)),
        }
    }

    /// Downloads `url` to `part`, whose present content is taken for the beginning of it.
    pub(crate) fn download(
        &self,
        url: &str,
        part: &Path,
        limit: u64,
        what: &str,
        progress: &mut dyn Progress,
    ) -> Result<Reply<Downloaded>, Error> {
        if let Some(path) = file_path(url) {
            let source = match File::open(&path) {
                Ok(file) => file,
                Err(error) => return missing(error, &path),
            };
            let total = source.metadata().map_err(Error::io("read", &path))?.len();
            let target = File::create(part).map_err(Error::io("create", part))?;
            let mut sink = Sink { target, part, done: 0, total: Some(total), limit, url, what };
            sink.fill(source, progress)?;
            return Ok(Reply::Found(Downloaded { resumed: false }));
        }
        let resumed = fs::metadata(part).is_ok_and(|meta| meta.len() > 0);
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self.attempt(url, part, limit, what, progress) {
                Ok(Reply::Found(())) => return Ok(Reply::Found(Downloaded { resumed })),
                Ok(Reply::Status(status)) => return Ok(Reply::Status(status)),
                Err(error @ Error::Network { .. }) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or(Error::Cancelled))
    }

    fn attempt(
        &self,
        url: &str,
        part: &Path,
        limit: u64,
        what: &str,
        progress: &mut dyn Progress,
    ) -> Result<Reply<()>, Error> {
        // Asked at each attempt: the one before has written more.
        let there = fs::metadata(part).map_or(0, |meta| meta.len());
        let response = self.request(url, (there > 0).then_some(there))?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let range = header("content-range").map(str::to_owned);
        let length = header("content-length").and_then(|text| text.parse::<u64>().ok());
        let start = match response.status().as_u16() {
            200 => 0,
            // RFC 9110, section 15.3.7: a 206 may start elsewhere than asked, so the offset is checked.
            206 if range.as_deref().is_some_and(|r| r.starts_with(&format!("bytes {there}-"))) => {
                there
            }
            // The part is complete: nothing follows its last byte.
            416 if range.as_deref() == Some(&format!("bytes */{there}")) => {
                return Ok(Reply::Found(()));
            }
            206 | 416 => {
                fs::remove_file(part).map_err(Error::io("remove", part))?;
                return Err(network(url, "it does not resume as asked; starting over".to_owned()));
            }
            status => return Ok(Reply::Status(status)),
        };
        let target = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(start == 0)
            .append(start > 0)
            .open(part)
            .map_err(Error::io("open", part))?;
        let total = length.map(|length| start + length);
        let mut sink = Sink { target, part, done: start, total, limit, url, what };
        sink.fill(response.into_body().into_reader(), progress)?;
        Ok(Reply::Found(()))
    }

    fn request(&self, url: &str, from: Option<u64>) -> Result<ureq::http::Response<Body>, Error> {
        let mut request = self
            .agent
            .get(url)
            .config()
            // A redirect from https to http would give up the protection of TLS.
            .https_only(url.starts_with("https://"))
            // A compressed answer has other byte offsets, and could not be resumed.
            .accept_encoding("identity")
            .build();
        if let Some(from) = from {
            request = request.header("range", format!("bytes={from}-"));
        }
        request.call().map_err(|error| network(url, error.to_string()))
    }
}

/// The file that a download is written to.
struct Sink<'a> {
    target: File,
    part: &'a Path,
    done: u64,
    total: Option<u64>,
    limit: u64,
    url: &'a str,
    what: &'a str,
}

impl Sink<'_> {
    /// Writes all of `source`. When it ends early, the received bytes are kept to be resumed.
    fn fill(&mut self, mut source: impl Read, progress: &mut dyn Progress) -> Result<(), Error> {
        // Refuse by the announced size before anything is written; below, by the bytes received.
        if self.total.is_some_and(|total| total > self.limit) {
            return Err(too_large(self.what, self.url, self.limit));
        }
        let mut buffer = vec![0; 256 << 10];
        loop {
            progress.report(Phase::Download, self.what, self.done, self.total);
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(network(self.url, error.to_string())),
            };
            self.done += count as u64;
            if self.done > self.limit {
                return Err(too_large(self.what, self.url, self.limit));
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            self.target.write_all(bytes).map_err(Error::io("write", self.part))?;
        }
        // The next try resumes at the length of the part: a crash must not leave a hole in it.
        self.target.sync_all().map_err(Error::io("write", self.part))?;
        match self.total {
            Some(total) if total != self.done => Err(network(
                self.url,
                format!(
                    "the answer ended after {} of {total} bytes; run again to resume",
                    self.done
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn network(url: &str, reason: String) -> Error {
    Error::Network { origin: without_user(url), reason }
}

fn too_large(what: &str, url: &str, limit: u64) -> Error {
    Error::TooLarge { what: what.to_owned(), origin: without_user(url), limit }
}

fn missing<T>(error: io::Error, path: &Path) -> Result<Reply<T>, Error> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(Reply::Status(404))
    } else {
        Err(Error::io("open", path)(error))
    }
}

fn read_limited(source: impl Read, url: &str, limit: u64) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    source
        // One byte more than allowed tells an answer at the limit from one beyond it.
        .take(limit + 1)
        .read_to_end(&mut body)
        .map_err(|error| network(url, error.to_string()))?;
    if body.len() as u64 > limit { Err(too_large("an answer", url, limit)) } else { Ok(body) }
}
