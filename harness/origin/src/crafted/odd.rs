//! A module with a zip out of the ordinary: an ordinary part, and what is odd.

use crate::content::Content;
use crate::release::{Release, Zip, default_info};
use crate::sum::{Files, hashes, sha256, sum_of_hashes};
use crate::zipfile::{CraftedEntry, Payload, build};

/// A module whose zip is out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The module path.
    pub path: &'static str,
    /// The way in which it is out of the ordinary.
    pub what: &'static str,
    /// Whether golang.org/x/mod/zip and cmd/go take it.
    pub legal: bool,
}

/// The version of all modules in [`rules`].
pub const RULE_VERSION: &str = "v1.0.0";

/// A module with a zip out of the ordinary.
pub(super) struct Odd {
    pub rule: Rule,
    make: fn(&Base) -> Zip,
}

impl Odd {
    pub const fn bad(path: &'static str, what: &'static str, make: fn(&Base) -> Zip) -> Self {
        Self { rule: Rule { path, what, legal: false }, make }
    }

    pub const fn legal(path: &'static str, what: &'static str, make: fn(&Base) -> Zip) -> Self {
        Self { rule: Rule { path, what, legal: true }, make }
    }

    pub fn release(&self) -> Release {
        let (path, make) = (self.rule.path, self.make);
        let go_mod = format!("module {path}\n");
        let info = default_info(RULE_VERSION);
        let zip = Box::new(move || make(&Base { path }));
        Release::new(path, RULE_VERSION, Some(info.into()), Some(go_mod.into()), zip)
    }
}

/// The ordinary part of such a zip.
pub(super) struct Base {
    pub path: &'static str,
}

impl Base {
    /// A name in the zip.
    pub fn at(&self, name: &str) -> String {
        format!("{}@{RULE_VERSION}/{name}", self.path)
    }

    pub fn files(&self) -> Files {
        vec![
            (self.at("go.mod").into_bytes(), format!("module {}\n", self.path).into_bytes()),
            (self.at("odd.go").into_bytes(), b"package odd\n".to_vec()),
        ]
    }

    pub fn entries(&self) -> Vec<CraftedEntry> {
        self.files().into_iter().map(|(name, data)| CraftedEntry::text(name, data)).collect()
    }

    /// These files, and no others.
    pub fn only(&self, files: Files) -> Zip {
        let entries: Vec<CraftedEntry> =
            files.iter().map(|(name, data)| CraftedEntry::text(name.as_slice(), data)).collect();
        Zip::with_sum_of(build(&entries), &files)
    }

    /// The ordinary files and these, which are given with their whole names.
    pub fn and(&self, more: &[(String, &str)]) -> Zip {
        let mut files = self.files();
        let bytes =
            |(name, data): &(String, &str)| (name.as_bytes().to_vec(), data.as_bytes().to_vec());
        files.extend(more.iter().map(bytes));
        self.only(files)
    }

    /// The ordinary files and this entry, whose content is `data` to readers that accept it.
    pub fn and_entry(&self, entry: CraftedEntry, data: &[u8]) -> Zip {
        let mut files = self.files();
        files.push((entry.name.clone(), data.to_vec()));
        let mut entries = self.entries();
        entries.push(entry);
        Zip::with_sum_of(build(&entries), &files)
    }

    /// The ordinary files and 600 MiB of zeros, declared as so many bytes.
    pub fn bomb(&self, declared: u32) -> Zip {
        let mut bomb = CraftedEntry::new(self.at("zeros.bin"), Payload::zeros(600));
        bomb.central_size = Some(declared);
        let mut content = Content::default();
        content.push_repeated(vec![0; 1 << 20], 600 << 20);
        let mut files = hashes(&self.files());
        files.push((bomb.name.clone(), sha256(&content)));
        let mut entries = self.entries();
        entries.push(bomb);
        Zip { content: build(&entries), sum: Some(sum_of_hashes(files)) }
    }

    /// The ordinary zip, changed in its bytes.
    pub fn changed(&self, change: fn(&mut Vec<u8>)) -> Zip {
        let mut bytes = build(&self.entries()).to_vec(usize::MAX);
        change(&mut bytes);
        Zip::with_sum_of(bytes.into(), &self.files())
    }

    /// A zip with this content, and the sum of the ordinary one.
    pub fn instead(&self, content: Content) -> Zip {
        Zip::with_sum_of(content, &self.files())
    }
}
