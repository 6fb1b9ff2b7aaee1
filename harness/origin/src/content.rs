//! The bytes of an answer: pieces, of which some are repeated blocks, so that a zip of hundreds of
//! megabytes is sent without being held.

use std::sync::Arc;

/// Bytes that can be read from any offset. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pieces: Vec<Piece>,
    len: u64,
    /// Offsets whose lowest bit is inverted.
    flipped: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Piece {
    start: u64,
    len: u64,
    /// Never empty; repeated until `len` bytes are full.
    block: Arc<[u8]>,
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        let mut content = Self::default();
        content.push(bytes);
        content
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl Content {
    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: impl Into<Arc<[u8]>>) {
        let block = bytes.into();
        let len = block.len() as u64;
        self.push_repeated(block, len);
    }

    /// Adds `len` bytes at the end: the block, again and again. Nothing when the block is empty.
    pub fn push_repeated(&mut self, block: impl Into<Arc<[u8]>>, len: u64) {
        let block = block.into();
        if len > 0 && !block.is_empty() {
            self.pieces.push(Piece { start: self.len, len, block });
            self.len += len;
        }
    }

    /// Adds all of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        // Changed bytes are kept beside the pieces: a block may be shared by many zips, and must
        // not change in all of them.
        self.flipped.extend(other.flipped.iter().map(|at| at + self.len));
        for piece in &other.pieces {
            self.push_repeated(Arc::clone(&piece.block), piece.len);
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Inverts the lowest bit of the byte at `offset`; negative ones count from the end. Nothing
    /// when there is no such byte.
    pub fn flip(&mut self, offset: i64) {
        let at = match u64::try_from(offset) {
            Ok(at) => Some(at),
            Err(_) => self.len.checked_sub(offset.unsigned_abs()),
        };
        self.flipped.extend(at.filter(|at| *at < self.len));
    }

    /// Fills `buffer` with the bytes from `offset`, and returns how many there were.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        let first = self.pieces.partition_point(|piece| piece.start + piece.len <= offset);
        for piece in self.pieces.get(first..).unwrap_or_default() {
            let mut inside = (offset + filled as u64).saturating_sub(piece.start);
            while inside < piece.len && filled < buffer.len() {
                let skip = usize::try_from(inside % piece.block.len() as u64).unwrap_or_default();
                let left = usize::try_from(piece.len - inside).unwrap_or(usize::MAX);
                let block = piece.block.get(skip..).unwrap_or_default();
                let into = buffer.get_mut(filled..).unwrap_or_default();
                let n = block.len().min(left).min(into.len());
                if let (Some(into), Some(block)) = (into.get_mut(..n), block.get(..n)) {
                    into.copy_from_slice(block);
                }
                filled += n;
                inside += n as u64;
            }
            if filled == buffer.len() {
                break;
            }
        }
        for at in &self.flipped {
            let inside = at.checked_sub(offset).and_then(|inside| usize::try_from(inside).ok());
            if let Some(byte) = inside.filter(|i| *i < filled).and_then(|i| buffer.get_mut(i)) {
                *byte ^= 1;
            }
        }
        filled
    }

    /// Calls `each` with all bytes in order, in runs of at most 64 KiB.
    pub fn for_each(&self, mut each: impl FnMut(&[u8])) {
        let mut buffer = vec![0; 64 << 10];
        let mut offset = 0;
        while offset < self.len {
            let n = self.read_at(offset, &mut buffer);
            each(buffer.get(..n).unwrap_or_default());
            offset += n as u64;
        }
    }

    /// All bytes in memory; what is behind `limit` is left out.
    #[must_use]
    pub fn to_vec(&self, limit: usize) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.len).unwrap_or(usize::MAX).min(limit)];
        self.read_at(0, &mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[test]
    fn pieces_read_as_one() {
        let mut content = Content::from("ab");
        content.push_repeated(*b"xyz", 7);
        content.push(*b"!");
        assert_eq!(content.len(), 10);
        assert_eq!(content.to_vec(100), b"abxyzxyzx!");
        for offset in 0..10 {
            let mut buffer = [0; 4];
            let n = content.read_at(offset, &mut buffer);
            let whole = content.to_vec(100);
            let start = usize::try_from(offset).expect("small");
            assert_eq!(buffer[..n], whole[start..(start + 4).min(10)]);
        }
        content.flip(0);
        content.flip(-1);
        content.flip(10);
        content.flip(-11);
        assert_eq!(content.to_vec(100), b"`bxyzxyzx ");
        let mut twice = content.clone();
        twice.append(&content);
        assert_eq!(twice.to_vec(100), b"`bxyzxyzx `bxyzxyzx ");
    }
}
