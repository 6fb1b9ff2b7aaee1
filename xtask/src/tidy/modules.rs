//! The modules of a crate as far as circles need them: the items that each defines, its imports,
//! and the paths that it writes. Read from tokens; code for tests only (`#[cfg(test)]`) is left
//! out.
//!
//! It expands no macros: a name that a macro defines is taken to be its module's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{self, Import, Written};

/// A crate: its modules, the root first, and the files that they are in.
#[derive(Debug, Default)]
pub struct Crate {
    pub files: Vec<PathBuf>,
    pub modules: Vec<Module>,
}

/// A module: a file, or a block in one.
#[derive(Debug, Default)]
pub struct Module {
    /// Index into [`Crate::files`].
    pub file: usize,
    /// Index into [`Crate::modules`]; none for the root.
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    /// Names of functions, types, traits, constants and macros.
    pub items: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// Every path that is written outside imports.
    pub paths: Vec<Written>,
}

impl Crate {
    /// Reads the crate whose root is a file, with the files of its modules.
    ///
    /// # Errors
    /// When a file is missing, cannot be read, or is no Rust.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut all = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        all.read_file(root, folder, None)?;
        Ok(all)
    }

    fn read_file(
        &mut self,
        path: &Path,
        folder: &Path,
        parent: Option<usize>,
    ) -> anyhow::Result<usize> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let Ok(stream) = text.parse::<TokenStream>() else { bail!("{}: no Rust", path.display()) };
        self.files.push(path.to_owned());
        self.read_module(stream, self.files.len() - 1, folder, parent)
    }

    fn read_module(
        &mut self,
        stream: TokenStream,
        file: usize,
        folder: &Path,
        parent: Option<usize>,
    ) -> anyhow::Result<usize> {
        let number = self.modules.len();
        self.modules.push(Module { file, parent, ..Module::default() });
        let mut rest = stream.into_iter().collect::<Vec<_>>().into_iter().peekable();
        while rest.peek().is_some() {
            let item = Item::take(&mut rest);
            if item.is_test {
                continue;
            }
            let Some((name, body)) = item.module() else {
                let module = &mut self.modules[number];
                module.items.extend(item.name());
                tokens::read(item.all, &mut module.paths, &mut module.imports);
                continue;
            };
            let folder_of_child = folder.join(&name);
            let child = match (body, item.path) {
                (Some(body), _) => self.read_module(body, file, &folder_of_child, Some(number))?,
                (None, Some(path)) => {
                    let here = self.files[file].parent().unwrap_or(folder);
                    let path = here.join(path);
                    let folder = path.parent().unwrap_or(folder).to_owned();
                    self.read_file(&path, &folder, Some(number))?
                }
                (None, None) => {
                    let plain = folder.join(format!("{name}.rs"));
                    let path = if plain.exists() { plain } else { folder_of_child.join("mod.rs") };
                    self.read_file(&path, &folder_of_child, Some(number))?
                }
            };
            self.modules[number].children.insert(name, child);
        }
        Ok(number)
    }
}

/// The tokens of one item, attributes first.
struct Item {
    all: Vec<TokenTree>,
    /// Index of the first token behind its attributes.
    start: usize,
    /// Whether it is compiled for tests only.
    is_test: bool,
    /// The path in `#[path = "…"]`.
    path: Option<String>,
}

impl Item {
    /// Takes the tokens up to where an item ends: a semicolon, or the block that is its body.
    fn take(rest: &mut impl Iterator<Item = TokenTree>) -> Self {
        let mut item = Self { all: Vec::new(), start: 0, is_test: false, path: None };
        let mut in_attribute = false;
        for token in rest {
            let at_start = item.start == item.all.len();
            item.all.push(token);
            let last = item.all.len() - 1;
            match &item.all[last] {
                TokenTree::Punct(p) if p.as_char() == '#' && at_start => in_attribute = true,
                TokenTree::Punct(p) if p.as_char() == '!' && in_attribute => {}
                TokenTree::Group(group) if in_attribute => {
                    item.is_test |= tokens::is_test(group);
                    item.path = item.path.or_else(|| tokens::path_attribute(group));
                    item.start = last + 1;
                    in_attribute = false;
                }
                TokenTree::Punct(p) if p.as_char() == ';' => break,
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace && !item.ends_with_semicolon() =>
                {
                    break;
                }
                _ => {}
            }
        }
        item
    }

    /// The words of the item up to its name, the visibility and what precedes `fn` left out.
    fn words(&self) -> impl Iterator<Item = &TokenTree> {
        let is_before = |t: &&TokenTree| match t {
            TokenTree::Ident(i) => {
                ["pub", "unsafe", "async", "default"].contains(&i.to_string().as_str())
            }
            TokenTree::Group(g) => g.delimiter() == Delimiter::Parenthesis,
            _ => false,
        };
        self.all[self.start..].iter().skip_while(is_before)
    }

    /// Whether it is one of the kinds in which a block may stand before the end.
    fn ends_with_semicolon(&self) -> bool {
        let mut words = self.words().map(ToString::to_string);
        let first = words.next().unwrap_or_default();
        match first.as_str() {
            "use" | "static" | "type" | "let" => true,
            "const" => !words.next().is_some_and(|w| is_function_word(&w)),
            _ => false,
        }
    }

    /// The name and, for one in a block, the body of a module.
    fn module(&self) -> Option<(String, Option<TokenStream>)> {
        let mut words = self.words();
        if !matches!(words.next()?, TokenTree::Ident(i) if i == "mod") {
            return None;
        }
        let name = words.next()?.to_string();
        let body = match words.next() {
            Some(TokenTree::Group(body)) => Some(body.stream()),
            _ => None,
        };
        Some((name, body))
    }

    /// The name that it defines, where it has one.
    fn name(&self) -> Option<String> {
        let mut words = self.words().map(ToString::to_string).peekable();
        match words.next()?.as_str() {
            "struct" | "enum" | "union" | "trait" | "type" | "fn" => words.next(),
            "static" => words.find(|w| w != "mut"),
            "macro_rules" => words.nth(1),
            "const" if words.peek().is_some_and(|w| is_function_word(w)) => {
                words.by_ref().find(|w| w == "fn")?;
                words.next()
            }
            "const" => words.next(),
            "extern" => {
                words.by_ref().find(|w| w == "fn")?;
                words.next()
            }
            _ => None,
        }
    }
}

fn is_function_word(word: &str) -> bool {
    matches!(word, "fn" | "unsafe" | "async" | "extern")
}
