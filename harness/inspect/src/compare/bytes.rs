//! The bytes of two parts, compared as they are read.

use super::regions::Region;
use super::report::{Differing, SectionDifference};
use crate::error::Result;
use crate::facts::SectionKind;
use crate::read::{Identity, Parsed, Volatile};
use crate::source::{Raw, View};
use std::collections::BTreeSet;

/// Number of bytes read at a time.
const PIECE: usize = 256 << 10;

/// Number of bytes compared one by one around a difference.
const STEP: usize = 256;

/// Differences found so far, added up over all parts of both files.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) differing: Differing,
    /// Kinds of sections in which something else than an identity differs, headers as `Other`.
    pub(super) kinds: BTreeSet<SectionKind>,
    /// Signatures that only one has, or that are not as long.
    pub(super) signature_moved: bool,
    /// Whether one file has a part that the other lacks and that is neither debug information nor
    /// symbols.
    pub(super) missing: bool,
}

/// Compares a part of both files. `None` where it is equal.
pub(super) fn compare(
    a: &Parsed<'_>,
    b: &Parsed<'_>,
    region: &Region,
    tally: &mut Tally,
) -> Result<Option<SectionDifference>> {
    let mut difference = SectionDifference {
        name: region.name.clone(),
        kind: region.kind,
        size_a: region.a.map(|(_, size)| size),
        size_b: region.b.map(|(_, size)| size),
        differing: None,
        first: None,
        only_identity: false,
    };
    let (Some((at_a, size_a)), Some((at_b, size_b))) = (region.a, region.b) else {
        let only = region.a.or(region.b).unwrap_or_default();
        let side = if region.a.is_some() { a } else { b };
        unequal(side, region, only, tally, &mut difference);
        return Ok(Some(difference));
    };
    let common = size_a.min(size_b);
    let before = tally.differing;
    let mut scan = Scan { a, b, at_a, at_b, first: None, tally };
    scan.run(common)?;
    let first = scan.first;
    if size_a != size_b {
        difference.first = first.or(Some(common));
        // A part that grew shifts what follows: counting positions that differ would count the
        // shift.
        tally.differing = before;
        unequal(a, region, (at_a, size_a), tally, &mut difference);
        return Ok(Some(difference));
    }
    let Some(first) = first else { return Ok(None) };
    let other = tally.differing.other - before.other;
    let identity = (tally.differing.ids + tally.differing.timestamps + tally.differing.signature)
        - (before.ids + before.timestamps + before.signature);
    if other > 0 {
        tally.kinds.insert(region.kind);
    }
    difference.differing = Some(other + identity);
    difference.first = Some(first);
    difference.only_identity = other == 0;
    Ok(Some(difference))
}

/// The offset of the first difference of two files: the end of the shorter one where it is the
/// beginning of the other.
pub(super) fn first(a: View<'_>, b: View<'_>) -> Result<Option<u64>> {
    let common = a.size().min(b.size());
    let mut first = (a.size() != b.size()).then_some(common);
    pieces((a.raw(), 0), (b.raw(), 0), common, |a, b, at| {
        let differs = a != b;
        if differs {
            first = Some(at + place(a, b));
        }
        !differs
    })?;
    Ok(first)
}

/// Two members of one size that are no images: how many bytes differ, if any does.
pub(super) fn differing(
    name: String,
    a: View<'_>,
    b: View<'_>,
) -> Result<Option<SectionDifference>> {
    let (mut count, mut first) = (0, None);
    pieces((a.raw(), 0), (b.raw(), 0), a.size(), |a, b, at| {
        if a != b {
            first = first.or(Some(at + place(a, b)));
            count += different(a, b);
        }
        true
    })?;
    Ok(first.map(|first| SectionDifference {
        name,
        kind: SectionKind::Other,
        size_a: Some(a.size()),
        size_b: Some(b.size()),
        differing: Some(count),
        first: Some(first),
        only_identity: false,
    }))
}

/// Number of bytes that differ.
fn different(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| a != b).count() as u64
}

/// Index of the first byte that differs; the pieces are not equal.
fn place(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(0) as u64
}

/// Reads two parts piece by piece, and says where each is, until no more is wanted.
// Read past the views: a part may be gigabytes, and a view holds what it has read.
fn pieces(
    (a, at_a): (Raw<'_>, u64),
    (b, at_b): (Raw<'_>, u64),
    size: u64,
    mut more: impl FnMut(&[u8], &[u8], u64) -> bool,
) -> Result<()> {
    let want = size.min(PIECE as u64) as usize;
    let (mut piece_a, mut piece_b) = (vec![0; want], vec![0; want]);
    let mut at = 0;
    while at < size {
        let want = (size - at).min(PIECE as u64) as usize;
        let read_a = a.fill(at_a + at, &mut piece_a[..want])?;
        let read_b = b.fill(at_b + at, &mut piece_b[..want])?;
        let read = read_a.min(read_b);
        if !more(&piece_a[..read], &piece_b[..read], at) {
            break;
        }
        at += want as u64;
    }
    Ok(())
}

/// A part that is not as long in both, or only in one.
fn unequal(
    side: &Parsed<'_>,
    region: &Region,
    (at, size): (u64, u64),
    tally: &mut Tally,
    difference: &mut SectionDifference,
) {
    let within = |v: &Volatile| v.offset <= at && at + size <= v.offset.saturating_add(v.size);
    let signature = region.name == "(signature)" || region.name == "(after signature)";
    // A build ID or a signature of another length is no change of the program.
    match side.volatile.iter().find(|v| within(v)).map(|v| v.what) {
        Some(Identity::Signature) => tally.signature_moved = true,
        _ if signature => tally.signature_moved = true,
        Some(Identity::BuildId) => tally.differing.ids += size,
        Some(Identity::Timestamp) => tally.differing.timestamps += size,
        None => {
            // Padding follows from alignment: that one file has more of it does not mean that
            // something is missing.
            let padding = region.name.starts_with("(after");
            tally.kinds.insert(if padding { SectionKind::Other } else { region.kind });
            tally.missing |= !padding
                && (region.a.is_none() || region.b.is_none())
                && !matches!(region.kind, SectionKind::Debug | SectionKind::Symbols);
            return;
        }
    }
    difference.only_identity = true;
}

/// A comparison of two parts of one length.
struct Scan<'s, 'd, 't> {
    a: &'s Parsed<'d>,
    b: &'s Parsed<'d>,
    at_a: u64,
    at_b: u64,
    first: Option<u64>,
    tally: &'t mut Tally,
}

impl Scan<'_, '_, '_> {
    fn run(&mut self, size: u64) -> Result<()> {
        let places = ((self.a.view.raw(), self.at_a), (self.b.view.raw(), self.at_b));
        pieces(places.0, places.1, size, |a, b, at| {
            if a != b {
                self.piece(a, b, at);
            }
            true
        })
    }

    fn piece(&mut self, a: &[u8], b: &[u8], at: u64) {
        for (index, (a, b)) in a.chunks(STEP).zip(b.chunks(STEP)).enumerate() {
            if a == b {
                continue;
            }
            let at = at + (index * STEP) as u64;
            if self.first.is_none() {
                self.first = Some(at + place(a, b));
            }
            // Byte by byte only where a build ID or a time stamp lies: in other places the count of
            // all is enough.
            if self.has_identity(at, a.len() as u64) {
                for (offset, _) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b) {
                    self.byte(at + offset as u64);
                }
            } else {
                self.tally.differing.other += different(a, b);
            }
        }
    }

    /// Whether an identity of the first file reaches into a range.
    fn has_identity(&self, at: u64, size: u64) -> bool {
        let (start, end) = (self.at_a + at, self.at_a + at + size);
        self.a.volatile.iter().any(|v| v.offset < end && start < v.offset.saturating_add(v.size))
    }

    /// Counts a byte that differs. It is an identity when it is one in both files.
    fn byte(&mut self, at: u64) {
        let of = |parsed: &Parsed<'_>, place: u64| {
            let inside = |v: &&Volatile| place.checked_sub(v.offset).is_some_and(|w| w < v.size);
            parsed.volatile.iter().find(inside).map(|v| v.what)
        };
        // A byte belongs to an identity only if both files have the same identity there.
        let what = of(self.a, self.at_a + at).filter(|w| of(self.b, self.at_b + at) == Some(*w));
        let counted = &mut self.tally.differing;
        match what {
            Some(Identity::BuildId) => counted.ids += 1,
            Some(Identity::Timestamp) => counted.timestamps += 1,
            Some(Identity::Signature) => counted.signature += 1,
            None => counted.other += 1,
        }
    }
}
