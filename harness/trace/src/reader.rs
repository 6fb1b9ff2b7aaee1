//! Numbers and texts at places of a file in memory, each read checked.

use crate::trace::TraceError;

/// A place in a file.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: u64) -> Result<Self, TraceError> {
        let place = usize::try_from(at).ok().filter(|at| *at <= bytes.len());
        let at = place.ok_or_else(|| error(usize::MAX, format!("an offset of {at:#x}")))?;
        Ok(Self { bytes, at })
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], TraceError> {
        let end = self.at.checked_add(length);
        let found = end.and_then(|end| self.bytes.get(self.at..end));
        let found = found.ok_or_else(|| error(self.at, format!("{length} bytes are missing")))?;
        self.at += length;
        Ok(found)
    }

    pub(crate) fn skip(&mut self, length: usize) -> Result<(), TraceError> {
        self.take(length).map(|_| ())
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], TraceError> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| error(at, "a number is missing"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, TraceError> {
        self.number().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, TraceError> {
        self.number().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, TraceError> {
        self.number().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, TraceError> {
        self.number().map(u64::from_le_bytes)
    }

    /// UTF-16 of so many bytes, up to its first NUL.
    pub(crate) fn utf16(&mut self, bytes: usize) -> Result<String, TraceError> {
        let units =
            self.take(bytes)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        Ok(String::from_utf16_lossy(&units))
    }
}

pub(crate) fn error(at: usize, why: impl Into<String>) -> TraceError {
    let place = if at == usize::MAX { "the file".to_owned() } else { format!("byte {at:#x}") };
    TraceError::new(place, why)
}
