//! A tile's coordinates and its path.

use std::fmt;
use std::str::FromStr;

/// The greatest height of a tile.
pub const MAX_HEIGHT: u8 = 30;

/// The greatest level of a hash tile.
pub const MAX_LEVEL: u8 = 63;

/// The greatest number of a tile: what a signed 64-bit number holds, as on every other side.
const MAX_NUMBER: u64 = i64::MAX as u64;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Records (`data` in the path).
    Data,
    /// Hashes of the tree's level `H·L`, with `L` from 0 to [`MAX_LEVEL`].
    Hashes(u8),
}

/// The coordinates of a tile. See the [module](super) for their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    height: u8,
    level: Level,
    number: u64,
    width: u32,
}

/// The text is no tile path, or the numbers are no tile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed tile path {path:?}: {reason}")]
pub struct TilePathError {
    /// What was read.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Tile {
    /// A tile, when the numbers are in their bounds: height 1 to 30, level 0 to 63 or data,
    /// number below 2⁶³, width 1 to 2 to the power of the height.
    #[must_use]
    pub fn new(height: u8, level: Level, number: u64, width: u32) -> Option<Self> {
        let level_fits = !matches!(level, Level::Hashes(l) if l > MAX_LEVEL);
        let fits = (1..=MAX_HEIGHT).contains(&height)
            && level_fits
            && number <= MAX_NUMBER
            && (1..=1 << height).contains(&width);
        fits.then_some(Self { height, level, number, width })
    }

    /// `H`: the number of tree levels that a tile spans.
    #[must_use]
    pub fn height(&self) -> u8 {
        self.height
    }

    /// `L`: the level, counted in tiles.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// `N`: the number within the level.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// `W`: how many hashes or records it lists.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Whether it lists all that a tile of its height can.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == 1 << self.height
    }

    /// The full tile at the same place.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: 1 << self.height, ..*self }
    }

    /// Parses a path, which is accepted only when it is the tile's own.
    ///
    /// # Errors
    /// Says what is wrong with the path.
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        let fail = |reason| TilePathError { path: path.chars().take(200).collect(), reason };
        let mut parts = path.split('/');
        if parts.next() != Some("tile") {
            return Err(fail("it does not begin with tile/"));
        }
        let height = parts
            .next()
            .and_then(|h| h.parse::<u8>().ok())
            .filter(|h| (1..=MAX_HEIGHT).contains(h))
            .ok_or_else(|| fail("the height is not a number from 1 to 30"))?;
        let level = match parts.next() {
            Some("data") => Level::Data,
            Some(text) => text
                .parse::<u8>()
                .ok()
                .filter(|l| *l <= MAX_LEVEL)
                .map(Level::Hashes)
                .ok_or_else(|| fail("the level is not a number from 0 to 63 or data"))?,
            None => return Err(fail("it has no level")),
        };
        let mut groups: Vec<&str> = parts.collect();
        let mut width = 1 << height;
        if let [.., last, text] = groups.as_mut_slice()
            && let Some(group) = last.strip_suffix(".p")
        {
            width = text
                .parse::<u32>()
                .ok()
                .filter(|w| (1..width).contains(w))
                .ok_or_else(|| fail("the width is not a number below that of a full tile"))?;
            *last = group;
            groups.pop();
        }
        if groups.is_empty() {
            return Err(fail("it has no tile number"));
        }
        let mut number = 0u64;
        for group in groups {
            let digits = group.strip_prefix('x').unwrap_or(group);
            if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(fail("the tile number is not in groups of three digits"));
            }
            number = digits
                .parse::<u64>()
                .ok()
                .and_then(|n| number.checked_mul(1000)?.checked_add(n))
                .ok_or_else(|| fail("the tile number is too large"))?;
        }
        let tile = Self::new(height, level, number, width)
            .ok_or_else(|| fail("the tile number is too large"))?;
        if tile.to_string() != path {
            return Err(fail("it is not spelt in the one way that a tile path has"));
        }
        Ok(tile)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Data => write!(f, "tile/{}/data/", self.height)?,
            Level::Hashes(level) => write!(f, "tile/{}/{level}/", self.height)?,
        }
        let mut groups = vec![self.number % 1000];
        let mut rest = self.number / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            if groups.is_empty() {
                write!(f, "{group:03}")?;
            } else {
                write!(f, "x{group:03}/")?;
            }
        }
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for Tile {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Self::parse(path)
    }
}
