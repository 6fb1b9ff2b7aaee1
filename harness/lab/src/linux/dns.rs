//! Name servers of a lab: they answer from a table, and record the queries.

use crate::Asked;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Most questions that are written down; further ones are answered all the same.
const ASKED: usize = 10_000;
/// Seconds that an answer holds: none, so that every use is a question.
// libc and Go do not cache; a caching stub in between would hide the second question otherwise.
const TTL: u32 = 0;
/// Time limit for a silent TCP client.
const SILENCE: Duration = Duration::from_secs(30);

/// Answers of one name server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    Address(Ipv4Addr),
    Code(ResponseCode),
    Nothing,
}

/// The answers of a name server.
#[derive(Clone, Debug, Default)]
pub(super) struct Zone(BTreeMap<String, Say>);

impl Zone {
    /// Reads a table of answers.
    pub(super) fn of(table: &BTreeMap<String, String>) -> Result<Self, String> {
        let say = |text: &str| {
            Ok(match text {
                "NXDOMAIN" => Say::Code(ResponseCode::NXDomain),
                "SERVFAIL" => Say::Code(ResponseCode::ServFail),
                "REFUSED" => Say::Code(ResponseCode::Refused),
                "NODATA" => Say::Code(ResponseCode::NoError),
                "DROP" => Say::Nothing,
                address => match address.parse() {
                    Ok(address) => Say::Address(address),
                    Err(_) => {
                        return Err(format!(
                            "a name server cannot answer `{address}`: write an IPv4 address, \
                             NXDOMAIN, SERVFAIL, REFUSED, NODATA or DROP"
                        ));
                    }
                },
            })
        };
        let entries = table.iter().map(|(name, text)| Ok((key(name), say(text)?)));
        entries.collect::<Result<_, _>>().map(Self)
    }

    fn say(&self, name: &str) -> Say {
        let said = self.0.get(&key(name)).or_else(|| self.0.get("*"));
        said.copied().unwrap_or(Say::Code(ResponseCode::NXDomain))
    }
}

/// A name as names are compared.
fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The name servers of a lab, and the recorded queries.
pub(super) struct Servers {
    begun: Instant,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Default for Servers {
    fn default() -> Self {
        Self { begun: Instant::now(), asked: Arc::default() }
    }
}

impl Servers {
    /// Starts one in the network of the calling thread. It ends with the lab.
    pub(super) fn start(&self, listen: SocketAddr, zone: Zone) -> io::Result<()> {
        let (udp, tcp) = (UdpSocket::bind(listen)?, TcpListener::bind(listen)?);
        let server = Arc::new(Server {
            address: listen.ip(),
            begun: self.begun,
            asked: Arc::clone(&self.asked),
            zone,
        });
        let own = Arc::clone(&server);
        thread::Builder::new().spawn(move || serve_udp(&udp, &own))?;
        thread::Builder::new().spawn(move || {
            for stream in tcp.incoming().flatten() {
                let own = Arc::clone(&server);
                let _ = thread::Builder::new().spawn(move || serve_tcp(stream, &own));
            }
        })?;
        Ok(())
    }

    /// Takes the questions asked so far.
    pub(super) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Server {
    address: IpAddr,
    begun: Instant,
    asked: Arc<Mutex<Vec<Asked>>>,
    zone: Zone,
}

impl Server {
    /// The answer to a message; none where it is no question, or is left without one.
    fn answer(&self, message: &[u8], transport: &str) -> Option<Vec<u8>> {
        let question = Message::from_vec(message).ok()?;
        let query = question.queries.first()?.clone();
        let name = query.name().to_ascii();
        let asked = Asked {
            server: self.address,
            transport: transport.to_owned(),
            name: name.trim_end_matches('.').to_owned(),
            kind: query.query_type().to_string(),
            millis: self.begun.elapsed().as_millis() as u64,
        };
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // A resolver that loops asks thousands of times a second; the list bounds memory, and
        // answers still come.
        if all.len() < ASKED {
            all.push(asked);
        }
        drop(all);
        // Resolvers drop an answer whose id or question differs from theirs.
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        match self.zone.say(&name) {
            Say::Nothing => return None,
            Say::Code(code) => answer.metadata.response_code = code,
            Say::Address(address) if query.query_type() == RecordType::A => {
                let record =
                    Record::from_rdata(query.name().clone(), TTL, RData::A(address.into()));
                answer.add_answer(record);
            }
            // The name has no address of another kind.
            Say::Address(_) => {}
        }
        answer.add_query(query);
        answer.to_vec().ok()
    }
}

fn serve_udp(socket: &UdpSocket, server: &Server) {
    let mut buffer = [0; 4096];
    while let Ok((length, client)) = socket.recv_from(&mut buffer) {
        let message = buffer.get(..length).unwrap_or_default();
        if let Some(answer) = server.answer(message, "udp") {
            let _ = socket.send_to(&answer, client);
        }
    }
}

/// Messages with their length in two bytes before them (RFC 1035, 4.2.2).
fn serve_tcp(mut stream: TcpStream, server: &Server) {
    let _ = stream.set_read_timeout(Some(SILENCE));
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut message = vec![0; u16::from_be_bytes(length).into()];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        let Some(answer) = server.answer(&message, "tcp") else { continue };
        let Ok(length) = u16::try_from(answer.len()) else { return };
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend(answer);
        if stream.write_all(&framed).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Say, Zone};
    use hickory_proto::op::ResponseCode;
    use std::collections::BTreeMap;

    #[test]
    fn names_compare_without_case_and_the_star_is_the_rest() {
        let table = BTreeMap::from(
            [("Proxy.test.", "127.0.0.1"), ("*", "DROP")].map(|(n, t)| (n.into(), t.into())),
        );
        let zone = Zone::of(&table).unwrap();
        assert_eq!(zone.say("proxy.TEST"), Say::Address([127, 0, 0, 1].into()));
        assert_eq!(zone.say("other.test."), Say::Nothing);
        assert_eq!(Zone::default().say("x"), Say::Code(ResponseCode::NXDomain));
    }

    #[test]
    fn unknown_answer_is_an_error() {
        let table = BTreeMap::from([("a".to_owned(), "nxdomain".to_owned())]);
        assert!(Zone::of(&table).unwrap_err().contains("NXDOMAIN, SERVFAIL"));
    }
}
