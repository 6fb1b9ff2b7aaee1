//! The signature of a Mach-O image, and whether the pages have the hashes that are signed.

use crate::error::{Result, malformed};
use crate::facts::CodeSignature;
use crate::read::{Parsed, flags};
use crate::source::View;
use object::BigEndian as BE;
use object::macho;
use object::read::macho::{CodeDirectory, CodeSignature as Blob};
use sha2::{Digest as _, Sha256};

/// The longest signature that is read, in bytes. One of a gigabyte of code has 8 MB.
const MAX: u64 = 64 << 20;

/// The most wrong pages that are named.
const MAX_WRONG: usize = 16;

/// The least number of bytes hashed at a time.
const PIECE: u64 = 1 << 20;

pub(super) fn fill(parsed: &mut Parsed<'_>, offset: u64, size: u64) -> Result<()> {
    let view = parsed.view;
    let Some(data) = view.bytes(offset, size.min(MAX)) else {
        return Err(malformed("Mach-O", "its signature cannot be read"));
    };
    let wrong = |error: object::read::Error| malformed("Mach-O", error.to_string());
    let blob = Blob::parse(data).map_err(wrong)?;
    let mut certified = false;
    let mut best: Option<CodeDirectory<'_>> = None;
    for part in blob.blobs().take(64) {
        let part = part.map_err(wrong)?;
        if part.magic() == macho::CSMAGIC_BLOBWRAPPER {
            // An ad hoc signature has the wrapper too, with nothing in it.
            certified = part.contents().len() > 8;
        }
        // Several directories differ by their hash; the one with the strongest counts.
        if let Some(found) = part.code_directory().map_err(wrong)? {
            let stronger = best.is_none_or(|b| b.header().hash_type.0 < found.header().hash_type.0);
            if stronger {
                best = Some(found);
            }
        }
    }
    let Some(directory) = best else {
        return Err(malformed("Mach-O", "its signature has no code directory"));
    };
    let header = directory.header();
    let hash = match header.hash_type.0 {
        1 => "sha1",
        2 => "sha256",
        3 => "sha256 truncated",
        4 => "sha384",
        _ => "unknown",
    };
    let team = directory.team_id().map_err(wrong)?.map(|team| view.text(team)).transpose()?;
    let signature = CodeSignature {
        size,
        identifier: view.text(directory.ident().map_err(wrong)?)?,
        team,
        flags: flags(header.flags.get(BE), "CS_"),
        certified,
        hash: hash.into(),
        pages: header.n_code_slots.get(BE).into(),
        // Only SHA-256 is checked, which Go's linker and codesign write.
        wrong_pages: match header.hash_type.0 {
            2 => Some(wrong_pages(view, &directory)?),
            _ => None,
        },
    };
    if let Some(facts) = &mut parsed.image.macho {
        facts.signature = Some(signature);
    }
    Ok(())
}

/// The pages whose hash is another.
fn wrong_pages(view: View<'_>, directory: &CodeDirectory<'_>) -> Result<Vec<u64>> {
    let header = directory.header();
    let limit = directory.code_limit();
    if limit > view.size() {
        return Err(malformed("Mach-O", "its signature is of more bytes than the file has"));
    }
    let page = match header.page_size {
        // A single hash of the whole.
        0 => limit.max(1),
        shift @ 12..=20 => 1 << shift,
        _ => return Err(malformed("Mach-O", "its signature has pages of an unknown size")),
    };
    if page > MAX {
        return Err(malformed("Mach-O", "its signature has one hash of more bytes than are read"));
    }
    let per_piece = (PIECE / page).max(1);
    let mut piece = vec![0; (page * per_piece).min(limit) as usize];
    let mut wrong = Vec::new();
    let mut at = 0;
    while at < limit {
        let want = (limit - at).min(piece.len() as u64) as usize;
        let Some(buffer) = piece.get_mut(..want) else { break };
        let read = view.fill(at, buffer)?;
        for (index, bytes) in buffer[..read].chunks(page as usize).enumerate() {
            let number = at / page + index as u64;
            let signed = u32::try_from(number).ok().and_then(|n| directory.code_hash(n).ok());
            if signed != Some(&Sha256::digest(bytes)[..]) && wrong.len() < MAX_WRONG {
                wrong.push(number);
            }
        }
        at += want as u64;
    }
    Ok(wrong)
}
