//! The suites and goldens that are built into the program, unpacked when they are first asked for.

use std::io::Read as _;
use std::sync::LazyLock;

/// Files: name below their folder, with `/`, and content.
type Files = &'static [(&'static str, &'static [u8])];

/// The files of `suites`.
pub static SUITES: LazyLock<Files> =
    LazyLock::new(|| unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/suites.tar.zst"))));
/// The files of `golden`.
pub static GOLDENS: LazyLock<Files> =
    LazyLock::new(|| unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/golden.tar.zst"))));

fn unpacked(packed: &[u8]) -> Files {
    match files(packed) {
        Ok(files) => Vec::leak(files),
        // The build script packed it, and a test unpacks it.
        Err(error) => unreachable!("the files in this program: {error}"),
    }
}

fn files(packed: &[u8]) -> std::io::Result<Vec<(&'static str, &'static [u8])>> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(packed)?);
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry?;
        // With `/` on Windows too: archives have no other separator.
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        Ok((&*String::leak(name), &*Vec::leak(content)))
    };
    archive.entries()?.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_files_of_the_repository_are_in_the_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (folder, files) in [("suites", *SUITES), ("golden", *GOLDENS)] {
            assert!(files.len() > 2, "{folder}: {}", files.len());
            for (name, content) in files {
                assert_eq!(
                    std::fs::read(root.join(folder).join(name)).unwrap(),
                    *content,
                    "{name}"
                );
            }
        }
    }
}
