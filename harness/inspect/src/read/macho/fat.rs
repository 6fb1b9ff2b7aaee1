//! Reads fat Mach-O files.

use super::FORMAT;
use crate::error::{Result, malformed};
use crate::facts::{Class, Endian, Format, Image, Kind, Slice};
use crate::read::{Parsed, inside, wrong};
use crate::source::View;
use object::macho::{self, CpuSubtype, CpuType, FatArch32, FatArch64};
use object::read::macho::{FatArch, MachOFatFile};

/// The most slices. Java's class files begin with the same bytes, and go on with a number of 45 or
/// more.
const MAX_SLICES: u32 = 40;

/// Whether it is a fat file.
pub(crate) fn is(magic: &[u8; 16], _view: View<'_>) -> bool {
    let count = u32::from_be_bytes([magic[4], magic[5], magic[6], magic[7]]);
    // The last byte is `be` for 32-bit offsets and `bf` for 64-bit ones; always big-endian.
    matches!(magic[..4], [0xca, 0xfe, 0xba, 0xbe | 0xbf]) && count <= MAX_SLICES
}

/// Reads the image of a slice.
type ReadSlice = for<'d> fn(View<'d>) -> Result<Parsed<'d>>;

/// The images of a fat file, by architecture.
pub(super) fn slices<'d>(view: View<'d>, read: ReadSlice) -> Result<Vec<(Slice, Parsed<'d>)>> {
    match view.bytes(3, 1) {
        Some([0xbf]) => of_width::<FatArch64>(view, read),
        _ => of_width::<FatArch32>(view, read),
    }
}

fn of_width<A: FatArch>(view: View<'_>, read: ReadSlice) -> Result<Vec<(Slice, Parsed<'_>)>> {
    inside(view, FORMAT, || "the fat header".into(), 0, 8)?;
    let wrong = wrong(view, FORMAT);
    let count = view
        .bytes(4, 4)
        .and_then(|bytes| bytes.first_chunk::<4>())
        .map_or(0, |b| u32::from_be_bytes(*b));
    let size = u64::from(count) * size_of::<A>() as u64;
    inside(view, FORMAT, || "the list of slices".into(), 8, size)?;
    let file = MachOFatFile::<A>::parse(view).map_err(&wrong)?;
    let mut slices = Vec::new();
    for entry in file.arches() {
        let architecture = arch(entry.cputype(), entry.cpusubtype());
        let (offset, size) = entry.file_range();
        inside(view, FORMAT, || format!("the slice {architecture}"), offset, size)?;
        let Some(part) = view.part(offset, size) else {
            return Err(malformed(
                "Mach-O",
                format!("the slice {architecture} is not in the file"),
            ));
        };
        let magic = crate::read::magic(part)?;
        if !matches!(magic[..4], [0xfe, 0xed, 0xfa, _] | [0xce | 0xcf, 0xfa, 0xed, 0xfe]) {
            let what = match magic.starts_with(b"!<arch>\n") {
                true => format!(
                    "the slice {architecture} is an archive, which is read by itself only: lipo -thin takes it out"
                ),
                false => format!("the slice {architecture} is no Mach-O image"),
            };
            return Err(malformed("Mach-O", what));
        }
        let parsed = read(part)?;
        // The image itself moves into the slice when all is known of it.
        let image = Image::new(Format::Macho, Class::Bits64, Endian::Little, Kind::Other);
        let slice = Slice { architecture, offset, size, image: Box::new(image) };
        slices.push((slice, parsed));
    }
    if slices.is_empty() {
        return Err(malformed("Mach-O", "a fat file without slices"));
    }
    slices.sort_by(|a, b| (&a.0.architecture, a.0.offset).cmp(&(&b.0.architecture, b.0.offset)));
    Ok(slices)
}

/// The architecture in Go's words.
pub(super) fn arch(kind: CpuType, subtype: CpuSubtype) -> String {
    // The upper byte has capabilities, such as the version of pointer authentication.
    let name = match (kind, subtype.0 & 0x00ff_ffff) {
        (macho::CPU_TYPE_X86, _) => "386",
        (macho::CPU_TYPE_X86_64, _) => "amd64",
        (macho::CPU_TYPE_ARM, _) => "arm",
        (macho::CPU_TYPE_ARM64, 2) => "arm64e",
        (macho::CPU_TYPE_ARM64, _) => "arm64",
        (macho::CPU_TYPE_ARM64_32, _) => "arm64_32",
        (macho::CPU_TYPE_POWERPC, _) => "ppc",
        (macho::CPU_TYPE_POWERPC64, _) => "ppc64",
        (other, _) => return format!("mach{:#x}", other.0),
    };
    name.to_owned()
}
