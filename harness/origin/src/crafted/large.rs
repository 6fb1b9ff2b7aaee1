//! Modules of many versions, and of many bytes.

use crate::content::Content;
use crate::release::{MakeZip, Module, Release, Zip, default_info};
use crate::sum::{hashes, sha256, sum_of_hashes};
use crate::zipfile::{CraftedEntry, Payload, build};

/// The module with 10,000 versions.
pub(super) const MANY: &str = "crafted.example/many";

/// Files of the huge zip, and MiB in each.
const HUGE_FILES: usize = 8;
const HUGE_MIB: u64 = 50;

/// `len` bytes that do not compress, the same for the same seed.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub(super) fn many_versions() -> Vec<String> {
    (0..100).flat_map(|minor| (0..100).map(move |patch| format!("v1.{minor}.{patch}"))).collect()
}

/// The release of the module with 10,000 versions, when it is one of them.
pub(super) fn many(version: &str) -> Option<Release> {
    let (minor, patch) = version.strip_prefix("v1.")?.split_once('.')?;
    let number = |text: &str| text.parse::<u8>().ok().filter(|n| *n < 100 && n.to_string() == text);
    number(minor).zip(number(patch))?;
    let package = format!("package many\n\nconst Version = {version:?}\n");
    let files = vec![
        ("go.mod".to_owned(), format!("module {MANY}\n").into_bytes()),
        ("many.go".to_owned(), package.into_bytes()),
    ];
    let (path, version) = (MANY.to_owned(), version.to_owned());
    Some(Release::completed(Module { path, version, files, ..Module::default() }))
}

fn release(path: &str, version: &str, make: MakeZip) -> Release {
    let go_mod = format!("module {path}\n");
    Release::new(path, version, Some(default_info(version).into()), Some(go_mod.into()), make)
}

/// A module with a go.mod, a package and so much noise.
fn noisy(path: &'static str, version: &'static str, len: usize) -> Release {
    let make = move || {
        let at = |name: &str| format!("{path}@{version}/{name}");
        Zip::of_entries(&[
            CraftedEntry::text(at("go.mod"), format!("module {path}\n")),
            CraftedEntry::text(at("noisy.go"), "package noisy\n"),
            CraftedEntry::new(at("noise.bin"), Payload::stored(noise(len, len as u64).into())),
        ])
    };
    release(path, version, Box::new(make))
}

fn huge() -> Zip {
    // One file's content stands for all: its checksum and its hash are computed once.
    let mut content = Content::default();
    content.push_repeated(noise(1 << 20, 1), HUGE_MIB << 20);
    let hash = sha256(&content);
    let payload = Payload::stored(content);
    let at = |name: &str| format!("crafted.example/huge@v1.0.0/{name}");
    let go_mod = b"module crafted.example/huge\n";
    let mut entries = vec![CraftedEntry::text(at("go.mod"), go_mod)];
    let mut files = hashes(&[(at("go.mod").into_bytes(), go_mod.to_vec())]);
    for i in 0..HUGE_FILES {
        let name = at(&format!("noise{i}.bin"));
        entries.push(CraftedEntry::new(name.as_str(), payload.clone()));
        files.push((name.into_bytes(), hash));
    }
    Zip { content: build(&entries), sum: Some(sum_of_hashes(files)) }
}

pub(super) fn releases() -> Vec<Release> {
    vec![
        noisy("crafted.example/small", "v1.0.0", 1536),
        noisy("crafted.example/medium", "v1.0.0", 1 << 20),
        noisy("crafted.example/medium", "v1.1.0", 10 << 20),
        release("crafted.example/huge", "v1.0.0", Box::new(huge)),
    ]
}
