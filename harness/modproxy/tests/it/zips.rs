//! Zips that break a rule.

use twinproof_gomod::escape::check_path;
use twinproof_origin::crafted;
use twinproof_testkit::files_in;

use crate::support::{Folder, get, origin, settings, start, zip};

/// Zips that `go` unpacks and this proxy refuses, since they can be read in two ways.
const STRICTER: [&str; 7] =
    ["leading-garbage", "local-name", "overlap", "symlink", "device", "size-local", "encrypted"];

#[tokio::test]
async fn every_rule_is_kept() {
    keeps_the_rules(false).await;
}

#[tokio::test]
async fn all_that_go_takes_is_taken_where_that_is_set() {
    keeps_the_rules(true).await;
}

async fn keeps_the_rules(ambiguous: bool) {
    let (origin, store) = (origin(), Folder::new());
    let mut settings = settings(&store, &origin.url());
    settings.ambiguous_zips = ambiguous;
    let proxy = start(settings);
    let mut bad = 0;
    for rule in crafted::rules() {
        // Paths that the proxy refuses by name have no zip to be judged.
        if check_path(rule.path).is_err() {
            continue;
        }
        let target = format!("/{}/@v/{}.zip", rule.path, crafted::RULE_VERSION);
        let answer = get(&proxy, &target).await;
        let last = rule.path.rsplit('/').next().expect("a name");
        if rule.legal && (ambiguous || !STRICTER.contains(&last)) {
            assert_eq!(answer.status, 200, "{}: {}", rule.what, answer.text());
            let right = origin.sums(rule.path, crafted::RULE_VERSION).expect("sums");
            let hash = store.read(&format!("{}/@v/v1.0.0.ziphash", rule.path)).expect("kept");
            let hash = String::from_utf8(hash).expect("a hash");
            assert!(right.contains(&hash), "{}: {hash}, not {right}", rule.path);
            continue;
        }
        bad += 1;
        assert_eq!(answer.status, 502, "{}: {}", rule.path, rule.what);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.text().contains("cannot be used"), "{}", answer.text());
        let kept: Vec<_> = files_in(store.path())
            .into_iter()
            .filter(|file| file.starts_with(&format!("{}/", rule.path)))
            .collect();
        assert_eq!(kept, [""; 0], "{}", rule.what);
    }
    // A rename of the rules must not leave the loop empty.
    assert!(bad > 20, "{bad}");
}

#[tokio::test]
async fn refused_in_the_words_of_the_go_command() {
    let (upstream, store) = (Folder::new(), Folder::new());
    let proxy = start(settings(&store, &upstream.url()));
    for (name, said) in [
        (
            "h.example/m@v1.0.0.txt",
            "zip for h.example/m@v1.0.0 has unexpected file h.example/m@v1.0.0.txt",
        ),
        (
            "h.example/m@v1.0.0/x?y.go",
            "unzip h.example/m/@v/v1.0.0.zip: h.example/m@v1.0.0/x?y.go: \
             malformed file path \"x?y.go\": invalid char '?'",
        ),
    ] {
        upstream.module("h.example/m", "v1.0.0");
        upstream.write("h.example/m/@v/v1.0.0.zip", &zip(&[(name, b"x")]));
        let answer = get(&proxy, "/h.example/m/@v/v1.0.0.zip").await;
        assert_eq!(answer.status, 502);
        let lines: Vec<&str> = answer.text().lines().collect();
        let [line] = lines[..] else { panic!("{lines:?}") };
        assert!(line.ends_with(&format!("what cannot be used: {said}")), "{line}");
    }
}

#[tokio::test]
async fn zip_put_into_the_store_by_others_is_checked() {
    let (origin, store, online) = (origin(), Folder::new(), Folder::new());
    let source = start(settings(&online, &origin.url()));
    // A store that somebody filled without checking: the zip lies there, and no hash.
    let target = "crafted.example/hello/@v/v1.0.0.zip";
    let zip = get(&source, &format!("/{target}")).await.body;
    let mut offline = settings(&store, "off");
    offline.offline = true;
    let proxy = start(offline);
    // One byte short, as a copy that was interrupted.
    store.write(target, &zip[..zip.len() - 1]);
    assert_eq!(get(&proxy, &format!("/{target}")).await.status, 404);
    assert!(store.read("crafted.example/hello/@v/v1.0.0.ziphash").is_none());
    store.write(target, &zip);
    assert_eq!(get(&proxy, &format!("/{target}")).await.status, 200);
    assert!(store.read("crafted.example/hello/@v/v1.0.0.ziphash").is_some());
}
