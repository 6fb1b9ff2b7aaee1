//! Results for tests: one run with every verdict and with names that mean harm, a small one, an
//! empty one, and any number of arbitrary ones. A bundle in memory goes with the first.

use crate::evidence::Bundle;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use twinproof_model::{
    BlobRef, Capability, CaseResult, Check, Claim, ControlOutcome, Controls, Date, DocumentVerdict,
    EntryKind, EnvironmentName, EnvironmentResult, Exchange, Expectation, ExpectationState,
    Expected, Fingerprint, FloorResult, GoldenResult, Level, NormaliserUse, Requirement, Results,
    RunMeta, Skip, Summary, Verdict,
};
use twinproof_steps::{
    Entries, EnvChange, FileEntry, GoldenSight, HttpExchange, Observation, ProbeSight,
    ProcessObservation, RunOutcome, RunRecord, StepRecord, Wrote,
};

/// 2026-09-21 14:13:20 UTC.
const START: i64 = 1_790_000_000_000;

/// Output of a hostile subject.
pub const HOSTILE: &str = "</code><script>alert(1)</script><img src=x onerror=alert(1)>\"'`|]]>\u{1b}[31m\u{202e}gnp.exe\0";

pub fn environment(name: &str) -> EnvironmentName {
    name.parse().unwrap()
}

pub fn check(id: &str, verdict: Verdict, expected: &str, actual: &str) -> Check {
    let evidence = vec![BlobRef { sha256: "c0ffee".repeat(10) + "beef", size: 123 }];
    Check {
        id: id.into(),
        step: 0,
        verdict,
        expected: expected.into(),
        actual: actual.into(),
        evidence,
    }
}

pub fn case(id: &str, environment_name: &str, verdict: Verdict, claims: &[&str]) -> CaseResult {
    let suite = id.split('/').next().unwrap_or_default().to_owned();
    CaseResult {
        file: format!("{suite}/gobin.toml"),
        record: format!("records/{}/{id}.json", environment_name.replace(':', "_")),
        suite,
        case: id.into(),
        title: "go install without GOBIN writes to the first GOPATH entry's bin".into(),
        environment: environment(environment_name),
        subject: "toolchain=go1.27.3".into(),
        claims: claims.iter().map(|c| (*c).to_owned()).collect(),
        level: Level::Must,
        verdict,
        skip: None,
        broken: None,
        checks: Vec::new(),
        exchanges: BTreeMap::new(),
        flaky: false,
        micros: 1_234_567,
        started: START + 1_000,
        line: 12,
        column: 1,
        drift: BTreeMap::new(),
        exhibits: Vec::new(),
        cell: None,
        goldens: Vec::new(),
    }
}

fn claim(id: &str, suite: &str, statement: &str, level: Level) -> Claim {
    Claim {
        id: id.into(),
        statement: statement.into(),
        truth: None,
        document: None,
        reference: "go help environment".into(),
        source: Some("https://pkg.go.dev/cmd/go#hdr-Environment_variables".into()),
        level,
        suite: suite.into(),
    }
}

fn of_document(id: &str, statement: &str, document: DocumentVerdict, truth: &str) -> Claim {
    Claim {
        document: Some(document),
        truth: (!truth.is_empty()).then(|| truth.to_owned()),
        reference: "source document, 2.3".into(),
        source: None,
        ..claim(id, "path", statement, Level::Should)
    }
}

fn available(name: &str, os: &str, libc: &str, capabilities: &[Capability]) -> EnvironmentResult {
    let mut result = described(name);
    result.required = name == "host";
    result.capabilities = capabilities.iter().cloned().collect();
    result.fingerprint = Fingerprint {
        os: os.into(),
        arch: "amd64".into(),
        kernel: "Linux 6.12.9".into(),
        libc: libc.into(),
        image: name.starts_with("image").then(|| "sha256:77aa".into()),
        sdks: BTreeMap::from([("go1.27.3".into(), "verified, h1:3x8Yw0n1Zz9kKq".into())]),
        facts: BTreeMap::new(),
    };
    result.class = Some(if name == "wine" { "windows".into() } else { "posix".into() });
    result.handshake = vec!["go version go1.27.3".into(), "uid 1000".into()];
    result
}

fn absent(name: &str, detail: &str, remedy: &str) -> EnvironmentResult {
    let skip = Skip::EnvironmentAbsent { detail: detail.into(), remedy: remedy.into() };
    EnvironmentResult { absent: Some(skip), ..described(name) }
}

/// As `results.json` has it when nothing but the name is known.
fn described(name: &str) -> EnvironmentResult {
    serde_json::from_value(serde_json::json!({ "name": name })).unwrap()
}

fn drift(case: &mut CaseResult, values: &[(&str, &str)]) {
    let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    case.drift.insert("Go's paths, nothing set".into(), values);
}

fn run_meta() -> RunMeta {
    RunMeta {
        twinproof: "0.1.0".into(),
        started: START,
        millis: 72_400,
        arguments: vec![
            "conformance".into(),
            "--controls".into(),
            "--case".into(),
            "path/**".into(),
        ],
        subjects: vec!["toolchain=go1.27.3".into(), "proxy=embedded".into()],
        commit: Some("b7248eb".into()),
        suites_sha256: "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9".into(),
        suites_folder: "suites".into(),
        strict: false,
        interrupted: false,
        controls: Controls::Everywhere,
        filtered: false,
        redactions: 3,
    }
}

/// Counts, and decides the exit code by the cases alone.
pub fn summed(mut results: Results) -> Results {
    results.summary = Summary {
        reasons: std::mem::take(&mut results.summary.reasons),
        controls_red: results.controls.iter().filter(|c| c.ok).count() as u64,
        controls_green: results.controls.iter().filter(|c| !c.ok).count() as u64,
        ..Summary::count(results.cases.iter().map(|c| c.verdict))
    };
    results.summary.exit_code = results.summary.verdict.map_or(2, Verdict::exit_code);
    results
}

/// A run without an environment, a claim or a case.
pub fn empty() -> Results {
    summed(Results {
        format: 1,
        run: run_meta(),
        summary: Summary { reasons: vec!["1 run without a case".into()], ..Summary::default() },
        environments: Vec::new(),
        claims: Vec::new(),
        cases: Vec::new(),
        controls: Vec::new(),
        expectations: Vec::new(),
        floors: Vec::new(),
        normalisers: Vec::new(),
    })
}

/// A run in which all is well, and one environment was absent.
pub fn small() -> Results {
    let mut drifting = case("path/drift-unset", "host", Verdict::Pass, &["PATH-001"]);
    drift(&mut drifting, &[("GOBIN", ""), ("GOPATH", "~/go")]);
    summed(Results {
        environments: vec![
            available(
                "host",
                "Debian GNU/Linux 12",
                "glibc 2.36",
                &[Capability::Linux, Capability::Go],
            ),
            absent("wine", "no container runtime", "sudo apt-get install docker.io"),
        ],
        claims: vec![claim(
            "PATH-001",
            "path",
            "GOPATH defaults to go in the home directory.",
            Level::Must,
        )],
        cases: vec![
            drifting,
            CaseResult {
                skip: Some(Skip::EnvironmentAbsent {
                    detail: "no container runtime".into(),
                    remedy: "sudo apt-get install docker.io".into(),
                }),
                ..case("path/drift-unset", "wine", Verdict::Unavailable, &["PATH-001"])
            },
        ],
        ..empty()
    })
}

/// A run in which one environment is broken with all its 86 cases, and one without any.
pub fn broken() -> Results {
    let broken =
        |name: &str, why: &str| EnvironmentResult { broken: Some(why.into()), ..described(name) };
    let why = "image:bookworm: the handshake failed: the program that is not there was found";
    let mut results = small();
    results.environments.push(broken("image:bookworm", why));
    results.environments.push(broken("image:none", "the image has no shell"));
    results.cases.extend((0..86).map(|at| CaseResult {
        broken: Some(why.into()),
        ..case(&format!("path/case-{at}"), "image:bookworm", Verdict::HarnessError, &["PATH-001"])
    }));
    summed(results)
}

/// A run with every verdict, and with names and outputs that mean harm.
pub fn full() -> Results {
    let go = "PATH-027";
    let mut fail =
        case("path/gobin-unset-goes-to-first-gopath", "wine", Verdict::Fail, &[go, "SRC-27"]);
    fail.checks = vec![
        check("install.exit", Verdict::Pass, "0", "0"),
        check("install.file", Verdict::Fail, "one\\bin\\hello.exe exists", "nothing is there"),
        check("install.stdout", Verdict::Fail, "text without `<script>`", HOSTILE),
    ];
    let sent = Exchange {
        request: "GET /example.com/!hello/@v/list HTTP/1.1\nAccept: */*\n".into(),
        response: format!("HTTP/1.1 500\ncontent-type: text/html\n\n{HOSTILE}"),
        repeat: Some("curl -sSi --path-as-is -g \"$PROXY\"'/example.com/!hello/@v/list'".into()),
    };
    fail.exchanges.insert(0, sent);
    fail.goldens = vec![GoldenResult {
        name: "path/gobin-unset.install@windows".into(),
        step: 3,
        equal: false,
        normalised: format!("hello.exe\n{HOSTILE}\n"),
    }];
    let mut pass =
        case("path/gobin-unset-goes-to-first-gopath", "host", Verdict::Pass, &[go, "SRC-27"]);
    pass.checks = vec![check("install.exit", Verdict::Pass, "0", "0")];
    pass.flaky = true;
    let mut broke = case("proxy/list-is-sorted", "host", Verdict::HarnessError, &["PROXY-003"]);
    broke.broken = Some("the module proxy did not start: address in use".into());
    let mut stale = case("path/goroot-stale", "image:trixie", Verdict::Xpass, &["SRC-25"]);
    stale.checks = vec![check("version.exit", Verdict::Xpass, "2", "2")];
    let mut unsure =
        case("masking/no-vip-reaches-staging", "host", Verdict::Inconclusive, &["MASK-001"]);
    unsure.checks =
        vec![check("5.stdout", Verdict::Inconclusive, "no VIP row", "evidence c0ffee is lost")];
    let mut xfail = case("path/case-of-drive-letter", "wine", Verdict::Xfail, &["PATH-041"]);
    xfail.checks = vec![check("1.stdout", Verdict::Xfail, "C:\\", "c:\\")];
    let mut waived = case("path/symlinked-gopath", "wine", Verdict::Waived, &["PATH-041"]);
    waived.checks = vec![check("2.exit", Verdict::Waived, "0", "1")];
    let mut not_there = case(
        "path/gobin-unset-goes-to-first-gopath",
        "wsl:Ubuntu-24.04",
        Verdict::Unavailable,
        &[go],
    );
    not_there.skip = Some(Skip::EnvironmentAbsent {
        detail: "this machine is not Windows".into(),
        remedy: "wsl --install Ubuntu-24.04".into(),
    });
    let mut not_applicable =
        case("path/symlinked-gopath", "host", Verdict::NotApplicable, &["PATH-041"]);
    not_applicable.skip =
        Some(Skip::RequirementNotMet { requirement: Requirement::Has(Capability::Windows) });
    let mut weird =
        case("path/weird", "image:日本語-<script>-]]>", Verdict::Fail, &["NO|SUCH*claim"]);
    weird.title = format!("{HOSTILE} {}", "long ".repeat(200));
    weird.file = "path/ünï <code>.toml".into();
    weird.record = "../../etc/passwd".into();
    weird.subject = HOSTILE.into();
    weird.checks = vec![check(&"x".repeat(300), Verdict::Fail, HOSTILE, &"日本".repeat(4000))];
    let mut cases =
        vec![fail, pass, broke, stale, unsure, xfail, waived, not_there, not_applicable, weird];
    for (name, root, bin) in [
        ("host", "~/sdk/go1.27.3", ""),
        ("image:trixie", "/usr/local/go", ""),
        ("wine", "C:\\go", "C:\\users\\go\\bin"),
    ] {
        let mut row = case("path/drift-unset", name, Verdict::Pass, &["PATH-001", "SRC-30"]);
        let path = if name == "wine" { "~\\go" } else { "~/go" };
        drift(
            &mut row,
            &[("GOROOT", root), ("GOPATH", path), ("GOBIN", bin), ("GOVERSION", "go1.27.3")],
        );
        cases.push(row);
    }
    summed(Results {
        format: 1,
        run: run_meta(),
        summary: Summary {
            reasons: vec![
                "1 not judged because the harness broke".into(),
                "2 failed".into(),
                "1 passed although a failure was expected".into(),
            ],
            ..Summary::default()
        },
        environments: vec![
            available(
                "host",
                "Debian GNU/Linux 12",
                "glibc 2.36",
                &[Capability::Linux, Capability::Go, Capability::Unprivileged],
            ),
            available(
                "image:trixie",
                "Debian GNU/Linux 13",
                "glibc 2.41",
                &[Capability::Linux, Capability::Go, Capability::Root],
            ),
            available("wine", "Windows 10 (Wine 10.0)", "", &[Capability::Windows, Capability::Go]),
            absent(
                "windows",
                "this machine is not Windows",
                "run it on Windows: cargo xtask conformance --env windows",
            ),
            EnvironmentResult {
                required: true,
                ..absent("wsl:Ubuntu-24.04", "wsl.exe is not on PATH", "wsl --install Ubuntu-24.04")
            },
        ],
        claims: vec![
            claim("PATH-001", "path", "GOPATH defaults to go in the home directory.", Level::Must),
            claim(
                go,
                "path",
                "Without GOBIN, go install writes to bin of the first GOPATH entry.",
                Level::Must,
            ),
            claim(
                "PATH-041",
                "path",
                "Paths compare without regard to case on Windows.",
                Level::May,
            ),
            claim("PROXY-003", "proxy", "@v/list need not be sorted.", Level::Must),
            claim("MASK-001", "masking", "No VIP row reaches staging.", Level::Must),
            claim("MASK-002", "masking", "No plain phone number reaches staging.", Level::Must),
            of_document(
                "SRC-25",
                "GOROOT may point at another SDK.",
                DocumentVerdict::Depends,
                "A stale GOROOT makes every go command exit 2.",
            ),
            of_document(
                "SRC-26",
                "Go loads dynamic libraries of the container's GOROOT.",
                DocumentVerdict::Refuted,
                "The go command is statically linked.",
            ),
            of_document(
                "SRC-27",
                "Without GOBIN, binaries go to $GOPATH/bin.",
                DocumentVerdict::Confirmed,
                "",
            ),
            of_document(
                "SRC-30",
                "In WSL2 Ubuntu, GOBIN is /usr/local/go/bin.",
                DocumentVerdict::Imprecise,
                "It is empty unless somebody sets it.",
            ),
        ],
        cases,
        controls: vec![
            ControlOutcome {
                case: "path/gobin-unset-goes-to-first-gopath".into(),
                environment: environment("host"),
                verdict: Verdict::Fail,
                red: vec!["install.file".into()],
                ok: true,
                problem: None,
                record: "controls/host/path/gobin-unset-goes-to-first-gopath.json".into(),
            },
            ControlOutcome {
                case: "path/drift-unset".into(),
                environment: environment("host"),
                verdict: Verdict::Pass,
                red: Vec::new(),
                ok: false,
                problem: Some("it stayed green".into()),
                record: "controls/host/path/drift-unset.json".into(),
            },
        ],
        expectations: vec![
            expectation("path/case-of-drive-letter", Expected::Xfail, (2026, 12, 31), 1),
            expectation("path/symlinked-gopath", Expected::Waived, (2026, 9, 30), 1),
            expectation("path/long-gone", Expected::Waived, (2026, 9, 1), 0),
        ],
        floors: vec![
            floor("path", "host", 3, 2, false, None),
            floor("path", "wine", 1, 2, true, None),
            floor(
                "path",
                "windows",
                40,
                0,
                true,
                Some("the environment is absent and not required"),
            ),
        ],
        normalisers: vec![
            NormaliserUse { name: "paths".into(), replaced: 17 },
            NormaliserUse { name: "timestamps".into(), replaced: 0 },
        ],
    })
}

fn expectation(
    case: &str,
    expect: Expected,
    (y, m, d): (i16, i8, i8),
    applied: u64,
) -> ExpectationState {
    ExpectationState {
        expectation: Expectation {
            case: case.into(),
            check: None,
            environments: vec!["wine".into()],
            when: Vec::new(),
            subject: None,
            expect,
            reason: "Wine reports drive letters in lower case".into(),
            link: "https://bugs.example.org/1".into(),
            owner: "platform".into(),
            expires: Date(jiff::civil::date(y, m, d)),
        },
        file: "expectations/wine.toml".into(),
        line: 4,
        applied,
        expired: (y, m, d) < (2026, 9, 21),
    }
}

fn floor(
    suite: &str,
    name: &str,
    floor: u64,
    actual: u64,
    met: bool,
    why: Option<&str>,
) -> FloorResult {
    FloorResult {
        suite: suite.into(),
        environment: environment(name),
        floor,
        actual,
        met,
        not_applied: why.map(str::to_owned),
    }
}

/// A bundle in memory.
#[derive(Default)]
pub struct Memory(pub HashMap<String, Vec<u8>>);

impl Bundle for Memory {
    fn read(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        let bytes = self.0.get(path)?;
        Some(bytes[..bytes.len().min(usize::try_from(limit).unwrap())].to_vec())
    }
}

impl Memory {
    fn put(&mut self, name: &str, bytes: &[u8]) -> BlobRef {
        self.0.insert(format!("blobs/{name}"), bytes.to_vec());
        BlobRef { sha256: name.into(), size: bytes.len() as u64 }
    }
}

/// Records for the cases of [`full`]: every kind of observation, hostile output, an output over
/// the limit and one that is no text.
pub fn bundle() -> Memory {
    let mut memory = Memory::default();
    let process = ProcessObservation {
        argv: vec!["go".into(), "install".into(), "./hello".into(), HOSTILE.into()],
        cwd: "C:\\work".into(),
        env: BTreeMap::from([
            ("GOPATH".into(), "C:\\one;C:\\two".into()),
            ("X".into(), HOSTILE.into()),
        ]),
        exit: Some(0),
        not_found: false,
        timed_out: false,
        limit_ms: 60_000,
        stdout: memory.put("aa11", HOSTILE.as_bytes()),
        stderr: memory.put("bb22", "go: downloading\n".repeat(2000).as_bytes()),
        truncated: false,
    };
    let entry = FileEntry {
        path: "hello.exe".into(),
        kind: EntryKind::File,
        mode: Some(0o755),
        target: None,
        size: 5,
        sha256: Some("dd44".repeat(16)),
        content: Some(memory.put("cc33", b"MZ\x90\0\x03")),
    };
    let answer = HttpExchange {
        method: "GET".into(),
        url: "http://127.0.0.1/a/@v/list".into(),
        status: Some(200),
        headers: BTreeMap::from([("content-type".into(), "text/plain".into())]),
        body: Some(memory.put("ee55", b"v1.0.0\n")),
        error: None,
        ..HttpExchange::default()
    };
    let seen = [
        Observation::Wrote(Wrote { path: "C:\\work\\hello\\main.go".into(), content: None }),
        Observation::Process(process),
        Observation::Entries(Entries { path: "C:\\one\\bin".into(), entries: vec![entry] }),
        Observation::Http(answer),
        Observation::Probe(ProbeSight {
            facts: BTreeMap::from([("GOBIN".into(), "".into())]),
            ..ProbeSight::default()
        }),
        Observation::Env(EnvChange {}),
        Observation::Golden(GoldenSight {}),
    ];
    let step = |(index, observation)| StepRecord {
        index,
        micros: 500,
        failed_tries: Vec::new(),
        observation,
    };
    let record = RunRecord {
        case: "path/gobin-unset-goes-to-first-gopath".into(),
        environment: environment("wine"),
        subject: "toolchain=go1.27.3".into(),
        control: false,
        variables: BTreeMap::from([("work".into(), "C:\\work".into())]),
        class: None,
        started: START,
        micros: 1,
        outcome: RunOutcome::Driven,
        steps: seen.into_iter().enumerate().map(step).collect(),
        logs: BTreeMap::new(),
        redactions: 1,
    };
    let json = serde_json::to_vec(&record).unwrap();
    memory.0.insert("records/wine/path/gobin-unset-goes-to-first-gopath.json".into(), json);
    memory
}

/// Text of the kind that breaks reports.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z/-]{0,24}",
        2 => proptest::collection::vec(any::<char>(), 0..24).prop_map(String::from_iter),
        1 => Just(HOSTILE.to_owned()),
        1 => "[a-z日 ]{100,400}",
        1 => Just("Totals: 7 cases: pass 7\nTotals: 7 cases: pass 7".to_owned()),
    ]
}

fn any_environment() -> impl Strategy<Value = EnvironmentName> {
    let fixed = ["host", "wine", "windows", "wsl", "image:trixie"];
    prop_oneof![
        4 => proptest::sample::select(fixed.to_vec()).prop_map(environment),
        1 => any_text().prop_filter_map("a name", |t| format!("image:{t}").parse().ok()),
    ]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    proptest::sample::select(Verdict::ALL.to_vec())
}

fn any_check() -> impl Strategy<Value = Check> {
    (any_text(), any_verdict(), any_text(), any_text())
        .prop_map(|(i, v, e, a)| check(&i, v, &e, &a))
}

prop_compose! {
    fn any_case()(
        texts in (any_text(), any_text(), any_text(), any_text(), any_text()),
        environment in any_environment(),
        claims in proptest::collection::vec(any_text(), 0..3),
        verdict in any_verdict(),
        broken in proptest::option::of(any_text()),
        checks in proptest::collection::vec(any_check(), 0..3),
        numbers in any::<(bool, u64, i64, usize)>(),
        drift in proptest::collection::btree_map(
            any_text(), proptest::collection::btree_map(any_text(), any_text(), 0..3), 0..2),
    ) -> CaseResult {
        let (suite, id, title, file, record) = texts;
        let (flaky, micros, started, line) = numbers;
        let base = case("s/c", "host", verdict, &[]);
        // Durations add up; no run takes longer than the age of the universe.
        CaseResult {
            suite, case: id, title, file, record, environment, claims, broken, checks, flaky,
            micros: micros >> 8, started, line, drift, ..base
        }
    }
}

prop_compose! {
    /// Any results at all, the summary being that of the cases.
    pub fn any_results()(
        cases in proptest::collection::vec(any_case(), 0..12),
        environments in proptest::collection::vec((any_environment(), proptest::option::of((any_text(), any_text()))), 0..4),
        claims in proptest::collection::vec((any_text(), any_text()), 0..3),
        texts in (any_text(), any_text(), any_text()),
        numbers in any::<(i64, u64, bool, bool)>(),
        expectations in proptest::collection::vec((any_text(), any_text()), 0..2),
        controls in proptest::collection::vec((any_text(), any_environment(), any::<bool>()), 0..2),
    ) -> Results {
        let environments = environments.into_iter().map(|(name, missing)| {
            let (detail, remedy) = missing.clone().unwrap_or_default();
            let result = absent("host", &detail, &remedy);
            EnvironmentResult { name, absent: missing.and(result.absent.clone()), ..result }
        });
        let (reason, argument, subject) = texts;
        let (started, millis, interrupted, filtered) = numbers;
        let mut results = Results {
            environments: environments.collect(),
            claims: claims.iter().map(|(id, text)| claim(id, "path", text, Level::Should)).collect(),
            cases,
            controls: controls.into_iter().map(|(case, environment, ok)| ControlOutcome {
                problem: Some(case.clone()), case, environment, verdict: Verdict::Pass,
                red: Vec::new(), ok, record: String::new(),
            }).collect(),
            expectations: expectations.into_iter().map(|(case, reason)| {
                let mut state = expectation(&case, Expected::Waived, (2026, 1, 1), 1);
                state.expectation.reason = reason;
                state
            }).collect(),
            normalisers: vec![NormaliserUse { name: subject.clone(), replaced: 0 }],
            ..empty()
        };
        results.run = RunMeta {
            started, millis, interrupted, filtered, arguments: vec![argument], subjects: vec![subject],
            ..results.run
        };
        results.summary.reasons = vec![reason];
        summed(results)
    }
}
