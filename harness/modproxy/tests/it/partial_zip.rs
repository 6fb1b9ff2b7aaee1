//! Zips that are passed on while they arrive.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use http::Request;
use http_body_util::BodyExt as _;
use twinproof_modproxy::Proxy;
use twinproof_testkit::files_in;

use crate::support::{Folder, ask, get, settings, start, zip};

const TARGET: &str = "/example.com/a/@v/v1.0.0.zip";

/// A zip of four megabytes or so that does not compress.
fn large() -> Vec<u8> {
    let mut noise = Vec::new();
    let mut state: u32 = 1;
    while noise.len() < 4 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.extend(state.to_be_bytes());
    }
    zip(&[
        ("example.com/a@v1.0.0/go.mod", b"module example.com/a\n"),
        ("example.com/a@v1.0.0/noise", &noise),
    ])
}

/// The behaviour of an upstream: the number of the request from 0, its head, and the client.
type Act = Box<dyn Fn(usize, &str, &mut TcpStream) + Send>;

/// An upstream whose answers a test writes.
fn upstream(act: Act) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let mut client = client.expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if client.read(&mut byte).expect("a request") == 0 {
                    break;
                }
                head.extend(byte);
            }
            act(number, &String::from_utf8_lossy(&head), &mut client);
        }
    });
    url
}

fn head(client: &mut TcpStream, status: &str, fields: &str) {
    let head = format!("HTTP/1.1 {status}\r\n{fields}Connection: close\r\n\r\n");
    client.write_all(head.as_bytes()).expect("a head");
}

/// Waits until nothing is left of a zip.
async fn emptied(store: &Folder) {
    while !files_in(store.path()).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The beginning of a body, at least `least` bytes, and the rest of it.
async fn begin(proxy: &Arc<Proxy>, least: usize) -> (u16, Vec<u8>, twinproof_modproxy::Body) {
    let request = Request::get(TARGET).body(()).expect("a request");
    let (parts, mut body) = proxy.respond(request).await.into_parts();
    let mut got = Vec::new();
    while got.len() < least {
        let frame = body.frame().await.expect("more").expect("good so far");
        got.extend(frame.into_data().expect("data"));
    }
    (parts.status.as_u16(), got, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_beginning_comes_before_the_end_has_arrived() {
    let bytes = large();
    let (go_on, gone_on) = mpsc::channel::<()>();
    let sent = bytes.clone();
    let url = upstream(Box::new(move |_, _, client| {
        head(client, "200 OK", &format!("Content-Length: {}\r\n", sent.len()));
        let (first, last) = sent.split_at(sent.len() - 100);
        client.write_all(first).expect("most of it");
        gone_on.recv().expect("word");
        client.write_all(last).expect("the rest");
    }));
    let store = Folder::new();
    let proxy = start(settings(&store, &url));
    let (status, mut got, body) = begin(&proxy, 3_900_000).await;
    assert_eq!(status, 200);
    assert!(bytes.starts_with(&got) && got.len() < bytes.len());
    // Somebody else gets the beginning too, and who asks for a part waits for the whole.
    let (_, other, rest_of_other) = begin(&proxy, 3_900_000).await;
    let part = {
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move { ask(&proxy, "GET", TARGET, &[("Range", "bytes=0-3")]).await })
    };
    drop(rest_of_other);
    assert!(bytes.starts_with(&other));
    assert_eq!(files_in(store.path()).iter().filter(|f| f.ends_with(".zip")).count(), 0);
    go_on.send(()).expect("the test receives it");
    got.extend(body.collect().await.expect("the rest").to_bytes());
    assert_eq!(got, bytes);
    let part = part.await.expect("an answer");
    assert_eq!((part.status, &*part.body), (206, &bytes[..4]));
    assert_eq!(store.read(TARGET.trim_start_matches('/')), Some(bytes));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_client_gets_the_whole_of_a_bad_zip() {
    for (what, at) in [("in the middle", 2_500_000), ("near the end", 30)] {
        let mut bytes = large();
        let place = if at == 30 { bytes.len() - at } else { at };
        bytes[place] ^= 1;
        let length = bytes.len();
        let url = upstream(Box::new(move |_, _, client| {
            head(client, "200 OK", &format!("Content-Length: {}\r\n", bytes.len()));
            // The proxy may have refused it and closed the connection.
            let _ = client.write_all(&bytes);
        }));
        let store = Folder::new();
        let proxy = start(settings(&store, &url));
        let request = Request::get(TARGET).body(()).expect("a request");
        let answer = proxy.respond(request).await;
        if answer.status() == 200 {
            let mut body = answer.into_body();
            let mut got = 0;
            let error = loop {
                match body.frame().await {
                    Some(Ok(frame)) => got += frame.into_data().expect("data").len(),
                    Some(Err(error)) => break error,
                    None => panic!("{what}: {got} of {length} bytes, and no error"),
                }
            };
            assert!(got <= length - (4 << 10), "{what}: {got}");
            assert!(error.to_string().contains("is bad"), "{error}");
        }
        emptied(&store).await;
        // It learns why when it asks again. A request that comes before the fetch has ended shares it,
        // and gets the same part.
        let (status, text) = loop {
            let request = Request::get(TARGET).body(()).expect("a request");
            let (parts, body) = proxy.respond(request).await.into_parts();
            if let Ok(body) = body.collect().await {
                break (parts.status, String::from_utf8_lossy(&body.to_bytes()).into_owned());
            }
        };
        assert_eq!(status, 502, "{what}");
        assert!(text.contains("what cannot be used"), "{what}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn download_that_breaks_off_is_resumed_from_there() {
    let bytes = large();
    let (asked, heads) = mpsc::channel();
    let sent = bytes.clone();
    let url = upstream(Box::new(move |number, request, client| {
        asked.send(request.to_owned()).expect("the test receives it");
        let (first, last) = sent.split_at(2_700_000);
        if number == 0 {
            let fields = format!("Content-Length: {}\r\nETag: \"a\"\r\n", sent.len());
            head(client, "200 OK", &fields);
            client.write_all(first).expect("a part");
        } else {
            let range = format!("bytes 2700000-{}/{}", sent.len() - 1, sent.len());
            let length = last.len();
            let fields = format!("Content-Length: {length}\r\nContent-Range: {range}\r\n");
            head(client, "206 Partial Content", &fields);
            client.write_all(last).expect("the rest");
        }
    }));
    let store = Folder::new();
    let answer = get(&start(settings(&store, &url)), TARGET).await;
    assert_eq!((answer.status, answer.body.to_vec()), (200, bytes));
    let heads: Vec<String> = heads.try_iter().map(|head| head.to_ascii_lowercase()).collect();
    assert_eq!(heads.len(), 2);
    assert!(!heads[0].contains("range"), "{}", heads[0]);
    assert!(heads[1].contains("range: bytes=2700000-\r\n"), "{}", heads[1]);
    assert!(heads[1].contains("if-range: \"a\"\r\n"), "{}", heads[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zip_is_given_up_when_the_last_reader_has_gone() {
    let bytes = large();
    let (ended, end) = mpsc::channel();
    let url = upstream(Box::new(move |_, _, client| {
        head(client, "200 OK", &format!("Content-Length: {}\r\n", bytes.len()));
        client.write_all(&bytes[..3_900_000]).expect("most of it");
        client.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        ended.send(client.read(&mut [0]).is_ok()).expect("the test receives it");
    }));
    let store = Folder::new();
    let proxy = start(settings(&store, &url));
    let (_, _, body) = begin(&proxy, 2_500_000).await;
    drop(body);
    let gone = tokio::task::spawn_blocking(move || end.recv()).await.expect("no panic");
    assert_eq!(gone, Ok(true));
    emptied(&store).await;
}
