//! Parts of files as the bytes of answers, sent from the file to the socket without a copy.
//!
//! On Linux [`file_bytes`] maps the part into memory. Where such bytes are written to a socket
//! without TLS, the kernel sends the file itself (`sendfile`), and the mapping is never
//! looked at; over TLS and HTTP/2 they are bytes like any others. Elsewhere there are none.

use bytes::Bytes;
use std::fs::File;
use std::io;
use std::sync::Arc;

#[cfg(target_os = "linux")]
pub(crate) use linux::poll_write_vectored;

/// `length` bytes of `file` from `offset`, or `None` where files are not sent by the kernel.
///
/// The file must not be shortened while the bytes live: reading them then ends the process with SIGBUS.
/// The file may be removed or replaced.
///
/// # Errors
/// When the part cannot be mapped.
pub fn file_bytes(file: &Arc<File>, offset: u64, length: usize) -> io::Result<Option<Bytes>> {
    #[cfg(target_os = "linux")]
    return linux::map(file, offset, length).map(Some);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, offset, length);
        Ok(None)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use bytes::Bytes;
    use memmap2::{Mmap, MmapOptions};
    use rustix::net::{SendAncillaryBuffer, SendFlags};
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io::{self, IoSlice};
    use std::pin::Pin;
    use std::sync::{Arc, PoisonError, RwLock};
    use std::task::{Context, Poll, ready};
    use tokio::io::{AsyncWrite, Interest};
    use tokio::net::TcpStream;

    /// Shorter pieces are not looked up: copying them costs less.
    // The look-up takes a lock that all threads share, and sendfile is one more system call.
    const WORTH_IT: usize = 64 << 10;

    /// The mappings, by their first address.
    static MAPPED: RwLock<BTreeMap<usize, Part>> = RwLock::new(BTreeMap::new());

    struct Part {
        file: Arc<File>,
        offset: u64,
        length: usize,
    }

    /// A mapping that is known while it lives.
    struct Mapping(Mmap);

    impl AsRef<[u8]> for Mapping {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // Before the address can be another's.
            let mut mapped = MAPPED.write().unwrap_or_else(PoisonError::into_inner);
            mapped.remove(&self.0.as_ptr().addr());
        }
    }

    pub(super) fn map(file: &Arc<File>, offset: u64, length: usize) -> io::Result<Bytes> {
        // Reading a mapping behind the end of its file raises SIGBUS, which ends the process.
        let whole = file.metadata()?.len();
        if length == 0 || offset.checked_add(length as u64).is_none_or(|end| end > whole) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let map = open(file, offset, length)?;
        let part = Part { file: Arc::clone(file), offset, length };
        let mut mapped = MAPPED.write().unwrap_or_else(PoisonError::into_inner);
        mapped.insert(map.as_ptr().addr(), part);
        drop(mapped);
        Ok(Bytes::from_owner(Mapping(map)))
    }

    #[expect(unsafe_code, reason = "mapping a file is, and nothing else sends one without a copy")]
    fn open(file: &File, offset: u64, length: usize) -> io::Result<Mmap> {
        // SAFETY: the mapping is read-only and within the file. That nobody shortens or changes the
        // file while it lives is what `file_bytes` demands of its callers.
        unsafe { MmapOptions::new().offset(offset).len(length).map(file) }
    }

    /// The file that a piece of memory stands for, and the piece's place in it.
    fn behind(piece: &[u8]) -> Option<(Arc<File>, u64)> {
        if piece.len() < WORTH_IT {
            return None;
        }
        let address = piece.as_ptr().addr();
        let mapped = MAPPED.read().unwrap_or_else(PoisonError::into_inner);
        let (start, part) = mapped.range(..=address).next_back()?;
        let into = address - start;
        let end = into.checked_add(piece.len())?;
        (end <= part.length).then(|| (Arc::clone(&part.file), part.offset + into as u64))
    }

    /// Writes as the socket does, but for parts of files, which the kernel sends.
    pub(crate) fn poll_write_vectored(
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut files = pieces.iter().enumerate().filter(|(_, piece)| piece.len() >= WORTH_IT);
        let found = files.find_map(|(at, piece)| Some((at, piece.len(), behind(piece)?)));
        match found {
            None => Pin::new(stream).poll_write_vectored(cx, pieces),
            Some((0, length, (file, offset))) => poll_send(stream, cx, &file, offset, length),
            // The head of the answer stands before the file. MSG_MORE makes the kernel send both in
            // one segment.
            Some((at, ..)) => poll_write_ahead(stream, cx, pieces.get(..at).unwrap_or_default()),
        }
    }

    /// Writes what stands before a file: it may wait for the file, to go with it.
    fn poll_write_ahead(
        stream: &TcpStream,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_io(stream, cx, || {
            let mut nothing = SendAncillaryBuffer::default();
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            Ok(rustix::net::sendmsg(stream, pieces, &mut nothing, flags)?)
        })
    }

    fn poll_send(
        stream: &TcpStream,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        poll_io(stream, cx, || {
            let mut offset = offset;
            match rustix::fs::sendfile(stream, file, Some(&mut offset), length)? {
                // The file became shorter. Waiting for more would wait for ever.
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                sent => Ok(sent),
            }
        })
    }

    /// Does something with the socket when it can be written to.
    fn poll_io(
        stream: &TcpStream,
        cx: &mut Context<'_>,
        work: impl Fn() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(stream.poll_write_ready(cx))?;
            match stream.try_io(Interest::WRITABLE, &work) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{behind, map};
        use std::io::Write as _;
        use std::sync::Arc;

        #[test]
        fn pieces_are_known_by_their_place() {
            let mut file = tempfile::tempfile().expect("a file");
            let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
            file.write_all(&content).expect("written");
            let file = Arc::new(file);
            let bytes = map(&file, 5000, 200_000).expect("mapped");
            assert_eq!(bytes, content[5000..205_000]);
            assert_eq!(behind(&bytes).expect("known").1, 5000);
            assert_eq!(behind(&bytes[1000..]).expect("known").1, 6000);
            assert!(behind(&bytes[..1000]).is_none());
            assert!(behind(&content).is_none());
            assert!(map(&file, 200_000, 200_000).is_err());
            let part = bytes.slice(100_000..);
            drop(bytes);
            assert_eq!(behind(&part).expect("known").1, 105_000);
            let address = part.as_ptr();
            drop(part);
            let mapped = super::MAPPED.read().expect("no panic");
            assert!(!mapped.range(..=address.addr()).any(|(at, p)| at + p.length > address.addr()));
        }
    }
}
