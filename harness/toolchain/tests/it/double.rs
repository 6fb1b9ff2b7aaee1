//! Doubles: a module proxy on a free port, and a checksum database with the answers that a test gives.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use twinproof_gomod::H1;
use twinproof_sumdb::{Hash, LookupProof};
use twinproof_toolchain::{
    Database, DatabaseProof, Error, Platform, TOOLCHAIN_MODULE, Version, Vouched,
};

/// The answers of the double for a path, in order; the last one is repeated.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The content, or the asked part of it.
    Whole(Vec<u8>),
    /// The whole content, also where a range is requested.
    NoRanges(Vec<u8>),
    /// Headers for the content, and only so many bytes of it.
    Cut(Vec<u8>, usize),
    /// A status without content.
    Status(u16),
}

/// A request that came in: path and the range asked for.
pub type Request = (String, Option<u64>);

/// A module proxy's double.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers the toolchain zip of this version and platform in these ways.
    pub fn of(version: Version, platform: Platform, answers: Vec<Answer>) -> Self {
        let path = format!("/{TOOLCHAIN_MODULE}/@v/{}.zip", version.module_version(platform));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answers = Mutex::new(HashMap::from([(path, answers)]));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &answers, &seen);
            }
        });
        Self { url, requests }
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The ranges asked for so far.
    pub fn ranges(&self) -> Vec<Option<u64>> {
        self.requests().into_iter().map(|(_, range)| range).collect()
    }
}

fn serve(
    stream: TcpStream,
    answers: &Mutex<HashMap<String, Vec<Answer>>>,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = None;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = value.trim().trim_end_matches('-').parse::<u64>().ok();
        }
    }
    seen.lock().unwrap().push((path.clone(), range));
    let answer = match answers.lock().unwrap().get_mut(&path) {
        Some(list) if list.len() > 1 => list.remove(0),
        Some(list) => list[0].clone(),
        None => Answer::Status(404),
    };
    let mut stream = stream;
    let mut head = |status: &str, length: usize, extra: &str| {
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{extra}\r\n"
        )
    };
    let body = match answer {
        Answer::Status(status) => {
            head(&format!("{status} No"), 0, "")?;
            Vec::new()
        }
        Answer::NoRanges(body) => {
            head("200 OK", body.len(), "")?;
            body
        }
        Answer::Cut(body, at) => {
            head("200 OK", body.len(), "")?;
            body[..at].to_vec()
        }
        Answer::Whole(body) => match range {
            None => {
                head("200 OK", body.len(), "")?;
                body
            }
            Some(from) if from < body.len() as u64 => {
                let rest = body[usize::try_from(from).unwrap()..].to_vec();
                let extra =
                    format!("content-range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len());
                head("206 Partial Content", rest.len(), &extra)?;
                rest
            }
            Some(_) => {
                // A client that has the whole part asks from its end, which no range can satisfy
                // (RFC 9110, 15.5.17).
                head("416 No", 0, &format!("content-range: bytes */{}\r\n", body.len()))?;
                Vec::new()
            }
        },
    };
    stream.write_all(&body)?;
    stream.flush()
}

/// A database's double: vouches for one hash, or for nothing.
pub struct Says(pub Option<H1>);

impl Database for Says {
    fn vouch(&self, version: Version, platform: Platform) -> Result<Vouched, Error> {
        let Some(zip) = self.0 else {
            return Ok(Vouched::No("the double does not know it".to_owned()));
        };
        let proof = LookupProof {
            module: TOOLCHAIN_MODULE.to_owned(),
            version: version.module_version(platform),
            record_id: 0,
            record: String::new(),
            note: String::new(),
            tree_size: 1,
            root_hash: Hash([0; 32]),
            audit_path: Vec::new(),
        };
        let database = "double".to_owned();
        Ok(Vouched::Yes(Box::new(DatabaseProof {
            database,
            via: "double:".to_owned(),
            zip,
            proof,
        })))
    }
}
