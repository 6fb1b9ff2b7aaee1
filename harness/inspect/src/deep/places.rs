//! The parts of a file: its sections, and the bytes between them.

use crate::facts::SectionKind;
use crate::read::Parsed;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePart {
    /// The section's name, or `(headers)` for bytes outside of sections.
    pub(super) name: String,
    pub(super) kind: SectionKind,
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Its compression: `zlib` or `zstd`.
    pub(super) compression: Option<String>,
}

/// All parts. Strings that debug information points to come last: what points there is known then.
pub(super) fn places(parsed: &Parsed<'_>) -> Vec<FilePart> {
    let sections = parsed.image.sections.iter().filter(|section| section.stored > 0);
    let mut places: Vec<FilePart> = sections
        .map(|section| FilePart {
            name: section.name.clone(),
            kind: section.kind,
            offset: section.offset,
            size: section.stored,
            compression: section.compression.clone(),
        })
        .collect();
    places.sort_by_key(|place| (place.offset, place.size));
    let mut gaps = Vec::new();
    let mut end = 0;
    for place in &places {
        if place.offset > end {
            gaps.push(gap(end, place.offset - end));
        }
        end = end.max(place.offset + place.size);
    }
    if parsed.view.size() > end {
        gaps.push(gap(end, parsed.view.size() - end));
    }
    places.extend(gaps);
    let last = |place: &FilePart| {
        let part = FilePart::debug_part(&place.name);
        part.is_some_and(|part| part == "str" || part.starts_with("line_str"))
    };
    // Strings come last: which of them are wanted is known only when the units have been read.
    places.sort_by_key(last);
    places
}

fn gap(offset: u64, size: u64) -> FilePart {
    let (name, kind) = ("(headers)".to_owned(), SectionKind::Other);
    FilePart { name, kind, offset, size, compression: None }
}
