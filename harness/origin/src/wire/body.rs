//! Finds the end of a body, and reads its content.

/// The most bytes of a line between chunks.
const MAX_LINE: usize = 4 << 10;

/// A body that is read piece by piece.
#[derive(Debug)]
pub(crate) enum Body {
    /// So many bytes are left.
    Length(u64),
    /// The body ends with the connection.
    Close,
    /// The body is in chunks.
    Chunked(Chunk),
}

/// The position in a chunked body.
#[derive(Debug)]
pub(crate) enum Chunk {
    /// In the line with the chunk's size.
    Size(Vec<u8>),
    /// In the chunk.
    Data(u64),
    /// In the line end behind it.
    End(Vec<u8>),
    /// In the lines behind the last chunk.
    Trailer(Vec<u8>),
    /// Behind it.
    Done,
}

/// The body is not one.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Body {
    /// The body that headers announce; `None` when they contradict themselves.
    pub fn announced<'a>(
        header: impl Fn(&str) -> Option<&'a str>,
        without: Self,
    ) -> Result<Self, Malformed> {
        if header("transfer-encoding").is_some_and(|c| c.to_ascii_lowercase().contains("chunked")) {
            return Ok(Self::Chunked(Chunk::Size(Vec::new())));
        }
        match header("content-length") {
            Some(length) => length.trim().parse().map(Self::Length).map_err(|_| Malformed),
            None => Ok(without),
        }
    }

    /// Whether all of it was taken.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Done))
    }

    /// Whether it is whole when the connection ends now.
    pub fn may_end(&self) -> bool {
        self.is_done() || matches!(self, Self::Close)
    }

    /// Takes the body's bytes from the front of `bytes`, appends its content to `content`, and
    /// returns how many bytes it took.
    pub fn take(&mut self, bytes: &[u8], content: &mut Vec<u8>) -> Result<usize, Malformed> {
        match self {
            Self::Close => {
                content.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Self::Length(left) => {
                let n = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                content.extend_from_slice(bytes.get(..n).unwrap_or_default());
                *left -= n as u64;
                Ok(n)
            }
            Self::Chunked(chunk) => {
                let mut at = 0;
                while at < bytes.len() && !matches!(chunk, Chunk::Done) {
                    at += chunk.take(bytes.get(at..).unwrap_or_default(), content)?;
                }
                Ok(at)
            }
        }
    }
}

/// Decides from a line which part of a chunked body follows.
type Next = fn(&[u8]) -> Result<Chunk, Malformed>;

impl Chunk {
    /// Takes at least one byte of `bytes`, which has one.
    fn take(&mut self, bytes: &[u8], content: &mut Vec<u8>) -> Result<usize, Malformed> {
        let (line, next): (&mut Vec<u8>, Next) = match self {
            Self::Done => return Ok(bytes.len()),
            Self::Data(left) => {
                let n = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                content.extend_from_slice(bytes.get(..n).unwrap_or_default());
                *left -= n as u64;
                if *left == 0 {
                    *self = Self::End(Vec::new());
                }
                return Ok(n);
            }
            Self::Size(line) => (line, after_size),
            Self::End(line) => (line, |line| match line {
                [] => Ok(Self::Size(Vec::new())),
                _ => Err(Malformed),
            }),
            Self::Trailer(line) => (line, |line| match line {
                [] => Ok(Self::Done),
                _ => Ok(Self::Trailer(Vec::new())),
            }),
        };
        let Some(end) = bytes.iter().position(|&b| b == b'\n') else {
            line.extend_from_slice(bytes);
            return if line.len() > MAX_LINE { Err(Malformed) } else { Ok(bytes.len()) };
        };
        line.extend_from_slice(bytes.get(..end).unwrap_or_default());
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        *self = next(text)?;
        Ok(end + 1)
    }
}

fn after_size(line: &[u8]) -> Result<Chunk, Malformed> {
    let text = std::str::from_utf8(line).map_err(|_| Malformed)?;
    let size = text.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(size, 16).map_err(|_| Malformed)? {
        0 => Ok(Chunk::Trailer(Vec::new())),
        size => Ok(Chunk::Data(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn chunks_in_pieces_of_any_size() {
        let wire = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\nGET";
        for piece in 1..wire.len() {
            let header = |name: &str| (name == "transfer-encoding").then_some("chunked");
            let mut body = Body::announced(header, Body::Close).expect("chunked");
            let mut content = Vec::new();
            let mut at = 0;
            while !body.is_done() {
                let end = (at + piece).min(wire.len());
                at += body.take(&wire[at..end], &mut content).expect("well-formed");
            }
            assert_eq!((content.as_slice(), &wire[at..]), (b"abcde".as_slice(), b"GET".as_slice()));
        }
    }

    #[test]
    fn not_chunks() {
        for wire in ["x\r\n", "-1\r\n", "1\r\nab\r\n", "fffffffffffffffff\r\n"] {
            let header = |name: &str| (name == "transfer-encoding").then_some("chunked");
            let mut body = Body::announced(header, Body::Close).expect("chunked");
            assert!(body.take(wire.as_bytes(), &mut Vec::new()).is_err(), "{wire:?}");
        }
    }
}
