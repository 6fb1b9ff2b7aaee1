//! Descriptions and comparisons for people: plain text of 80 columns.
//!
//! Names come from the file, and may hold what a terminal obeys: it is written out.

mod difference;
mod image;
mod lines;
mod table;

pub use difference::difference;
pub use image::description;
pub use table::table;
