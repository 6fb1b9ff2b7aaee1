//! Applying fixes: their changes as a diff, and files written whole.

use crate::edit::Edit;
use crate::lint::lint;
use crate::rule::Finding;
use crate::set::{Options, Set};
use crate::source::{Encoding, Source};
use similar::TextDiff;
use std::io::Write as _;
use std::path::Path;
use twinproof_base::file::Pending;

/// Most rounds of fixes.
// A fix can uncover other findings: behind a mended section line keys become known, and their
// values are checked. Ten rounds end also where two fixes undo each other.
const ROUNDS_MAX: usize = 10;

/// A file that fixes changed.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Index of the file.
    pub file: usize,
    /// The file's bytes after the fixes.
    pub bytes: Vec<u8>,
    /// The changes, as a unified diff of the texts.
    pub diff: String,
    /// Number of fixes applied.
    pub count: usize,
}

/// Applies all fixes that do not overlap, again until nothing is left to fix. Comments, line ends
/// and the encoding stay, except where the fix itself changes them.
#[must_use]
pub fn apply(sources: &[Source], options: &Options) -> Vec<Fixed> {
    let mut now: Vec<Source> = sources.to_vec();
    let mut counts = vec![0; now.len()];
    for _ in 0..ROUNDS_MAX {
        let found = lint(&Set::new(now.clone(), options.clone()));
        let mut changed = false;
        for (file, source) in now.iter_mut().enumerate() {
            let own: Vec<&Finding> = found.iter().filter(|finding| finding.file == file).collect();
            let Some((bytes, count)) = one_round(source, &own) else { continue };
            *source =
                Source::new(source.name().to_owned(), source.link().map(str::to_owned), bytes);
            counts[file] += count;
            changed = true;
        }
        if !changed {
            break;
        }
    }
    let changed =
        now.iter().enumerate().filter(|(file, source)| source.bytes() != sources[*file].bytes());
    changed
        .map(|(file, source)| Fixed {
            file,
            bytes: source.bytes().to_vec(),
            diff: diff(&sources[file], source),
            count: counts[file],
        })
        .collect()
}

/// The bytes after those fixes of a file that do not overlap, and how many they are; `None` where
/// nothing changes.
fn one_round(source: &Source, findings: &[&Finding]) -> Option<(Vec<u8>, usize)> {
    // Leave files alone that are not text: their text has U+FFFD where bytes were no UTF-8, and
    // writing it back would lose them.
    if source.encoding() == Encoding::Other {
        return None;
    }
    let mut taken: Vec<Edit> = Vec::new();
    let mut as_utf8 = false;
    let mut count = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        // Two findings may ask for the same edit, as two keys that belong below one missing section
        // do. It is applied once, and both count as fixed.
        let new: Vec<&Edit> = fix.edits.iter().filter(|edit| !taken.contains(edit)).collect();
        let clash = new.iter().any(|edit| taken.iter().any(|other| overlap(edit, other)));
        if clash || (new.is_empty() && !fix.as_utf8) {
            continue;
        }
        taken.extend(new.into_iter().cloned());
        as_utf8 |= fix.as_utf8;
        count += 1;
    }
    if count == 0 {
        return None;
    }
    taken.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut text = String::with_capacity(source.text().len());
    let mut at = 0;
    for edit in &taken {
        text.push_str(source.slice(at..edit.range.start));
        text.push_str(&edit.with);
        at = edit.range.end;
    }
    text.push_str(source.slice(at..source.text().len()));
    let bytes = encode(&text, if as_utf8 { Encoding::Utf8 } else { source.encoding() });
    (bytes != source.bytes()).then_some((bytes, count))
}

/// Whether two edits touch the same text, or insert at one place.
fn overlap(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (&a.range, &b.range);
    (a.start < b.end && b.start < a.end)
        // Two insertions at one place have no order that can be known; the second waits for the
        // next round.
        || (a.start == b.start && (a.start == a.end || b.start == b.end))
}

fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    let units =
        |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    match encoding {
        Encoding::Utf8 | Encoding::Other => text.as_bytes().to_vec(),
        Encoding::Utf8Mark => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        Encoding::Utf16Le => [b"\xFF\xFE".as_slice(), &units(u16::to_le_bytes)].concat(),
        Encoding::Utf16Be => [b"\xFE\xFF".as_slice(), &units(u16::to_be_bytes)].concat(),
    }
}

fn diff(before: &Source, after: &Source) -> String {
    let diff = TextDiff::from_lines(before.text(), after.text());
    let mut text =
        diff.unified_diff().context_radius(2).header(before.name(), before.name()).to_string();
    if before.encoding() != after.encoding() {
        text.push_str(&format!(
            "encoding: {:?} is now {:?}\n",
            before.encoding(),
            after.encoding()
        ));
    }
    text
}

/// Writes a file whole or not at all. Its permissions stay; where it is a link, what that points to
/// is written.
///
/// # Errors
/// The error of the operating system.
pub fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // Renaming onto a link would replace the link by a file: /etc/resolv.conf and dotfiles are
    // often links.
    let path = path.canonicalize()?;
    let mut pending = Pending::new(&path)?;
    pending.file().write_all(bytes)?;
    pending.file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    pending.commit()
}
