//! Includes: the suite files whose fixtures and variables a suite file uses.

use crate::key::Reader;
use crate::node::{self, Node};
use crate::report::{Draft, Reporter, Spot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An entry of an `include` list.
#[derive(Clone, Debug)]
struct Edge {
    to: Arc<str>,
    spot: Spot,
}

/// All includes of all suite files.
#[derive(Debug, Default)]
pub(crate) struct Includes {
    edges: BTreeMap<Arc<str>, Vec<Edge>>,
}

impl Includes {
    /// Reads the `include` list of a file. `files` are all suite files.
    pub(crate) fn read(
        &mut self,
        root: &Node<'_>,
        files: &BTreeSet<Arc<str>>,
        reader: &mut Reader<'_>,
    ) {
        let _: Option<Vec<String>> = reader.optional(root, "include");
        reader.listed(root, "include", true);
        for (path, span) in node::texts(node::get(root, "include")) {
            let spot = reader.spot(span.clone());
            let Some(target) = resolve(&reader.file, path) else {
                let draft = reader.draft(
                    "include-outside",
                    "an include leads out of the folder of suites",
                    span,
                );
                reader.add(draft.help("write a path relative to this file, with `/`"));
                continue;
            };
            let name = target.rsplit('/').next().unwrap_or_default();
            match files.get(target.as_str()) {
                Some(to) if name.starts_with('_') => {
                    let edges = self.edges.entry(Arc::clone(&reader.file)).or_default();
                    edges.push(Edge { to: Arc::clone(to), spot });
                }
                Some(_) => {
                    let draft = reader.draft(
                        "include-of-cases",
                        "only files whose names begin with `_` can be included",
                        span,
                    );
                    reader.add(draft.help("move what is shared to a file such as `_common.toml`"));
                }
                None => {
                    let folder =
                        reader.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                    let valid: Vec<String> = files
                        .iter()
                        .filter(|f| f.rsplit('/').next().is_some_and(|n| n.starts_with('_')))
                        .map(|f| from(&folder, f))
                        .collect();
                    let message = format!("there is no file `{target}`");
                    let draft = reader.draft("missing-include", &message, span);
                    reader.add(draft.suggest(
                        path,
                        valid.iter().map(String::as_str),
                        "files to include",
                    ));
                }
            }
        }
    }

    /// The file and everything that it includes, directly or not.
    pub(crate) fn closure(&self, file: &Arc<str>) -> Vec<Arc<str>> {
        let mut all = vec![Arc::clone(file)];
        // The list is also the queue: each file is looked at once, so circles end.
        let mut at = 0;
        while let Some(next) = all.get(at).cloned() {
            for edge in self.edges.get(&next).into_iter().flatten() {
                if !all.contains(&edge.to) {
                    all.push(Arc::clone(&edge.to));
                }
            }
            at += 1;
        }
        all
    }

    /// Whether any file includes this one.
    pub(crate) fn reaches(&self, file: &str) -> bool {
        self.edges.values().flatten().any(|edge| &*edge.to == file)
    }

    /// Reports every circle of includes once, with the chain that closes it.
    pub(crate) fn report_cycles(&self, reporter: &mut Reporter) {
        let mut done = BTreeSet::new();
        for start in self.edges.keys() {
            self.visit(start, &mut Vec::new(), &mut done, reporter);
        }
    }

    fn visit<'e>(
        &'e self,
        file: &'e Arc<str>,
        path: &mut Vec<(&'e Arc<str>, &'e Edge)>,
        done: &mut BTreeSet<Arc<str>>,
        reporter: &mut Reporter,
    ) {
        for edge in self.edges.get(file).into_iter().flatten() {
            if done.contains(file) {
                return;
            }
            path.push((file, edge));
            if let Some(from) = path.iter().position(|(f, _)| **f == edge.to) {
                reporter.add(cycle(&path[from..]));
            } else if path.len() < 100 {
                // 100 only bounds the recursion: no set of suites includes that deep.
                self.visit(&edge.to, path, done, reporter);
            }
            path.pop();
        }
        done.insert(Arc::clone(file));
    }
}

fn cycle(path: &[(&Arc<str>, &Edge)]) -> Draft {
    let chain: Vec<&str> =
        path.iter().map(|(f, _)| &***f).chain(path.first().map(|(f, _)| &***f)).collect();
    let message = format!("files include each other in a circle: {}", chain.join(" → "));
    let last = path.last().map_or_else(|| Spot::new(&"".into(), 0..0), |(_, e)| e.spot.clone());
    let draft = Draft::new("cyclic-include", message, last).label("closes the circle");
    path.iter()
        .take(path.len().saturating_sub(1))
        .fold(draft, |d, (_, edge)| d.other(edge.spot.clone(), format!("includes `{}`", edge.to)))
}

/// The path that an include of a file means, relative to the folder of suites.
fn resolve(file: &str, include: &str) -> Option<String> {
    // Paths of one system only; a suite is read on all.
    if include.is_empty() || include.starts_with('/') || include.contains(['\\', ':']) {
        return None;
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in include.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The path of a file as a file in `folder` would write it.
fn from(folder: &str, file: &str) -> String {
    match file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) => rest.to_owned(),
        None if folder.is_empty() => file.to_owned(),
        None => format!("{}{file}", "../".repeat(folder.split('/').count())),
    }
}

#[cfg(test)]
mod tests {
    use super::{from, resolve};
    use rstest::rstest;

    #[rstest]
    #[case("path/a.toml", "_x.toml", Some("path/_x.toml"))]
    #[case("path/a.toml", "../_x.toml", Some("_x.toml"))]
    #[case("path/a.toml", "./b/../_x.toml", Some("path/_x.toml"))]
    #[case("path/a.toml", "../../_x.toml", None)]
    #[case("path/a.toml", "/etc/_x.toml", None)]
    #[case("path/a.toml", "C:_x.toml", None)]
    #[case("path/a.toml", "..\\_x.toml", None)]
    fn includes_stay_inside(#[case] file: &str, #[case] path: &str, #[case] want: Option<&str>) {
        assert_eq!(resolve(file, path).as_deref(), want);
    }

    #[test]
    fn paths_are_shown_as_they_are_written() {
        assert_eq!(from("path", "path/_x.toml"), "_x.toml");
        assert_eq!(from("path", "_x.toml"), "../_x.toml");
    }
}
