//! `h1:` hashes.

use std::fs;
use std::io::{Cursor, Write};

use proptest::prelude::*;
use rstest::rstest;
use twinproof_gomod::H1;
use twinproof_gomod::dirhash::{
    DirHashError, FileHash, HashLimits, dir_files, hash_dir, hash_files, hash_go_mod, hash_zip,
    hash_zip_reader, zip_files_reader,
};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

pub fn make_zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (i, (name, content)) in files.iter().enumerate() {
        let method =
            if i % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn zip_h1(zip: &[u8]) -> Result<H1, DirHashError> {
    hash_zip_reader(Cursor::new(zip))
}

// From the tests of golang.org/x/mod/sumdb/dirhash: the summaries are
// sha256("") and the like, and the hashes over them were computed with sha256sum.
#[test]
fn an_empty_tree() {
    let empty = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_eq!(hash_files(&[]).unwrap().to_string(), empty);
    assert_eq!(zip_h1(&make_zip(&[])).unwrap().to_string(), empty);
}

#[test]
fn a_go_mod_is_a_tree_of_one_file() {
    let content = b"module example.com/a\n";
    let zip = make_zip(&[("go.mod", content)]);
    assert_eq!(hash_go_mod(content), zip_h1(&zip).unwrap());
}

#[test]
fn a_zip_and_the_tree_unpacked_from_it_have_one_hash() {
    let files: [(&str, &[u8]); 4] = [
        ("m@v1.0.0/go.mod", b"module m\n"),
        ("m@v1.0.0/b/x.go", b"package b\n"),
        ("m@v1.0.0/b-c", &[0; 200_000]),
        ("m@v1.0.0/A", b""),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let zip = make_zip(&files);
    fs::write(dir.path().join("m.zip"), &zip).unwrap();
    let want = zip_h1(&zip).unwrap();
    assert_eq!(hash_zip(&dir.path().join("m.zip")).unwrap(), want);
    let tree = dir.path().join("m@v1.0.0");
    assert_eq!(hash_dir(&tree, "m@v1.0.0").unwrap(), want);
    assert_eq!(hash_dir(&tree, "m@v1.0.0/").unwrap(), want);
    assert_ne!(hash_dir(&tree, "m@v1.0.1").unwrap(), want);
    let names: Vec<_> = dir_files(&tree, "").unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["A", "b-c", "b/x.go", "go.mod"]);
}

#[test]
fn a_directory_entry_counts_as_an_empty_file() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_directory("m@v1/d", SimpleFileOptions::default()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let sha256 = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new()).into();
    let want = hash_files(&[FileHash { name: "m@v1/d/".to_owned(), sha256 }]).unwrap();
    assert_eq!(zip_h1(&zip).unwrap(), want);
}

#[test]
fn a_newline_in_a_name_is_refused() {
    let error = zip_h1(&make_zip(&[("a\nb", b"")])).unwrap_err();
    assert!(matches!(error, DirHashError::Newline(name) if name == "a\nb"));
}

#[cfg(unix)]
#[test]
fn names_of_files_that_cannot_be_hashed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a\nb");
    fs::write(&path, "").unwrap();
    assert!(matches!(hash_dir(dir.path(), ""), Err(DirHashError::Newline(_))));
    fs::remove_file(&path).unwrap();
    let path = dir.path().join(OsStr::from_bytes(b"\xff"));
    if fs::write(&path, "").is_ok() {
        assert!(matches!(hash_dir(dir.path(), ""), Err(DirHashError::NotUtf8(_))));
        fs::remove_file(&path).unwrap();
    }
    // A link to a file is that file; one to a directory cannot be read as one.
    fs::write(dir.path().join("file"), "x").unwrap();
    symlink("file", dir.path().join("link")).unwrap();
    let files = dir_files(dir.path(), "").unwrap();
    assert_eq!(files[0].sha256, files[1].sha256);
    symlink(".", dir.path().join("self")).unwrap();
    assert!(matches!(hash_dir(dir.path(), ""), Err(DirHashError::Read { .. })));
}

#[test]
fn missing_directory_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(
        matches!(hash_dir(&missing, ""), Err(DirHashError::Read { path, .. }) if path == missing)
    );
    assert!(matches!(hash_zip(&missing), Err(DirHashError::Read { path, .. }) if path == missing));
    fs::write(&missing, "no zip").unwrap();
    assert!(matches!(hash_dir(&missing, ""), Err(DirHashError::NotADirectory(_))));
    assert!(matches!(hash_zip(&missing), Err(DirHashError::Zip(_))));
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    // The same name cannot be written twice, so the second is renamed in the finished zip.
    let zip = make_zip(&[("m/same", b"one"), ("m/sane", b"two")]);
    let patched: Vec<u8> = String::from_utf8_lossy(&zip)
        .contains("m/sane")
        .then(|| {
            let mut zip = zip.clone();
            while let Some(at) = zip.windows(6).position(|w| w == b"m/sane") {
                zip[at + 4] = b'm';
                zip[at + 5] = b'e';
            }
            zip
        })
        .unwrap();
    assert!(matches!(zip_h1(&patched), Err(DirHashError::Duplicate)));
}

#[rstest]
#[case(HashLimits { uncompressed: 2000, ..HashLimits::default() }, None)]
#[case(HashLimits { uncompressed: 1999, ..HashLimits::default() }, Some(1999))]
#[case(HashLimits { entries: 1, ..HashLimits::default() }, Some(1))]
#[case(HashLimits { compressed: 10, ..HashLimits::default() }, Some(10))]
fn a_zip_over_a_limit(#[case] limits: HashLimits, #[case] over: Option<u64>) {
    let zip = make_zip(&[("a", &[0; 1000]), ("b", &[0; 1000])]);
    let got = match zip_files_reader(Cursor::new(zip.as_slice()), limits) {
        Ok(_) => None,
        Err(DirHashError::Limit { limit, .. }) => Some(limit),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(got, over);
}

#[rstest]
#[case("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", true)]
#[case("h2:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false)]
#[case("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", false)]
#[case("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=", false)]
#[case("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false)]
fn texts_of_hashes(#[case] text: &str, #[case] valid: bool) {
    let parsed = text.parse::<H1>();
    assert_eq!(parsed.is_ok(), valid);
    if let Ok(h1) = parsed {
        let json = serde_json::to_string(&h1).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<H1>(&json).unwrap(), h1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_content_or_name_changes_the_hash(
        files in prop::collection::btree_map("[a-c]{1,4}(/[a-c]{1,3})?", prop::collection::vec(any::<u8>(), 1..300), 1..8),
        which: prop::sample::Index, at: prop::sample::Index,
    ) {
        let list: Vec<(&str, &[u8])> = files.iter().map(|(n, c)| (&**n, &**c)).collect();
        let want = zip_h1(&make_zip(&list)).unwrap();
        let backwards: Vec<_> = list.iter().rev().copied().collect();
        prop_assert_eq!(zip_h1(&make_zip(&backwards)).unwrap(), want);

        let which = which.index(list.len());
        let mut content = list[which].1.to_vec();
        let at = at.index(content.len());
        content[at] ^= 1;
        let mut changed = list.clone();
        changed[which].1 = &content;
        prop_assert_ne!(zip_h1(&make_zip(&changed)).unwrap(), want);
        changed[which] = ("other", list[which].1);
        prop_assert_ne!(zip_h1(&make_zip(&changed)).unwrap(), want);
    }

    #[test]
    fn any_bytes_are_a_zip_or_refused(bytes: Vec<u8>) {
        let _ = zip_h1(&bytes);
    }

    #[test]
    fn a_changed_byte_in_a_zip_never_passes_for_another_content(at: prop::sample::Index, bit in 0u8..8) {
        let zip = make_zip(&[("a", &[1; 100]), ("b", b"content")]);
        let want = zip_files_reader(Cursor::new(zip.as_slice()), HashLimits::default()).unwrap();
        let mut changed = zip.clone();
        changed[at.index(zip.len())] ^= 1 << bit;
        // Names have no checksum; contents have.
        if let Ok(files) = zip_files_reader(Cursor::new(changed.as_slice()), HashLimits::default()) {
            for file in files {
                prop_assert!(want.iter().any(|w| w.sha256 == file.sha256), "{:?}", file.name);
            }
        }
    }
}
