//! Lists of upstreams, read as `go` reads GOPROXY.

use twinproof_origin::{ClientCertificate, Origin};

use crate::support::{Folder, count, get, origin, rule, settings, start};

const TARGET: &str = "/crafted.example/hello/@v/v1.0.0.mod";

/// An origin that answers everything with this status.
fn failing(status: u16) -> Origin {
    let origin = origin();
    let mut rule = rule("*");
    rule.status = Some(status);
    rule.body = Some(format!("status {status} it is"));
    rule.header.insert("Content-Type".to_owned(), "text/plain".to_owned());
    origin.script(vec![rule]);
    origin
}

#[tokio::test]
async fn commas_and_bars() {
    let good = origin();
    for (status, separator, want, second) in [
        (404, ",", 200, 1),
        (410, ",", 200, 1),
        (404, "|", 200, 1),
        (500, ",", 502, 0),
        (403, ",", 403, 0),
        (429, ",", 429, 0),
        (500, "|", 200, 1),
        (403, "|", 200, 1),
    ] {
        let (first, store) = (failing(status), Folder::new());
        good.clear();
        let list = format!("{}{separator}{}", first.url(), good.url());
        let proxy = start(settings(&store, &list));
        let answer = get(&proxy, TARGET).await;
        assert_eq!(answer.status, want, "{status}{separator}: {}", answer.text());
        assert_eq!(count(&good, TARGET), second, "{status}{separator}");
        assert_eq!(count(&first, TARGET), 1);
        if want != 200 {
            assert!(answer.text().contains(&format!("status {status} it is")), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn upstream_error_is_reported_before_not_found() {
    let (broken, empty, store) = (failing(500), failing(404), Folder::new());
    let proxy = start(settings(&store, &format!("{}|{}", broken.url(), empty.url())));
    assert_eq!(get(&proxy, TARGET).await.status, 502);
}

#[tokio::test]
async fn direct_and_off_end_the_list() {
    let (empty, store) = (failing(404), Folder::new());
    for (end, words) in [("direct", "direct is left to the go command"), ("off", "ends in off")] {
        let proxy = start(settings(&store, &format!("{},{end}", empty.url())));
        let answer = get(&proxy, TARGET).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.text().lines().next(), Some("status 404 it is"));
        assert!(answer.text().contains(words), "{}", answer.text());
        let alone = start(settings(&store, end));
        let answer = get(&alone, TARGET).await;
        assert_eq!(answer.status, 404);
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}

#[tokio::test]
async fn redirects() {
    let (origin, store) = (origin(), Folder::new());
    let secure = Folder::new();
    secure.write("ca.pem", origin.ca_pem().expect("an authority").as_bytes());
    let mut to = rule("/from/*");
    to.redirect = Some(format!("{}{TARGET}", origin.url()));
    let mut around = rule("/loop/*");
    around.redirect = Some(format!("{}/loop/crafted.example/x", origin.url()));
    origin.script(vec![to, around]);
    let mut with_ca = settings(&store, &format!("{}/from", origin.url_tls().expect("TLS")));
    with_ca.tls.ca = Some(secure.file("ca.pem"));
    let answer = get(&start(with_ca), TARGET).await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("from a secure URL to an insecure one"), "{}", answer.text());

    let answer = get(&start(settings(&store, &format!("{}/loop", origin.url()))), TARGET).await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("stopped after 10 redirects"), "{}", answer.text());

    let answer = get(&start(settings(&store, &format!("{}/from", origin.url()))), TARGET).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn redirects_stay_on_the_host_unless_another_is_listed() {
    let (first, second, store) = (origin(), origin(), Folder::new());
    let mut away = rule("*");
    away.redirect = Some(format!("{}{TARGET}", second.url()));
    first.script(vec![away]);
    let strict = settings(&store, &first.url());
    let answer = get(&start(strict.clone()), TARGET).await;
    assert_eq!(answer.status, 502);
    let said = "redirected to 127.0.0.1, which is not the upstream's and not listed";
    assert!(answer.text().contains(said), "{}", answer.text());
    assert_eq!(second.requests().len(), 0);

    let mut listed = strict;
    listed.redirects = vec!["127.0.0.1".to_owned()];
    // The other host's words are not shown, nor is a body of it that is no go.mod kept.
    let mut failing = rule("*");
    (failing.status, failing.body) = (Some(500), Some("inner secret".to_owned()));
    failing.header.insert("Content-Type".to_owned(), "text/plain".to_owned());
    second.script(vec![failing]);
    let answer = get(&start(listed.clone()), TARGET).await;
    assert_eq!(answer.status, 502);
    assert!(!answer.text().contains("inner secret"), "{}", answer.text());
    second.script(Vec::new());
    assert_eq!(get(&start(listed), TARGET).await.status, 200);
}

#[tokio::test]
async fn a_gateway_that_demands_a_certificate() {
    let (origin, store, files) = (origin(), Folder::new(), Folder::new());
    let good = origin.client_cert(ClientCertificate::Good).expect("a certificate");
    let strange = origin.client_cert(ClientCertificate::UnknownAuthority).expect("a certificate");
    files.write("ca.pem", origin.ca_pem().expect("an authority").as_bytes());
    files.write("cert.pem", strange.certificate_pem.as_bytes());
    files.write("key.pem", strange.key_pem.as_bytes());
    let mut sidecar = settings(&store, &origin.url_mutual_tls().expect("TLS"));
    sidecar.tls.ca = Some(files.file("ca.pem"));
    let bare = start(sidecar.clone());
    assert_eq!(get(&bare, TARGET).await.status, 502);

    sidecar.tls.cert = Some(files.file("cert.pem"));
    sidecar.tls.key = Some(files.file("key.pem"));
    let proxy = start(sidecar);
    assert_eq!(get(&proxy, TARGET).await.status, 502);
    // Another one is taken up without a restart.
    files.write("cert.pem", good.certificate_pem.as_bytes());
    files.write("key.pem", good.key_pem.as_bytes());
    proxy.reload_tls().expect("good files");
    assert_eq!(get(&proxy, TARGET).await.status, 200);
    files.write("key.pem", b"no key");
    assert!(proxy.reload_tls().is_err());
    assert_eq!(get(&proxy, "/crafted.example/hello/@v/v1.0.0.info").await.status, 200);
}
