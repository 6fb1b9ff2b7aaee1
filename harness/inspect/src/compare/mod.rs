//! Why two files differ: where, in what, what likely made it, and which flag makes them equal.

mod bytes;
mod cause;
mod facts;
mod likely;
mod pairs;
mod regions;
mod report;

pub use facts::by_name as facts_by_name;
pub use report::{
    CompareOptions, Comparison, Differing, FactDifference, IdPart, Ignore, SectionDifference, Side,
    Sizes, Verdict,
};

use crate::complete;
use crate::error::{InspectError, Result};
use crate::options::Options;
use crate::read::{self, File, Parsed};
use crate::source::{Input, Source};
use bytes::Tally;
use pairs::{Pair, Paired};

/// Why a comparison was not made.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct CompareError {
    /// The file that could not be described.
    pub side: Side,
    /// Why.
    #[source]
    pub error: InspectError,
}

/// Compares two files.
///
/// # Errors
/// When one of them cannot be described.
pub fn compare<'a, 'b>(
    a: impl Into<Input<'a>>,
    b: impl Into<Input<'b>>,
    options: &CompareOptions,
) -> Result<Comparison, CompareError> {
    let of_a = |error| CompareError { side: Side::A, error };
    let of_b = |error| CompareError { side: Side::B, error };
    let a = Source::open(a.into()).map_err(of_a)?;
    let b = Source::open(b.into()).map_err(of_b)?;
    let first = read(&a).map_err(of_a)?;
    let second = read(&b).map_err(of_b)?;
    let mut comparison = files(&first, &second, options).map_err(of_a)?;
    comparison.sizes = Sizes { a: a.view().size(), b: b.view().size() };
    Ok(comparison)
}

fn read<'s>(source: &'s Source<'s>) -> Result<File<'s>> {
    let view = source.view();
    let mut file = read::file(view)?;
    // Without the deep look: bytes of debug information are compared anyway.
    complete(&mut file, view.size(), &Options::default())?;
    Ok(file)
}

fn files(a: &File<'_>, b: &File<'_>, options: &CompareOptions) -> Result<Comparison> {
    let Paired { pairs, mut facts, mut alone, equal_shape } = pairs::pair(a, b);
    let mut worst: Option<Comparison> = None;
    let several = pairs.len() + alone.len() > 1;
    for Pair { name, a, b } in pairs {
        let mut one = images(a, b, options)?;
        if several && let Some(name) = &name {
            one.prefix(name);
        }
        worst = Some(match worst {
            None => one,
            Some(other) => other.with(one),
        });
    }
    let mut comparison = worst.unwrap_or_else(Comparison::none);
    comparison.facts.append(&mut facts);
    comparison.sections.append(&mut alone);
    if !equal_shape {
        let kinds = format!("different kinds of file: {} and {}", a.kind(), b.kind());
        comparison.escalate(Verdict::OtherFormat, &kinds);
    } else if comparison.verdict == Verdict::Identical
        && (!comparison.sections.is_empty() || !comparison.facts.is_empty())
    {
        let cause = "their members differ, or what the archive says of them";
        comparison.escalate(Verdict::MetadataDiffers, cause);
    }
    comparison.equal = comparison.is_equal_but_for(&options.ignore);
    Ok(comparison)
}

/// Compares two images.
fn images(a: &Parsed<'_>, b: &Parsed<'_>, options: &CompareOptions) -> Result<Comparison> {
    let regions = regions::pair(a, b);
    let mut tally = Tally::default();
    let mut sections = Vec::new();
    for region in &regions {
        if let Some(difference) = bytes::compare(a, b, region, &mut tally)? {
            sections.push(difference);
        }
    }
    let facts = facts::differences(&a.image, &b.image);
    let ids = report::id_parts(a.image.ids.go.as_ref(), b.image.ids.go.as_ref());
    let mut comparison = Comparison { sections, facts, build_id: ids, ..Comparison::none() };
    comparison.differing = tally.differing;
    comparison.first_difference = tally.first;
    cause::judge(&mut comparison, a, b, &tally);
    likely::explain(&mut comparison, &a.image, &b.image);
    comparison.equal = comparison.is_equal_but_for(&options.ignore);
    Ok(comparison)
}
