//! Findings for people, for programs, and the rules as a page.

mod human;
mod json;
mod page;
mod sarif;

pub use human::human;
pub use json::json;
pub use page::page;
pub use sarif::sarif;
