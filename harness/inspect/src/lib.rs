//! Describes executables, libraries, objects and archives, and finds why two of them differ.
//!
//! [`describe`] reads ELF, PE, Mach-O (every slice of a fat file), WebAssembly, `ar` archives, XCOFF
//! and Plan 9's `a.out`. It reads only the parts of a file that it needs; facts that take reading
//! all contents are asked for by [`Options`]. [`compare`] says in one line why two files differ,
//! and then where, the likely cause, and the flag that makes them equal.
//!
//! Nothing here runs a file. Files are untrusted input: a malformed file is an error, and sizes,
//! counts and decompression have limits.

mod compare;
mod deep;
mod error;
mod expect;
mod facts;
mod go;
mod options;
mod read;
pub mod render;
mod source;
mod space;
mod versions;

pub use compare::facts_by_name;
pub use compare::{
    CompareError, CompareOptions, Comparison, Differing, FactDifference, IdPart, Ignore,
    SectionDifference, Side, Sizes, Verdict, compare,
};
pub use error::InspectError;
pub use expect::{Expectation, ExpectedPlatform};
pub use facts::*;
pub use options::Options;
pub use source::Input;
pub use versions::{compare as compare_versions, debian_with_glibc};

use deep::{Budget, Finder};
use error::Result;
use read::{File, Parsed};
use source::Source;

/// Describes a file, or bytes.
///
/// # Errors
/// When it cannot be read, is of no format that is known, is malformed or cut off, or is beyond a
/// limit.
pub fn describe<'a>(
    input: impl Into<Input<'a>>,
    options: &Options,
) -> Result<Description, InspectError> {
    let source = Source::open(input.into())?;
    let view = source.view();
    let mut file = read::file(view)?;
    complete(&mut file, view.size(), options)?;
    Ok(read::description(file, view.size()))
}

/// Adds the facts that are read after the headers.
fn complete(file: &mut File<'_>, size: u64, options: &Options) -> Result<()> {
    // Made once: an archive may have 50,000 members.
    let finder = options.deep.then(|| Finder::new(&options.leaks)).transpose()?;
    let one = |parsed: &mut Parsed<'_>, budget: &Budget| -> Result<()> {
        go::build_info(parsed)?;
        go::microarchitecture(parsed)?;
        finder.as_ref().map_or(Ok(()), |finder| deep::fill(parsed, finder, budget))
    };
    let budget = &Budget::of(size);
    match file {
        File::Image(parsed) => one(parsed, budget),
        File::Universal(slices) => {
            slices.iter_mut().try_for_each(|(_, parsed)| one(parsed, budget))
        }
        File::Archive(_, members) => {
            members.iter_mut().flatten().try_for_each(|parsed| one(parsed, budget))
        }
    }
}
