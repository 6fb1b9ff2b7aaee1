//! Words the cause of a difference, in one line.

use super::bytes::Tally;
use super::report::{Comparison, FactDifference, Verdict};
use crate::facts::SectionKind;
use crate::read::Parsed;

/// Fills in verdict and cause.
pub(super) fn judge(comparison: &mut Comparison, a: &Parsed<'_>, b: &Parsed<'_>, tally: &Tally) {
    let (verdict, cause) = found(comparison, a, b, tally);
    comparison.verdict = verdict;
    comparison.cause = cause;
}

fn found(
    comparison: &Comparison,
    a: &Parsed<'_>,
    b: &Parsed<'_>,
    tally: &Tally,
) -> (Verdict, String) {
    let said = |verdict, cause: &str| (verdict, cause.to_owned());
    // Judged by bytes, not by facts: a fact cannot differ where no byte does.
    if comparison.sections.is_empty() {
        return said(Verdict::Identical, "the files are identical");
    }
    // From the widest difference to the narrowest: each of these would bring all that come after it
    // along.
    if a.image.format != b.image.format {
        let (a, b) = (a.image.format.name(), b.image.format.name());
        return (Verdict::OtherFormat, format!("different formats: {a} and {b}"));
    }
    if a.image.platform.arch != b.image.platform.arch
        || a.image.class != b.image.class
        || a.image.platform.os() != b.image.platform.os()
    {
        let (a, b) = (a.image.platform.name(), b.image.platform.name());
        return (Verdict::OtherPlatform, format!("different platforms: {a} and {b}"));
    }
    if let Some(identity) = only_identity(tally) {
        return identity;
    }
    let beyond: Vec<SectionKind> = tally.kinds.iter().copied().collect();
    let all = |kinds: &[SectionKind]| beyond.iter().all(|kind| kinds.contains(kind));
    // Offsets in headers move whenever a part in front of them grows.
    let headers = [SectionKind::Other, SectionKind::Linking];
    let debug = [SectionKind::Debug, SectionKind::Symbols, SectionKind::Other];
    let stripped = a.image.stripped != b.image.stripped;
    if all(&debug) && beyond.iter().any(|kind| *kind != SectionKind::Other) && !tally.missing {
        let cause = match stripped {
            true => "same code and data: only one of them is stripped",
            false => "same code and data: only debug information or symbols differ",
        };
        return said(Verdict::OnlyDebug, cause);
    }
    // Before code: where the recorded inputs differ, other code is their consequence.
    let inputs = inputs(&comparison.facts);
    if !inputs.is_empty() {
        // Three, so that the cause stays one line; the list of facts has all.
        let names: Vec<&str> = inputs.iter().take(3).map(String::as_str).collect();
        let more = inputs.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return (Verdict::InputsDiffer, format!("inputs differ: {}{more}", names.join(", ")));
    }
    if beyond.contains(&SectionKind::Code) {
        return said(
            Verdict::CodeDiffers,
            "code differs, and their recorded build settings do not",
        );
    }
    if all(&headers) {
        return said(Verdict::MetadataDiffers, "same code and data: only headers or tables differ");
    }
    said(Verdict::DataDiffers, "same code: constants, tables or variables differ")
}

/// The cause when nothing differs but ids, times and signatures.
fn only_identity(tally: &Tally) -> Option<(Verdict, String)> {
    let found = tally.differing;
    if found.other > 0 || !tally.kinds.is_empty() {
        return None;
    }
    let signed = found.signature > 0 || tally.signature_moved;
    let mut what = Vec::new();
    if found.ids > 0 {
        what.push("build IDs");
    }
    if found.timestamps > 0 {
        what.push("time stamps or checksums");
    }
    if signed {
        what.push("the signature");
    }
    let verdict = match (signed, found.timestamps > 0) {
        (true, _) => Verdict::OnlySignature,
        (false, true) => Verdict::OnlyTimestamps,
        (false, false) => Verdict::OnlyIds,
    };
    let verb = if what == ["the signature"] { "differs" } else { "differ" };
    Some((verdict, format!("same program: only {} {verb}", what.join(" and "))))
}

/// Recorded inputs of the builds that differ: those that change most come first.
fn inputs(facts: &[FactDifference]) -> Vec<String> {
    let mut found: Vec<(u8, String)> = Vec::new();
    for fact in facts {
        let shown = |a: &Option<String>, b: &Option<String>| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
            format!("{} and {}", text(a), text(b))
        };
        let Some((rank, name)) = input(&fact.fact) else { continue };
        let present = fact.a.as_deref() == Some("present") || fact.b.as_deref() == Some("present");
        let text = match present {
            true => name,
            false => format!("{name} ({})", shown(&fact.a, &fact.b)),
        };
        found.push((rank, text));
    }
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, text)| text).collect()
}

/// Whether a fact is an input of a build: its rank and name.
fn input(fact: &str) -> Option<(u8, String)> {
    if let Some(setting) = fact.strip_prefix("go.settings.") {
        // By how much of the file changes with a setting; another release of Go, 0, changes
        // everything.
        let rank = match setting {
            "CGO_ENABLED" | "-trimpath" | "-buildmode" | "-compiler" => 1,
            _ if setting.starts_with("GO") || setting.starts_with('-') => 2,
            _ if setting.starts_with("vcs") => 4,
            _ => 3,
        };
        return Some((rank, setting.to_owned()));
    }
    match fact {
        "go.version" => Some((0, "Go".into())),
        "go.path" => Some((5, "main package".into())),
        "linkage.name" => Some((6, "the library's own name".into())),
        _ if fact.starts_with("go.deps[") || fact.starts_with("go.main.") => {
            Some((3, fact.trim_start_matches("go.").to_owned()))
        }
        _ if fact.starts_with("wasm.producers[") => {
            Some((0, fact.trim_start_matches("wasm.").to_owned()))
        }
        _ => None,
    }
}
