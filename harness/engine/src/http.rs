//! One HTTP request from the harness.

use std::io::Read;
use std::time::Duration;
use twinproof_model::HttpExchange;

/// Makes the request; redirects are not followed, and no status is an error. The body is cut at
/// `size_limit` bytes, which is then the exchange's error.
pub fn exchange(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    limit: Duration,
    size_limit: u64,
) -> (HttpExchange, Option<Vec<u8>>) {
    let mut seen =
        HttpExchange { method: method.to_owned(), url: url.to_owned(), ..HttpExchange::default() };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent(concat!("twinproof/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let sent = request
        .body(())
        .map_err(|e| e.to_string())
        .and_then(|request| agent.run(request).map_err(|e| e.to_string()));
    let response = match sent {
        Ok(response) => response,
        Err(error) => {
            seen.error = Some(error);
            return (seen, None);
        }
    };
    seen.status = Some(response.status().as_u16());
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        seen.headers
            .entry(name.as_str().to_owned())
            .and_modify(|v| *v = format!("{v}, {value}"))
            .or_insert(value);
    }
    let mut body = Vec::new();
    let read = response.into_body().into_reader().take(size_limit + 1).read_to_end(&mut body);
    if let Err(error) = read {
        seen.error = Some(format!("the body ended after {} bytes: {error}", body.len()));
    }
    if body.len() as u64 > size_limit {
        body.truncate(usize::try_from(size_limit).unwrap_or(usize::MAX));
        seen.error = Some(format!("the body is over {size_limit} bytes and was cut"));
    }
    (seen, Some(body))
}
