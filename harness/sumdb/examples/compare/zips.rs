//! The h1 of large zips: one of many files, one of a single file.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::json;
use twinproof_gomod::dirhash::hash_zip;
use twinproof_testkit::Program;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::peer::Peer;
use crate::row::{Row, median};

/// The size that a zip is brought to.
const SIZE: u64 = 100_000_000;

/// Files of the Go distribution: sources and compiled programs, as module zips have them.
fn material() -> Vec<PathBuf> {
    let output = Command::new("go").args(["env", "GOROOT"]).output().unwrap();
    let root = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let mut files = Vec::new();
    let mut directories = vec![root];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    // The order of a folder differs from one file system to another.
    files.sort();
    files
}

/// Writes a zip of [`SIZE`] bytes, of many files or of one.
fn make(path: &Path, one_file: bool) -> (usize, u64) {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path).unwrap()));
    let (mut files, mut content) = (0, 0);
    if one_file {
        // Beyond 4 GiB the header has to say so before the content is known.
        let options = SimpleFileOptions::default().large_file(true);
        zip.start_file("example.com/m@v1.0.0/blob", options).unwrap();
        files = 1;
    }
    let material = material();
    // The distribution is smaller than the zip, so it is taken again under other names.
    'full: for copy in 0.. {
        for (i, file) in material.iter().enumerate() {
            let mut bytes = Vec::new();
            File::open(file).unwrap().read_to_end(&mut bytes).unwrap();
            if !one_file {
                let name = format!("example.com/m@v1.0.0/c{copy}/f{i}");
                zip.start_file(name, SimpleFileOptions::default()).unwrap();
                files += 1;
            }
            zip.write_all(&bytes).unwrap();
            content += bytes.len() as u64;
            // The size is that of the compressed file on disk.
            if fs::metadata(path).unwrap().len() >= SIZE {
                break 'full;
            }
        }
    }
    zip.finish().unwrap().into_inner().unwrap();
    (files, content)
}

/// Measures both zips with both sides.
pub fn compare(program: &Program, rounds: u32) -> Vec<Row> {
    let directory = tempfile::tempdir().unwrap();
    [false, true]
        .map(|one_file| {
            let path = directory.path().join("m.zip");
            let (files, content) = make(&path, one_file);
            let mut peer = Peer::start(program);
            let request = json!({ "task": "zip", "count": 1, "path": path });
            // A task of no iterations, so that the runtime of the other side is not counted.
            let idle = peer.ask(&json!({ "task": "new_tiles", "count": 0, "size": 1 })).peak;
            let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
            for _ in 0..=rounds {
                let start = Instant::now();
                let result = hash_zip(&path).unwrap().to_string();
                ours.push(start.elapsed().as_nanos() as f64);
                let answer = peer.ask(&request);
                assert_eq!(answer.text, result);
                theirs.push(answer.nanos as f64);
                peak = answer.peak;
            }
            let what = format!(
                "h1 of a zip of {} MB: {files} file{}, {} MB inflated",
                fs::metadata(&path).unwrap().len() / 1_000_000,
                if files == 1 { "" } else { "s" },
                content / 1_000_000
            );
            let memory = Some((memory(&path), peak.saturating_sub(idle)));
            let (ours, theirs) = (median(ours), median(theirs));
            Row { what, ours, theirs, figure: 2.0, memory }
        })
        .into()
}

/// The most memory resident in this process so far, in bytes; 0 where the system does not tell.
fn peak() -> u64 {
    let Ok(status) = File::open("/proc/self/status") else { return 0 };
    let mut text = String::new();
    BufReader::new(status).read_to_string(&mut text).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
        .map_or(0, |kib: u64| kib << 10)
}

/// The process that only hashes a zip and prints the memory it took.
pub fn child(path: &str) {
    let before = peak();
    hash_zip(Path::new(path)).unwrap();
    println!("{}", peak() - before);
}

/// The memory that hashing takes, in a process that does nothing else.
fn memory(path: &Path) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--h1").arg(path).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().parse().unwrap()
}
