//! Bytes read from the front, with every length checked.

/// An error: bytes that violate the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// The bytes of a buffer that are not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or(Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    /// A little-endian number of up to 8 bytes.
    pub(super) fn le(&mut self, length: usize) -> Result<u64, Malformed> {
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(self.take(length)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// A big-endian number of up to 8 bytes.
    pub(super) fn be(&mut self, length: usize) -> Result<u64, Malformed> {
        let taken = self.take(length)?;
        Ok(taken.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// A length-encoded integer.
    pub(super) fn lenenc(&mut self) -> Result<usize, Malformed> {
        let n = match self.u8()? {
            n @ ..=250 => u64::from(n),
            // 251 is NULL in rows of the text protocol; no length of a binlog has it.
            252 => self.le(2)?,
            253 => self.le(3)?,
            254 => self.le(8)?,
            _ => return Err(Malformed("a length is wrong")),
        };
        usize::try_from(n).map_err(|_| Malformed("a length is too large"))
    }

    /// Bytes after their length-encoded length.
    pub(super) fn lenenc_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.lenenc()?;
        self.take(length)
    }

    /// A UTF-8 text after its length in one byte, with a zero byte behind it.
    pub(super) fn name(&mut self) -> Result<&'a str, Malformed> {
        let length = self.u8()?;
        let name = self.take(usize::from(length))?;
        self.take(1)?;
        std::str::from_utf8(name).map_err(|_| Malformed("a name is not UTF-8"))
    }
}

/// Whether bit `i` of a bitmap is set, from the lowest bit of the first byte on.
pub(super) fn bit(bitmap: &[u8], i: usize) -> bool {
    bitmap.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1)
}
