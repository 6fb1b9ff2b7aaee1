//! Runs scripts of cmd/go's own tests against a module proxy and prints a table.
//!
//! ```text
//! cargo run -p twinproof-script --example scripts -- --goroot DIR [--proxy URL] [--control URL] [PATTERN...]
//! cargo run -p twinproof-script --example scripts -- --goroot DIR --serve ADDRESS-FILE
//! ```
//!
//! PATTERN is a name with `*`; all `mod_*` scripts without one. Without `--proxy`, the scripts meet
//! the origin itself. With `--control`, requests with the tests' control prefixes go there (a base
//! URL) and not to the proxy; with `--database control` those for the checksum database too.
//! `--env NAME=VALUE` sets a variable after the scripts' first ones.
//! `--serve` runs an origin until its input ends, and writes its URL to a file: it is the upstream of
//! a proxy to try, and `URL/mod` is the control server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use twinproof_origin::{Origin, Setup};
use twinproof_script::{
    Database, Front, Outcome, Script, ScriptLimits, Setting, Toolchain, Verdict,
};

type Failure = Box<dyn std::error::Error>;

struct Options {
    goroot: PathBuf,
    proxy: Option<String>,
    serve: Option<PathBuf>,
    control: Option<String>,
    database: Database,
    sumdb: Option<String>,
    jobs: usize,
    out: Option<PathBuf>,
    gocache: Option<PathBuf>,
    env: Vec<(String, String)>,
    patterns: Vec<String>,
}

fn options() -> Result<Options, Failure> {
    // By hand: an example should need no parser of arguments that the crate does not use itself.
    let mut args = std::env::args().skip(1);
    let mut named = BTreeMap::new();
    let mut patterns = Vec::new();
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--") {
            Some(name) => {
                let value = args.next().ok_or_else(|| format!("--{name} needs a value"))?;
                named.insert(name.to_owned(), value);
            }
            None => patterns.push(arg),
        }
    }
    if patterns.is_empty() {
        patterns.push("mod_*".to_owned());
    }
    let mut take = |name: &str| named.remove(name);
    let options = Options {
        goroot: take("goroot").ok_or("--goroot DIR is missing")?.into(),
        proxy: take("proxy"),
        serve: take("serve").map(Into::into),
        control: take("control"),
        database: match take("database").as_deref() {
            None | Some("subject") => Database::Subject,
            Some("control") => Database::Control,
            Some(other) => return Err(format!("--database {other}: subject or control").into()),
        },
        sumdb: take("sumdb"),
        jobs: take("jobs").map_or(Ok(2), |n| n.parse())?,
        out: take("out").map(Into::into),
        gocache: take("gocache").map(Into::into),
        env: match take("env").as_deref().map(|set| set.split_once('=').ok_or("--env NAME=VALUE")) {
            None => Vec::new(),
            Some(set) => set.map(|(name, value)| vec![(name.to_owned(), value.to_owned())])?,
        },
        patterns,
    };
    // Options that no code above has taken are unknown.
    match named.keys().next() {
        Some(name) => Err(format!("--{name} is not known").into()),
        None => Ok(options),
    }
}

/// The key of the database that Go's own test proxy serves, from where Go keeps it.
fn reference_key(goroot: &Path) -> Result<String, Failure> {
    // Go generates no file with it; it stands in the source of the test proxy.
    let path = goroot.join("src").join("cmd").join("go").join("proxy_test.go");
    let text = std::fs::read_to_string(&path)?;
    let line = text.lines().find(|line| line.contains("testSumDBVerifierKey ="));
    let key = line.and_then(|line| line.split('"').nth(1));
    Ok(key.ok_or_else(|| format!("no key in {}", path.display()))?.to_owned())
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|i| rest.get(i..).is_some_and(|rest| fits(after, rest)))
        }),
    }
}

fn main() -> Result<ExitCode, Failure> {
    let options = options()?;
    let toolchain = Toolchain::probe(&options.goroot)?;
    let origin = |toolchain: &Toolchain| {
        Origin::start(Setup { corpora: vec![toolchain.modules()], ..Setup::default() })
    };
    if let Some(file) = &options.serve {
        let origin = origin(&toolchain)?;
        std::fs::write(file, origin.url())?;
        // The parent ends this by closing its standard input, on every system alike.
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (own, proxy) = match options.proxy {
        Some(proxy) => (None, proxy),
        None => {
            let origin = origin(&toolchain)?;
            let url = format!("{}/mod", origin.url());
            (Some(origin), url)
        }
    };
    let front = match &options.control {
        Some(control) => Some(Front::start(&proxy, control, options.database)?),
        None => None,
    };
    let dir = tempfile::tempdir()?;
    let sumdb = match options.sumdb {
        Some(key) => key,
        None => reference_key(&options.goroot)?,
    };
    let setting = Setting {
        // With a front, the scripts see one server, and it decides by the path who answers.
        proxy: front.as_ref().map_or(proxy, Front::url),
        sumdb,
        dir: dir.path().join("work"),
        gocache: options.gocache.unwrap_or_else(|| dir.path().join("gocache")),
        short: false,
        env: options.env,
        limits: ScriptLimits::default(),
        toolchain,
    };
    let mut scripts = Vec::new();
    for entry in std::fs::read_dir(setting.toolchain.scripts())? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = path.extension().is_some_and(|e| e == "txt");
        if text && options.patterns.iter().any(|pattern| fits(pattern, &name)) {
            scripts.push(path);
        }
    }
    scripts.sort();
    // A shared counter and not equal shares: scripts take between milliseconds and a minute.
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<BTreeMap<String, Result<Outcome, String>>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(path) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = Script::read(path)
                        .and_then(|script| script.verdict_in(&setting))
                        .map_err(|e| e.to_string());
                    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    tell(&name, &outcome);
                    if let Ok(mut all) = outcomes.lock() {
                        all.insert(name, outcome);
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner()?;
    if let Some(origin) = own {
        println!("{} requests", origin.requests().len());
    }
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, outcome) in &outcomes {
        *counts.entry(word(outcome)).or_default() += 1;
        if let (Some(out), Ok(outcome)) = (&options.out, outcome) {
            std::fs::create_dir_all(out)?;
            let mut text = outcome.transcript.clone();
            text.push_str(&format!("{:?}\n", outcome.verdict));
            std::fs::write(out.join(format!("{name}.log")), text)?;
        }
    }
    println!("{} scripts: {counts:?}", outcomes.len());
    // A script that has no meaning on this system is no failure.
    let good = counts.keys().all(|word| matches!(*word, "pass" | "not applicable"));
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn word(outcome: &Result<Outcome, String>) -> &'static str {
    match outcome.as_ref().map(|o| &o.verdict) {
        Ok(Verdict::Pass) => "pass",
        Ok(Verdict::Fail(_)) => "fail",
        Ok(Verdict::NotApplicable(_)) => "not applicable",
        Err(_) => "error",
    }
}

fn tell(name: &str, outcome: &Result<Outcome, String>) {
    let (millis, why) = match outcome {
        Err(e) => (0, e.clone()),
        Ok(outcome) => (
            outcome.millis,
            match &outcome.verdict {
                Verdict::Pass => String::new(),
                Verdict::NotApplicable(reason) => reason.to_string(),
                Verdict::Fail(f) => format!("line {}: {}: {}", f.line, f.command, f.message),
            },
        ),
    };
    println!("{:<14} {:>6} ms  {name:<36} {why}", word(outcome), millis);
}
