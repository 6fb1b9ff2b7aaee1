//! Compares two files: finds where they differ, in which contents, the likely cause, and the flag
//! that makes them equal.

mod bytes;
mod cause;
mod facts;
mod likely;
mod numbered;
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
use crate::source::{Input, Source, View};
use bytes::Tally;
use pairs::{Pair, Paired, Unread};

/// An error that prevents a comparison.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct CompareError {
    /// The file that could not be described.
    pub side: Side,
    /// The error in describing that file.
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
    let (view_a, view_b) = (a.view(), b.view());
    let difference = bytes::first(view_a, view_b).map_err(of_a)?;
    let mut comparison = match difference {
        None => same(&first, &second),
        Some(_) => files((&first, view_a), (&second, view_b), options).map_err(of_a)?,
    };
    comparison.first_difference = difference;
    comparison.sizes = Sizes { a: view_a.size(), b: view_b.size() };
    Ok(comparison)
}

fn read<'s>(source: &'s Source<'s>) -> Result<File<'s>> {
    let view = source.view();
    let mut file = read::file(view)?;
    // Without the deep look: bytes of debug information are compared anyway.
    complete(&mut file, view.size(), &Options::default())?;
    Ok(file)
}

/// The comparison of two files that are equal byte for byte.
fn same(a: &File<'_>, b: &File<'_>) -> Comparison {
    let build_id = match (a, b) {
        (File::Image(a), File::Image(b)) => {
            report::id_parts(a.image.ids.go.as_ref(), b.image.ids.go.as_ref())
        }
        _ => Vec::new(),
    };
    Comparison { build_id, ..Comparison::none() }
}

/// Compares two files that differ.
fn files<'d>(
    (a, view_a): (&File<'d>, View<'d>),
    (b, view_b): (&File<'d>, View<'d>),
    options: &CompareOptions,
) -> Result<Comparison> {
    let Paired { pairs, unread, mut facts, mut alone, image_alone, equal_shape } =
        pairs::pair((a, view_a), (b, view_b));
    let mut worst: Option<Comparison> = None;
    let several = pairs.len() + alone.len() + unread.len() > 1;
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
    if !equal_shape {
        let kinds = format!("different kinds of file: {} and {}", a.kind(), b.kind());
        comparison.escalate(Verdict::OtherFormat, &kinds);
    }
    for Unread { name, a, b } in unread {
        alone.extend(bytes::differing(name, a, b)?);
    }
    if !alone.is_empty() {
        let what = if matches!(a, File::Universal(_)) { "slices" } else { "members" };
        let names: Vec<&str> = alone.iter().take(3).map(|one| one.name.as_str()).collect();
        let more = alone.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names.join(", ");
        match image_alone {
            true => comparison.escalate(
                Verdict::CodeDiffers,
                &format!("{what} that only one has, or that are of another kind: {names}{more}"),
            ),
            false => comparison.escalate(
                Verdict::DataDiffers,
                &format!("members differ whose contents are not read: {names}{more}"),
            ),
        }
    }
    let said = !facts.is_empty();
    comparison.facts.append(&mut facts);
    comparison.sections.append(&mut alone);
    // Compare the bytes outside of members: their order, times, an index, bytes between slices.
    // Where members have other lengths or symbols, these bytes differ anyway.
    let container = matches!(a, File::Archive(..) | File::Universal(_));
    if comparison.verdict == Verdict::Identical
        || said
        || (container
            && comparison.verdict <= Verdict::OnlyTimestamps
            && outside(a, b, view_a, view_b)?)
    {
        let cause = match a {
            File::Archive(..) => {
                "same members: only their order or what the archive says of them differs"
            }
            File::Universal(_) => {
                "same slices: only the fat header or what is between them differs"
            }
            File::Image(_) => "same code and data: only headers or tables differ",
        };
        comparison.escalate(Verdict::MetadataDiffers, cause);
    }
    comparison.equal = comparison.is_equal_but_for(&options.ignore);
    Ok(comparison)
}

/// Whether anything outside of members and slices differs.
fn outside(a: &File<'_>, b: &File<'_>, view_a: View<'_>, view_b: View<'_>) -> Result<bool> {
    let (gaps_a, gaps_b) = (pairs::gaps(a, view_a), pairs::gaps(b, view_b));
    if gaps_a.len() != gaps_b.len() {
        return Ok(true);
    }
    for (a, b) in gaps_a.into_iter().zip(gaps_b) {
        if bytes::first(a, b)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
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
    cause::judge(&mut comparison, a, b, &tally);
    likely::explain(&mut comparison, &a.image, &b.image);
    comparison.equal = comparison.is_equal_but_for(&options.ignore);
    Ok(comparison)
}
