//! The bytes of two parts, compared as they are read.

use super::regions::Region;
use super::report::{Differing, SectionDifference};
use crate::error::Result;
use crate::facts::SectionKind;
use crate::read::{Identity, Parsed, Volatile};
use std::collections::BTreeSet;

/// How much is read at a time, in bytes.
const PIECE: usize = 256 << 10;

/// How much is looked at byte by byte when a piece differs.
const STEP: usize = 256;

/// What differs, over all parts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) differing: Differing,
    /// The first difference in the first file.
    pub(super) first: Option<u64>,
    /// Kinds of sections in which something else than an identity differs, headers as `Other`.
    pub(super) kinds: BTreeSet<SectionKind>,
    /// Signatures that only one has, or that are not as long.
    pub(super) signature_moved: bool,
    /// Whether only one of them has something that is not debug information or symbols.
    pub(super) missing: bool,
}

/// Compares a part; what differs, if it does.
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
        tally.first = tally.first.or(region.a.map(|(at, _)| at));
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
        let place = at_a + difference.first.unwrap_or(0);
        tally.first = Some(tally.first.map_or(place, |known| known.min(place)));
        return Ok(Some(difference));
    }
    let Some(first) = first else { return Ok(None) };
    let other = tally.differing.other - before.other;
    let identity = (tally.differing.ids + tally.differing.timestamps + tally.differing.signature)
        - (before.ids + before.timestamps + before.signature);
    if other > 0 {
        tally.kinds.insert(region.kind);
    }
    let place = at_a + first;
    tally.first = Some(tally.first.map_or(place, |known| known.min(place)));
    difference.differing = Some(other + identity);
    difference.first = Some(first);
    difference.only_identity = other == 0;
    Ok(Some(difference))
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
        // Read in pieces past the view: a section may be gigabytes, and a view holds what it has
        // read.
        let (raw_a, raw_b) = (self.a.view.raw(), self.b.view.raw());
        let want = (size as usize).min(PIECE);
        let (mut piece_a, mut piece_b) = (vec![0; want], vec![0; want]);
        let mut at = 0;
        while at < size {
            let want = (size - at).min(PIECE as u64) as usize;
            let read_a = raw_a.fill(self.at_a + at, &mut piece_a[..want])?;
            let read_b = raw_b.fill(self.at_b + at, &mut piece_b[..want])?;
            let (a, b) = (&piece_a[..read_a.min(read_b)], &piece_b[..read_a.min(read_b)]);
            if a != b {
                self.piece(a, b, at);
            }
            at += want as u64;
        }
        Ok(())
    }

    fn piece(&mut self, a: &[u8], b: &[u8], at: u64) {
        for (index, (a, b)) in a.chunks(STEP).zip(b.chunks(STEP)).enumerate() {
            if a == b {
                continue;
            }
            let at = at + (index * STEP) as u64;
            if self.first.is_none() {
                let first = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(0);
                self.first = Some(at + first as u64);
            }
            // Byte by byte only where a build ID or a time stamp lies: in other places the count of
            // all is enough.
            if self.has_identity(at, a.len() as u64) {
                for (offset, _) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b) {
                    self.byte(at + offset as u64);
                }
            } else {
                let count = a.iter().zip(b).filter(|(a, b)| a != b).count();
                self.tally.differing.other += count as u64;
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
        // It must be the same kind of place in both files: the ID of one over the code of the other
        // is no ID.
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
