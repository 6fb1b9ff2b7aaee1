//! Plan 9's `a.out`: a header of 32 or 40 bytes, then text, data, symbols and a line table.

use super::{Parsed, inside};
use crate::error::Result;
use crate::facts::{Class, Endian, Format, Kind, LinkageKind, Section, SectionKind};
use crate::go;
use crate::source::View;
use crate::space::Range;

const FORMAT: Format = Format::Plan9;

/// Set in the magic number when the header has eight more bytes for the entry.
const WIDE: u32 = 0x8000;

/// Magic number, machine, Go's name for it, bytes of an address, the size of a page.
const MACHINES: [(u32, &str, &str, Class, u64); 5] = [
    (0x01eb, "I_MAGIC", "386", Class::Bits32, 0x1000),
    (0x8a97, "S_MAGIC", "amd64", Class::Bits64, 0x20_0000),
    (0x0647, "E_MAGIC", "arm", Class::Bits32, 0x1000),
    (0x8c47, "R_MAGIC", "arm64", Class::Bits64, 0x1_0000),
    (0x0407, "V_MAGIC", "mips", Class::Bits32, 0x4000),
];

pub(super) fn is(magic: &[u8; 16], view: View<'_>) -> bool {
    let number = u32::from_be_bytes([magic[0], magic[1], magic[2], magic[3]]);
    MACHINES.iter().any(|machine| machine.0 == number) && view.size() >= 32
}

pub(super) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    let mut header = [0; 40];
    let read = view.fill(0, &mut header)?;
    let word = |index: usize| {
        let bytes = header.get(4 * index..4 * index + 4).and_then(|b| b.first_chunk::<4>());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    let wide = word(0) & WIDE != 0;
    let size = if wide { 40 } else { 32 };
    inside(view, FORMAT, || "the file header".into(), 0, size)?;
    let _ = read;
    let known = MACHINES.iter().find(|machine| machine.0 == word(0));
    let (machine, arch, class, page) =
        known.map_or(("", "", Class::Bits32, 0x1000), |m| (m.1, m.2, m.3, m.4));
    let mut parsed = Parsed::new(view, FORMAT, class, Endian::Big, Kind::Executable);
    // The header is big-endian on every machine; the code of these only on MIPS.
    if arch != "mips" {
        parsed.image.endian = Endian::Little;
    }
    let image = &mut parsed.image;
    image.machine = machine.into();
    image.platform.arch = Some(arch.into());
    image.platform.os = Some("plan9".into());
    image.linkage.kind = LinkageKind::Static;
    image.entry = Some(match wide {
        true => u64::from(word(8)) << 32 | u64::from(word(9)),
        false => word(5).into(),
    });
    let (text, data, bss) = (u64::from(word(1)), u64::from(word(2)), u64::from(word(3)));
    let (symbols, lines) = (u64::from(word(4)), u64::from(word(7)));
    let base = page;
    // Text is mapped with the header in front of it, and data begins on the page behind both.
    let after = (base + size + text).next_multiple_of(page);
    let mut at = size;
    let parts = [
        ("text", SectionKind::Code, base + size, text),
        ("data", SectionKind::Data, after, data),
        ("syms", SectionKind::Symbols, 0, symbols),
        ("pcsz", SectionKind::Debug, 0, lines),
    ];
    for (name, kind, address, stored) in parts {
        inside(view, FORMAT, || format!("section {name}"), at, stored)?;
        if address != 0 {
            let writable = kind == SectionKind::Data;
            let range = Range { address, size: stored, offset: at, stored, writable };
            parsed.space.ranges.push(range);
        }
        let (name, compression) = (name.to_owned(), None);
        let section =
            Section { name, kind, address, size: stored, offset: at, stored, compression };
        parsed.image.sections.push(section);
        at += stored;
    }
    let zero = Section {
        name: "bss".into(),
        kind: SectionKind::Zero,
        address: after + data,
        size: bss,
        offset: at,
        stored: 0,
        compression: None,
    };
    parsed.image.sections.push(zero);
    parsed.image.stripped.symbols = symbols == 0;
    parsed.image.stripped.debug = lines == 0;
    let left = view.size() - at;
    parsed.image.overlay = (left > 0).then_some(crate::facts::Extent { offset: at, size: left });
    go::raw(&mut parsed, size);
    Ok(parsed)
}
