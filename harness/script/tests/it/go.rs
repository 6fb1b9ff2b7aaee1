//! Go's own scripts and its go command.

use crate::bench::setting;
use crate::requirement::go;
use rstest::rstest;
use twinproof_origin::{Origin, Setup};
use twinproof_script::{Database, Front, Reason, Script, Verdict};
use twinproof_testkit::Outcome;

/// Scripts of all kinds that every Go since 1.22 has, which ask no proxy.
const WITHOUT_PROXY: [&str; 3] = ["mod_edit", "mod_help", "mod_init_path"];

#[test]
fn scripts_of_go_that_ask_no_proxy() -> Outcome {
    let toolchain = go()?;
    let (_dir, setting) = setting(|_| toolchain);
    for name in WITHOUT_PROXY {
        let path = setting.toolchain.scripts().join(format!("{name}.txt"));
        let outcome = Script::read(&path).unwrap().verdict_in(&setting).unwrap();
        assert_eq!(outcome.verdict, Verdict::Pass, "{name}: {}", outcome.transcript);
        assert!(outcome.go_runs > 0, "{name}");
    }
    Ok(())
}

/// Scripts that ask a proxy and a database, with and without control prefixes.
#[rstest]
#[case("mod_proxy_list")]
#[case("mod_query_empty")]
#[case("mod_sumdb")]
#[case("mod_download_too_many_redirects")]
fn scripts_of_go_with_the_origin(#[case] name: &str) -> Outcome {
    let toolchain = go()?;
    let corpora = vec![toolchain.modules()];
    let origin = Origin::start(Setup { corpora, ..Setup::default() }).unwrap();
    let (_dir, mut setting) = setting(|_| toolchain);
    let control = format!("{}/mod", origin.url());
    let front = Front::start(&origin.url(), &control, Database::Subject).unwrap();
    setting.proxy = front.url();
    setting.sumdb = origin.cmd_go_sumdb().unwrap().1;
    let path = setting.toolchain.scripts().join(format!("{name}.txt"));
    let script = Script::read(&path).unwrap();
    let outcome = script.verdict_in(&setting).unwrap();
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.transcript);

    setting.env.push(("GOPROXY".into(), "off".into()));
    let outcome = script.verdict_in(&setting).unwrap();
    assert!(matches!(outcome.verdict, Verdict::Fail(_)), "{}", outcome.transcript);
    Ok(())
}

#[test]
fn the_go_command_meets_its_setting() -> Outcome {
    let toolchain = go()?;
    let (_dir, mut setting) = setting(|_| toolchain);
    let text = "go env GOVERSION GOROOT GOPATH GOPROXY GOSUMDB GOFLAGS\n\
                stdout ^go$goversion$\n\
                stdout ^$GOROOT$\n\
                stdout ^$WORK[/\\\\]gopath$\n\
                stdout ^http://127.0.0.1:0/mod$\n\
                stdout ^example.com/db\n\
                ! go get example.com/not-there\n\
                stderr 'http://127.0.0.1:0/mod/example.com/'\n\
                env GOPROXY=direct\n\
                ! go get example.com/not-there\n\
                stderr 'proxyconnect|connect'\n\
                -- go.mod --\n\
                module m\n";
    let script = Script::parse("setting", text.as_bytes()).unwrap();
    let outcome = script.verdict_in(&setting).unwrap();
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.transcript);
    assert_eq!(outcome.go_runs, 3);

    setting.env.push(("GOPROXY".into(), "off".into()));
    let outcome = script.verdict_in(&setting).unwrap();
    let Verdict::Fail(failure) = outcome.verdict else { panic!("{}", outcome.transcript) };
    assert_eq!(failure.line, 5);
    Ok(())
}

/// Every script can be read, and every command and condition of the `mod_` ones is known.
#[test]
fn all_scripts_are_read() -> Outcome {
    let toolchain = go()?;
    let mut known = 0;
    for entry in std::fs::read_dir(toolchain.scripts()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "txt") {
            let script = Script::read(&path).unwrap();
            assert!(!matches!(script.out_of_reach(), Some(Reason::Command { .. })));
            known += 1;
        }
    }
    assert!(known > 500, "{known} scripts");
    Ok(())
}
