//! Resolves a path in a crate to the file that defines the name, through modules, imports and
//! re-exports.

use super::modules::Crate;
use super::tokens::GLOB;

/// Re-exports of re-exports that are followed.
const DEPTH: usize = 32;

/// The target of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A name that this module defines.
    Item(usize),
    /// A module.
    Module(usize),
    /// Outside of the crate.
    Outside,
}

/// Follows a path that is written in a module.
pub fn resolve(all: &Crate, module: usize, path: &[String]) -> Resolved {
    follow(all, module, path, DEPTH)
}

fn follow(all: &Crate, module: usize, path: &[String], depth: usize) -> Resolved {
    let Some(depth) = depth.checked_sub(1) else { return Resolved::Outside };
    let Some((first, mut rest)) = path.split_first() else { return Resolved::Module(module) };
    let mut place = match first.as_str() {
        "crate" => Resolved::Module(0),
        "self" => Resolved::Module(module),
        "super" => all.modules[module].parent.map_or(Resolved::Outside, Resolved::Module),
        name => look_up(all, module, name, rest.is_empty(), depth).unwrap_or(Resolved::Outside),
    };
    while let (Resolved::Module(at), Some((name, after))) = (place, rest.split_first()) {
        rest = after;
        place = if name == "super" {
            all.modules[at].parent.map_or(Resolved::Outside, Resolved::Module)
        } else {
            // A name that is not found is defined by a macro there.
            look_up(all, at, name, after.is_empty(), depth).unwrap_or(Resolved::Item(at))
        };
    }
    place
}

/// The module or item that a name stands for in a module. The same name may be both.
fn look_up(all: &Crate, at: usize, name: &str, is_last: bool, depth: usize) -> Option<Resolved> {
    let module = &all.modules[at];
    let child = module.children.get(name).map(|child| Resolved::Module(*child));
    let own = module.items.contains(name).then_some(Resolved::Item(at));
    let imported = || {
        let import = module.imports.iter().find(|i| i.name.as_deref() == Some(name))?;
        // `use name;` and `use name as name` mean the crate of that name.
        let is_itself = import.path.len() == 1 && import.path[0] == name;
        Some(if is_itself { Resolved::Outside } else { follow(all, at, &import.path, depth) })
    };
    let by_glob = || {
        let globs = module.imports.iter().filter(|i| i.name.as_deref() == Some(GLOB));
        globs.into_iter().find_map(|import| match follow(all, at, &import.path, depth) {
            Resolved::Module(from) if from != at && depth > 0 => {
                look_up(all, from, name, is_last, depth - 1)
            }
            _ => None,
        })
    };
    let found =
        if is_last { own.or_else(imported).or(child) } else { child.or(own).or_else(imported) };
    found.or_else(by_glob)
}
