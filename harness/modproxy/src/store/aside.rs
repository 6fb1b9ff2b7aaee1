//! Files that are damaged: set aside under `.damaged/`, with their names, so that they are fetched anew
//! and an operator can look at them.

use std::fs;

use super::{Name, Store};

/// The folder for damaged files. No module path begins with a dot.
const FOLDER: &str = ".damaged";

impl Store {
    /// Takes a damaged file out of the way, and says so. In a store that is only read it stays.
    pub(crate) fn set_aside(&self, name: &Name, why: &str) {
        self.damaged.inc();
        let name_there = Name::new(format!("{FOLDER}/{name}"));
        let moved =
            name_there.as_ref().is_ok_and(|there| !self.read_only && self.moved(name, there));
        let kept = if moved { name_there.ok() } else { None };
        let kept = kept.as_ref().map(Name::as_str);
        tracing::error!(file = name.as_str(), why, kept, "a file in the store is damaged");
    }

    fn moved(&self, name: &Name, there: &Name) -> bool {
        let (folder, last) = there.split();
        let Ok(folder) = self.make_folder(folder, there) else { return false };
        // A folder that was set aside before is not replaced.
        let names = std::iter::once(last.to_owned()).chain((1..10).map(|n| format!("{last}.{n}")));
        for last in names {
            match fs::rename(name.under(self.root()), folder.join(last)) {
                Ok(()) => return true,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return false,
                Err(_) => {}
            }
        }
        // A damaged file must not be served again, even where it cannot be kept for the operator.
        self.remove(name).is_ok()
    }
}
