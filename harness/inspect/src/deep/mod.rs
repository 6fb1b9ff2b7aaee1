//! Facts that only the contents have: debug information, and traces of the build machine.
//!
//! Sections are streamed once, decompressed on the way, by a few threads; of debug information only
//! the roots of units and the headers of line tables are kept. Memory is limited to a few buffers,
//! whatever sizes a file declares.

mod contents;
mod dwarf;
mod leaks;
mod piece;
mod places;
mod tee;

pub(crate) use contents::Budget;
pub(crate) use leaks::Finder;

use crate::error::{InspectError, Result};
use crate::facts::{Deep, Kind};
use crate::read::Parsed;
use contents::{Contents, Origin};
use dwarf::Collector;
use leaks::Found;
use piece::PIECE;
use places::{FilePart, places};
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use tee::Tee;

/// The most threads that read one file.
const THREADS: usize = 4;

/// The most bytes of a file that are read, over all its parts: 4 GiB, about what a linker can write.
// Sparse files, and headers that give the same bytes to many sections, claim any number.
const MOST: u64 = 4 << 30;

/// Fills in the deep facts.
///
/// # Errors
/// When the file cannot be read or decompressed, or has more than is read of one.
pub(crate) fn fill(parsed: &mut Parsed<'_>, finder: &Finder, budget: &Budget) -> Result<()> {
    let mut deep = Deep::default();
    let mut places = places(parsed);
    places.retain(FilePart::may_hold_text);
    let size = places.iter().fold(0_u64, |sum, place| sum.saturating_add(place.size));
    if size > MOST {
        return Err(InspectError::Limit {
            what: format!("contents of {size} bytes, over all sections"),
            limit: MOST,
            unit: "bytes where contents are looked at",
        });
    }
    let origin = Origin::of(parsed);
    let mut collector = match parsed.image.kind {
        // Its debug information is full of zeros that the linker has yet to fill in.
        Kind::Object | Kind::Kernel => {
            if !parsed.image.stripped.debug {
                deep.not_read.push("debug information of an object that is not linked".into());
            }
            None
        }
        _ => Collector::new(origin, &places, budget)?,
    };
    let of_dwarf = |place: &&FilePart| collector.is_some() && dwarf::part(&place.name).is_some();
    let (told, others): (Vec<&FilePart>, Vec<&FilePart>) = places.iter().partition(of_dwarf);
    let queue = Queue { origin, finder, budget, places: others, next: AtomicUsize::new(0) };
    let found = std::thread::scope(|scope| -> Result<Found> {
        // This thread works as well.
        let more = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS) - 1;
        let more = more.min(queue.places.len());
        let threads: Vec<_> = (0..more).map(|_| scope.spawn(|| queue.work())).collect();
        let mut found = Found::default();
        let mut read = || -> Result<()> {
            let mut piece = vec![0; PIECE];
            for place in &told {
                let mut tee = queue.open(place)?;
                let part = collector.as_mut().zip(dwarf::part(&place.name));
                if let Some((collector, part)) = part {
                    collector.read(part, &mut tee)?;
                }
                drain(&mut tee, &mut piece)?;
                found.add(tee.finish());
            }
            Ok(())
        };
        let read = read();
        found.merge(queue.work()?);
        for thread in threads {
            // A thread that panicked is our own defect, and stays one.
            let other = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            found.merge(other?);
        }
        read.map(|()| found)
    })?;
    if let Some(collector) = collector {
        let (dwarf, failed) = collector.finish();
        deep.dwarf = (dwarf.units > 0).then_some(dwarf);
        if failed > 0 {
            deep.not_read.push(format!("{failed} units of debug information"));
        }
    }
    deep.leaks = found.finish(&mut deep.not_read);
    parsed.image.deep = Some(deep);
    Ok(())
}

/// Places that are scanned only, by whichever thread comes next.
struct Queue<'a, 'd> {
    origin: Origin<'d>,
    finder: &'a Finder,
    budget: &'a Budget,
    places: Vec<&'a FilePart>,
    next: AtomicUsize,
}

impl<'d, 'a: 'd> Queue<'a, 'd> {
    fn open(&self, place: &FilePart) -> Result<Tee<'d>> {
        let contents = Contents::open(self.origin, place, self.budget)?;
        Ok(Tee::new(contents, self.finder.scan(&place.name)))
    }

    fn work(&self) -> Result<Found> {
        let mut found = Found::default();
        // One for all places: a file may have a hundred thousand small ones.
        let mut piece = vec![0; PIECE];
        while let Some(place) = self.places.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let mut tee = self.open(place)?;
            drain(&mut tee, &mut piece)?;
            found.add(tee.finish());
        }
        Ok(found)
    }
}

fn drain(tee: &mut Tee<'_>, piece: &mut [u8]) -> Result<()> {
    while tee.read(piece).map_err(contents::error)? > 0 {}
    Ok(())
}

impl FilePart {
    /// Whether there can be text in it. Tables of addresses and symbols have their names elsewhere.
    fn may_hold_text(&self) -> bool {
        let tables = ["addr", "aranges", "frame", "loc", "loclists", "ranges", "rnglists"];
        let table = Self::debug_part(&self.name).is_some_and(|part| tables.contains(&part));
        !table && self.name != ".symtab"
    }

    /// The name of a debug section without what formats put around it: `info` of
    /// `__DWARF,__zdebug_info`.
    fn debug_part(name: &str) -> Option<&str> {
        let name = name.rsplit(',').next().unwrap_or(name);
        let prefixes = [".debug_", ".zdebug_", "__debug_", "__zdebug_"];
        prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))
    }
}
