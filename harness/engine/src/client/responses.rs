//! HTTP/1 responses within received bytes: their number, and the first one in full.

use std::collections::BTreeMap;

/// Most header fields of an answer that is read.
const FIELDS: usize = 256;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Its status code.
    pub status: u16,
    /// Its headers, names in lower case, values of one name joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// Its body, as far as it was received.
    pub body: Vec<u8>,
    /// Whether it came to its end. One that goes to the end of the connection does so only there.
    pub complete: bool,
}

/// The responses at the beginning of the bytes, without interim ones (1xx). `head` says whether the
/// request was HEAD, whose responses have no body, and `closed` whether no more bytes can follow.
pub fn all(bytes: &[u8], head: bool, closed: bool) -> Vec<Response> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some((response, used)) = next(rest, head, closed) {
        // 1xx announce the answer; they are none (RFC 9110, 15.2).
        let interim = (100..200).contains(&response.status);
        let complete = response.complete;
        if !interim {
            found.push(response);
        }
        rest = rest.get(used..).unwrap_or_default();
        if !complete || used == 0 {
            break;
        }
    }
    found
}

fn next(bytes: &[u8], head: bool, closed: bool) -> Option<(Response, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(begin) = parsed.parse(bytes).ok()? else { return None };
    let mut response = Response { status: parsed.code?, complete: true, ..Response::default() };
    for field in parsed.headers.iter() {
        let value = String::from_utf8_lossy(field.value).into_owned();
        response
            .headers
            .entry(field.name.to_ascii_lowercase())
            .and_modify(|v| *v = format!("{v}, {value}"))
            .or_insert(value);
    }
    let rest = bytes.get(begin..)?;
    // RFC 9112, 6.3: these never have content, whatever their fields say.
    let bodiless = head || matches!(response.status, 100..200 | 204 | 304);
    if bodiless {
        return Some((response, begin));
    }
    let header = |name: &str| response.headers.get(name).map(|v| v.trim().to_ascii_lowercase());
    // Before Content-Length, which RFC 9112 has a client ignore beside it.
    if header("transfer-encoding").is_some_and(|v| v.ends_with("chunked")) {
        let (body, used, complete) = chunks(rest);
        (response.body, response.complete) = (body, complete);
        return Some((response, begin + used));
    }
    let length = header("content-length").and_then(|v| v.parse::<usize>().ok());
    let used = length.unwrap_or(rest.len()).min(rest.len());
    // Without a length the content ends with the connection.
    response.complete = length.map_or(closed, |length| length <= rest.len());
    response.body = rest[..used].to_vec();
    Some((response, begin + used))
}

/// The content of chunks, how many bytes they are, and whether the last one is there.
fn chunks(bytes: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Ok(httparse::Status::Complete((used, size))) = httparse::parse_chunk_size(rest) else {
            return (body, at, false);
        };
        let Ok(size) = usize::try_from(size) else { return (body, at, false) };
        if size == 0 {
            let mut fields = [httparse::EMPTY_HEADER; FIELDS];
            let trailer = rest.get(used..).unwrap_or_default();
            return match httparse::parse_headers(trailer, &mut fields) {
                Ok(httparse::Status::Complete((end, _))) => (body, at + used + end, true),
                _ => (body, at, false),
            };
        }
        let content = rest.get(used..).unwrap_or_default();
        body.extend(content.iter().take(size));
        // CR LF behind each chunk.
        if content.len() < size.saturating_add(2) {
            return (body, bytes.len(), false);
        }
        at += used + size + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::all;
    use rstest::rstest;

    const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\nx: b\r\n\r\nok";
    const CHUNKED: &str =
        "HTTP/1.1 404 N\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n";

    #[rstest]
    #[case(PLAIN, &[(200, "ok", true)])]
    #[case(CHUNKED, &[(404, "no", true)])]
    #[case("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", &[(200, "ok", false)])]
    #[case("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", &[(200, "ok", false)])]
    #[case("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 N\r\n\r\n", &[(204, "", true)])]
    #[case("HTTP/1.0 400 B\r\n\r\nbad", &[(400, "bad", false)])]
    #[case("HTTP/1.1 200", &[])]
    #[case("garbage\r\n\r\n", &[])]
    fn status_body_and_completeness_of_one_answer(
        #[case] bytes: &str,
        #[case] want: &[(u16, &str, bool)],
    ) {
        let found = all(bytes.as_bytes(), false, false);
        let got: Vec<_> = found
            .iter()
            .map(|r| (r.status, std::str::from_utf8(&r.body).unwrap(), r.complete))
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn several_answers_in_one_stream_are_told_apart() {
        let bytes = format!("{PLAIN}{CHUNKED}{PLAIN}");
        let found = all(bytes.as_bytes(), false, false);
        assert_eq!(found.iter().map(|r| r.status).collect::<Vec<_>>(), [200, 404, 200]);
        assert_eq!(found[0].headers["x"], "a, b");
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(all(head.as_bytes(), true, false).len(), 1);
        assert!(all(b"HTTP/1.0 400 B\r\n\r\nbad", false, true)[0].complete);
    }
}
