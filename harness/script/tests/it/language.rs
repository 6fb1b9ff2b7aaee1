//! The language of scripts: commands, prefixes, conditions, variables, files.

#[cfg(unix)]
use crate::bench::failure;
use crate::bench::run;
use rstest::rstest;
use twinproof_script::{Reason, Script, ScriptError, Verdict};

#[cfg(target_os = "linux")]
const FILES: &str = "
-- a.txt --
one
two $goversion
-- dir/b.txt --
one
two 1.27.3
-- $WORK/outside-src.txt --
x
";

#[rstest]
// Files and the comparison of them.
#[case("cmpenv a.txt dir/b.txt", None)]
#[case("! cmp -q a.txt dir/b.txt", None)]
#[case("cmp a.txt dir/b.txt", Some("a.txt and dir/b.txt differ"))]
#[case("cp a.txt dir/b.txt new\nexists new", Some("$WORK/gopath/src/new is no folder"))]
#[case("mkdir x/y\ncp a.txt dir/b.txt x/y\ncmp x/y/a.txt a.txt\nexists x/y/b.txt", None)]
#[case("mv dir other\nexists other/b.txt\n! exists dir", None)]
#[case("rm dir nothing\n! exists dir", None)]
#[case("exists $WORK/outside-src.txt ../../tmp", None)]
#[case("replace one eins '\\n' '!' a.txt\ngrep '^eins!two [$]goversion!$' a.txt", None)]
#[case("cat a.txt dir/b.txt\nstdout -count=2 ^one$\n! stderr .", None)]
#[case("cat a.txt\ncp stdout copy\ncmp copy a.txt\ncmp stdout copy", None)]
#[case("cd dir\ngrep one b.txt\nenv PWD\nstdout 'PWD=.*src.dir$'", None)]
#[case("cd nothing", Some("$WORK/gopath/src/nothing: No such file or directory (os error 2)"))]
// The matches, and their number.
#[case("grep -count=2 o a.txt", Some("4 matches of \"o\" in a.txt, not 2"))]
#[case("grep -count=4 o a.txt", None)]
#[case("grep three a.txt", Some("no match of \"three\" in a.txt"))]
#[case("! grep -q three a.txt", None)]
#[case(
    "grep -count=0 o a.txt",
    Some("usage: stdout|stderr|grep [-count=N] [-q] PATTERN [FILE of grep]")
)]
#[case("? grep three a.txt", None)]
#[case("! grep one a.txt", Some("it succeeded, and must not"))]
#[case("! grep ( a.txt", Some("cannot read"))]
// Variables, in words and in patterns.
#[case("env A=a.b* B='$A'\necho $A$B\nstdout ^$A'\\$A$'", None)]
#[case("env A=.\necho x\n! stdout ^$A$", None)]
#[case("env A\nstdout ^A=$", None)]
#[case("echo ${/}${:}\nstdout ^/:$", None)]
#[case("echo $TESTGO_SUMDB $GOPROXY\nstdout '^example.com/db http://127.0.0.1:0/mod$'", None)]
// Conditions.
#[case("[GOOS:linux] [!GOOS:windows] [compiler:gc] [cgo] rm a.txt\n! exists a.txt", None)]
#[case(
    "[short] rm a.txt\n[net:example.com] rm a.txt\n[exec:no-such-program] rm a.txt\nexists a.txt",
    None
)]
#[case("[GOEXPERIMENT:jsonv2] [!GOEXPERIMENT:arenas] rm a.txt\n! exists a.txt", None)]
#[case(
    "env GOEXPERIMENT=nojsonv2,arenas\n[!GOEXPERIMENT:jsonv2] [GOEXPERIMENT:arenas] stop\nrm",
    None
)]
// Ways out.
#[case("stop 'that is all'\ngrep three a.txt", None)]
#[case("rm", Some("usage: rm PATH..."))]
#[case("cat a.txt &", Some("`cat` cannot run in the background"))]
#[case("exec no-such-program", Some("no-such-program is not in PATH"))]
#[cfg(target_os = "linux")]
fn each_command_ends_as_in_cmd_go(#[case] script: &str, #[case] want: Option<&str>) {
    let failed = failure(&format!("{script}{FILES}"));
    let last = script.lines().count();
    match (failed, want) {
        (None, None) => {}
        (Some((line, message)), Some(want)) => {
            assert!(message.starts_with(want), "{message}");
            assert!((1..=last).contains(&line));
        }
        (failed, want) => panic!("{failed:?}, not {want:?}"),
    }
}

#[rstest]
#[case("exec echo a  b\nstdout '^a b$'", None)]
#[case("! exec false\nexec true", None)]
#[case("exec false", Some((1, "exit status 1")))]
#[case("exec sleep 0.1 &\nexec echo late &\n! stdout .\nwait\nstdout ^late$", None)]
#[case("! exec false &\n? exec false &\nwait", None)]
#[case("exec false &\n! wait", Some((2, "line 1: exit status 1")))]
#[case("! exec true &\nwait", Some((2, "line 1: it succeeded, and must not")))]
#[case(
    "symlink l -> a.txt\ncmp l a.txt\nchmod 0444 a.txt\nexists -readonly l\n! exists -exec a.txt",
    None
)]
#[case(
    "chmod 0755 a.txt\nexists -exec a.txt\n! exists -readonly a.txt\ncp a.txt b\nexists -exec b",
    None
)]
#[case("symlink l a.txt", Some((1, "usage: symlink PATH -> TARGET")))]
#[cfg(unix)]
fn programs_and_modes(#[case] script: &str, #[case] want: Option<(usize, &str)>) {
    let failed = failure(&format!("{script}\n-- a.txt --\nx\n"));
    assert_eq!(failed, want.map(|(line, message)| (line, message.to_owned())));
}

#[rstest]
#[case("skip", Reason::Skip { line: 1, conditions: vec![], message: String::new() })]
#[case(
    "\n[!short] [GOOS:linux] skip 'not today'",
    Reason::Skip { line: 2, conditions: vec!["[!short]".into(), "[GOOS:linux]".into()], message: "not today".into() }
)]
#[case("stale x", Reason::Command { name: "stale".into(), line: 1 })]
#[case("[race] stop", Reason::Condition { name: "race".into(), line: 1 })]
#[case("[buildmode:pie] stop", Reason::Condition { name: "buildmode:pie".into(), line: 1 })]
#[case("env TESTGO_VERSION=go1.27.3\nenv TESTGO_VERSION=go1.99", Reason::Hook { what: "TESTGO_VERSION".into(), line: 2 })]
#[case("stderr 'no such host localhost.localdev'", Reason::Hook { what: "no such host localhost.localdev".into(), line: 1 })]
#[case("go get vcs-test.golang.org/git/x", Reason::VersionControl { place: "line 1".into() })]
#[case("stop\n-- m.go --\nimport \"vcs-test.golang.org/git/x\"", Reason::VersionControl { place: "the file m.go".into() })]
fn not_for_here(#[case] script: &str, #[case] want: Reason) {
    assert_eq!(run(script).verdict, Verdict::NotApplicable(want));
}

#[test]
fn a_failure_tells_its_section() {
    let script = "# one\ncat a\n# two\necho in $WORK/x\n! stdout in # why not\n-- a --\ntext\n";
    let outcome = run(script);
    let Verdict::Fail(failure) = outcome.verdict else { panic!("it fails") };
    assert_eq!(failure.line, 5);
    assert_eq!(failure.command, "! stdout in # why not");
    let section = "# two\n> echo in $WORK/x\n[stdout]\nin $WORK/x\n> ! stdout in # why not\n\
                   matched: in $WORK/x\nFAIL: line 5: it succeeded, and must not\n";
    assert_eq!(failure.section, section);
    assert_eq!(outcome.transcript, format!("# one\n> cat a\n[stdout]\ntext\n{section}"));
}

#[test]
fn a_script_that_cannot_be_read_names_its_line() {
    let error = Script::parse("s", b"# fine\ngo 'list\n").unwrap_err();
    assert_eq!(error.to_string(), "s:2: a quote is not closed");
    let (_dir, setting) = crate::bench::setting(crate::bench::absent);
    for name in ["../../../x", "/x", "$WORK/../x"] {
        let script = Script::parse("s", format!("stop\n-- {name} --\nx\n").as_bytes()).unwrap();
        let error = script.verdict_in(&setting).unwrap_err();
        assert!(matches!(error, ScriptError::Outside { .. }), "{error}");
    }
}
