//! Credentials for upstreams: named in the file by where they are, read when they are needed, never
//! shown.

use crate::settings::Authorization;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::DeValue;
use twinproof_toml::{Draft, Reporter, Spot};

/// The variable with a token for all upstreams.
const BEARER: &str = "TWINPROOF_PROXY_UPSTREAM_BEARER";
/// The variable with `user:password` for all upstreams.
const BASIC: &str = "TWINPROOF_PROXY_UPSTREAM_BASIC";

/// The longest secret.
const LONGEST: usize = 16 << 10;

const NAMES: [&str; 5] = ["url", "bearer_file", "bearer_env", "basic_file", "basic_env"];

/// A `[[upstream.auth]]`.
#[derive(Clone, Debug)]
pub(super) struct AuthEntry {
    url: String,
    url_spot: Spot,
    scheme: Scheme,
    from: From,
    spot: Spot,
}

#[derive(Clone, Copy, Debug)]
enum Scheme {
    Bearer,
    Basic,
}

#[derive(Clone, Debug)]
enum From {
    File(String),
    Variable(String),
}

/// Reads the tables.
pub(super) fn read(
    node: &Spanned<DeValue<'_>>,
    file: &Arc<str>,
    entries: &mut Vec<AuthEntry>,
    reporter: &mut Reporter,
) {
    let Some(items) = node.get_ref().as_array() else {
        let message = "`upstream.auth` is a list of tables";
        let help = "write `[[upstream.auth]]` and its keys below";
        return reporter.add(
            Draft::new("credentials", message, Spot::new(file, node.span())).secret().help(help),
        );
    };
    for item in items.iter() {
        entry(item, file, entries, reporter);
    }
}

fn entry(
    node: &Spanned<DeValue<'_>>,
    file: &Arc<str>,
    entries: &mut Vec<AuthEntry>,
    reporter: &mut Reporter,
) {
    let whole = Spot::new(file, node.span());
    let Some(table) = node.get_ref().as_table() else {
        return reporter
            .add(Draft::new("credentials", "`upstream.auth` is a list of tables", whole).secret());
    };
    let (mut url, mut sources) = (None, Vec::new());
    for (name, value) in table {
        let (spot, name) = (Spot::new(file, name.span()), name.get_ref().as_ref());
        if !NAMES.contains(&name) {
            let message = format!("there is no setting `upstream.auth.{name}`");
            let draft = Draft::new("unknown-key", message, spot).secret();
            let near = draft.clone().suggest(name, NAMES, "keys");
            reporter.add(if near.has_suggestion() {
                near
            } else {
                // An operator who misspells a key has most often tried to write the secret itself.
                draft.help("a secret does not stand in the file: name where it is")
            });
            continue;
        }
        let Some(text) = value.get_ref().as_str().map(str::to_owned) else {
            let message = format!("`upstream.auth.{name}` is a text");
            reporter
                .add(Draft::new("credentials", message, Spot::new(file, value.span())).secret());
            continue;
        };
        let spot = Spot::new(file, value.span());
        match name {
            "url" => url = Some((text, spot)),
            "bearer_file" => sources.push((Scheme::Bearer, From::File(text), spot)),
            "bearer_env" => sources.push((Scheme::Bearer, From::Variable(text), spot)),
            "basic_file" => sources.push((Scheme::Basic, From::File(text), spot)),
            _ => sources.push((Scheme::Basic, From::Variable(text), spot)),
        }
    }
    let count = sources.len();
    match (url, sources.pop()) {
        (Some((url, url_spot)), Some((scheme, from, spot))) if count == 1 => {
            entries.push(AuthEntry { url, url_spot, scheme, from, spot });
        }
        (None, _) => {
            let message = "`upstream.auth` needs the `url` of the upstream it is for";
            reporter.add(Draft::new("credentials", message, whole).secret());
        }
        _ => {
            let message = "`upstream.auth` needs one of `bearer_file`, `bearer_env`, `basic_file` \
                           and `basic_env`";
            reporter.add(Draft::new("credentials", message, whole).secret());
        }
    }
}

/// The credentials themselves. `upstreams` are the URLs that the variables are for.
pub(super) fn resolve(
    entries: &[AuthEntry],
    upstreams: &[String],
    folder: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<String>,
    reporter: &mut Reporter,
) -> Vec<Authorization> {
    let mut found = Vec::new();
    for AuthEntry { url, url_spot, scheme, from, spot } in entries {
        // Over http everybody on the way could read it.
        if !url.starts_with("https://") {
            let message = "credentials are sent by https only";
            reporter.add(Draft::new("credentials", message, url_spot.clone()).secret());
        }
        let secret = match from {
            From::File(path) => read_file(path, folder),
            From::Variable(name) => {
                variable(name).ok_or_else(|| format!("the variable {name} is not set"))
            }
        };
        match secret.and_then(|secret| header(*scheme, &secret)) {
            Ok(value) => found.push(Authorization { prefix: url.clone(), value }),
            Err(message) => reporter.add(Draft::new("credentials", message, spot.clone()).secret()),
        }
    }
    for (scheme, name) in [(Scheme::Bearer, BEARER), (Scheme::Basic, BASIC)] {
        let Some(secret) = variable(name).filter(|secret| !secret.is_empty()) else { continue };
        match header(scheme, &secret) {
            Ok(value) => {
                // One variable for all upstreams, so the insecure ones are left out rather than
                // refused.
                let secure = upstreams.iter().filter(|url| url.starts_with("https://"));
                let all =
                    secure.map(|url| Authorization { prefix: url.clone(), value: value.clone() });
                found.extend(all);
            }
            Err(message) => {
                reporter.add(Draft::new("credentials", message, Spot::new(&name.into(), 0..0)))
            }
        }
    }
    found
}

fn read_file(path: &str, folder: Option<&Path>) -> Result<String, String> {
    let path = folder.map_or_else(|| Path::new(path).to_owned(), |folder| folder.join(path));
    let text = std::fs::read_to_string(&path);
    text.map_err(|error| format!("{}: {error}", path.display()))
}

/// The value of the header field. Errors do not quote the secret.
fn header(scheme: Scheme, secret: &str) -> Result<String, String> {
    // Editors and `echo` end files with a line end.
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err("the secret is empty".into());
    }
    if secret.len() > LONGEST {
        return Err(format!("the secret is over {LONGEST} bytes"));
    }
    match scheme {
        Scheme::Bearer if secret.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(format!("Bearer {secret}"))
        }
        Scheme::Bearer => Err("a token has no spaces and only ASCII characters".into()),
        Scheme::Basic if secret.contains(':') && !secret.contains(char::is_control) => {
            Ok(format!("Basic {}", STANDARD.encode(secret)))
        }
        Scheme::Basic => Err("a basic credential is `user:password` on one line".into()),
    }
}
