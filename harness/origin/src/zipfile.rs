//! Builds zips byte by byte: as Go's archive/zip writes them, and malformed ones for tests.
//!
//! An [`CraftedEntry`] says what its headers claim, each claim apart from the truth. This is no zip
//! library: it writes, without zip64, and checks nothing.

use std::io::Write;
use std::sync::Arc;

use flate2::{Compression, Crc, write::DeflateEncoder};

use crate::content::Content;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// General purpose bit 3: sizes and checksum stand behind the content.
const DESCRIPTOR: u16 = 1 << 3;
/// General purpose bit 11: the name is UTF-8.
const UTF8: u16 = 1 << 11;

/// A file's content as it stands in a zip.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    bytes: Content,
    method: u16,
    crc: u32,
    size: u32,
}

impl Payload {
    /// Content that is deflated.
    pub fn deflated(data: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory does not fail.
        let bytes = encoder.write_all(data).and_then(|()| encoder.finish()).unwrap_or_default();
        let mut crc = Crc::new();
        crc.update(data);
        Self { bytes: bytes.into(), method: DEFLATED, crc: crc.sum(), size: saturate(data.len()) }
    }

    /// Content that is stored as it is.
    pub fn stored(bytes: Content) -> Self {
        let mut crc = Crc::new();
        bytes.for_each(|run| crc.update(run));
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self { bytes, method: STORED, crc: crc.sum(), size }
    }

    /// `mebibytes` MiB of zeros, deflated to a thousandth.
    pub fn zeros(mebibytes: u32) -> Self {
        let zeros = vec![0; 1 << 20];
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail. A flush ends at a byte, and nothing refers over it.
        // A flushed block can be repeated, because it ends at a byte and refers to nothing before
        // it: 600 MiB take a kilobyte of memory.
        let flushed = encoder.write_all(&zeros).and_then(|()| encoder.flush());
        let block: Arc<[u8]> =
            flushed.map(|()| encoder.get_ref().clone()).unwrap_or_default().into();
        let mut bytes = Content::default();
        bytes.push_repeated(Arc::clone(&block), block.len() as u64 * u64::from(mebibytes));
        // The last, empty deflate block.
        bytes.push(*b"\x03\x00");
        let mut crc = Crc::new();
        (0..mebibytes).for_each(|_| crc.update(&zeros));
        Self { bytes, method: DEFLATED, crc: crc.sum(), size: mebibytes << 20 }
    }
}

/// One file of a zip, with the values in its headers.
#[derive(Clone, Debug)]
pub(crate) struct CraftedEntry {
    pub name: Vec<u8>,
    pub payload: Payload,
    /// The name in the local header, where it differs.
    pub local_name: Option<Vec<u8>>,
    /// Claimed in the local header; that header then has sizes, and no descriptor follows.
    pub local_size: Option<u32>,
    /// Claimed in the directory.
    pub central_size: Option<u32>,
    /// Claimed everywhere.
    pub crc: Option<u32>,
    /// Claimed everywhere.
    pub method: Option<u16>,
    /// General purpose bits on top.
    pub flags: u16,
    /// Unix type and permissions; none when zero.
    pub mode: u32,
    /// The directory points to where that entry is.
    pub same_place_as: Option<usize>,
}

impl CraftedEntry {
    pub fn new(name: impl Into<Vec<u8>>, payload: Payload) -> Self {
        Self {
            name: name.into(),
            payload,
            local_name: None,
            local_size: None,
            central_size: None,
            crc: None,
            method: None,
            flags: 0,
            mode: 0,
            same_place_as: None,
        }
    }

    /// A file with this text.
    pub fn text(name: impl Into<Vec<u8>>, data: impl AsRef<[u8]>) -> Self {
        Self::new(name, Payload::deflated(data.as_ref()))
    }

    fn flags(&self) -> u16 {
        let descriptor = if self.local_size.is_none() { DESCRIPTOR } else { 0 };
        let name =
            if !self.name.is_ascii() && std::str::from_utf8(&self.name).is_ok() { UTF8 } else { 0 };
        self.flags | descriptor | name
    }

    fn method(&self) -> u16 {
        self.method.unwrap_or(self.payload.method)
    }

    fn crc(&self) -> u32 {
        self.crc.unwrap_or(self.payload.crc)
    }

    fn compressed(&self) -> u32 {
        u32::try_from(self.payload.bytes.len()).unwrap_or(u32::MAX)
    }

    fn local(&self) -> Header {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let mut header = Header::default();
        header.long(0x0403_4b50).short(20).short(self.flags()).short(self.method()).long(0);
        match self.local_size {
            None => header.long(0).long(0).long(0),
            Some(size) => header.long(self.crc()).long(self.compressed()).long(size),
        };
        header.short(saturate_short(name.len())).short(0).bytes(name);
        header
    }

    fn descriptor(&self) -> Header {
        let mut header = Header::default();
        if self.local_size.is_none() {
            header.long(0x0807_4b50).long(self.crc()).long(self.compressed());
            header.long(self.payload.size);
        }
        header
    }

    fn central(&self, offset: u32) -> Header {
        // The upper byte 3 says Unix: only then do readers look at the permission bits.
        let creator = if self.mode == 0 { 20 } else { 3 << 8 | 20 };
        let size = self.central_size.unwrap_or(self.payload.size);
        let mut header = Header::default();
        header.long(0x0201_4b50).short(creator).short(20).short(self.flags()).short(self.method());
        header.long(0).long(self.crc()).long(self.compressed()).long(size);
        header.short(saturate_short(self.name.len())).short(0).short(0).short(0).short(0);
        // Unix permissions are the upper half of the external attributes.
        header.long(self.mode << 16).long(offset).bytes(&self.name);
        header
    }
}

/// A zip of these entries, in this order.
pub(crate) fn build(entries: &[CraftedEntry]) -> Content {
    build_claiming(entries, saturate_short(entries.len()))
}

/// A zip whose end record claims `count` entries.
pub(crate) fn build_claiming(entries: &[CraftedEntry], count: u16) -> Content {
    let mut content = Content::default();
    let mut offsets: Vec<u32> = Vec::new();
    for entry in entries {
        let place = entry.same_place_as.and_then(|i| offsets.get(i).copied());
        offsets.push(place.unwrap_or_else(|| position(&content)));
        if place.is_none() {
            content.push(entry.local().0);
            content.append(&entry.payload.bytes);
            content.push(entry.descriptor().0);
        }
    }
    let directory = position(&content);
    for (entry, offset) in entries.iter().zip(&offsets) {
        content.push(entry.central(*offset).0);
    }
    let mut end = Header::default();
    end.long(0x0605_4b50).short(0).short(0).short(count).short(count);
    end.long(position(&content) - directory).long(directory).short(0);
    content.push(end.0);
    content
}

fn position(content: &Content) -> u32 {
    u32::try_from(content.len()).unwrap_or(u32::MAX)
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn saturate_short(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// Little-endian fields one after the other.
#[derive(Default)]
struct Header(Vec<u8>);

impl Header {
    fn short(&mut self, n: u16) -> &mut Self {
        self.bytes(&n.to_le_bytes())
    }

    fn long(&mut self, n: u32) -> &mut Self {
        self.bytes(&n.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{CraftedEntry, Payload, build};
    use std::io::Cursor;
    use twinproof_gomod::dirhash::{hash_zip_reader, zip_files_reader};

    #[test]
    fn built_zip_can_be_read() {
        let zip = build(&[
            CraftedEntry::text("m@v1.0.0/go.mod", "module m\n"),
            CraftedEntry::new("m@v1.0.0/é", Payload::stored("stored".into())),
            CraftedEntry::new("m@v1.0.0/zeros", Payload::zeros(3)),
        ])
        .to_vec(1 << 20);
        assert!(zip.len() < 8192, "{}", zip.len());
        let files = zip_files_reader(Cursor::new(zip.as_slice()), Default::default());
        let names: Vec<String> = files.expect("a zip").into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["m@v1.0.0/go.mod", "m@v1.0.0/zeros", "m@v1.0.0/é"]);
        assert!(hash_zip_reader(Cursor::new(zip.as_slice())).is_ok());
    }
}
