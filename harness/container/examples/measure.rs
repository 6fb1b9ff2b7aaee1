//! Measures the time of programs, uploads and snapshots in a session; and of a Windows SDK under Wine.
//!
//! `cargo run -p twinproof-container --example measure -- trixie`
//! `cargo run -p twinproof-container --example measure -- wine /path/to/windows/goroot`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use twinproof_container::{
    ArchiveEntry, DownloadLimits, Engine, Error, Exec, Images, Mount, Run, Session, SessionOptions,
    Silent, wine,
};

const ROUNDS: u32 = 10;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let engine = Engine::detect().map_err(Error::Absent)?;
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "trixie".into());
    let sdk = arguments.next().map(PathBuf::from);
    let image = Images::embedded()?.ensure(&engine, &name, &Silent)?;
    let run = Run::new(Duration::from_secs(900));
    let windows = name == "wine";
    let mut options = SessionOptions::default();
    let container = wine::to_unix(r"C:\sdk\go").unwrap_or_default();
    if windows {
        let go = which::which("go")
            .map_err(|error| Error::Missing { program: "go".into(), remedy: error.to_string() })?;
        options.launcher =
            Some(wine::build_launcher(&go, &std::env::temp_dir().join("twinproof-launcher"))?);
        options.mounts.extend(sdk.clone().map(|host| Mount { host, container }));
    }
    let session = time("start", 1, || Session::start(&engine, &run, &image, options.clone()))?;
    let mut first =
        Exec::new(if windows { vec!["cmd.exe", "/c", "exit"] } else { vec!["/bin/true"] });
    first.env = if windows { wine::base_environment() } else { Vec::new() };
    time("exec", ROUNDS, || session.exec(&first))?;
    time("exec_unix", ROUNDS, || session.exec_unix(&Exec::new(["/bin/true"])))?;
    let entries: Vec<ArchiveEntry> =
        (0..20).map(|n| ArchiveEntry::file(format!("d/{n}"), vec![b'x'; 1000])).collect();
    time("upload of 20 files", ROUNDS, || session.upload("/work", &entries))?;
    time("snapshot of 20 files", ROUNDS, || session.snapshot("/work", DownloadLimits::default()))?;
    time("remove", ROUNDS, || session.remove(&["/work".to_owned()]))?;
    if let (true, Some(_)) = (windows, sdk) {
        let mut go = Exec::new([r"C:\sdk\go\bin\go.exe", "version"]);
        go.env = wine::base_environment();
        let done = time("go.exe version", ROUNDS, || session.exec(&go))?;
        print!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        let hello = "package main\n\nfunc main() { println(\"hello\") }\n";
        session.upload(
            "/opt/wine/drive_c/work",
            &[
                ArchiveEntry::file("main.go", hello),
                ArchiveEntry::file("go.mod", "module hello\n\ngo 1.21\n"),
            ],
        )?;
        go.argv = [r"C:\sdk\go\bin\go.exe", "run", "."].map(str::to_owned).into();
        go.cwd = r"C:\work".into();
        go.env.push(("GOTOOLCHAIN".into(), "local".into()));
        go.time_limit = Duration::from_secs(600);
        let done = time("go.exe run", 2, || session.exec(&go))?;
        print!("{:?} {}", done.exit, String::from_utf8_lossy(&done.stderr));
    }
    drop(time("facts", 1, || session.facts())?);
    let start = Instant::now();
    drop(session);
    println!("end: {:?}", start.elapsed());
    Ok(())
}

/// Runs something some times and prints the shortest and the median time.
fn time<T>(
    what: &str,
    rounds: u32,
    mut work: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        let result = work()?;
        times.push(start.elapsed());
        if times.len() >= rounds as usize {
            times.sort();
            println!("{what}: least {:?}, median {:?}", times[0], times[times.len() / 2]);
            return Ok(result);
        }
    }
}
