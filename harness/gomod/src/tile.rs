//! The coordinates of a tile of a checksum database, and the path under which it is asked for.
//!
//! A tile of height `H` at level `L` with number `N` lists `W` consecutive hashes of a log, or records
//! of it where the level is `data`; what they mean is `twinproof_sumdb::tile`.
//!
//! Its path is `tile/H/L/NNN[.p/W]`. `N` is written in groups of three digits, all but the last with
//! an `x` in front, so that no directory has more than 3000 entries. `.p/W` is there for a partial
//! tile only. There is exactly one path for a tile, and [`Tile::parse`] takes no other spelling.
//!
//! | tile | path |
//! | --- | --- |
//! | H 8, L 0, N 0, W 256 | `tile/8/0/000` |
//! | H 8, L 0, N 0, W 5 | `tile/8/0/000.p/5` |
//! | H 3, L 4, N 1234067, W 8 | `tile/3/4/x001/x234/067` |
//! | H 3, L 4, N 1234067, W 1 | `tile/3/4/x001/x234/067.p/1` |
//! | H 8, data, N 7, W 256 | `tile/8/data/007` |
//!
//! Source: golang/proposal `design/25530-sumdb.md`.

use std::fmt;
use std::str::FromStr;

/// The greatest height of a tile.
pub const MAX_HEIGHT: u8 = 30;

/// The greatest level of a hash tile.
pub const MAX_LEVEL: u8 = 63;

/// The greatest number of a tile: what a signed 64-bit number holds, as on every other side.
const MAX_NUMBER: u64 = i64::MAX as u64;

/// The content of a tile.
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
    /// The path that was read.
    pub path: String,
    /// The mistake in it.
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
        // The path comes from a client, and the error goes into answers and logs.
        let fail = |reason| TilePathError { path: path.chars().take(200).collect(), reason };
        let rest =
            path.strip_prefix("tile/").ok_or_else(|| fail("it does not begin with tile/"))?;
        let (height, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let height = decimal(height)
            .and_then(|h| u8::try_from(h).ok())
            .filter(|h| (1..=MAX_HEIGHT).contains(h))
            .ok_or_else(|| fail("the height is not a number from 1 to 30"))?;
        let (level, rest) = rest.split_once('/').ok_or_else(|| fail("it has no tile number"))?;
        let level = if level == "data" {
            Level::Data
        } else {
            decimal(level)
                .and_then(|level| u8::try_from(level).ok())
                .filter(|level| *level <= MAX_LEVEL)
                .map(Level::Hashes)
                .ok_or_else(|| fail("the level is not a number from 0 to 63 or data"))?
        };
        let full = 1 << height;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => {
                // A full tile is written without its width, so that a tile has only one path.
                let width = decimal(width).filter(|width| (1..full).contains(width));
                let width = width
                    .ok_or_else(|| fail("the width is not a number below that of a full tile"))?;
                (number, width)
            }
            None => (rest, full),
        };
        let number = parse_number(number).map_err(fail)?;
        Self::new(height, level, number, width).ok_or_else(|| fail("the tile number is too large"))
    }
}

/// A number below 2³², spelt in the one way that it has.
fn decimal(text: &str) -> Option<u32> {
    let digits = text.as_bytes();
    if !(1..=10).contains(&digits.len()) || (digits.len() > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

/// The number in groups of three digits, with an `x` in front of all but the last.
fn parse_number(text: &str) -> Result<u64, &'static str> {
    let (mut number, mut rest, mut is_first) = (0u64, text.as_bytes(), true);
    loop {
        let (group, behind, is_last) = match rest {
            [b'x', a, b, c, b'/', behind @ ..] => ([a, b, c], behind, false),
            [a, b, c] => ([a, b, c], [].as_slice(), true),
            _ => return Err("the tile number is not in groups of three digits"),
        };
        let mut value = 0;
        for digit in group {
            if !digit.is_ascii_digit() {
                return Err("the tile number is not in groups of three digits");
            }
            value = 10 * value + u64::from(digit - b'0');
        }
        if is_first && !is_last && value == 0 {
            return Err("the tile number has a group of zeros in front");
        }
        number = number
            .checked_mul(1000)
            .and_then(|number| number.checked_add(value))
            .ok_or("the tile number is too large")?;
        if is_last {
            return Ok(number);
        }
        (rest, is_first) = (behind, false);
    }
}

/// A text that is written from its end.
struct Backwards {
    /// As long as the longest path of a tile, and longer.
    buffer: [u8; 64],
    start: usize,
}

impl Backwards {
    fn byte(&mut self, byte: u8) {
        if let Some(start) = self.start.checked_sub(1)
            && let Some(place) = self.buffer.get_mut(start)
        {
            (*place, self.start) = (byte, start);
        }
    }

    fn text(&mut self, text: &str) {
        text.bytes().rev().for_each(|byte| self.byte(byte));
    }

    fn digit(&mut self, number: &mut u64) {
        self.byte(b'0' + (*number % 10) as u8);
        *number /= 10;
    }

    fn number(&mut self, mut number: u64) {
        self.digit(&mut number);
        while number > 0 {
            self.digit(&mut number);
        }
    }

    fn as_str(&self) -> &str {
        let text = self.buffer.get(self.start..).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Backwards { buffer: [0; 64], start: 64 };
        if !self.is_full() {
            text.number(self.width.into());
            text.text(".p/");
        }
        let mut rest = self.number;
        (0..3).for_each(|_| text.digit(&mut rest));
        while rest > 0 {
            text.byte(b'/');
            (0..3).for_each(|_| text.digit(&mut rest));
            text.byte(b'x');
        }
        text.byte(b'/');
        match self.level {
            Level::Data => text.text("data"),
            Level::Hashes(level) => text.number(level.into()),
        }
        text.byte(b'/');
        text.number(self.height.into());
        text.text("tile/");
        f.write_str(text.as_str())
    }
}

impl FromStr for Tile {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Self::parse(path)
    }
}
