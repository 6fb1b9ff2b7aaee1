//! A token read again, with a line in an audit file for each.

use super::halt::Halt;
use super::setting::Setting;
use crate::mask::{Binding, Encoding, Named, Opener, TokenError, Transformer};
use crate::policy::dotted;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use zeroize::Zeroizing;

/// A request to read one token.
#[derive(Clone, Debug)]
pub struct Request {
    /// `schema.table` at the source.
    pub table: String,
    /// The column.
    pub column: String,
    /// The key of the row in staging, each column's text in order. Only randomised tokens need it.
    pub key: Vec<String>,
    /// The token as staging has it; in hexadecimal where the class makes bytes.
    pub token: String,
    /// The reason of the request; the audit file records it.
    pub reason: String,
}

/// A value that was read.
pub struct Unmasked(pub Zeroizing<Vec<u8>>);

/// A line of the audit file. It has the token's hash, not the token, and no value.
#[derive(Serialize)]
struct Audit<'a> {
    time: String,
    user: String,
    reason: &'a str,
    table: &'a str,
    column: &'a str,
    token_sha256: String,
    outcome: &'a str,
}

/// Reads a token. The audit line is written first: a token whose line cannot be written is not
/// read.
///
/// # Errors
/// When it cannot be read, or not be recorded.
pub fn unmask(setting: &Setting, request: &Request, audit: &Path) -> Result<Unmasked, Halt> {
    let opened = open(setting, request);
    let outcome = if opened.is_ok() { "read" } else { "refused" };
    record(request, outcome, audit).map_err(|error| Halt::Mend {
        what: format!("the audit file {} cannot be written: {error}", audit.display()),
        fix: None,
    })?;
    opened.map(Unmasked)
}

fn open(setting: &Setting, request: &Request) -> Result<Zeroizing<Vec<u8>>, Halt> {
    let mend = |what: String| Halt::Mend { what, fix: None };
    let table = setting.policy.tables.iter().find(|t| dotted(&t.source) == request.table);
    let table = table.ok_or_else(|| mend(format!("the policy has no table {}", request.table)))?;
    let named = table.columns.get(&request.column).ok_or_else(|| {
        mend(format!("the policy has no column {} of {}", request.column, request.table))
    })?;
    let opener = Opener::new(setting.ring.clone(), setting.policy.tenant.clone());
    let mut row = Vec::new();
    for part in &request.key {
        Binding::row_part(part.as_bytes(), &mut row);
    }
    read(&opener, named, request, &row).map_err(|error| mend(error.to_string()))
}

fn read(
    opener: &Opener,
    named: &Named,
    request: &Request,
    row: &[u8],
) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    let token = |encoding| written(&request.token, encoding);
    match &named.transformer {
        Transformer::Randomised { encoding } => {
            let place = (request.table.as_str(), request.column.as_str());
            opener.randomised(&token(*encoding)?, *encoding, &named.class, place, row)
        }
        Transformer::Deterministic { keyed, encoding } => {
            opener.deterministic(&token(*encoding)?, *encoding, &keyed.domain)
        }
        Transformer::Format { keyed, alphabet, .. } => {
            let text = opener.format(&request.token, keyed, *alphabet)?;
            Ok(Zeroizing::new(text.as_bytes().to_vec()))
        }
        Transformer::Conditional { cases, otherwise, .. } => {
            // The row's case is not looked up: a token itself shows whether it belongs to a class.
            let all = cases.iter().map(|case| &case.then).chain([&**otherwise]);
            let mut last = TokenError::Malformed("its column's class makes none");
            for named in all {
                match read(opener, named, request, row) {
                    Ok(plain) => return Ok(plain),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
        _ => Err(TokenError::Malformed("its column's class makes none")),
    }
}

/// The token's bytes, from the text that the person gave.
fn written(given: &str, encoding: Encoding) -> Result<Vec<u8>, TokenError> {
    let wrong = TokenError::Malformed("it is not hexadecimal");
    if encoding == Encoding::Text {
        return Ok(given.as_bytes().to_vec());
    }
    let digits: Option<Vec<u32>> = given.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or(wrong)?;
    Ok(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

fn record(request: &Request, outcome: &str, audit: &Path) -> std::io::Result<()> {
    // With sudo this is the person who called it, not root.
    let user = ["SUDO_USER", "USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let line = Audit {
        time: jiff::Timestamp::now().to_string(),
        user: user.unwrap_or_default(),
        reason: &request.reason,
        table: &request.table,
        column: &request.column,
        token_sha256: twinproof_base::hex::encode(&Sha256::digest(request.token.as_bytes())),
        outcome,
    };
    let mut text = serde_json::to_string(&line)?;
    text.push('\n');
    let mut file = OpenOptions::new().create(true).append(true).open(audit)?;
    file.write_all(text.as_bytes())?;
    // On the disk before the value is shown.
    file.sync_all()
}
