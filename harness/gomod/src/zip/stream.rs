//! Checks a zip while it arrives.
//!
//! The bytes are read as a sequence of local headers and contents, which are inflated and hashed on
//! The bytes are read as a sequence of local headers and contents, which are inflated and hashed on
//! the way and not kept. Bytes that cannot become a module zip are refused at once: a name that
//! breaks a rule, too many entries, too much content, data that does not inflate. So a zip bomb is
//! never stored as a whole.
//!
//! Where the sequence cannot be followed (a stored content of unknown length, something between two
//! entries), only the size is watched from there on, and the end does all the work.

use std::mem;

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};

use super::check::{CheckError, Checked, Directory, check};
use super::container::MAX_DIRECTORY;
use super::entry::{DEFLATED, Local, check_header};
use super::layout::{CENTRAL, DESCRIPTOR, END, END64, Fields, LOCAL, LOCAL_LENGTH};
use super::limits::ZipLimits;
use super::names::{Kind, Names, check_special};
use super::source::Source;
use super::violation::{Reason, Refusal, Violation};

/// Judges a zip as it arrives. The chunks given to [`Stream::push`] must be the bytes of the zip in
/// order, from its beginning.
pub struct Stream {
    module: String,
    version: String,
    limits: ZipLimits,
    names: Names,
    /// Bytes that arrived.
    arrived: u64,
    /// Bytes of contents inflated.
    inflated: u64,
    /// Bytes of names seen, which are kept.
    named: u64,
    /// Bytes that make no whole header yet.
    pending: Vec<u8>,
    state: State,
    seen: Vec<Seen>,
    /// What the last content was inflated with, and the room that contents are inflated to: making
    /// both anew costs as much as inflating a small file.
    inflate: Option<Decompress>,
    room: Vec<u8>,
}

enum State {
    /// At the beginning of a header.
    Header,
    /// In a content.
    Body(Box<Body>),
    /// Behind a content, in front of its sizes and checksum.
    Descriptor(Box<Body>),
    /// Behind the last content.
    Directory,
    /// The sequence could not be followed.
    Lost,
    /// The zip was refused.
    Refused(Violation),
}

struct Body {
    name: Vec<u8>,
    local: Local,
    special: Option<&'static str>,
    offset: u64,
    /// None: stored.
    inflate: Option<Decompress>,
    compressed: u64,
    uncompressed: u64,
    crc: crc32fast::Hasher,
    sha256: Sha256,
}

/// A content that went by.
struct Seen {
    name: Vec<u8>,
    local: Local,
    offset: u64,
    compressed: u64,
    uncompressed: u64,
    crc: u32,
    sha256: [u8; 32],
}

/// The result of a step.
enum Step {
    /// The step consumed this many bytes.
    Took(usize),
    /// The step needs more bytes.
    NeedsMore,
}

impl Stream {
    /// For the zip of a module version.
    ///
    /// # Errors
    /// When the path and version are not those of a module.
    pub fn new(module: &str, version: &str, limits: ZipLimits) -> Result<Self, Refusal> {
        Ok(Self {
            module: module.to_owned(),
            version: version.to_owned(),
            limits,
            names: Names::new(module, version)?,
            arrived: 0,
            inflated: 0,
            named: 0,
            pending: Vec::new(),
            state: State::Header,
            seen: Vec::new(),
            inflate: None,
            room: vec![0; ROOM],
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When what arrived cannot be the beginning of a module zip; then and ever after.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        if let State::Refused(violation) = &self.state {
            return Err(violation.clone().into());
        }
        let end = self.arrived.saturating_add(chunk.len() as u64);
        self.follow(chunk).or_else(|violation| {
            self.pending = Vec::new();
            if self.limits.ambiguous && !matches!(violation.reason, Reason::ZipSize { .. }) {
                // The zip's directory decides at the end.
                (self.state, self.arrived) = (State::Lost, end);
                return Ok(());
            }
            self.state = State::Refused(violation.clone());
            Err(violation.into())
        })
    }

    /// Number of bytes that arrived.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Judges the whole, which `source` must hold as it arrived.
    ///
    /// # Errors
    /// When it breaks a rule or cannot be read.
    pub fn finish<S: Source + ?Sized>(self, source: &S) -> Result<Checked, CheckError> {
        if let State::Refused(violation) = self.state {
            return Err(violation.into());
        }
        let size = source.size().map_err(CheckError::Read)?;
        if size == self.arrived && matches!(self.state, State::Directory) {
            let directory = Directory::read(source, &self.module, &self.version, self.limits)?;
            // The hashes taken on the way count where the directory says the same as the local
            // headers; otherwise everything is read once more.
            let same = directory.entries.len() == self.seen.len()
                && directory.entries.iter().zip(&self.seen).all(|(entry, seen)| {
                    entry.agrees(&seen.name, &seen.local).is_ok()
                        && (entry.offset, entry.crc) == (seen.offset, seen.crc)
                        && (entry.compressed, entry.uncompressed)
                            == (seen.compressed, seen.uncompressed)
                });
            if same {
                return directory.checked(self.seen.iter().map(|seen| seen.sha256).collect());
            }
        }
        check(source, &self.module, &self.version, self.limits)
    }

    fn follow(&mut self, mut chunk: &[u8]) -> Result<(), Violation> {
        let end = self.arrived.saturating_add(chunk.len() as u64);
        if end > self.limits.compressed {
            return Err(Violation::whole(Reason::ZipSize { limit: self.limits.compressed }));
        }
        while !chunk.is_empty() && !matches!(self.state, State::Directory | State::Lost) {
            // Headers are read from what is pending, contents as they are.
            let taken = if matches!(self.state, State::Body(_)) && self.pending.is_empty() {
                self.body(chunk)?
            } else {
                let (head, rest) = chunk.split_at(LOOKAHEAD.min(chunk.len()));
                self.pending.extend_from_slice(head);
                self.arrived += head.len() as u64;
                chunk = rest;
                self.work_off()?;
                continue;
            };
            self.arrived += taken as u64;
            chunk = chunk.get(taken..).unwrap_or_default();
        }
        self.arrived = end;
        Ok(())
    }

    /// Works on what is pending until more is needed.
    fn work_off(&mut self) -> Result<(), Violation> {
        loop {
            let pending = mem::take(&mut self.pending);
            let step = match &self.state {
                State::Header => self.header(&pending),
                State::Body(_) if pending.is_empty() => Ok(Step::NeedsMore),
                State::Body(_) => self.body(&pending).map(Step::Took),
                State::Descriptor(_) => Ok(self.descriptor(&pending)),
                State::Directory | State::Lost | State::Refused(_) => return Ok(()),
            };
            match step? {
                Step::Took(n) => self.pending = pending.get(n..).unwrap_or_default().to_vec(),
                Step::NeedsMore => {
                    self.pending = pending;
                    return Ok(());
                }
            }
        }
    }

    fn header(&mut self, pending: &[u8]) -> Result<Step, Violation> {
        let Some(signature) = Fields(pending).u32() else { return Ok(Step::NeedsMore) };
        if signature != LOCAL {
            let directory = matches!(signature, CENTRAL | END | END64);
            self.state = if directory { State::Directory } else { State::Lost };
            return Ok(Step::Took(0));
        }
        if pending.len() < LOCAL_LENGTH {
            return Ok(Step::NeedsMore);
        }
        let Some((mut local, name, extra)) = Local::head(pending) else {
            self.state = State::Lost;
            return Ok(Step::Took(0));
        };
        let length = LOCAL_LENGTH + name + extra;
        let Some(variable) = pending.get(LOCAL_LENGTH..length) else { return Ok(Step::NeedsMore) };
        let (name, extra) = variable.split_at(name);
        let offset = self.arrived.saturating_sub(pending.len() as u64);
        if local.widen(extra).is_none() {
            return Err(Violation::of(name, Reason::Contradiction("local header")));
        }
        let special = self.admit(name, &local).map_err(|reason| Violation::of(name, reason))?;
        if local.has_descriptor() && local.method != DEFLATED {
            self.state = State::Lost;
            return Ok(Step::Took(0));
        }
        let inflate = (local.method == DEFLATED).then(|| match self.inflate.take() {
            Some(mut inflate) => {
                inflate.reset(false);
                inflate
            }
            None => Decompress::new(false),
        });
        self.state = State::Body(Box::new(Body {
            name: name.to_vec(),
            special,
            offset,
            inflate,
            local,
            compressed: 0,
            uncompressed: 0,
            crc: crc32fast::Hasher::new(),
            sha256: Sha256::new(),
        }));
        // A stored content of no bytes is over before any more arrive.
        self.body(&[])?;
        Ok(Step::Took(length))
    }

    /// Checks a header as far as it can be.
    fn admit(&mut self, name: &[u8], local: &Local) -> Result<Option<&'static str>, Reason> {
        if self.seen.len() as u64 >= self.limits.entries {
            return Err(Reason::Entries { limit: self.limits.entries });
        }
        self.named = self.named.saturating_add(name.len() as u64);
        if self.named > MAX_DIRECTORY {
            return Err(Reason::NotAZip("the directory would be too large"));
        }
        let kind = self.names.add(name)?;
        check_header(local.flags, local.method, self.limits.ambiguous)?;
        let declared = if local.has_descriptor() { 0 } else { local.uncompressed };
        match kind {
            Kind::Directory if declared != 0 => Err(Reason::DirectoryContent),
            Kind::Directory => Ok(None),
            Kind::File(special) => {
                check_special(special, declared, self.limits)?;
                if self.inflated.saturating_add(declared) > self.limits.uncompressed {
                    return Err(Reason::ContentSize { limit: self.limits.uncompressed });
                }
                Ok(special)
            }
        }
    }

    /// Takes bytes of a content; says how many.
    fn body(&mut self, chunk: &[u8]) -> Result<usize, Violation> {
        let State::Body(mut body) = mem::replace(&mut self.state, State::Lost) else {
            return Ok(0);
        };
        let limits = self.limits;
        let before = body.uncompressed;
        let outcome = body.take(chunk, limits, self.inflated, &mut self.room);
        self.inflated = self.inflated.saturating_add(body.uncompressed - before);
        let (taken, done) = outcome.map_err(|reason| Violation::of(&body.name, reason))?;
        if !done {
            self.state = State::Body(body);
        } else if body.local.has_descriptor() {
            self.state = State::Descriptor(body);
        } else {
            self.end_body(*body);
        }
        Ok(taken)
    }

    fn end_body(&mut self, body: Body) {
        self.inflate = body.inflate.or_else(|| self.inflate.take());
        self.seen.push(Seen {
            name: body.name,
            local: body.local,
            offset: body.offset,
            compressed: body.compressed,
            uncompressed: body.uncompressed,
            crc: body.crc.finalize(),
            sha256: body.sha256.finalize().into(),
        });
        self.state = State::Header;
    }

    /// Reads the checksum and sizes behind a content.
    fn descriptor(&mut self, pending: &[u8]) -> Step {
        let State::Descriptor(body) = mem::replace(&mut self.state, State::Lost) else {
            return Step::Took(0);
        };
        match body.descriptor(pending) {
            Some((true, length)) if pending.len() >= length => {
                self.end_body(*body);
                Step::Took(length)
            }
            None | Some((true, _)) => {
                self.state = State::Descriptor(body);
                Step::NeedsMore
            }
            // Without its signature the length of the data descriptor is unknown. The check against the
            // central directory at the end decides.
            Some((false, _)) => Step::Took(0),
        }
    }
}

/// Bytes of a content that are inflated at once.
const ROOM: usize = 32 << 10;

/// Pending bytes are gathered in steps of this size, so that contents are not copied.
const LOOKAHEAD: usize = 64;

impl Body {
    /// Whether what follows is its checksum with the signature, and how long it is with the sizes.
    fn descriptor(&self, pending: &[u8]) -> Option<(bool, usize)> {
        let mut fields = Fields(pending);
        let (signature, crc) = (fields.u32()?, fields.u32()?);
        let sizes = (u64::from(fields.u32()?), u64::from(fields.u32()?));
        // A zip64 descriptor has sizes of 8 bytes, and nothing marks it: they have 4 where both are
        // those that were counted.
        let narrow = sizes == (self.compressed, self.uncompressed);
        let fits = signature == DESCRIPTOR && crc == self.crc.clone().finalize();
        Some((fits, if narrow { 16 } else { 24 }))
    }

    /// Takes bytes; says how many, and whether the content is over.
    fn take(
        &mut self,
        chunk: &[u8],
        limits: ZipLimits,
        others: u64,
        room: &mut [u8],
    ) -> Result<(usize, bool), Reason> {
        let Some(mut inflate) = self.inflate.take() else {
            let left = self.local.compressed.saturating_sub(self.compressed);
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
            self.compressed += n as u64;
            self.content(chunk.get(..n).unwrap_or_default(), limits, others)?;
            return Ok((n, self.compressed == self.local.compressed));
        };
        let mut taken = 0;
        let start = self.uncompressed;
        let done = loop {
            let (input, output) = (inflate.total_in(), inflate.total_out());
            let rest = chunk.get(taken..).unwrap_or_default();
            let status = inflate
                .decompress(rest, room, FlushDecompress::None)
                .map_err(|_| Reason::Corrupt)?;
            let read = usize::try_from(inflate.total_in() - input).unwrap_or_default();
            let made = usize::try_from(inflate.total_out() - output).unwrap_or_default();
            taken += read;
            self.compressed += read as u64;
            let others = others.saturating_add(self.uncompressed - start);
            self.content(room.get(..made).unwrap_or_default(), limits, others)?;
            match status {
                Status::StreamEnd => break true,
                _ if read == 0 && made == 0 => break false,
                _ => {}
            }
        };
        let declared = !self.local.has_descriptor();
        if declared
            && (self.compressed > self.local.compressed
                || done && self.compressed != self.local.compressed)
        {
            return Err(Reason::Corrupt);
        }
        if !done && taken < chunk.len() {
            return Err(Reason::Corrupt);
        }
        self.inflate = Some(inflate);
        Ok((taken, done))
    }

    fn content(&mut self, part: &[u8], limits: ZipLimits, before: u64) -> Result<(), Reason> {
        self.uncompressed += part.len() as u64;
        self.crc.update(part);
        self.sha256.update(part);
        check_special(self.special, self.uncompressed, limits)?;
        if before.saturating_add(part.len() as u64) > limits.uncompressed {
            return Err(Reason::ContentSize { limit: limits.uncompressed });
        }
        let declared = self.local.uncompressed;
        if !self.local.has_descriptor() && self.uncompressed > declared {
            return Err(Reason::SizeMismatch { declared });
        }
        Ok(())
    }
}
