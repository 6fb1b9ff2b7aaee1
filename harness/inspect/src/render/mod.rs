//! Descriptions and comparisons for people: plain text of 80 columns.
//!
//! Names come from the file and may hold terminal control characters, which are escaped.

mod difference;
mod image;
mod lines;
mod table;

pub use difference::difference;
pub use image::description;
pub use table::table;
