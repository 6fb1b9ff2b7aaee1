//! An answer before any rule has changed it.

use twinproof_sumdb::server::Response;

use crate::content::Content;

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
pub(crate) const JSON: &str = "application/json";
pub(crate) const ZIP: &str = "application/zip";

/// Status, headers and content. Content-Length is not among them.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// Names as they are sent.
    pub headers: Vec<(String, String)>,
    pub content: Content,
}

impl Answer {
    pub fn new(status: u16, kind: &str, content: impl Into<Content>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self { status, headers, content: content.into() }
    }

    pub fn text(status: u16, content: impl Into<Content>) -> Self {
        Self::new(status, TEXT, content)
    }

    /// 404, with the name of what is missing.
    pub fn not_found(what: &str) -> Self {
        Self::text(404, format!("not found: {what}\n"))
    }

    /// Sets a header, replacing the one that was there.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fitting = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        fitting.next().map(|(_, value)| value.as_str())
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::new(response.status, response.content_type, response.body)
    }
}

/// The reason phrase of a status.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
