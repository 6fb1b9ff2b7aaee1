//! A base image from Debian packages: `mmdebstrap` with the host's own mirror, imported over the
//! engine's API. Only the base: packages' configuration beyond Debian's own is a step of the
//! definition.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use testcontainers::bollard::body_try_stream;
use testcontainers::bollard::query_parameters::CreateImageOptionsBuilder;

use crate::definition::{Definition, Variant};
use crate::runtime::block_on;
use crate::{Engine, Error, Origin, Progress, apt, command};

/// The longest run of mmdebstrap: a slow mirror and a gigabyte.
const LIMIT: Duration = Duration::from_secs(1800);
/// Bytes sent to the engine at a time.
const CHUNK: usize = 1 << 20;

/// Makes the base of a definition; the id of the image and its packages.
pub(crate) fn base(
    engine: &Engine,
    definition: &Definition,
    progress: &dyn Progress,
) -> Result<(String, Origin), Error> {
    let program = which::which("mmdebstrap").map_err(|_| Error::Missing {
        program: "mmdebstrap".into(),
        remedy: "run: sudo apt-get install --yes mmdebstrap (on Debian or Ubuntu)".into(),
    })?;
    let scratch = tempfile::Builder::new()
        .prefix("twinproof-image-")
        .tempdir()
        .map_err(Error::file(std::env::temp_dir()))?;
    let tar = scratch.path().join("root.tar");
    let mut command = Command::new(program);
    // TMPDIR: mmdebstrap makes the whole root there, and /tmp may be small.
    command.env("TMPDIR", scratch.path()).env("LC_ALL", "C.UTF-8").args(arguments(definition));
    command.arg(&tar);
    if let Some(mirror) = apt::host_mirror(Path::new("/etc/apt")) {
        command.arg(format!("deb {mirror} {} main", definition.suite));
    }
    let suite = &definition.suite;
    let mut packages = BTreeMap::new();
    let (mut fetched, mut stage) = (0_usize, String::new());
    command::run("mmdebstrap", command, LIMIT, |line| {
        if let Some((name, version)) = fetched_package(line) {
            packages.insert(name.to_owned(), version.to_owned());
            fetched += 1;
            progress.update(&format!("{suite}: package {fetched}: {name} {version}"), None);
        } else if let Some(text) = line.strip_prefix("I: ") {
            stage = text.to_owned();
            progress.update(&format!("{suite}: {stage}"), None);
        }
    })
    .map_err(|error| remedied(error, suite))?;
    if definition.variant == Variant::Extract {
        packages.retain(|name, _| definition.packages.contains(name));
    }
    let tar = match definition.variant {
        Variant::Minbase => tar,
        Variant::Extract => {
            let kept = scratch.path().join("kept.tar");
            keep(&tar, &kept, &definition.keep)?;
            kept
        }
    };
    progress.update(&format!("{suite}: importing"), None);
    Ok((import(engine, &tar)?, Origin::Made { suite: suite.clone(), packages }))
}

fn arguments(definition: &Definition) -> Vec<String> {
    let variant = match definition.variant {
        Variant::Minbase => "minbase",
        Variant::Extract => "extract",
    };
    vec![
        "--verbose".into(),
        format!("--variant={variant}"),
        // Release files of unsupported suites and of sid may be past their Valid-Until date; their
        // signatures are still checked.
        "--aptopt=Acquire::Check-Valid-Until \"false\"".into(),
        "--aptopt=Acquire::Retries \"3\"".into(),
        format!("--include={}", definition.packages.join(",")),
        definition.suite.clone(),
    ]
}

/// Adds the remedy to an error where mmdebstrap could not work as this user.
fn remedied(error: Error, suite: &str) -> Error {
    match error {
        Error::Program { program, status, tail }
            if ["unshare", "newuidmap", "subuid", "Permission denied"]
                .iter()
                .any(|word| tail.contains(word)) =>
        {
            let advice = "it needs root or user namespaces; run: sudo apt-get install --yes uidmap";
            Error::Program { program, status, tail: format!("{advice}; {tail}") }
        }
        Error::Program { program, status, tail } if tail.contains("404") => {
            let advice = format!("the host's mirror may no longer have {suite}");
            Error::Program { program, status, tail: format!("{advice}; {tail}") }
        }
        other => other,
    }
}

/// Name and version from apt's `Get:12 MIRROR trixie/main amd64 NAME amd64 VERSION [12 kB]`.
fn fetched_package(line: &str) -> Option<(&str, &str)> {
    let mut words = line.strip_prefix("Get:")?.split_whitespace();
    let (_number, _mirror, suite, _arch, name, arch, version) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    );
    (suite.contains('/') && !arch.starts_with('[') && !version.starts_with('['))
        .then_some((name, version))
}

/// Copies the entries under `paths` from one archive to another, under merged `/usr` directories.
fn keep(from: &Path, to: &Path, paths: &[String]) -> Result<(), Error> {
    let bad = |source| Error::Archive { path: from.display().to_string(), source };
    let mut archive =
        tar::Archive::new(BufReader::new(File::open(from).map_err(Error::file(from))?));
    let mut out = tar::Builder::new(BufWriter::new(File::create(to).map_err(Error::file(to))?));
    // Packages are extracted without maintainer scripts, so nobody has made the links of merged
    // /usr; the loader is looked for in /lib.
    for link in ["bin", "lib", "sbin"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        out.append_link(&mut header, link, format!("usr/{link}")).map_err(Error::file(to))?;
    }
    for entry in archive.entries().map_err(bad)? {
        let entry = entry.map_err(bad)?;
        let path = entry.path().map_err(bad)?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path).to_path_buf();
        if !paths.iter().any(|kept| path.starts_with(kept)) {
            continue;
        }
        let mut header = entry.header().clone();
        match entry.link_name().map_err(bad)? {
            Some(target) => {
                let target = target.into_owned();
                out.append_link(&mut header, &path, target).map_err(Error::file(to))?;
            }
            None => out.append_data(&mut header, &path, entry).map_err(Error::file(to))?,
        }
    }
    let mut file = out.into_inner().map_err(Error::file(to))?;
    file.flush().map_err(Error::file(to))
}

/// Sends a root file system to the engine; the id of the image.
fn import(engine: &Engine, tar: &Path) -> Result<String, Error> {
    let file = File::open(tar).map_err(Error::file(tar))?;
    let body = stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let mut chunk = vec![0; CHUNK];
        match file.read(&mut chunk) {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(Bytes::from(chunk)), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    // `-`: the file system is the body of the request.
    let options = CreateImageOptionsBuilder::new().from_src("-").build();
    let status = block_on(async {
        let mut events =
            engine.docker.create_image(Some(options), Some(body_try_stream(body)), None);
        let import = async {
            let mut last = String::new();
            while let Some(event) = events.next().await {
                let event = event.map_err(Error::engine("import a root file system"))?;
                last = event.status.unwrap_or(last);
            }
            Ok::<_, Error>(last)
        };
        tokio::time::timeout(LIMIT, import)
            .await
            .map_err(|_| Error::TimedOut { what: "import".into(), limit: LIMIT })?
    })??;
    // The engine reports the id of an import as the last status, and errors as events before it.
    if status.starts_with("sha256:") {
        return Ok(status);
    }
    Err(Error::Invalid(format!("the engine imported a file system as `{status}`, not as an id")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Get:12 http://m.test/debian trixie/main amd64 musl amd64 1.2.5-3 [428 kB]", Some(("musl", "1.2.5-3")))]
    #[case("Get:2 http://m.test/d sid/main amd64 zlib1g amd64 1:1.3.dfsg+really1.3.1-1 [88.7 kB]", Some(("zlib1g", "1:1.3.dfsg+really1.3.1-1")))]
    #[case("Get:1 http://m.test/debian trixie InRelease [140 kB]", None)]
    #[case("Get:5 http://m.test/debian trixie/main amd64 Packages [9679 kB]", None)]
    #[case("I: extracting archives...", None)]
    fn packages_are_read_off_the_log(#[case] line: &str, #[case] found: Option<(&str, &str)>) {
        assert_eq!(fetched_package(line), found);
    }

    #[test]
    fn only_what_is_kept_is_copied() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a.tar"), dir.path().join("b.tar"));
        let mut builder = tar::Builder::new(File::create(&from).unwrap());
        for path in ["./usr/lib/ld.so", "./usr/lib/libc.so", "./usr/share/doc/x"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(2);
            header.set_mode(0o755);
            builder.append_data(&mut header, path, &b"hi"[..]).unwrap();
        }
        builder.into_inner().unwrap();
        keep(&from, &to, &["usr/lib/ld.so".into()]).unwrap();
        let mut archive = tar::Archive::new(File::open(&to).unwrap());
        let paths: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(paths, ["bin", "lib", "sbin", "usr/lib/ld.so"]);
    }
}
