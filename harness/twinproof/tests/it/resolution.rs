//! `go` resolves the same through the proxy as from the proxy's upstream itself: lists, queries,
//! updates and upgrades over every module of Go's own tests.

use crate::files::Files;
use crate::served::Served;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use twinproof_model::Rule;
use twinproof_origin::{Origin, Setup};
use twinproof_testkit::{Outcome, go, goroot};

/// The questions about every module.
const QUERIES: [&str; 9] =
    ["latest", "upgrade", "patch", "master", "v0", "v1", "<v1.5.0", ">=v1.0.0", "v0.0.0-2019"];

/// A main module that has much to update, pseudo-versions among it.
const MAIN: &str = "module m.example\n\ngo 1.21\n\nrequire (\n\trsc.io/quote v1.5.0\n\
    \texample.com/retract/self/prev v1.1.0\n\texample.com/split v1.0.0\n\
    \tpatch.example.com/depofpatch v1.0.0\n\tpatch.example.com/direct v1.0.0\n\
    \trsc.io/badsum v1.0.0\n)\n";

/// The modules of the corpus, by the names of its archives.
fn modules(corpus: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(corpus).unwrap();
    let names = files.filter_map(|file| file.unwrap().file_name().into_string().ok());
    let module = |name: String| {
        let (module, _) = name.strip_suffix(".txt")?.rsplit_once("_v")?;
        // A capital letter is an exclamation mark and a small one.
        let mut path = String::new();
        let mut capital = false;
        for c in module.chars() {
            match c {
                '!' => capital = true,
                c if capital => {
                    path.push(c.to_ascii_uppercase());
                    capital = false;
                }
                '_' => path.push('/'),
                c => path.push(c),
            }
        }
        path.contains('.').then_some(path)
    };
    names.filter_map(module).collect()
}

/// `go`, with a module cache of its own.
struct Asker<'a> {
    go: &'a Path,
    files: Files,
    proxy: String,
}

impl Asker<'_> {
    /// The output and files of a command, without the server's name and its wording of errors.
    fn run(&self, args: &[String]) -> String {
        std::fs::create_dir_all(self.files.at("m")).unwrap();
        self.files.write("m/go.mod", MAIN);
        self.files.write("m/m.go", "package m\n\nimport _ \"rsc.io/quote\"\n");
        let sums = self.files.at("m/go.sum");
        if sums.exists() {
            std::fs::remove_file(&sums).unwrap();
        }
        let mut command = Command::new(self.go);
        command.args(args).current_dir(self.files.at("m"));
        command.envs(twinproof_base::go_env::HERMETIC).env("GOFLAGS", "-modcacherw -mod=mod");
        command.env("GOMODCACHE", self.files.name("modcache")).env("GOPROXY", &self.proxy);
        command.env("GOSUMDB", "off").env("GOPRIVATE", "").env("GONOPROXY", "none");
        let output = command.output().unwrap();
        let mut text = format!("{}\n", output.status);
        for part in [&output.stdout, &output.stderr] {
            let here = self.files.path().display().to_string();
            let part = String::from_utf8_lossy(part).replace(&self.proxy, "PROXY");
            text += &part.replace(&here, "HERE");
        }
        text += &std::fs::read_to_string(self.files.at("m/go.mod")).unwrap();
        text += &std::fs::read_to_string(sums).unwrap_or_default();
        let told = |line: &str| {
            let line = line.replace("410 Gone", "404 Not Found");
            let line = line.split("\\n\\tserver response").next().unwrap_or_default().to_owned();
            // Progress, in any order.
            let progress = line.starts_with("go: downloading ") || line.contains("server response");
            // A server's message follows a tab, without the quotes that JSON has.
            let said = line.starts_with('\t') && !line.contains('"');
            (!progress && !said).then_some(line + "\n")
        };
        text.lines().filter_map(told).collect()
    }
}

#[test]
fn go_resolves_through_the_proxy_what_it_resolves_from_the_upstream_itself() -> Outcome {
    let go = go()?;
    let corpus = goroot()?.join("src/cmd/go/testdata/mod");
    let modules = modules(&corpus);
    assert!(modules.len() > 80, "{}", modules.len());
    let no_latest = Rule { path: "*/@latest".to_owned(), status: Some(404), ..Rule::default() };
    let pseudo_too = Rule {
        path: "/rsc.io/quote/@v/list".to_owned(),
        body: Some("v1.5.1\nv1.5.3-0.20180709153244-fd906ed3b100\nv1.0.0\n".to_owned()),
        ..Rule::default()
    };
    for rules in [vec![], vec![no_latest, pseudo_too]] {
        let setup = Setup { corpora: vec![corpus.clone()], rules, ..Setup::default() };
        let origin = Origin::start(setup).unwrap();
        let store = Files::new();
        let served = Served::proxy(&["--store", &store.name("store"), "--upstream", &origin.url()]);
        let direct = Asker { go: &go, files: Files::new(), proxy: origin.url() };
        let through = Asker { go: &go, files: Files::new(), proxy: served.url.clone() };
        let list = |more: &[&str], query: &str| -> Vec<String> {
            let args = ["list", "-m", "-e"].iter().chain(more).map(|arg| (*arg).to_owned());
            args.chain(modules.iter().map(|module| format!("{module}{query}"))).collect()
        };
        let mut commands =
            vec![list(&["-versions"], "@latest"), list(&["-versions", "-retracted"], "")];
        commands.extend(QUERIES.map(|query| list(&["-json"], &format!("@{query}"))));
        for command in [
            "list -m -u all",
            "list -m -u -json -e all",
            "get -u ./...",
            "get -u=patch ./...",
            "get rsc.io/quote@upgrade",
            "get rsc.io/quote@fd906ed3b100",
            "get example.com/split@latest example.com/retract/self/prev@latest",
            "mod download -json rsc.io/quote@latest",
        ] {
            commands.push(command.split(' ').map(str::to_owned).collect());
        }
        let mut versions = 0;
        for command in &commands {
            let (want, got) = (direct.run(command), through.run(command));
            let same = want.lines().zip(got.lines()).find(|(want, got)| want != got);
            assert!(want == got, "{:?}: {same:?}", &command[..command.len().min(6)]);
            versions += want.matches("\"Version\"").count();
        }
        // It is something that was compared.
        assert!(versions > 300, "{versions}");
    }
    Ok(())
}
