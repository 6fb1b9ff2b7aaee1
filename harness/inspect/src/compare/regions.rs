//! The parts of two images, side by side: sections, tables, and the bytes between them.

use super::numbered::{numbered, shown};
use crate::facts::SectionKind;
use crate::read::Parsed;

/// A part that both images have, or one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) name: String,
    pub(super) kind: SectionKind,
    /// Offset and size in the first image.
    pub(super) a: Option<(u64, u64)>,
    /// Offset and size in the second.
    pub(super) b: Option<(u64, u64)>,
}

#[derive(Clone)]
struct Part {
    name: String,
    kind: SectionKind,
    offset: u64,
    size: u64,
}

/// The parts of both, in the order of the first.
pub(super) fn pair(a: &Parsed<'_>, b: &Parsed<'_>) -> Vec<Region> {
    let named = |parsed| {
        let parts = parts(parsed);
        numbered(parts.into_iter().map(|part| (part.name.clone(), part)))
    };
    let mut others = named(b);
    let mut firsts: Vec<_> = named(a).into_iter().collect();
    firsts.sort_by_key(|(_, part)| part.offset);
    let mut regions: Vec<Region> = Vec::new();
    for (key, part) in firsts {
        let other = others.remove(&key).map(|other| (other.offset, other.size));
        let (name, kind) = (shown(key), part.kind);
        regions.push(Region { name, kind, a: Some((part.offset, part.size)), b: other });
    }
    let mut rest: Vec<_> = others.into_iter().collect();
    rest.sort_by_key(|(_, part)| part.offset);
    regions.extend(rest.into_iter().map(|(key, part)| Region {
        name: shown(key),
        kind: part.kind,
        a: None,
        b: Some((part.offset, part.size)),
    }));
    regions
}

/// All parts, which do not overlap and leave out nothing.
fn parts(parsed: &Parsed<'_>) -> Vec<Part> {
    let sections = parsed.image.sections.iter().filter(|section| section.stored > 0);
    let mut found: Vec<Part> = sections
        .map(|section| Part {
            name: section.name.clone(),
            kind: section.kind,
            offset: section.offset,
            size: section.stored,
        })
        .collect();
    found.extend(parsed.tables.iter().map(|table| Part {
        name: table.name.to_owned(),
        kind: table.kind,
        offset: table.offset,
        size: table.size,
    }));
    // By place: gaps between parts are found by walking once, and every byte belongs to one part.
    found.sort_by_key(|part| (part.offset, part.size));
    let len = parsed.view.size();
    let mut parts: Vec<Part> = Vec::new();
    let mut end = 0;
    for mut part in found {
        if part.offset > end {
            parts.push(gap(parts.last(), end, part.offset - end));
        }
        // Where parts overlap, count each byte in the first part only.
        let after = part.offset.saturating_add(part.size).min(len);
        part.offset = part.offset.max(end);
        if after <= part.offset {
            continue;
        }
        part.size = after - part.offset;
        end = after;
        parts.push(part);
    }
    if len > end {
        parts.push(gap(parts.last(), end, len - end));
    }
    parts
}

fn gap(before: Option<&Part>, offset: u64, size: u64) -> Part {
    let name = match before {
        None => "(headers)".to_owned(),
        Some(part) => format!("(after {})", part.name.trim_matches(['(', ')'])),
    };
    Part { name, kind: SectionKind::Other, offset, size }
}
