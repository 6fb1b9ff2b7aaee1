//! Asking one upstream for one file.

use std::io;

use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_RANGE, LAST_MODIFIED, RANGE,
};

use super::reply::{Reply, Source};
use super::tls::stays;
use super::transport::transport;
use super::{Location, Upstream, Upstreams};
use crate::failure::{Failure, Reason, clip};

/// Bytes of an error's text that are read.
const MAX_ERROR_TEXT: usize = 4096;

impl Upstreams {
    /// Asks for a file: `target` is its path as it stands in a request, with a slash in front.
    pub(crate) async fn get(&self, upstream: &Upstream, target: &str) -> Result<Reply, Failure> {
        match &upstream.place {
            Location::Http(base) => self.get_url(&format!("{base}{target}"), &upstream.name).await,
            Location::Folder(folder) => {
                let target = percent_encoding::percent_decode_str(target).decode_utf8_lossy();
                let path = target
                    .split('/')
                    .filter(|element| !element.is_empty())
                    .fold(folder.clone(), |path, element| path.join(element));
                open_file(&path, &upstream.name, &target).await
            }
        }
    }

    /// Asks once more for a file that broke off, for what comes after its first `at` bytes.
    pub(crate) async fn resume(
        &self,
        upstream: &Upstream,
        target: &str,
        broken: &Reply,
        at: u64,
    ) -> Result<Reply, Failure> {
        let Location::Http(base) = &upstream.place else {
            return Err(Failure::new(Reason::Upstream, "a folder does not break off"));
        };
        let part = Some((at, broken.validator.as_ref()));
        self.ask(&format!("{base}{target}"), &upstream.name, part).await
    }

    /// Asks for a URL. `from` is what to call the server.
    pub(crate) async fn get_url(&self, url: &str, from: &str) -> Result<Reply, Failure> {
        self.ask(url, from, None).await
    }

    /// Asks for a URL; where `part` says so, for what comes after so many bytes of what had this
    /// validator.
    async fn ask(
        &self,
        url: &str,
        from: &str,
        part: Option<(u64, Option<&HeaderValue>)>,
    ) -> Result<Reply, Failure> {
        let mut request = self.client.load().get(url);
        if let Some((at, validator)) = part {
            request = request.header(RANGE, format!("bytes={at}-"));
            if let Some(validator) = validator {
                request = request.header(IF_RANGE, validator);
            }
        }
        if let Some(credential) = self.authorization.iter().find(|a| covers(&a.prefix, url)) {
            request = request.header(AUTHORIZATION, &credential.value);
        }
        let mut response = request.send().await.map_err(|error| transport(from, &error))?;
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let skip = match (part, status) {
            (None, 200) => Some(0),
            // Some servers answer 206 with another part than was asked for; joining that would
            // corrupt the file.
            (Some((at, _)), 206) if begins_at(response.headers(), at) => Some(0),
            // The server sends the file from its start: skip the bytes that are already here.
            (Some((at, _)), 200) => Some(at),
            _ => None,
        };
        let Some(skip) = skip else {
            // Another host's text is not the upstream's word.
            let own = url.parse().is_ok_and(|asked| stays(&asked, response.url()));
            let text = if own && content_type.starts_with("text/plain") {
                error_text(&mut response).await
            } else {
                String::new()
            };
            return Err(status_failure(status, &text, from));
        };
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
            && encoding.as_bytes() != b"identity"
        {
            let text = format!("{from} sent an encoding that was not asked for: {encoding:?}");
            return Err(Failure::new(Reason::Upstream, text));
        }
        Ok(Reply {
            length: response.content_length(),
            html: content_type.starts_with("text/html"),
            validator: validator(response.headers()),
            source: Source::Http(Box::new(response)),
            from: from.to_owned(),
            skip,
        })
    }
}

/// The validator of a file: its strong tag, or else its date.
fn validator(headers: &HeaderMap) -> Option<HeaderValue> {
    // A weak tag (`W/"…"`) says that two files mean the same, not that their bytes are equal (RFC
    // 9110, section 13.1.5).
    let tag = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    tag.or_else(|| headers.get(LAST_MODIFIED)).cloned()
}

/// Whether a part begins at this byte.
fn begins_at(headers: &HeaderMap, at: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")))
}

/// Whether a credential for URLs that begin with `prefix` is for this one: at the end of the prefix
/// an element must end, so that no longer host name fits.
fn covers(prefix: &str, url: &str) -> bool {
    // A credential for https://host/a must not go to https://host/abc.
    let prefix = prefix.trim_end_matches('/');
    url.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn open_file(path: &std::path::Path, from: &str, target: &str) -> Result<Reply, Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Failure::not_found(format!("not found: {from} has no {target}"))
        }
        _ => Failure::new(Reason::Upstream, format!("{from}: reading {target}: {error}")),
    };
    let metadata = tokio::fs::metadata(path).await.map_err(failed)?;
    if !metadata.is_file() {
        return Err(Failure::not_found(format!("not found: {from} has no file {target}")));
    }
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    Ok(Reply {
        source: Source::File(file),
        length: Some(metadata.len()),
        html: false,
        validator: None,
        from: from.to_owned(),
        skip: 0,
    })
}

/// The beginning of an error's text; nothing when it does not come.
async fn error_text(response: &mut reqwest::Response) -> String {
    let mut text = Vec::new();
    while text.len() < MAX_ERROR_TEXT
        && let Ok(Some(chunk)) = response.chunk().await
    {
        text.extend_from_slice(&chunk);
    }
    text.truncate(MAX_ERROR_TEXT);
    clip(&String::from_utf8_lossy(&text)).trim_end().to_owned()
}

fn status_failure(status: u16, text: &str, from: &str) -> Failure {
    let said = |what: &str| match text {
        "" => format!("{what}: {from} answered with status {status}"),
        text => text.to_owned(),
    };
    match status {
        404 | 410 => Failure::not_found(said("not found")),
        // Somebody's policy, or the wish to be asked less: `go` should see what they are.
        403 | 429 | 451 => Failure::new(Reason::Refused(status), said("refused")),
        _ if text.is_empty() => Failure::new(Reason::Upstream, said("bad gateway")),
        _ => {
            let text = format!("{from} answered with status {status}:\n{text}");
            Failure::new(Reason::Upstream, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn credentials_go_where_they_belong() {
        assert!(covers("https://a.example", "https://a.example/x"));
        assert!(covers("https://a.example/p/", "https://a.example/p/x"));
        assert!(!covers("https://a.example", "https://a.example.evil/x"));
        assert!(!covers("https://a.example", "https://a.example@evil/x"));
        assert!(!covers("https://a.example/p", "https://a.example/px"));
    }
}
