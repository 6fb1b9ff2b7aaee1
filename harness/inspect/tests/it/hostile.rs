//! Files that are cut off, changed, made up, or grow when they are decompressed: an error or a
//! description, never a panic, and never out of bounds of time or memory.

use std::io::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use twinproof_inspect::{CompareOptions, InspectError, Options, compare, describe};

use crate::built::{pure, shared_library};

/// A file of each format that can be built here.
static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let platforms = [
        "linux/amd64",
        "linux/mips",
        "windows/amd64",
        "windows/386",
        "darwin/amd64",
        "darwin/arm64",
        "js/wasm",
        "aix/ppc64",
        "plan9/386",
    ];
    let read = |path: Option<std::path::PathBuf>| Some(std::fs::read(path?).unwrap());
    let mut files: Vec<(&str, Vec<u8>)> =
        platforms.iter().filter_map(|p| Some((*p, read(pure(p))?))).collect();
    files.extend(read(shared_library()).map(|bytes| ("shared library", bytes)));
    files.extend(crate::fat::both().map(|bytes| ("fat", bytes)));
    files
});

fn deep() -> Options {
    Options { deep: true, leaks: vec!["/home".into()] }
}

/// Describes and compares; errors are allowed.
fn look_at(bytes: &[u8]) {
    let start = Instant::now();
    let _ = describe(bytes, &deep());
    let _ = compare(bytes, bytes, &CompareOptions::default());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn whole_files_are_described() {
    for (name, bytes) in FILES.iter() {
        describe(bytes.as_slice(), &deep()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_cut_of_the_headers_is_an_error() {
    for (name, bytes) in FILES.iter() {
        for len in 0..1024.min(bytes.len()) {
            // A WebAssembly module may end after any section, or have none.
            if name.ends_with("/wasm") && len >= 8 {
                continue;
            }
            let found = describe(&bytes[..len], &Options::default());
            assert!(found.is_err(), "{name} cut after {len} bytes");
        }
    }
}

#[test]
fn cut_files_say_what_is_missing() {
    for (name, bytes) in FILES.iter() {
        let half = describe(&bytes[..bytes.len() / 2], &Options::default()).unwrap_err();
        let text = half.to_string();
        assert!(matches!(half, InspectError::Truncated { .. }), "{name}: {text}");
        assert!(text.contains("truncated: "), "{name}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cut_anywhere_is_an_error(place in 0.0..1.0f64) {
        for (name, bytes) in FILES.iter() {
            let len = (bytes.len() as f64 * place) as usize;
            prop_assert!(describe(&bytes[..len], &Options::default()).is_err(), "{} at {}", name, len);
        }
    }

    #[test]
    fn changed_bytes_do_no_harm(
        file in 0..64usize,
        changes in prop::collection::vec((0.0..1.0f64, any::<u8>()), 1..20),
        head in any::<bool>(),
    ) {
        if let Some((_, bytes)) = FILES.get(file % FILES.len().max(1)) {
            let mut bytes = bytes.clone();
            // Headers are where it hurts.
            let reach = if head { bytes.len().min(4096) } else { bytes.len() };
            for (place, value) in changes {
                let at = (reach as f64 * place) as usize;
                bytes[at] = value;
            }
            look_at(&bytes);
        }
    }

    #[test]
    fn random_bytes_do_no_harm(
        magic in prop::sample::select(vec![
            &b"\x7fELF\x02\x01\x01\0"[..], b"\x7fELF\x01\x02\x01\0", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe\0\0\0\x02", b"\0asm\x01\0\0\0", b"!<arch>\n", b"!<thin>\n", b"<bigaf>\n", b"\x01\xf7", b"\x01\xdf",
            b"\0\0\x01\xeb", b"\0\0\x8a\x97", b"\x64\x86\x01\0", b"",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..2048),
    ) {
        look_at(&[magic, &rest].concat());
    }
}

/// An ELF file with one compressed debug section of these bytes, which declares a size.
fn with_compressed(declared: u64, compressed: &[u8], method: u32) -> Vec<u8> {
    let names = b"\0.debug_info\0.debug_abbrev\0.shstrtab\0";
    let mut section = Vec::new();
    section.extend(method.to_le_bytes());
    section.extend(0_u32.to_le_bytes());
    section.extend(declared.to_le_bytes());
    section.extend(1_u64.to_le_bytes());
    section.extend(compressed);
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let data = 64;
    let strings = data + section.len();
    let headers = strings + names.len();
    file.extend(2_u16.to_le_bytes());
    file.extend(62_u16.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for word in [0, 0, headers as u64] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 0, 64, 3, 2] {
        file.extend(half.to_le_bytes());
    }
    file.extend(&section);
    file.extend(names);
    let mut header = |name: u32, kind: u32, flags: u64, offset: usize, size: usize| {
        file.extend(name.to_le_bytes());
        file.extend(kind.to_le_bytes());
        for word in [flags, 0, offset as u64, size as u64] {
            file.extend(word.to_le_bytes());
        }
        file.extend([0; 8]);
        file.extend(1_u64.to_le_bytes());
        file.extend([0; 8]);
    };
    header(0, 0, 0, 0, 0);
    header(1, 1, 0x800, data, section.len());
    header(26, 3, 0, strings, names.len());
    file
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn section_that_declares_half_a_gigabyte_is_refused_before_it_is_read() {
    let zeros = zlib(&vec![0; 1 << 20]);
    let file = with_compressed(512 << 20, &zeros, 1);
    assert!(file.len() < 510_000, "{}", file.len());
    let start = Instant::now();
    let error = describe(file.as_slice(), &deep()).unwrap_err();
    assert!(matches!(error, InspectError::Limit { .. }), "{error}");
    assert!(error.to_string().contains("section .debug_info declares 536870912 bytes"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));
    // Headers alone need no decompression.
    describe(file.as_slice(), &Options::default()).unwrap();
}

#[test]
fn section_that_grows_beyond_its_word_is_refused() {
    let zeros = zlib(&vec![0; 8 << 20]);
    let error = describe(with_compressed(1000, &zeros, 1).as_slice(), &deep()).unwrap_err();
    assert!(error.to_string().contains("declares 1000 bytes decompressed"), "{error}");
    let error = describe(with_compressed(9 << 20, &zeros, 1).as_slice(), &deep()).unwrap_err();
    assert!(error.to_string().contains("gives 8388608"), "{error}");
}

#[test]
fn section_of_zstd_is_decompressed_under_the_same_limits() {
    let text = b"\0/home/ann/src/a.c\0".repeat(100);
    let packed = zstd::encode_all(text.as_slice(), 3).unwrap();
    let file = with_compressed(text.len() as u64, &packed, 2);
    let found = describe(file.as_slice(), &deep()).unwrap();
    let (_, image) = found.images()[0];
    let leak = &image.deep.as_ref().unwrap().leaks[0];
    assert_eq!((leak.count, leak.value.as_str()), (100, "/home"));
    let error = describe(with_compressed(1 << 40, &packed, 2).as_slice(), &deep()).unwrap_err();
    assert!(matches!(error, InspectError::Limit { .. }), "{error}");
    let error = describe(with_compressed(100, b"garbage", 2).as_slice(), &deep()).unwrap_err();
    assert!(error.to_string().contains("cannot be decompressed"), "{error}");
    let error = describe(with_compressed(100, b"garbage", 9).as_slice(), &deep()).unwrap_err();
    assert!(error.to_string().contains("unknown method 9"), "{error}");
}

#[test]
fn sections_that_claim_the_same_bytes_again_and_again_are_refused_before_they_are_read() {
    let mut file = with_compressed(16, &vec![0; 1 << 20], 1);
    // Behind the other headers: 5000 sections of the same megabyte.
    let mut header = [0_u8; 64];
    header[4..8].copy_from_slice(&1_u32.to_le_bytes());
    header[24..32].copy_from_slice(&64_u64.to_le_bytes());
    header[32..40].copy_from_slice(&(1_u64 << 20).to_le_bytes());
    file.extend(header.repeat(5000));
    file[60..62].copy_from_slice(&5003_u16.to_le_bytes());
    describe(file.as_slice(), &Options::default()).unwrap();
    let start = Instant::now();
    let error = describe(file.as_slice(), &deep()).unwrap_err();
    assert!(matches!(error, InspectError::Limit { limit: 0x1_0000_0000, .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn many_members_of_one_name_are_compared_in_time() {
    look_at(&crate::archives::archive(&vec![("x", 0, &b"y"[..]); 45_000]));
}

/// As UPX and `sstrip` leave it: what loads a program needs no sections.
#[test]
fn program_without_sections_is_described_by_its_segments() {
    let Some((_, file)) = FILES.iter().find(|(name, _)| *name == "linux/amd64") else { return };
    let mut bare = file.clone();
    // e_shoff; e_shentsize, e_shnum and e_shstrndx.
    bare[40..48].fill(0);
    bare[58..64].fill(0);
    let found = describe(bare.as_slice(), &deep()).unwrap();
    let (_, image) = found.images()[0];
    assert_eq!(image.platform.declared.as_deref(), Some("linux/amd64"));
    assert_eq!((image.sections.len(), image.stripped.symbols), (0, true));
}

#[test]
fn program_that_upx_packed_has_no_symbols_where_its_header_says() {
    let Some((_, file)) = FILES.iter().find(|(name, _)| *name == "windows/amd64") else { return };
    let mut packed = file.clone();
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let header = word(0x3c);
    let sections =
        header + 24 + usize::from(file[header + 20]) + 256 * usize::from(file[header + 21]);
    packed[header + 12..header + 16].copy_from_slice(&(file.len() as u32 + 1000).to_le_bytes());
    let error = describe(packed.as_slice(), &deep()).unwrap_err();
    assert!(matches!(error, InspectError::Truncated { .. }), "{error}");
    // Long names of sections are in the string table, which went with the symbols.
    for section in 0..usize::from(file[header + 6]) {
        let name = sections + 40 * section;
        packed[name..name + 8].copy_from_slice(b"UPX0\0\0\0\0");
    }
    let found = describe(packed.as_slice(), &deep()).unwrap();
    assert!(found.images()[0].1.stripped.symbols);
}

#[cfg(unix)]
#[test]
fn pipe_is_no_file_and_is_not_waited_for() {
    let mkfifo = twinproof_testkit::program("mkfifo").unwrap_or_else(|absent| absent.end_test());
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new(mkfifo).arg(&pipe).status().unwrap().success());
    let error = describe(&pipe, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("is no regular file"), "{error}");
}

/// Numbers near the greatest that there is, where others are added to them.
#[test]
fn numbers_that_wrap_around_are_errors() {
    // A custom section whose name declares 2^64 - 1 bytes.
    let wasm = b"\0asm\x01\0\0\0\0\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x";
    let error = describe(&wasm[..], &Options::default()).unwrap_err();
    assert!(error.to_string().contains("the name of a section is longer than it"), "{error}");
    let Some((_, xcoff)) = FILES.iter().find(|(name, _)| *name == "aix/ppc64") else { return };
    let image = describe(xcoff.as_slice(), &Options::default()).unwrap();
    let loader = image.images()[0].1.sections.iter().find(|s| s.name == ".loader").unwrap().offset;
    let mut wrong = xcoff.clone();
    // The offset of the loader section's symbols.
    let at = loader as usize + 40;
    wrong[at..at + 8].fill(0xff);
    let error = describe(wrong.as_slice(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("its loader section is too short"), "{error}");
}

#[test]
fn error_for_an_unknown_format_shows_its_first_bytes() {
    let error = describe(&b"#!/bin/sh\n"[..], &Options::default()).unwrap_err();
    assert!(
        error.to_string().ends_with("(it begins with 23 21 2f 62 69 6e 2f 73 `#!/bin/s`)"),
        "{error}"
    );
    let error = describe(&b""[..], &Options::default()).unwrap_err();
    assert!(error.to_string().contains("nothing: it is empty"), "{error}");
    // Java's classes begin like a fat file.
    let class = b"\xca\xfe\xba\xbe\0\0\0\x41\0\x1d";
    assert!(matches!(describe(&class[..], &Options::default()), Err(InspectError::Unknown(_))));
}

#[test]
fn folder_is_no_file() {
    let error = describe(std::path::Path::new("."), &Options::default()).unwrap_err();
    assert!(matches!(error, InspectError::Io(_)), "{error}");
}
