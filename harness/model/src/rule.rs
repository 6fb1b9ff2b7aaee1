//! Rules: the faults that a server of ours shows on purpose, and when.
//!
//! An origin (the upstream of a subject) applies them to what it serves, a relay in front of a
//! subject to what the subject answers. Suite files write them in `origin` and `subject` steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One fault, for the requests that it is about. Several may fit a request: the first one that still
/// applies does, the others do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub struct Rule<T = String> {
    /// Request targets, as they come over the wire: a pattern, where `*` is any run of characters.
    pub path: T,
    /// Only requests with this method; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<T>,
    /// Fitting requests that are left alone before it applies.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u32,
    /// Requests that it applies to; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Waits this long before it answers, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay_ms: u32,
    /// Answers with this status, and with the reason as text/plain unless a body is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers set, whatever they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, T>,
    /// Headers taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_header: Vec<T>,
    /// Answers with this text in place of the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<T>,
    /// Answers with these bytes in place of the content, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<T>,
    /// Answers with what it has for another target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<T>,
    /// Texts replaced in the content, wherever they stand.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replace: BTreeMap<String, T>,
    /// Inverts the lowest bit of the byte at this offset of the content; negative ones count from
    /// the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip: Option<i64>,
    /// Declares this Content-Length, whatever the content's is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declare: Option<u64>,
    /// Sends this many bytes of the content, then closes the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<u64>,
    /// Sends the content in pieces of this many bytes, one every `drip_ms` milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drip: Option<u64>,
    /// Milliseconds between pieces; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drip_ms: Option<u32>,
    /// Redirects there (302, or the status given).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<T>,
    /// Resets the connection in place of an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Never answers; the connection stays open until the other side closes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hang: bool,
    /// Checksum database only: answers out of another history, signed by the same key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fork: bool,
}

impl<T> Rule<T> {
    /// The rule with other texts, in the order of its keys.
    ///
    /// # Errors
    /// The first error of `text`.
    pub fn try_map<U, E>(&self, mut text: impl FnMut(&T) -> Result<U, E>) -> Result<Rule<U>, E> {
        fn table<T, U, E>(
            all: &BTreeMap<String, T>,
            text: &mut impl FnMut(&T) -> Result<U, E>,
        ) -> Result<BTreeMap<String, U>, E> {
            all.iter().map(|(key, value)| Ok((key.clone(), text(value)?))).collect()
        }
        // Without `..`: a field that is added later is a compile error here, and cannot be
        // forgotten.
        Ok(Rule {
            path: text(&self.path)?,
            method: self.method.as_ref().map(&mut text).transpose()?,
            after: self.after,
            times: self.times,
            delay_ms: self.delay_ms,
            status: self.status,
            header: table(&self.header, &mut text)?,
            drop_header: self.drop_header.iter().map(&mut text).collect::<Result<_, _>>()?,
            body: self.body.as_ref().map(&mut text).transpose()?,
            base64: self.base64.as_ref().map(&mut text).transpose()?,
            from: self.from.as_ref().map(&mut text).transpose()?,
            replace: table(&self.replace, &mut text)?,
            flip: self.flip,
            declare: self.declare,
            truncate: self.truncate,
            drip: self.drip,
            drip_ms: self.drip_ms,
            redirect: self.redirect.as_ref().map(&mut text).transpose()?,
            reset: self.reset,
            hang: self.hang,
            fork: self.fork,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
