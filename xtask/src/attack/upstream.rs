//! Upstreams that hang, and malformed answers and zips.

use super::client::{answer, connect, connect_from, get, latency, request, until};
use super::memory::slowed;
use super::servers::{SMALL, Servers};
use super::table::{Limit, Row};
use anyhow::{Context as _, ensure};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use twinproof_origin::crafted::{RULE_VERSION, rules};

/// An upstream made of one function: target → bytes of the answer.
struct Upstream {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Upstream {
    /// `answer` gives the bytes; none hangs until the client leaves. Its threads end with this program.
    fn start(
        answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let (answer, asked) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            // A thread for each connection: one that hangs must not hold the others.
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                thread::spawn(move || one(stream, &*answer, &count));
            }
        });
        Ok(Self { url, asked })
    }
}

/// Answers the one request of a connection.
fn one(mut stream: TcpStream, answer: &dyn Fn(&str) -> Option<Vec<u8>>, count: &AtomicUsize) {
    let Ok(reader) = stream.try_clone() else { return };
    let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    count.fetch_add(1, Ordering::Relaxed);
    match answer(first.split(' ').nth(1).unwrap_or_default()) {
        Some(bytes) => {
            // The proxy may have seen enough of it.
            let _ = stream.write_all(&bytes).and_then(|()| stream.shutdown(Shutdown::Write));
            // Until the client leaves: closing with unread bytes would send a reset.
            while lines.next().is_some() {}
        }
        None => while lines.next().is_some() {},
    }
}

fn whole(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Requests to an upstream that hangs; the clients leave at once.
pub fn fetches(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    // More than all fetches and their queue together.
    let clients = servers.count(1132, 300);
    let upstream = Upstream::start(|target| match target.contains("hangs") {
        true => None,
        false => Some(whole("404 Not Found", b"not found\n")),
    })?;
    let server = servers.proxy(&["--upstream", &upstream.url, "--sumdb", "off"])?;
    let mut hung = Vec::new();
    for n in 0..clients {
        let mut stream = connect(&server.address)?;
        stream.write_all(request(&format!("/hangs.example/m{n}/@v/v1.0.0.mod")).as_bytes())?;
        hung.push(stream);
    }
    // As many as the server asks upstream at once at least; the others wait inside of it.
    until(Duration::from_secs(2), || upstream.asked.load(Ordering::Relaxed) >= 32);
    drop(hung);
    let begun = Instant::now();
    let mut failed = 0;
    for n in 0..20 {
        let (status, _) = get(&server.address, &format!("/honest.example/m{n}/@v/v1.0.0.mod"))?;
        failed += usize::from(status != 404);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let figure = format!("s for 20 misses beside {clients} that left");
    Ok(vec![
        Row::new("fetches", figure, seconds, Limit::AtMost(4.0)),
        Row::new("fetches", "of them not answered with 404", failed as f64, Limit::AtMost(0.0)),
    ])
}

/// Time that the upstream of [`starving`] takes for a small file.
const UPSTREAM: Duration = Duration::from_millis(50);

/// Slow zips and many cold lists at once, of one client; another one asks for small files that are not
/// there yet.
pub fn starving(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let upstream = Upstream::start(|target| {
        if target.ends_with(".zip") {
            return None;
        }
        sleep(UPSTREAM);
        let module = target.trim_start_matches('/').split("/@").next().unwrap_or_default();
        let list = target.ends_with("/list");
        let body = if list { "v1.0.0\n".to_owned() } else { format!("module {module}\n") };
        Some(whole("200 OK", body.as_bytes()))
    })?;
    let store = tempfile::tempdir()?;
    let flags = ["--upstream", &upstream.url, "--sumdb", "off", "--store-sync=false"];
    let server = servers.proxy_over(store.path(), &flags)?;
    let other = |number: usize| -> anyhow::Result<f64> {
        let mut times = Vec::new();
        for n in 0..15 {
            // Another client, or the turns that clients take would not be measured.
            let mut stream = connect_from(&server.address, [127, 0, 0, 2])?;
            let target = format!("/quick.example/m{number}x{n}/@v/v1.0.0.mod");
            let begun = Instant::now();
            stream.write_all(request(&target).as_bytes())?;
            let (status, _) = answer(&mut BufReader::new(stream))?;
            ensure!(status == 200, "{target}: {status}");
            times.push(begun.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    };
    let alone = other(0)?;
    let ask = |target: String| -> anyhow::Result<TcpStream> {
        let mut stream = connect(&server.address)?;
        // The last of 2,500 lists waits for all those before it.
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        stream.write_all(request(&target).as_bytes())?;
        Ok(stream)
    };
    let zips = (0..32).map(|n| ask(format!("/slow.example/m{n}/@v/v1.0.0.zip")));
    let zips = zips.collect::<anyhow::Result<Vec<_>>>()?;
    let lists = (0..2500).map(|n| ask(format!("/many.example/m{n}/@v/list")));
    let lists = lists.collect::<anyhow::Result<Vec<_>>>()?;
    let beside = other(1)?;
    let answered = |stream| answer(&mut BufReader::new(stream)).is_ok_and(|(s, _)| s == 200);
    let failed = lists.into_iter().map(answered).filter(|answered| !answered).count();
    drop(zips);
    Ok(vec![
        Row::new(
            "starving",
            "x a cold .mod's time, beside 2,532",
            // A fifth more at most: the machine itself differs by some percent from run to run.
            beside / alone,
            Limit::AtMost(1.2),
        ),
        Row::new("starving", "of 2,500 cold lists not 200", failed as f64, Limit::AtMost(0.0)),
    ])
}

/// Lookups without an answer, with an upstream that hangs.
pub fn lookups(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let clients = servers.count(600, 300);
    let upstream = Upstream::start(|_| None)?;
    let server = servers.sumdb(&upstream.url)?;
    let ready = || get(&server.address, "/latest").is_ok_and(|(status, _)| status == 200);
    ensure!(until(Duration::from_secs(5), ready), "the database serves");
    let alone = latency(&server.address, "/latest")?;
    let mut waiting = Vec::new();
    for n in 0..clients {
        let mut stream = connect(&server.address)?;
        stream.write_all(request(&format!("/lookup/nobody.example/m{n}@v1.0.0")).as_bytes())?;
        waiting.push(stream);
    }
    sleep(Duration::from_millis(500));
    let beside = latency(&server.address, "/latest")?;
    drop(waiting);
    let figure = format!("ms that /latest is later beside {clients}");
    Ok(vec![Row::new("lookups", figure, (beside - alone).max(0.0), Limit::AtMost(1.0))])
}

/// Malformed answers for a `.mod`, by their defect.
fn wrong_answers() -> Vec<(&'static str, Vec<u8>)> {
    let raw = |text: &str| text.replace('\n', "\r\n").into_bytes();
    let mut all = vec![
        ("nothing", Vec::new()),
        ("half a line", raw("HTTP/1.1 20")),
        ("no HTTP", raw("hello\n\n")),
        ("no version", raw("HTTP 200 OK\n\nmodule x\n")),
        ("status 99", raw("HTTP/1.1 99 ?\n\nmodule x\n")),
        ("status 1000", raw("HTTP/1.1 1000 ?\n\nmodule x\n")),
        ("status 204", raw("HTTP/1.1 204 No Content\n\n")),
        ("status 206", raw("HTTP/1.1 206 Partial\nContent-Length: 9\n\nmodule x\n")),
        ("status 304", raw("HTTP/1.1 304 Not Modified\n\n")),
        ("status 101", raw("HTTP/1.1 101 Switching\nUpgrade: x\nConnection: upgrade\n\n")),
        ("cut", raw("HTTP/1.1 200 OK\nContent-Length: 100\n\nmodule x\n")),
        ("empty", whole("200 OK", b"")),
        ("negative length", raw("HTTP/1.1 200 OK\nContent-Length: -1\n\nmodule x\n")),
        ("two lengths", raw("HTTP/1.1 200 OK\nContent-Length: 9\nContent-Length: 3\n\nmodule x\n")),
        ("length no number", raw("HTTP/1.1 200 OK\nContent-Length: x\n\nmodule x\n")),
        ("length 2^64", raw("HTTP/1.1 200 OK\nContent-Length: 18446744073709551616\n\nm\n")),
        ("bad chunk", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\nmodule x\n0\n\n")),
        ("cut chunk", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n9\nmod")),
        ("no last chunk", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nmod\n")),
        ("huge chunk", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nffffffffffffffff\nm\n")),
        (
            "gzip that is none",
            raw("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 9\n\nmodule x\n"),
        ),
        (
            "unknown encoding",
            raw("HTTP/1.1 200 OK\nContent-Encoding: br\nContent-Length: 9\n\nmodule x\n"),
        ),
        ("redirect to nowhere", raw("HTTP/1.1 302 Found\nContent-Length: 0\n\n")),
        (
            "redirect to a file",
            raw("HTTP/1.1 302 Found\nLocation: file:///etc/passwd\nContent-Length: 0\n\n"),
        ),
        ("redirect to itself", raw("HTTP/1.1 302 Found\nLocation: ?\nContent-Length: 0\n\n")),
        (
            "redirect elsewhere",
            raw("HTTP/1.1 302 Found\nLocation: http://169.254.169.254/x\nContent-Length: 0\n\n"),
        ),
        (
            "web page",
            raw(
                "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 17\n\n<html>log in</html>",
            ),
        ),
        ("500", whole("500 Internal Server Error", b"secret of the upstream\n")),
        ("503", whole("503 Service Unavailable", b"")),
        ("403", whole("403 Forbidden", b"")),
        ("header without end", [raw("HTTP/1.1 200 OK\nX: "), vec![b'x'; 2 << 20]].concat()),
        ("many fields", [raw("HTTP/1.1 200 OK\n"), b"X: y\r\n".repeat(100_000)].concat()),
        ("17 MiB", whole("200 OK", &vec![b'x'; 17 << 20])),
    ];
    all.push(("endless interim answers", raw(&"HTTP/1.1 102 Processing\n\n".repeat(2000))));
    all
}

/// Answers that are none.
pub fn answers(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let answers = Arc::new(wrong_answers());
    let served = Arc::clone(&answers);
    let upstream = Upstream::start(move |target| {
        let number = target
            .strip_prefix("/wrong.example/m")
            .and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        Some(
            number
                .and_then(|n| served.get(n))
                .map_or_else(|| whole("404 Not Found", b"not found\n"), |(_, bytes)| bytes.clone()),
        )
    })?;
    let store = tempfile::tempdir()?;
    let flags = ["--upstream", &upstream.url, "--sumdb", "off", "--upstream-timeout", "5s"];
    let server = servers.proxy_over(store.path(), &flags)?;
    let before = server.resident()?;
    let mut wrong = Vec::new();
    for (n, (what, _)) in answers.iter().enumerate() {
        // Twice: the second answer may come from bytes kept of the first.
        for _ in 0..2 {
            let (status, body) =
                get(&server.address, &format!("/wrong.example/m{n}/@v/v1.0.0.mod"))
                    .context(*what)?;
            let text = String::from_utf8_lossy(&body);
            if status == 200 || text.contains("secret") || text.contains("root:") {
                wrong.push(*what);
            }
        }
    }
    wrong.dedup();
    if !wrong.is_empty() {
        eprintln!("answers that went through: {}", wrong.join(", "));
    }
    let held = (server.resident()? - before).max(0.0) / 1024.0;
    let figure = format!("passed on, of {} wrong answers", answers.len());
    Ok(vec![
        Row::new("answers", figure, wrong.len() as f64, Limit::AtMost(0.0)),
        // A budget for buffers; what grows with each answer would go beyond it.
        Row::new("answers", "MiB more after them", held, Limit::AtMost(64.0)),
    ])
}

/// Zips whose headers are false.
pub fn zips(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let store = tempfile::tempdir()?;
    let flags = ["--upstream", &servers.origin.url()[..]];
    let server = servers.proxy_over(store.path(), &flags)?;
    let (mut bad, mut whole) = (0, Vec::new());
    for rule in rules().filter(|rule| !rule.legal) {
        let target = format!("/{}/@v/{RULE_VERSION}.zip", rule.path);
        bad += 1;
        // An answer that has begun is cut off when the zip is refused, and `get` is an error then.
        if get(&server.address, &target).is_ok_and(|(status, _)| status == 200) {
            whole.push(rule.path);
        }
    }
    if !whole.is_empty() {
        eprintln!("zips that went through: {}", whole.join(", "));
    }
    let served = servers.proxy(&["--offline"])?;
    // The server goes on serving, during the answers and after them.
    ensure!(
        slowed(&served, || Ok(()))?.is_finite() && get(&served.address, SMALL)?.0 == 200,
        "it serves"
    );
    let peak = server.process.peak().unwrap_or_default() as f64 / 1024.0;
    let figure = format!("served whole, of {bad} bad zips");
    Ok(vec![
        Row::new("zips", figure, whole.len() as f64, Limit::AtMost(0.0)),
        Row::new("zips", "MiB in all, limit 512", peak, Limit::AtMost(512.0)),
    ])
}
