//! The limits of a module zip.

/// The limits of a module zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZipLimits {
    /// Bytes of the zip.
    pub compressed: u64,
    /// Bytes of all contents together.
    pub uncompressed: u64,
    /// Bytes of `go.mod`, and of `LICENSE`.
    pub special: u64,
    /// Entries, directories included.
    pub entries: u64,
    /// Ratio of the contents' size to the zip's.
    pub ratio: Ratio,
    /// Whether a zip is taken that readers can understand differently: with bytes in front of the
    /// archive, with local headers that are not what the directory says, with entries that overlap, that
    /// are said to be encrypted, to be links or devices. The go command takes them all, by what the
    /// directory says.
    pub ambiguous: bool,
}

/// A limit on compression: contents of more than `above` bytes may be `max` times the zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// The factor.
    pub max: u64,
    /// Bytes of contents up to which it does not matter.
    pub above: u64,
}

impl Default for ZipLimits {
    /// The limits of golang.org/x/mod/zip, 200,000 entries, and nothing ambiguous.
    fn default() -> Self {
        Self {
            compressed: 500 << 20,
            uncompressed: 500 << 20,
            special: 16 << 20,
            entries: 200_000,
            ratio: Ratio::NONE,
            ambiguous: false,
        }
    }
}

impl Ratio {
    /// Contents may be any number of times the zip, as for the go command.
    pub const NONE: Self = Self { max: u64::MAX, above: u64::MAX };

    /// Whether contents of this size in a zip of that size are beyond it.
    pub(super) fn passed(self, contents: u64, zip: u64) -> bool {
        // Divided, because a product could overflow.
        contents > self.above && contents / self.max.max(1) > zip
    }
}
