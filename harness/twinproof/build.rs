//! Builds the suites and goldens into the program, so that it also runs outside the repository.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let mut code = String::new();
    for (name, folder) in [("SUITES", "suites"), ("GOLDENS", "golden")] {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        list(&folder, &mut files)?;
        files.sort();
        writeln!(code, "pub static {name}: &[(&str, &[u8])] = &[")?;
        for file in files {
            let relative = file.strip_prefix(&folder)?;
            let parts: Vec<_> =
                relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
            let path = file.canonicalize()?;
            writeln!(code, "    ({:?}, include_bytes!({:?})),", parts.join("/"), path)?;
        }
        writeln!(code, "];")?;
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("embedded.rs");
    std::fs::write(out, code)?;
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list(&path, files)?;
        } else if !path.to_string_lossy().ends_with(".snap.new") {
            files.push(path);
        }
    }
    Ok(())
}
