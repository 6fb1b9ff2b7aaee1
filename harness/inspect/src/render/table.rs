//! Renders a table of many files, a row each.

use super::lines::safe;
use crate::facts::{Description, Image};

/// The heads of the columns, and the widest that each may be.
const COLUMNS: [(&str, usize); 6] =
    [("file", 28), ("platform", 18), ("kind", 14), ("linkage", 11), ("Go", 10), ("glibc", 6)];

/// A table of files with their names, an image a row.
#[must_use]
pub fn table(files: &[(&str, &Description)]) -> String {
    let mut rows: Vec<[String; 6]> = vec![COLUMNS.map(|(head, _)| head.to_owned())];
    for (name, description) in files {
        for (part, image) in description.images() {
            let name = match part {
                Some(part) => format!("{name}({part})"),
                None => (*name).to_owned(),
            };
            rows.push(row(&name, image));
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let most = COLUMNS.get(index).map_or(0, |(_, most)| *most);
            let widest = rows.iter().filter_map(|r| r.get(index)).map(|c| c.chars().count()).max();
            let width = widest.unwrap_or(0).min(most);
            let len = cell.chars().count();
            // The end of a path tells more than its beginning.
            let cell: String = match len > width {
                true => std::iter::once('…').chain(cell.chars().skip(len - width + 1)).collect(),
                false => cell.clone(),
            };
            line += &format!("{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(name: &str, image: &Image) -> [String; 6] {
    let none = || "-".to_owned();
    let go = image.go.as_ref().map(|go| safe(go.version.trim_start_matches("go")));
    let glibc = image.requirements.iter().find(|need| need.family == "GLIBC");
    [
        safe(name),
        safe(&image.platform.name()),
        image.kind.name().to_owned(),
        image.linkage.kind.name().to_owned(),
        go.unwrap_or_else(none),
        glibc.map_or_else(none, |need| safe(&need.version)),
    ]
}
