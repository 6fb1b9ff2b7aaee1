//! The declarations of subjects: those built in, and those of a folder.

use crate::asked::Asked;
use crate::declaration::{Declaration, DeclarationError, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// No declaration may be larger, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Declarations by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Declarations {
    all: BTreeMap<(Kind, String), Declaration>,
}

impl Declarations {
    /// Reads declarations: file name and bytes.
    ///
    /// # Errors
    /// When one cannot be used, or two have one name.
    pub fn read<'f>(
        files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    ) -> Result<Self, DeclarationError> {
        let mut all = Self::default();
        for (file, bytes) in files {
            let wrong =
                |message: String| DeclarationError::Whole { file: file.to_owned(), message };
            let text = std::str::from_utf8(bytes).map_err(|e| wrong(e.to_string()))?;
            let declaration = Declaration::parse(file, text)?;
            let name = declaration.environment();
            // Only among the files that come with the program; one of the user's may replace a
            // built-in one.
            if all.add(declaration).is_some() {
                return Err(wrong(format!("there is another declaration of {name}")));
            }
        }
        Ok(all)
    }

    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read or used.
    pub fn file(path: &Path) -> Result<Declaration, DeclarationError> {
        Declaration::parse(&path.display().to_string(), &Self::text(path)?)
    }

    /// Reads one file, and checks that cases use all of its features.
    ///
    /// # Errors
    /// When it cannot be read or used.
    pub fn check(path: &Path, asked: &Asked) -> Result<Declaration, DeclarationError> {
        Declaration::check(&path.display().to_string(), &Self::text(path)?, asked)
    }

    fn text(path: &Path) -> Result<String, DeclarationError> {
        let file = path.display().to_string();
        let wrong = |message: String| DeclarationError::Whole { file: file.clone(), message };
        let bytes =
            twinproof_base::file::read(path, MAX_BYTES).map_err(|e| wrong(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| wrong(e.to_string()))
    }

    /// Adds a declaration, in place of the one of that kind and name, which is given back.
    pub fn add(&mut self, declaration: Declaration) -> Option<Declaration> {
        self.all.insert((declaration.kind, declaration.name.clone()), declaration)
    }

    /// The declaration of that kind and name.
    #[must_use]
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Declaration> {
        self.all.get(&(kind, name.to_owned()))
    }

    /// All of them, by kind and name.
    pub fn all(&self) -> impl Iterator<Item = &Declaration> {
        self.all.values()
    }

    /// The features of all subjects, settings included.
    #[must_use]
    pub fn features(&self) -> BTreeSet<String> {
        self.all().flat_map(|d| d.features.iter().chain(d.set.keys())).cloned().collect()
    }

    /// The settings of all subjects.
    #[must_use]
    pub fn settings(&self) -> BTreeSet<String> {
        self.all().flat_map(|d| d.set.keys()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Declarations, Kind};

    const ONE: &[u8] = b"name = \"x\"\nkind = \"proxy\"\ntitle = \"X\"\nhomepage = \"h\"\n\
        given = true\nfeatures = [\"b\"]\n[set.a]\nabout = \"a\"\n";

    #[test]
    fn they_are_found_by_kind_and_name() {
        let all = Declarations::read([("x.toml", ONE)]).unwrap();
        assert!(all.get(Kind::Proxy, "x").is_some() && all.get(Kind::Sumdb, "x").is_none());
        assert_eq!(all.features().into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(all.settings().into_iter().collect::<Vec<_>>(), ["a"]);
        let twice = Declarations::read([("x.toml", ONE), ("y.toml", ONE)]).unwrap_err();
        assert_eq!(twice.to_string(), "y.toml: there is another declaration of proxy:x");
    }
}
