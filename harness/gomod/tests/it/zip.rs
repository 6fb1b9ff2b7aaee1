//! The rules of module zips: each broken in turn, whole and as it arrives.

use std::io::Write as _;

use proptest::prelude::*;
use rstest::rstest;
use twinproof_gomod::dirhash::hash_zip_reader;
use twinproof_gomod::zip::{
    CheckError, Checked, Omission, Ratio, Raw, Reason, Stream, ZipLimits, check, create, write,
};

const MODULE: &str = "example.com/m";
const VERSION: &str = "v1.0.0";

fn raw(entries: &[(&str, &str)]) -> Vec<Raw> {
    entries.iter().map(|(name, data)| Raw::new(*name, *data)).collect()
}

/// A zip whose names all begin with the prefix.
pub fn module(entries: &[(&str, &str)]) -> Vec<u8> {
    let named: Vec<Raw> = entries
        .iter()
        .map(|(name, data)| Raw::new(format!("{MODULE}@{VERSION}/{name}"), *data))
        .collect();
    write(&named).unwrap()
}

/// The judgement over the whole, and the one while it arrives in chunks of this size.
fn both(zip: &[u8], limits: ZipLimits, chunk: usize) -> [Result<Checked, CheckError>; 2] {
    let arrive = || {
        let mut stream = Stream::new(MODULE, VERSION, limits)?;
        for part in zip.chunks(chunk) {
            stream.push(part)?;
        }
        stream.finish(zip)
    };
    [check(zip, MODULE, VERSION, limits), arrive()]
}

fn refusals(zip: &[u8], limits: ZipLimits) -> Vec<String> {
    let mut all: Vec<String> = [1, 7, 100, 1 << 20]
        .into_iter()
        .flat_map(|chunk| both(zip, limits, chunk))
        .map(|result| result.unwrap_err().to_string())
        .collect();
    all.dedup();
    all
}

#[test]
fn a_module_with_odd_names_passes() {
    let zip = module(&[
        ("", ""),
        ("go.mod", "module example.com/m\n"),
        ("LICENSE", ""),
        ("dir/", ""),
        ("dir/", ""),
        ("dir/ü #$%&()+,-.=@[]^_{}~!.go", "package m\n"),
        ("dir/.hidden", &"x".repeat(100_000)),
        ("-", "-"),
    ]);
    for result in
        [1, 7, 100, 1 << 20].into_iter().flat_map(|chunk| both(&zip, ZipLimits::default(), chunk))
    {
        let checked = result.unwrap();
        assert_eq!(checked.files.len(), 8);
        assert_eq!(checked.compressed, zip.len() as u64);
        assert_eq!(checked.uncompressed, 21 + 10 + 100_000 + 1);
    }
    // The other reader of zips does not take a directory twice.
    let zip =
        module(&[("go.mod", "module example.com/m\n"), ("a/", ""), ("a/b", &"x".repeat(9999))]);
    let [whole, arrived] = both(&zip, ZipLimits::default(), 1000);
    let whole = whole.unwrap();
    assert_eq!(whole.h1, hash_zip_reader(std::io::Cursor::new(&*zip)).unwrap());
    assert_eq!(arrived.unwrap(), whole);
}

#[rstest]
#[case::no_prefix(&["a"], "path does not have prefix \"example.com/m@v1.0.0/\"")]
#[case::other_version(&["example.com/m@v1.0.1/a"], "path does not have prefix \"example.com/m@v1.0.0/\"")]
#[case::prefix_without_slash(&["example.com/m@v1.0.0"], "path does not have prefix \"example.com/m@v1.0.0/\"")]
#[case::prefix_in_capitals(&["example.com/M@v1.0.0/a"], "path does not have prefix \"example.com/m@v1.0.0/\"")]
#[case::empty_name(&[""], "path does not have prefix \"example.com/m@v1.0.0/\"")]
fn every_entry_has_the_modules_prefix(#[case] names: &[&str], #[case] reason: &str) {
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
    let zip = write(&raw(&entries)).unwrap();
    assert_eq!(refusals(&zip, ZipLimits::default()), [format!("{}: {reason}", names[0])]);
}

/// The last name is the one that is refused.
#[rstest]
#[case::parent(&["../a"], "file path is not clean")]
#[case::parent_inside(&["a/../b"], "file path is not clean")]
#[case::here(&["./a"], "file path is not clean")]
#[case::double_slash(&["a//b"], "file path is not clean")]
#[case::two_slashes_at_the_end(&["a//"], "file path is not clean")]
#[case::absolute(&["/a"], "file path is not clean")]
#[case::slash(&["/"], "file path is not clean")]
#[case::only_dots(&["..."], "malformed file path \"...\": invalid path element \"...\"")]
#[case::dot_at_the_end(&["a./b"], "malformed file path \"a./b\": trailing dot in path element")]
#[case::backslash(&["a\\b"], "malformed file path \"a\\\\b\": invalid char '\\\\'")]
#[case::colon(&["a:b"], "malformed file path \"a:b\": invalid char ':'")]
#[case::star(&["a*"], "malformed file path \"a*\": invalid char '*'")]
#[case::quote(&["a'"], "malformed file path \"a'\": invalid char '\\''")]
#[case::newline(&["a\nb"], "malformed file path \"a\\nb\": invalid char '\\n'")]
#[case::nul(&["a\0"], "malformed file path \"a\\0\": invalid char '\\0'")]
#[case::no_letter(&["a…"], "malformed file path \"a…\": invalid char '…'")]
#[case::mark(&["a\u{301}"], "malformed file path \"a\\u{301}\": invalid char '\\u{301}'")]
#[case::digit_of_another_script(&["٣"], "malformed file path \"٣\": invalid char '٣'")]
#[case::newer_letter(&["\u{2ebf0}"], "malformed file path \"\u{2ebf0}\": invalid char '\u{2ebf0}'")]
#[case::device(&["a/NUL.x.y"], "malformed file path \"a/NUL.x.y\": \"NUL\" disallowed as path element component on Windows")]
#[case::case(&["a", "A"], "case-insensitive file name collision: \"a\" and \"A\"")]
#[case::case_beyond_ascii(&["é", "É"], "case-insensitive file name collision: \"é\" and \"É\"")]
#[case::kelvin(&["k", "\u{212a}"], "case-insensitive file name collision: \"k\" and \"\u{212a}\"")]
#[case::long_s(&["S", "ſ"], "case-insensitive file name collision: \"S\" and \"ſ\"")]
#[case::sigma(&["Σ", "ς"], "case-insensitive file name collision: \"Σ\" and \"ς\"")]
#[case::parents(&["A/x", "a/y"], "case-insensitive file name collision: \"A\" and \"a\"")]
#[case::inner_parents(&["d/A/x", "d/a/y"], "case-insensitive file name collision: \"d/A\" and \"d/a\"")]
#[case::parent_and_file(&["A", "a/y"], "case-insensitive file name collision: \"A\" and \"a\"")]
#[case::file_then_directory(&["a", "a/"], "entry \"a\" is both a file and a directory")]
#[case::directory_then_file(&["a/b", "a"], "entry \"a\" is both a file and a directory")]
#[case::file_as_parent(&["a", "a/b/c"], "entry \"a\" is both a file and a directory")]
#[case::twice(&["a", "a"], "multiple entries for file \"a\"")]
#[case::go_mod_case(&["GO.mod"], "go.mod files must have lowercase names")]
#[case::go_mod_below(&["a/go.mod"], "go.mod file not in module root directory")]
#[case::go_mod_below_in_capitals(&["a/GO.MOD"], "go.mod file not in module root directory")]
fn names_that_cannot_be_unpacked_everywhere_are_refused(
    #[case] names: &[&str],
    #[case] reason: &str,
) {
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
    let name = format!("{MODULE}@{VERSION}/{}", names.last().unwrap());
    let expected = format!("{}: {reason}", name.escape_debug());
    assert_eq!(refusals(&module(&entries), ZipLimits::default()), [expected]);
}

#[test]
fn names_that_are_no_text() {
    let zip = write(&[Raw::new(b"example.com/m@v1.0.0/\xff".as_slice(), "")]).unwrap();
    let expected = "example.com/m@v1.0.0/\u{fffd}: file path is not UTF-8";
    assert_eq!(refusals(&zip, ZipLimits::default()), [expected]);
}

#[rstest]
#[case("ß", "ss")]
#[case("İ", "i")]
#[case("ı", "i")]
#[case("ǆ", "dž")]
#[case("a/b", "ab")]
#[case("go.mod/x", "b")]
#[case("go.mod/", "a")]
#[case("vendor/a/b.go", ".git/config")]
fn names_that_go_together(#[case] one: &str, #[case] other: &str) {
    for result in both(&module(&[(one, ""), (other, "")]), ZipLimits::default(), 10) {
        assert_eq!(result.unwrap().files.len(), 2);
    }
}

#[rstest]
#[case("example.com/m", "v1.0", "version \"v1.0\" is not canonical")]
#[case("example.com/m", "v1.0.0+x", "version \"v1.0.0+x\" is not canonical")]
#[case("example.com/m", "v2.0.0", "version \"v2.0.0\" invalid: should be v0 or v1, not v2")]
#[case("m", "v1.0.0", "malformed module path \"m\": missing dot in first path element")]
fn the_module_and_its_version_are_checked_first(
    #[case] path: &str,
    #[case] version: &str,
    #[case] reason: &str,
) {
    let refusal = Stream::new(path, version, ZipLimits::default()).err().unwrap();
    assert_eq!(refusal.to_string(), reason);
    let error = check(&module(&[]), path, version, ZipLimits::default()).unwrap_err();
    assert_eq!(error.to_string(), reason);
}

fn small() -> ZipLimits {
    ZipLimits {
        compressed: 1000,
        uncompressed: 3000,
        special: 100,
        entries: 5,
        ratio: Ratio { max: 10, above: 2000 },
        ambiguous: false,
    }
}

#[rstest]
#[case::entries(&[("1", 0), ("2", 0), ("3", 0), ("4", 0), ("5", 0), ("6", 0)], &["the zip has more than 5 entries", "example.com/m@v1.0.0/6: the zip has more than 5 entries"])]
#[case::go_mod(&[("go.mod", 101)], &["example.com/m@v1.0.0/go.mod: go.mod file too large (max size is 100 bytes)"])]
#[case::license(&[("LICENSE", 101)], &["example.com/m@v1.0.0/LICENSE: LICENSE file too large (max size is 100 bytes)"])]
#[case::contents(&[("a", 2000), ("b", 1001)], &["total uncompressed size of module contents too large (max size is 3000 bytes)", "example.com/m@v1.0.0/b: total uncompressed size of module contents too large (max size is 3000 bytes)"])]
#[case::ratio(&[("a", 2500)], &["the contents are more than 10 times as large as the zip"])]
fn each_limit_of_size_is_reported(#[case] files: &[(&str, usize)], #[case] reasons: &[&str]) {
    let contents: Vec<String> = files.iter().map(|(_, size)| "x".repeat(*size)).collect();
    let entries: Vec<(&str, &str)> =
        files.iter().zip(&contents).map(|((name, _), content)| (*name, &**content)).collect();
    let mut refusals = refusals(&module(&entries), small());
    refusals.sort_by_key(String::len);
    refusals.dedup();
    assert_eq!(refusals, reasons);
}

#[test]
fn sizes_at_the_limit() {
    let x = "x".repeat(2000 - 200);
    let files = [("go.mod", &x[..100]), ("LICENSE", &x[..100]), ("a", &*x), ("b", ""), ("c", "")];
    for result in both(&module(&files), small(), 10) {
        assert_eq!(result.unwrap().uncompressed, 2000);
    }
    let long = "x".repeat(1000);
    let stored = write(&[Raw::new("example.com/m@v1.0.0/a", incompressible(950))]).unwrap();
    assert!(stored.len() > 1000, "{}", stored.len());
    assert_eq!(refusals(&stored, small()), ["module zip file is too large (limit is 1000 bytes)"]);
    assert!(both(&module(&[("a", &long)]), small(), 10).into_iter().all(|r| r.is_ok()));
}

fn incompressible(length: usize) -> Vec<u8> {
    let mut state: u32 = 1;
    let mut next = || {
        for shift in [13, 17, 5] {
            state ^= if shift == 17 { state >> shift } else { state << shift };
        }
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_bomb_is_refused_long_before_it_has_arrived() {
    let zeros = "\0".repeat(12 << 20);
    let zip = module(&[("a", &zeros), ("b", &zeros)]);
    let limits = ZipLimits { uncompressed: 8 << 20, ..ZipLimits::default() };
    // Once by what it declares, once by what it inflates to.
    for zip in [zip.clone(), lie(&zip)] {
        let mut stream = Stream::new(MODULE, VERSION, limits).unwrap();
        let error = zip.chunks(512).find_map(|part| stream.push(part).err()).unwrap();
        let size =
            "total uncompressed size of module contents too large (max size is 8388608 bytes)";
        let declared = "the content is not of the declared size of 5 bytes";
        assert!(
            [size, declared]
                .map(|r| format!("example.com/m@v1.0.0/a: {r}"))
                .contains(&error.to_string()),
            "{error}"
        );
        assert!(stream.arrived() < 16 << 10, "{}", stream.arrived());
        assert_eq!(stream.push(b"more").unwrap_err(), error);
    }
}

/// Declares five bytes in the first local header.
fn lie(zip: &[u8]) -> Vec<u8> {
    let mut zip = zip.to_vec();
    zip[22..26].copy_from_slice(&5u32.to_le_bytes());
    zip
}

#[test]
fn names_are_not_gathered_without_end() {
    let entries: Vec<Raw> = (0..1100)
        .map(|i| Raw::new(format!("{MODULE}@{VERSION}/{}{i}", "x/".repeat(31_000)), ""))
        .collect();
    let zip = write(&entries).unwrap();
    let [whole, arrived] = both(&zip, ZipLimits::default(), 1 << 16);
    let why = whole.unwrap_err().to_string();
    assert_eq!(why, "not a readable zip: the directory is too large");
    let why = arrived.unwrap_err().to_string();
    assert!(why.ends_with(": not a readable zip: the directory would be too large"), "{why}");
}

#[rstest]
#[case::symlink(0o120_777, Some("not a regular file"))]
#[case::device(0o060_600, Some("not a regular file"))]
#[case::fifo(0o010_600, Some("not a regular file"))]
#[case::socket(0o140_600, Some("not a regular file"))]
#[case::file(0o100_644, None)]
#[case::executable(0o100_755, None)]
#[case::no_type(0o644, None)]
fn only_regular_files_are_accepted(#[case] mode: u32, #[case] reason: Option<&str>) {
    let entry = Raw { mode, ..Raw::new("example.com/m@v1.0.0/a", "x") };
    let results = both(&write(&[entry]).unwrap(), ZipLimits::default(), 9);
    let errors = results.map(|result| result.err().map(|e| e.to_string()));
    let expected = reason.map(|reason| format!("example.com/m@v1.0.0/a: {reason}"));
    assert_eq!(errors, [expected.clone(), expected]);
}

#[rstest]
#[case(4, 5)]
#[case(6, 5)]
#[case(0, 5)]
fn a_wrong_declared_size_is_refused(#[case] declare: u32, #[case] true_size: usize) {
    let entry =
        Raw { declare: Some(declare), ..Raw::new("example.com/m@v1.0.0/a", "x".repeat(true_size)) };
    let zip = write(&[entry]).unwrap();
    let expected = format!(
        "example.com/m@v1.0.0/a: the content is not of the declared size of {declare} bytes"
    );
    assert_eq!(refusals(&zip, ZipLimits::default()), [expected]);
}

/// Changes bytes of a good zip: at an offset in its first local header, its content or its directory.
#[rstest]
#[case::content(58, "the content does not have the declared checksum")]
#[case::local_crc(14, "the local header and the directory do not agree on its checksum")]
#[case::local_method(8, "the local header and the directory do not agree on its method")]
#[case::local_name(51, "the local header and the directory do not agree on its name")]
#[case::local_flags(6, "the local header and the directory do not agree on its flags")]
#[case::local_signature(2, "the local header and the directory do not agree on its local header")]
fn a_changed_byte_is_found_where_it_is(#[case] at: usize, #[case] reason: &str) {
    let mut zip = module(&[("ab", "content")]);
    zip[at] ^= 8;
    let error = check(&zip, MODULE, VERSION, ZipLimits::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("example.com/m@v1.0.0/ab: {reason}"));
    assert!(both(&zip, ZipLimits::default(), 5)[1].is_err());
}

#[test]
fn zip_with_unreadable_entries_is_refused() {
    let zip = module(&[("go.mod", "module example.com/m\n"), ("a", &"y".repeat(500))]);
    let limits = ZipLimits::default();
    for end in 0..zip.len() {
        assert!(check(&zip[..end], MODULE, VERSION, limits).is_err(), "{end}");
    }
    let mut behind = zip.clone();
    behind.extend_from_slice(b"garbage");
    assert!(check(&behind, MODULE, VERSION, limits).is_ok());
    let in_front = [b"x", &*zip].concat();
    assert_eq!(
        refusals(&in_front, limits),
        ["not a readable zip: the directory is not where the end record says"]
    );
    let error = check(&b""[..], MODULE, VERSION, limits).unwrap_err();
    assert_eq!(error.to_string(), "not a readable zip: no end record");
}

/// A zip as Go writes it: sizes behind the contents.
pub fn streamed(entries: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let name = format!("{MODULE}@{VERSION}/{name}");
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data.as_bytes()).unwrap();
        let body = encoder.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(data.as_bytes());
        let numbers =
            [crc.sum(), body.len() as u32, data.len() as u32].map(u32::to_le_bytes).concat();
        let length = (name.len() as u16).to_le_bytes();
        let start = [20, 0, 8, 8, 8, 0, 0, 0, 0, 0];
        let offset = out.len() as u32;
        out.extend(
            [b"PK\x03\x04", &start[..], &[0; 12], &length, &[0; 2], name.as_bytes()].concat(),
        );
        out.extend([&*body, b"PK\x07\x08", &numbers].concat());
        directory.extend([b"PK\x01\x02\x14\0", &start[..], &numbers, &length, &[0; 12]].concat());
        directory.extend([&offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let place = [directory.len() as u32, out.len() as u32].map(u32::to_le_bytes).concat();
    out.extend(directory);
    out.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &place, &[0; 2]].concat());
    out
}

#[test]
fn sizes_behind_the_contents() {
    let files = [("go.mod", "module example.com/m\n"), ("a/b.go", ""), ("c", &"z".repeat(99_999))];
    let zip = streamed(&files);
    let plain = check(&module(&files), MODULE, VERSION, ZipLimits::default()).unwrap();
    for result in
        [1, 13, 4096].into_iter().flat_map(|chunk| both(&zip, ZipLimits::default(), chunk))
    {
        let checked = result.unwrap();
        assert_eq!((checked.h1, &checked.files), (plain.h1, &plain.files));
    }
    let limits = ZipLimits { uncompressed: 50_000, ..ZipLimits::default() };
    assert_eq!(
        refusals(&zip, limits).last().unwrap(),
        "example.com/m@v1.0.0/c: total uncompressed size of module contents too large (max size is 50000 bytes)"
    );
}

#[test]
fn made_of_files() {
    let files = [
        ("go.mod", "module example.com/m\n\ngo 1.23\n"),
        ("a.go", "package m\n"),
        ("vendor/modules.txt", ""),
        ("vendor/x/x.go", ""),
        ("pkg/vendor/v.go", ""),
        ("sub/go.mod", ""),
        ("sub/deep/s.go", ""),
        ("other/GO.MOD", ""),
        (".hg_archival.txt", ""),
    ];
    let old = create(MODULE, VERSION, &files).unwrap();
    assert_eq!(
        old.omitted,
        [
            ("vendor/x/x.go".to_owned(), Omission::Vendored),
            ("pkg/vendor/v.go".to_owned(), Omission::Vendored),
            ("sub/go.mod".to_owned(), Omission::Submodule),
            ("sub/deep/s.go".to_owned(), Omission::Submodule),
            ("other/GO.MOD".to_owned(), Omission::Submodule),
            (".hg_archival.txt".to_owned(), Omission::HgArchive),
        ]
    );
    assert_eq!(create(MODULE, VERSION, &files).unwrap(), old);
    let mut files = files;
    files[0].1 = "module example.com/m\n\ngo 1.24\n";
    let new = create(MODULE, VERSION, &files).unwrap();
    let omitted: Vec<&str> = new.omitted.iter().map(|(path, _)| &**path).collect();
    assert_eq!(omitted[..2], ["vendor/modules.txt", "vendor/x/x.go"]);
    let checked = check(&new.zip, MODULE, VERSION, ZipLimits::default()).unwrap();
    let names: Vec<&str> = checked.files.iter().map(|file| &file.name[21..]).collect();
    assert_eq!(names, ["a.go", "go.mod", "pkg/vendor/v.go"]);
}

#[rstest]
#[case("../a", "../a: file path is not clean")]
#[case("a?", "a?: malformed file path \"a?\": invalid char '?'")]
#[case("Go.Mod", "Go.Mod: go.mod files must have lowercase names")]
#[case("B", "B: case-insensitive file name collision: \"b\" and \"B\"")]
fn not_to_be_made(#[case] name: &str, #[case] reason: &str) {
    let error = create(MODULE, VERSION, &[("b", ""), (name, "")]).unwrap_err();
    assert_eq!(error.to_string(), reason);
}

#[test]
fn reasons_are_typed() {
    let CheckError::Refused(refusal) =
        check(&module(&[("a", ""), ("A", ""), ("a", "")]), MODULE, VERSION, ZipLimits::default())
            .unwrap_err()
    else {
        panic!("it can be read");
    };
    let reasons: Vec<Reason> = refusal.violations.into_iter().map(|v| v.reason).collect();
    let collision = Reason::Collision { first: "a".to_owned(), second: "A".to_owned() };
    assert_eq!(reasons, [collision, Reason::Duplicate("a".to_owned())]);
}

proptest! {
    #[test]
    fn made_and_checked(
        files in prop::collection::btree_map("[a-c]{1,2}/[d-f]{1,2}(\\.go|é)?", prop::collection::vec(any::<u8>(), 0..300), 0..12),
        chunk in 1usize..500,
    ) {
        let files: Vec<_> = files.into_iter().collect();
        let zip = create(MODULE, VERSION, &files).unwrap().zip;
        let [whole, arrived] = both(&zip, ZipLimits::default(), chunk);
        let whole = whole.unwrap();
        prop_assert_eq!(whole.h1, hash_zip_reader(std::io::Cursor::new(&*zip)).unwrap());
        prop_assert_eq!(arrived.unwrap(), whole);
    }

    #[test]
    fn stream_and_whole_zip_are_judged_alike_after_any_change(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), as_go_writes in any::<bool>(), chunk in 1usize..500,
    ) {
        let files = [("go.mod", "module example.com/m\n"), ("a/b.go", ""), ("c", &*"z".repeat(999))];
        let mut zip = if as_go_writes { streamed(&files) } else { module(&files) };
        let at = at.index(zip.len());
        zip[at] = byte;
        let [whole, arrived] = both(&zip, ZipLimits::default(), chunk);
        match whole {
            Ok(whole) => prop_assert_eq!(arrived.unwrap(), whole),
            Err(_) => prop_assert!(arrived.is_err()),
        }
    }
}

/// Zips that two readers can understand differently are accepted on request, as the directory has them.
#[rstest]
#[case::bytes_in_front(|zip: &mut Vec<u8>| zip.splice(0..0, *b"#!/bin/sh\n").count(), "directory is not where")]
#[case::another_local_size(|zip: &mut Vec<u8>| { zip[22] ^= 1; 0 }, "")]
fn ambiguous_zips(#[case] change: fn(&mut Vec<u8>) -> usize, #[case] said: &str) {
    let whole = module(&[("go.mod", "module example.com/m\n"), ("a.go", "package m\n")]);
    let h1 = check(&whole[..], MODULE, VERSION, ZipLimits::default()).unwrap().h1;
    let mut zip = whole;
    change(&mut zip);
    for chunk in [1, 50, 1 << 20] {
        for result in both(&zip, ZipLimits::default(), chunk) {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let limits = ZipLimits { ambiguous: true, ..ZipLimits::default() };
        for result in both(&zip, limits, chunk) {
            assert_eq!(result.unwrap().h1, h1);
        }
    }
}
