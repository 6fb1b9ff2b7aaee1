//! Tiles for servers that pass a database on: authenticated, records included.

use super::error::{LookupError, OlderHead};
use super::fetch::{Fetch, FetchError};
use super::lookup::{Client, MAX_CLIENT_HEIGHT};
use super::store::Store;
use crate::tile::{Level, Tile, TileError, TileHashReader, TileReader as _};
use crate::tlog::{HashReader as _, TreeHead, record_hash, stored_hash_index};

/// The tile at the place of `tile` as wide as a tree of `size` records makes it.
fn widest(tile: Tile, size: u64) -> Option<Tile> {
    let height = u32::from(tile.height());
    let level = match tile.level() {
        Level::Data => 0,
        Level::Hashes(level) => u32::from(level),
    };
    let hashes = size.checked_shr(level * height).unwrap_or_default();
    let start = tile.number().checked_mul(1 << height)?;
    let width = hashes.checked_sub(start)?.min(1 << height);
    Tile::new(tile.height(), tile.level(), tile.number(), u32::try_from(width).ok()?)
}

/// The records of a data tile, each with the newline at its end.
fn records(data: &[u8]) -> Option<Vec<&str>> {
    let mut rest = std::str::from_utf8(data).ok()?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let end = rest.find("\n\n")? + 1;
        records.push(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
    }
    Some(records)
}

impl<F: Fetch, S: Store> Client<F, S> {
    /// The signed note of the newest tree head: [`update_latest`](Self::update_latest) with its
    /// evidence.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn latest_note(&self) -> Result<String, LookupError> {
        let theirs = self.view().open(&self.get("/latest")?)?;
        // Of the empty log nothing is remembered.
        let note = theirs.note.clone();
        let newest = self.view().merge(theirs, OlderHead::Accept)?;
        Ok(if newest.head.size == 0 { note } else { newest.note })
    }

    /// The bytes of a tile: hashes or records that are proven to be in the newest tree seen. If
    /// that is too small for the tile, a newer one is fetched.
    ///
    /// Hash tiles of another height than the client's are asked for in that height, within the
    /// bounds of 1 to 15.
    ///
    /// # Errors
    /// [`FetchError::NotFound`] when the tree has no such tile, and see [`LookupError`].
    pub fn tile(&self, tile: Tile) -> Result<Vec<u8>, LookupError> {
        let fits = |head: &TreeHead| widest(tile, head.size).filter(|w| w.width() >= tile.width());
        let absent =
            || LookupError::Fetch { path: format!("/{tile}"), source: FetchError::NotFound };
        if tile.height() > MAX_CLIENT_HEIGHT {
            return Err(absent());
        }
        let (_, stored) = self.view().stored()?;
        let mut head = stored.head;
        if fits(&head).is_none() {
            head = self.update_latest()?;
        }
        let wide = fits(&head).ok_or_else(absent)?;
        match tile.level() {
            Level::Data => self.data_tile(head, tile),
            Level::Hashes(level) => self.hash_tile(head, tile, wide, level),
        }
    }

    /// The bytes of a tile that are proven to be in the tree with this signed note, which need not be
    /// the newest: where no newer tiles are to be had, older ones are of use still.
    ///
    /// # Errors
    /// As [`tile`](Self::tile).
    pub fn tile_under(&self, note: &[u8], tile: Tile) -> Result<Vec<u8>, LookupError> {
        let head = self.view().open(note)?.head;
        let wide = widest(tile, head.size)
            .filter(|wide| wide.width() >= tile.width() && tile.height() <= MAX_CLIENT_HEIGHT);
        let absent =
            || LookupError::Fetch { path: format!("/{tile}"), source: FetchError::NotFound };
        let wide = wide.ok_or_else(absent)?;
        match tile.level() {
            Level::Data => self.data_tile(head, tile),
            Level::Hashes(level) => self.hash_tile(head, tile, wide, level),
        }
    }

    fn hash_tile(
        &self,
        head: TreeHead,
        tile: Tile,
        wide: Tile,
        level: u8,
    ) -> Result<Vec<u8>, LookupError> {
        let mut view = self.view();
        view.height = tile.height();
        let first = tile.number() << tile.height();
        let index = stored_hash_index(u32::from(level) * u32::from(tile.height()), first);
        let mut data = view.with_tiles(|tiles| {
            TileHashReader::new(head, tiles).read_hashes(&[index])?;
            // `read_hashes` has fetched and authenticated this tile.
            let tile = tiles.hashed_tiles(&[wide])?.pop();
            Ok(tile.map(|tile| tile.bytes()).unwrap_or_default())
        })?;
        // A narrower tile is the beginning of a wider one, and the wider one is what was
        // authenticated.
        data.truncate(tile.width() as usize * crate::tlog::HASH_SIZE);
        Ok(data)
    }

    fn data_tile(&self, head: TreeHead, tile: Tile) -> Result<Vec<u8>, LookupError> {
        let view = self.view();
        let name = view.verifier.name();
        let first = tile.number() << tile.height();
        let indexes: Vec<u64> =
            (0..u64::from(tile.width())).map(|i| stored_hash_index(0, first + i)).collect();
        let hashes =
            view.with_tiles(|tiles| TileHashReader::new(head, tiles).read_hashes(&indexes))?;
        let check = |data: &[u8]| -> Option<Vec<u8>> {
            let records = records(data)?;
            let records = records.get(..tile.width() as usize)?;
            let same = records.iter().zip(&hashes).all(|(r, h)| record_hash(r.as_bytes()) == *h);
            same.then(|| records.iter().flat_map(|r| format!("{r}\n").into_bytes()).collect())
        };
        let kept = [tile, tile.full()].into_iter().find_map(|t| view.store.tile(name, t));
        if let Some(data) = kept.as_deref().and_then(check) {
            return Ok(data);
        }
        let get = |tile: Tile| {
            let path = format!("/{tile}");
            view.fetch.get(&path).map_err(|source| LookupError::Fetch { path, source })
        };
        let fetched = match get(tile) {
            // When a partial one is gone, the full one has taken its place.
            Err(error) if !tile.is_full() => get(tile.full()).map_err(|_| error)?,
            other => other?,
        };
        let data = check(&fetched).ok_or(TileError::Inconsistent { tile: Some(tile) })?;
        view.store.keep_tile(name, tile, &data);
        Ok(data)
    }
}
