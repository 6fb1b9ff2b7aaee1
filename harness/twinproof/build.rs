//! Builds the suites and goldens into the program, so that it also runs outside the repository.

use std::fs::File;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for name in ["suites", "golden"] {
        let folder = root.join(name);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        list(&folder, &mut files)?;
        files.sort();
        // A tenth of the files' size.
        let packed = File::create(out.join(name).with_extension("tar.zst"))?;
        let mut packed = tar::Builder::new(zstd::Encoder::new(packed, 19)?);
        for file in files {
            let relative = file.strip_prefix(&folder)?;
            let mut header = tar::Header::new_gnu();
            header.set_size(file.metadata()?.len());
            header.set_mode(0o644);
            packed.append_data(&mut header, relative, File::open(&file)?)?;
        }
        packed.into_inner()?.finish()?;
    }
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
