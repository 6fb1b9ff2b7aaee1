//! The control prefixes of cmd/go's test proxy, below `/mod/`.
//!
//! | prefix | effect |
//! | --- | --- |
//! | `invalid/` | every answer is the word `invalid` |
//! | `NNN/` | every answer has this status (200 to 999) and nothing else |
//! | `sumdb-NNN/` | this status for the checksum database, modules as usual |
//! | `sumdb-direct/` | the checksum database of cmd/go's tests, as if there were no proxy |
//! | `sumdb-wrong/` | the same with wrong sums |
//! | `sumdb-redirect/M@V:/lookup/…` | the lookup of M@V, whatever was asked for |
//! | `redirect/N/` | N redirects, and then the rest of the path |

use crate::answer::Answer;
use crate::target::path_of;

/// The meaning of a path behind `/mod/`.
pub(crate) enum Step<'a> {
    /// This answer.
    Answer(Answer),
    /// The answer of a module proxy to this path.
    Goproxy(&'a str),
    /// The answer of the checksum database.
    Database {
        /// The path, with the slash in front.
        path: String,
        /// Whether sums are wrong.
        wrong: bool,
    },
}

fn status(text: &str) -> Option<u16> {
    // 1xx would be read as an interim answer, with the real one to follow.
    text.parse().ok().filter(|status| (200..=999).contains(status))
}

/// The meaning of `path`, decoded and behind `/mod/`; `raw` is the whole path as it was sent.
pub(crate) fn step<'a>(path: &'a str, raw: &str) -> Step<'a> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match first {
        "invalid" => return Step::Answer(Answer::text(200, "invalid")),
        "sumdb-direct" => return Step::Database { path: format!("/{rest}"), wrong: false },
        "sumdb-wrong" => return Step::Database { path: format!("/{rest}"), wrong: true },
        "sumdb-redirect" => return other_lookup(rest),
        "redirect" => {
            if let Some(answer) = redirect(raw) {
                return Step::Answer(answer);
            }
        }
        _ => {}
    }
    if let Some(status) = status(first) {
        return Step::Answer(Answer::text(status, ""));
    }
    match first.strip_prefix("sumdb-").and_then(status) {
        Some(status) if rest.starts_with("sumdb/") => Step::Answer(Answer::text(status, "")),
        Some(_) => Step::Goproxy(rest),
        None => Step::Goproxy(path),
    }
}

fn other_lookup<'a>(rest: &str) -> Step<'a> {
    let Some((other, asked)) = rest.split_once(':') else {
        return Step::Answer(Answer::text(500, "sumdb-redirect needs MODULE@VERSION:\n"));
    };
    let path =
        if asked.starts_with("/lookup/") { format!("/lookup/{other}") } else { asked.to_owned() };
    Step::Database { path, wrong: false }
}

/// The next of the redirects that `/mod/redirect/N/…` asks for.
fn redirect(raw: &str) -> Option<Answer> {
    let rest = path_of(raw).strip_prefix("/mod/redirect/")?;
    let (count, rest) = rest.split_once('/')?;
    let to = match count.parse::<u32>().ok()? {
        0 | 1 => format!("/mod/{rest}"),
        count => format!("/mod/redirect/{}/{rest}", count - 1),
    };
    let mut answer = Answer::text(302, format!("see {to}\n"));
    answer.set("Location", &to);
    Some(answer)
}
