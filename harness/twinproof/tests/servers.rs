//! Steps about servers, driven by the program itself against a subject that this test is: each is
//! green, red under its control, and judged the same again from its evidence.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; the subject ends because the test wants it"
)]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use support::{beside, conformance, results, twinproof};
use twinproof_model::{Results, Verdict};
use twinproof_steps::RunRecord;

/// The subject: not a test but a server, where the harness launches this program as one.
#[test]
fn mirror_of_the_self_test() {
    let Ok(address) = std::env::var("SELFTEST_MIRROR") else { return };
    if std::env::var_os("SELFTEST_BROKEN").is_some() {
        println!("broken, as told");
        std::process::exit(3);
    }
    let launches = Path::new(&std::env::var("SELFTEST_STORE").unwrap()).join("launches");
    let before = std::fs::read_to_string(&launches).ok().and_then(|n| n.trim().parse().ok());
    std::fs::write(&launches, format!("{}\n", before.unwrap_or(0) + 1)).unwrap();
    let upstream = std::env::var("SELFTEST_UPSTREAM").unwrap();
    let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind(address).unwrap();
    for client in listener.incoming() {
        let (client, upstream) = (client.unwrap(), upstream.clone());
        std::thread::spawn(move || {
            let server = TcpStream::connect(upstream)?;
            let (from, to) = (client.try_clone()?, server.try_clone()?);
            std::thread::spawn(move || pass(from, to));
            pass(server, client)
        });
    }
}

/// Passes bytes on until their end, or until the receiver has closed.
fn pass(mut from: TcpStream, mut to: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 16 << 10];
    let passed = loop {
        match from.read(&mut buffer) {
            Ok(0) => break to.shutdown(Shutdown::Write),
            Ok(n) => to.write_all(&buffer[..n])?,
            Err(error) => break Err(error),
        }
    };
    if passed.is_err() {
        to.shutdown(Shutdown::Both)?;
    }
    passed
}

/// The self-test with this program as the mirror.
fn mirrored(out: &Path) -> assert_cmd::Command {
    let mut command = conformance(&beside("selftest"), out);
    let this = std::env::current_exe().unwrap();
    command.arg("--subject").arg(format!("mirror={}", this.display()));
    command.args(["--env", "proxy:mirror"]);
    command
}

fn verdicts(results: &Results) -> Vec<(&str, Verdict)> {
    results.cases.iter().map(|c| (c.case.as_str(), c.verdict)).collect()
}

#[test]
fn each_step_is_green_and_red_under_its_control() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let assert = mirrored(&out)
        .args(["--case", "server-*", "--skip", "server-not-ready", "--controls"])
        .assert();
    let said = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let results = results(&out);
    let names = ["broken-off", "golden", "http", "raw", "requests", "restart", "sumdb"];
    let mut got = verdicts(&results);
    got.sort();
    let want: Vec<_> =
        names.iter().map(|n| (format!("selftest/server-{n}"), Verdict::Pass)).collect();
    let want: Vec<_> = want.iter().map(|(case, verdict)| (case.as_str(), *verdict)).collect();
    assert_eq!(got, want, "{said}");
    let problems: Vec<_> = results.controls.iter().filter(|c| c.problem.is_some()).collect();
    assert_eq!(problems, Vec::<&_>::new());
    assert_eq!(results.summary.controls_red, 7);
    assert_eq!(results.run.subjects[1], "proxy=mirror v1");
    assert_eq!(results.cases[0].subject, "proxy=mirror v1");
    assert.code(0);

    let bundle = out.join("bundle");
    let judged = twinproof().arg("judge").arg(&bundle).assert().code(0);
    let said = String::from_utf8_lossy(&judged.get_output().stdout).into_owned();
    assert!(said.ends_with("14 verdicts computed again, 0 different\n"), "{said}");
    let record = bundle.join("records/proxy_mirror/selftest/server-requests.json");
    let record: RunRecord = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let logs: Vec<_> = record.logs.keys().map(String::as_str).collect();
    assert_eq!(logs[..2], ["origin.requests", "subject.log"], "{logs:?}");
}

#[test]
fn a_subject_that_ends_at_once_fails_with_what_it_said() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    mirrored(&out).args(["--case", "server-not-ready"]).assert().code(1);
    let results = results(&out);
    let checks = &results.cases[0].checks;
    let [ready] = checks.as_slice() else { panic!("{checks:?}") };
    assert_eq!((ready.id.as_str(), ready.verdict), ("mirror.ready", Verdict::Fail));
    assert!(ready.actual.starts_with("it ended with code 3, "), "{}", ready.actual);
    assert!(ready.actual.contains("broken, as told"), "{}", ready.actual);
}

#[test]
fn a_subject_that_is_not_given_is_absent_with_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let mut command = conformance(&beside("selftest"), &out);
    command.args(["--subject", "proxy=mirror", "--env", "proxy", "--case", "server-http"]);
    let assert = command.assert().code(2);
    let results = results(&out);
    assert_eq!(verdicts(&results), [("selftest/server-http", Verdict::Unavailable)]);
    let said = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(said.contains("--subject mirror=PATH"), "{said}");
}

#[test]
fn read_only_subject_gets_no_upstream() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let mut command = conformance(&beside("selftest"), &out);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 4096]);
            let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    command.args(["--subject", &format!("proxy=http://{address}"), "--env", "proxy", "--controls"]);
    // The subject was named, and no case decided anything about it.
    command.args(["--case", "server-http"]).assert().code(2);
    let results = results(&out);
    assert_eq!(verdicts(&results), [("selftest/server-http", Verdict::NotApplicable)]);
    assert_eq!(results.summary.reasons, ["1 subject asked for, without a decided case"]);
    assert_eq!(results.cases[0].environment.to_string(), format!("proxy:{address}"));
    assert_eq!(results.run.subjects[1], format!("proxy={address}"));
}
