//! Differential tests against golang.org/x/mod: the program in `tests/xmod`, built with the `go`
//! command at test time, is given what this crate is given, and must come to the same verdicts.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Deserialize;
use serde_json::{Value, json};
use twinproof_base::base64;
use twinproof_gomod::dirhash::{hash_dir, hash_zip};
use twinproof_gomod::escape;
use twinproof_gomod::glob::{match_path, match_prefix_patterns};
use twinproof_gomod::gomodfile::GoMod;
use twinproof_gomod::pseudo::{self, Pseudo};
use twinproof_gomod::semver;
use twinproof_gomod::zip::{Raw, Stream, ZipLimits, check, create, write};
use twinproof_testkit::{Outcome, Peer, Program, Requirement, Unavailable, go};

use crate::dirhash::make_zip;
use crate::zip::streamed;

const MODULE: &str = "example.com/m";
const VERSION: &str = "v1.0.0";

/// The answer of x/mod.
#[derive(Debug, Deserialize)]
struct Answer {
    error: String,
    text: String,
    texts: Option<Vec<String>>,
}

/// The running program.
struct Xmod(Peer);

impl Xmod {
    /// Starts it, or says why it cannot be had.
    fn start() -> Result<Self, Unavailable> {
        static BUILT: OnceLock<Result<Program, String>> = OnceLock::new();
        let go = go()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xmod");
        match BUILT.get_or_init(|| Program::build(&go, &source)) {
            Ok(program) => Ok(Self(program.start())),
            Err(reason) => Err(Requirement::GoProxy.unavailable(reason)),
        }
    }

    fn ask(&mut self, request: &Value) -> Answer {
        self.0.ask(request)
    }

    /// The `h1:` hash of a zip that cmd/go would unpack.
    fn check(&mut self, zip: &[u8]) -> Result<String, String> {
        let request =
            json!({"Op": "check", "Path": MODULE, "Version": VERSION, "Data": base64::encode(zip)});
        let answer = self.ask(&request);
        if answer.error.is_empty() { Ok(answer.text) } else { Err(answer.error) }
    }
}

/// Runs a property whose cases all ask the one program.
fn law<S: Strategy>(
    cases: u32,
    strategy: S,
    mut test: impl FnMut(&mut Xmod, S::Value) -> Result<(), TestCaseError>,
) -> Outcome {
    let xmod = Xmod::start()?;
    let xmod = RefCell::new(xmod);
    let test = RefCell::new(&mut test);
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    // The same cases in every run: what differs between two implementations is looked for by hand.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random)
        .run(&strategy, |value| (test.borrow_mut())(&mut xmod.borrow_mut(), value))
        .unwrap();
    Ok(())
}

/// The `h1:` hash of a zip that is accepted, whole and as it arrives.
fn ours(zip: &[u8]) -> Result<String, String> {
    let whole = check(zip, MODULE, VERSION, ZipLimits::default());
    let mut stream = Stream::new(MODULE, VERSION, ZipLimits::default()).unwrap();
    let pushed = zip.chunks(61).try_for_each(|part| stream.push(part));
    let arrived = pushed.map_err(|e| e.to_string()).and_then(|()| {
        stream.finish(zip).map(|checked| checked.h1.to_string()).map_err(|e| e.to_string())
    });
    let whole = whole.map(|checked| checked.h1.to_string()).map_err(|e| e.to_string());
    assert_eq!(whole.as_ref().ok(), arrived.as_ref().ok(), "{whole:?} {arrived:?}");
    whole
}

#[test]
fn hashes_of_zips_and_trees() -> Outcome {
    let names = "[a-c]{1,2}(-x|\\.go| é)?";
    let content = prop::collection::vec(any::<u8>(), 0..2000);
    let tree = prop::collection::btree_map((names, names), content, 0..12);
    let dir = tempfile::tempdir().unwrap();
    law(48, tree, |xmod, files| {
        let root = tempfile::tempdir_in(dir.path()).unwrap();
        let named: Vec<(String, Vec<u8>)> = files
            .into_iter()
            .map(|((folder, file), content)| (format!("m@v1.0.0/d{folder}/{file}"), content))
            .collect();
        let tree = root.path().join("m@v1.0.0");
        fs::create_dir(&tree).unwrap();
        for (name, content) in &named {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let list: Vec<(&str, &[u8])> = named.iter().map(|(n, c)| (&**n, &**c)).collect();
        let zip = root.path().join("m.zip");
        fs::write(&zip, make_zip(&list)).unwrap();
        let theirs = xmod.ask(&json!({"Op": "hash_zip", "Path": zip})).text;
        prop_assert_eq!(theirs, hash_zip(&zip).unwrap().to_string());
        for prefix in ["m@v1.0.0", "", "other/", "a/b"] {
            let request = json!({"Op": "hash_dir", "Path": tree, "Prefix": prefix});
            let ours = hash_dir(&tree, prefix).unwrap().to_string();
            prop_assert_eq!(xmod.ask(&request).text, ours);
        }
        Ok(())
    })?;
    Ok(())
}

#[test]
fn module_paths_and_versions() -> Outcome {
    let element = "(v[0-9.]{1,3}|[a-cA-C~._!+-]{1,4}[0-9]?|gopkg\\.in|con|COM1\\.x|é|m\\.v[0-9]{1,2}(-unstable)?)";
    let path = format!("(gopkg\\.in|a\\.b|[a-zA-Z.!-]{{1,4}})(/{element}){{0,3}}/?");
    let version =
        "v?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-[0a-cA-C.!-]{0,5})?(\\+(incompatible|[a-c.]{0,3}))?";
    let version = prop_oneof![version, "[ -~é]{0,4}"];
    law(2048, (path.as_str(), version), |xmod, (path, version)| {
        let error = || "error".to_owned();
        let ours = vec![
            escape::escape_path(&path).unwrap_or_else(|_| error()),
            escape::escape_version(&version).unwrap_or_else(|_| error()),
            escape::unescape_path(&path).unwrap_or_else(|_| error()),
            escape::unescape_version(&version).unwrap_or_else(|_| error()),
            escape::canonical_version(&version).unwrap_or_default(),
            escape::check(&path, &version).is_ok().to_string(),
        ];
        let request = json!({"Op": "escape", "Path": path, "Version": version});
        prop_assert_eq!(xmod.ask(&request).texts, Some(ours), "{} {}", path, version);
        Ok(())
    })?;
    Ok(())
}

#[test]
fn patterns_match_as_in_xmod() -> Outcome {
    let piece = prop_oneof![
        "[a-c*?/,]{1,3}",
        "\\[\\^?[a-c\\]\\\\é-]{0,4}\\]?",
        Just("é".to_owned()),
        "\\\\[a*]?"
    ];
    let list = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    law(4096, (list, "[abc]{0,2}(/?[abcé]{0,2}){0,3}"), |xmod, (list, target)| {
        let one = match_path(&list, &target);
        let one = one.map_or_else(|e| e.to_string(), |fits| fits.to_string());
        let all = match_prefix_patterns(&list, &target).to_string();
        let request = json!({"Op": "glob", "Globs": list, "Target": target});
        prop_assert_eq!(xmod.ask(&request).texts, Some(vec![one, all]), "{} {}", list, target);
        Ok(())
    })?;
    Ok(())
}

#[test]
fn versions_are_judged_as_in_xmod() -> Outcome {
    let plain = "v?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-[0a-c.-]{0,6})?(\\+(incompatible|[0a.-]{0,3}))?";
    let pseudo = "v[0-2]\\.[0-2]\\.[0-9]{1,3}-([0a-b.-]{0,3}\\.)?(0\\.)?[12][09][0-9]{2}[01][0-9][0-3][0-9][0-2][0-9]{3}[0-5][0-9]-[0-9a-fA-F]{1,3}(\\+incompatible)?";
    let version =
        prop_oneof![plain, pseudo, "v[0-3]\\.0\\.0-00010101000000-0{12}", "[ -~é]{0,5}"].boxed();
    law(4096, (version.clone(), version), |xmod, (one, other)| {
        let text = |text: Option<String>| text.unwrap_or_default();
        let mut expected = vec![
            (semver::compare(&one, &other) as i32).to_string(),
            text(semver::canonical(&one)),
            semver::major(&one).unwrap_or_default().to_owned(),
            text(semver::major_minor(&one)),
            semver::prerelease(&one).to_owned(),
            semver::build(&one).to_owned(),
            pseudo::is_pseudo(&one).to_string(),
            pseudo::is_zero(&one).to_string(),
        ];
        if let Some(pseudo) = Pseudo::parse(&one) {
            let error = || "error".to_owned();
            expected.push(pseudo.base().map_or_else(|_| error(), text));
            expected.push(pseudo.time().map_or_else(error, |time| time.to_string()));
            expected.push(pseudo.revision.to_owned());
        }
        let request = json!({"Op": "version", "Version": one, "Other": other});
        prop_assert_eq!(xmod.ask(&request).texts, Some(expected), "{} {}", one, other);
        Ok(())
    })?;
    Ok(())
}

#[test]
fn go_mod_files() -> Outcome {
    let word = prop_oneof![
        "module|go|unknown|toolchain",
        "[a-c./]{1,4}",
        "v?[01]\\.[0-9]{1,2}(\\.[0-9]|[a-z]{1,2}[0-9]?|-x)?",
        "\"[a-c \\\\]{0,3}\"?|`[a-c]{0,2}`?",
        Just("// c".to_owned()),
        Just("/* c".to_owned()),
        "[()\\[\\],{}]",
        "[é\u{2028}\u{7}]",
    ];
    let line = prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "));
    let text = prop::collection::vec(line, 0..5).prop_map(|lines| lines.join("\n"));
    let head = prop_oneof![Just(""), Just("module a.b\n"), Just("go 1.24\n"), Just("module (\n")];
    law(4096, (head, text), |xmod, (head, text)| {
        let text = format!("{head}{text}");
        // x/mod takes a newline behind a backslash into a string; nobody else would.
        prop_assume!(!text.contains("\\\n"));
        let ours = GoMod::parse(text.as_bytes()).ok();
        let ours = ours
            .map(|go_mod| vec![go_mod.module.unwrap_or_default(), go_mod.go.unwrap_or_default()]);
        let request = json!({"Op": "gomod", "Data": base64::encode(text.as_bytes())});
        prop_assert_eq!(ours, xmod.ask(&request).texts, "{:?}", text);
        Ok(())
    })?;
    Ok(())
}

#[test]
fn names_in_zips() -> Outcome {
    let element = prop_oneof![
        "[a-cA-Cé]{1,2}(\\.go)?",
        "go\\.mod|GO\\.mod|LICENSE|vendor|con|Aux\\.x|COM1",
        Just(String::new()),
        "\\.{1,3}|a\\.|\\.a",
        "[ -~]{1,2}",
        "[kK\u{212a}sSſσςΣßẞǅǆİıÉ\u{301}٣一\u{0}\n]{1,2}",
    ];
    let path = prop::collection::vec(element, 1..4).prop_map(|elements| elements.join("/"));
    let prefix = prop_oneof![
        12 => Just("example.com/m@v1.0.0/"),
        1 => Just("example.com/m@v1.0.1/"),
        1 => Just("example.com/M@v1.0.0/"),
        1 => Just(""),
    ];
    let end = prop_oneof![5 => Just(""), 1 => Just("/")];
    let name = (prefix, path, end).prop_map(|(prefix, path, end)| format!("{prefix}{path}{end}"));
    law(2000, prop::collection::vec(name, 0..5), |xmod, names| {
        let entries: Vec<Raw> = names.iter().map(|name| Raw::new(&**name, "")).collect();
        let zip = write(&entries).unwrap();
        let (ours, theirs) = (ours(&zip), xmod.check(&zip));
        prop_assert_eq!(
            ours.as_ref().ok(),
            theirs.as_ref().ok(),
            "{:?}: {:?} {:?}",
            names,
            ours,
            theirs
        );
        Ok(())
    })?;
    Ok(())
}

/// Whether these names may stand in one zip.
fn go_together(names: &[String]) -> bool {
    let entries: Vec<Raw> =
        names.iter().map(|name| Raw::new(format!("{MODULE}@{VERSION}/{name}"), "")).collect();
    let mut stream = Stream::new(MODULE, VERSION, ZipLimits::default()).unwrap();
    stream.push(&write(&entries).unwrap()).is_ok()
}

#[test]
fn every_letter_and_case() -> Outcome {
    let mut xmod = Xmod::start()?;
    let answer = xmod.ask(&json!({"Op": "letters"}));
    let theirs = answer.texts.unwrap();
    let ours: Vec<String> = (0x80..0x20000)
        .filter_map(char::from_u32)
        .map(String::from)
        .filter(|c| go_together(std::slice::from_ref(c)))
        .collect();
    if answer.text == "15.0.0" {
        assert_eq!(ours, theirs);
    } else {
        // A later Go knows more letters.
        assert!(ours.iter().all(|c| theirs.contains(c)), "Unicode {}", answer.text);
    }
    let pairs: Vec<[String; 2]> = ours
        .iter()
        .flat_map(|c| [c.to_lowercase(), c.to_uppercase()].map(|other| [c.clone(), other]))
        .filter(|[c, other]| c != other && go_together(std::slice::from_ref(other)))
        .collect();
    let expected: Vec<String> = pairs.iter().map(|pair| (!go_together(pair)).to_string()).collect();
    assert_eq!(xmod.ask(&json!({"Op": "fold", "Pairs": pairs})).texts.unwrap(), expected);
    assert!(pairs.len() > 2000, "{}", pairs.len());
    Ok(())
}

#[test]
fn damaged_zips_are_refused_as_in_xmod() -> Outcome {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let strategy =
        (any::<bool>(), prop::collection::vec(change, 0..3), any::<prop::sample::Index>());
    law(1500, strategy, |xmod, (as_go_writes, changes, cut)| {
        let files =
            [("go.mod", "module example.com/m\n"), ("a/b.go", ""), ("c", &*"z".repeat(300))];
        let mut zip = if as_go_writes { streamed(&files) } else { crate::zip::module(&files) };
        for (at, byte) in &changes {
            let at = at.index(zip.len());
            zip[at] = *byte;
        }
        if changes.is_empty() {
            zip.truncate(cut.index(zip.len()) + 1);
        }
        match (ours(&zip), xmod.check(&zip)) {
            (Ok(ours), theirs) => prop_assert_eq!(Ok(ours), theirs),
            // This crate is stricter here, as the module's documentation says.
            (Err(error), Ok(_)) => {
                let stricter = [
                    "do not agree on its",
                    "the directory is not",
                    "not a regular file",
                    "the entry is encrypted",
                    "the directory is too short",
                    "declared checksum",
                ];
                prop_assert!(stricter.iter().any(|reason| error.contains(reason)), "{}", error);
            }
            (Err(_), Err(_)) => {}
        }
        Ok(())
    })?;
    Ok(())
}

#[test]
fn made_of_files() -> Outcome {
    let element = prop_oneof![
        "[a-c]{1,2}",
        "vendor|modules\\.txt|go\\.mod|Go\\.mod|\\.hg_archival\\.txt|LICENSE|x\\.go|\\.\\.|"
    ];
    let path = prop::collection::vec(element, 1..5).prop_map(|elements| elements.join("/"));
    let go_mod = prop_oneof![
        Just(None),
        "module m\n(go 1\\.(23|24|24rc1|24\\.x|100)\n)?(bad /\\*\n)?".prop_map(Some),
    ];
    law(1000, (go_mod, prop::collection::vec(path, 0..8)), |xmod, (go_mod, paths)| {
        let mut files: Vec<(String, String)> =
            paths.into_iter().map(|path| (path, "x".to_owned())).collect();
        // Files above the root are refused here; x/mod leaves some of them out without a word.
        files.retain(|(path, _)| !path.starts_with(".."));
        if let Some(text) = go_mod {
            files.retain(|(path, _)| path != "go.mod");
            files.push(("go.mod".to_owned(), text));
        }
        let listed: Vec<Value> = files
            .iter()
            .map(|(name, data)| json!({"Name": name, "Data": base64::encode(data.as_bytes())}))
            .collect();
        let request = json!({"Op": "create", "Path": MODULE, "Version": VERSION, "Files": listed});
        let theirs = xmod.ask(&request);
        let ours = create(MODULE, VERSION, &files).ok().map(|created| {
            check(&created.zip, MODULE, VERSION, ZipLimits::default()).unwrap().h1.to_string()
        });
        let expected = theirs.error.is_empty().then_some(theirs.text);
        prop_assert_eq!(ours, expected, "{:?}: {}", files, theirs.error);
        Ok(())
    })?;
    Ok(())
}
