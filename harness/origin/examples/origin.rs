//! Serves an origin by hand, until its standard input ends.
//!
//! ```text
//! cargo run -p twinproof-origin --example origin -- [--rules FILE.json] [CORPUS…]
//! ```
//!
//! A corpus is a folder of module archives, such as `src/cmd/go/testdata/mod` of a Go distribution.
//! The rules are a JSON list. Every request is printed as it is answered.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use twinproof_origin::{Origin, Setup, crafted};

fn main() -> Result<(), Box<dyn Error>> {
    let mut setup = Setup::default();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--rules" {
            let file = arguments.next().ok_or("--rules needs a file")?;
            setup.rules = serde_json::from_slice(&std::fs::read(file)?)?;
        } else {
            setup.corpora.push(PathBuf::from(argument));
        }
    }
    let origin = Arc::new(Origin::start(setup)?);
    let mut out = std::io::stdout();
    writeln!(out, "GOPROXY={}", origin.url())?;
    writeln!(out, "GOSUMDB={}", origin.sumdb_key())?;
    writeln!(
        out,
        "GOSUMDB=\"{} {}\" asks the database directly",
        origin.sumdb_key(),
        origin.sumdb_url()
    )?;
    if let Some((_, key)) = origin.cmd_go_sumdb() {
        writeln!(out, "GOPROXY={}/mod GOSUMDB={key} as cmd/go's tests have it", origin.url())?;
    }
    writeln!(
        out,
        "{} under TLS, {} for clients with certificates",
        origin.url_tls()?,
        origin.url_mutual_tls()?
    )?;
    writeln!(
        out,
        "{} modules with zips out of the ordinary, such as {}/crafted.example/bad/dot-dot/@v/v1.0.0.zip",
        crafted::rules().count(),
        origin.url()
    )?;

    let ended = Arc::new(AtomicBool::new(false));
    let (watched, flag) = (Arc::clone(&origin), Arc::clone(&ended));
    let printer = std::thread::spawn(move || {
        let mut printed = 0;
        while !flag.load(Ordering::Relaxed) {
            if watched.wait_for(printed + 1, Duration::from_millis(200)) {
                for request in watched.requests_from(printed) {
                    let status = request.status.map_or("no answer".to_owned(), |s| s.to_string());
                    println!(
                        "{} {} {status} {} bytes",
                        request.method, request.target, request.sent
                    );
                    printed = request.number + 1;
                }
            }
        }
    });
    for line in std::io::stdin().lock().lines() {
        line?;
    }
    ended.store(true, Ordering::Relaxed);
    printer.join().map_err(|_| "the printer failed")?;
    Ok(())
}
