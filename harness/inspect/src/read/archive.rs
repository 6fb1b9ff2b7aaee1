//! Reads `ar` archives.

use super::{Parsed, magic};
use crate::error::{InspectError, Result, malformed};
use crate::facts::{Archive, Member};
use crate::go;
use crate::source::View;
use object::read::archive::{ArchiveFile, ArchiveKind};

// `<bigaf>` is AIX's own format; a thin archive holds names of files in place of their contents.
const MAGIC: &[u8] = b"!<arch>\n";
const MAGIC_THIN: &[u8] = b"!<thin>\n";
const MAGIC_AIX: &[u8] = b"<bigaf>\n";

/// The most members. A C library has two thousand.
const MAX_MEMBERS: usize = 50_000;

pub(super) fn is(magic: &[u8; 16]) -> bool {
    [MAGIC, MAGIC_THIN, MAGIC_AIX].iter().any(|known| magic.starts_with(known))
}

/// Reads an image, or says that its first bytes are those of none.
type ReadImage = for<'d> fn(View<'d>, &[u8; 16]) -> Result<Option<Parsed<'d>>>;

/// The archive, and what each member is when `image` reads it as one.
pub(super) fn read<'d>(
    view: View<'d>,
    image: ReadImage,
) -> Result<(Archive, Vec<Option<Parsed<'d>>>)> {
    let wrong = |error: object::read::Error| {
        let what = error.to_string();
        view.refusal().unwrap_or_else(|| malformed("ar", what))
    };
    let file = ArchiveFile::parse(view).map_err(wrong)?;
    let index = file.symbols().map_err(wrong)?;
    let mut archive = Archive {
        dialect: dialect(file.kind()).into(),
        thin: file.is_thin(),
        indexed_symbols: index.map_or(0, |symbols| symbols.count() as u64),
        go_object: None,
        go_build_id: None,
        members: Vec::new(),
    };
    let mut images = Vec::new();
    for member in file.members() {
        let member = member.map_err(wrong)?;
        if archive.members.len() >= MAX_MEMBERS {
            let (what, limit) = ("members of the archive".into(), MAX_MEMBERS as u64);
            return Err(InspectError::Limit { what, limit, unit: "members" });
        }
        let name = view.text(member.name())?;
        let (offset, size) = member.file_range();
        // A thin archive's sizes are those of files elsewhere.
        if !member.is_thin() && offset.saturating_add(size) > view.size() {
            let (what, need) = (format!("member {name}"), offset.saturating_add(size));
            return Err(InspectError::Truncated { format: "ar", what, need, len: view.size() });
        }
        let part = if member.is_thin() { None } else { view.part(offset, size) };
        // The export data that Go's compiler writes for importers; it comes first in a Go package's
        // archive.
        if name == "__.PKGDEF" && archive.go_object.is_none() {
            let head = part.and_then(|part| part.bytes(0, size.min(4096)));
            if let Some((line, id)) = head.and_then(go::package) {
                archive.go_object = Some(line);
                archive.go_build_id = id;
            }
        }
        images.push(part.map(|part| described(part, image)).transpose()?.flatten());
        archive.members.push(Member {
            offset: (!member.is_thin()).then_some(offset),
            size: member.size(),
            modified: member.date().unwrap_or(0),
            owner: member.uid().unwrap_or(0),
            group: member.gid().unwrap_or(0),
            mode: format!("{:o}", member.mode().unwrap_or(0)),
            name,
            image: None,
        });
    }
    Ok((archive, images))
}

/// A member as an image; `None` for a member that is none.
fn described(part: View<'_>, image: ReadImage) -> Result<Option<Parsed<'_>>> {
    let magic = magic(part)?;
    image(part, &magic)
}

fn dialect(kind: ArchiveKind) -> &'static str {
    match kind {
        ArchiveKind::Gnu => "gnu",
        ArchiveKind::Gnu64 => "gnu64",
        ArchiveKind::Bsd => "bsd",
        ArchiveKind::Bsd64 => "bsd64",
        ArchiveKind::Coff => "coff",
        ArchiveKind::AixBig => "aix_big",
        _ => "unknown",
    }
}
