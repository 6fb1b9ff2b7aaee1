//! Load commands: segments, libraries, versions, and where other tables are.

use super::{FORMAT, by_name};
use crate::error::Result;
use crate::facts::{Extent, Section, SectionKind};
use crate::read::{Identity, Parsed, flags, inside, wrong};
use crate::space::Range;
use object::Endianness;
use object::macho::{self, SymtabCommand};
use object::read::macho::{LoadCommandData, LoadCommandVariant, MachHeader, Section as _, Segment};
use twinproof_base::hex;

/// Facts of the load commands that are not yet in the description.
#[derive(Default)]
pub(super) struct Commands<'d> {
    pub(super) symbols: Option<&'d SymtabCommand<Endianness>>,
    pub(super) dynamic: Option<&'d macho::DysymtabCommand<Endianness>>,
    /// Offset and size of the signature.
    pub(super) signature: Option<(u64, u64)>,
    /// The libraries in the order in which symbols count them.
    pub(super) libraries: Vec<String>,
    /// End of the last part that a command names.
    end: u64,
}

impl<'d> Commands<'d> {
    pub(super) fn read<H: MachHeader<Endian = Endianness>>(
        header: &H,
        endian: Endianness,
        parsed: &mut Parsed<'d>,
    ) -> Result<Self> {
        let view = parsed.view;
        let wrong = wrong(view, FORMAT);
        let mut found = Self {
            end: size_of::<H>() as u64 + u64::from(header.sizeofcmds(endian)),
            ..Self::default()
        };
        let mut commands = header.load_commands(endian, view, 0).map_err(&wrong)?;
        let mut place = size_of::<H>() as u64;
        while let Some(command) = commands.next().map_err(&wrong)? {
            found.command(endian, parsed, command, place)?;
            place += u64::from(command.cmdsize());
        }
        Ok(found)
    }

    fn command(
        &mut self,
        endian: Endianness,
        parsed: &mut Parsed<'d>,
        command: LoadCommandData<'d, Endianness>,
        place: u64,
    ) -> Result<()> {
        let view = parsed.view;
        let wrong = wrong(view, FORMAT);
        let text = |string: macho::LcStr<Endianness>| -> Result<String> {
            view.text(command.string(endian, string).map_err(&wrong)?)
        };
        match command.variant().map_err(&wrong)? {
            LoadCommandVariant::Segment32(segment, data) => {
                self.segment::<macho::SegmentCommand32<Endianness>>(
                    endian, parsed, segment, data, place,
                )?;
            }
            LoadCommandVariant::Segment64(segment, data) => {
                self.segment::<macho::SegmentCommand64<Endianness>>(
                    endian, parsed, segment, data, place,
                )?;
            }
            LoadCommandVariant::Symtab(symbols) => self.symbols = Some(symbols),
            LoadCommandVariant::Dysymtab(dynamic) => self.dynamic = Some(dynamic),
            LoadCommandVariant::Dylib(library) => {
                let name = text(library.dylib.name)?;
                let weak = command.cmd() == macho::LC_LOAD_WEAK_DYLIB;
                let linkage = &mut parsed.image.linkage;
                if weak { &mut linkage.optional } else { &mut linkage.needed }.push(name.clone());
                self.libraries.push(name);
            }
            LoadCommandVariant::IdDylib(library) => {
                parsed.image.linkage.name = Some(text(library.dylib.name)?);
            }
            LoadCommandVariant::LoadDylinker(linker) => {
                parsed.image.linkage.interpreter = Some(text(linker.name)?);
            }
            LoadCommandVariant::Rpath(path) => parsed.image.linkage.runpath.push(text(path.path)?),
            LoadCommandVariant::Uuid(uuid) => {
                let id = hex::encode(&uuid.uuid).to_uppercase();
                let parts = [0..8, 8..12, 12..16, 16..20, 20..32]
                    .map(|range| id.get(range).unwrap_or_default());
                parsed.image.ids.uuid = Some(parts.join("-"));
                // Behind the command's number and size, of four bytes each.
                parsed.mark(Identity::BuildId, place + 8, 16);
            }
            LoadCommandVariant::LinkeditData(data) => {
                let (offset, size) =
                    (u64::from(data.dataoff.get(endian)), u64::from(data.datasize.get(endian)));
                inside(view, FORMAT, || "a table of the link editor".into(), offset, size)?;
                self.end = self.end.max(offset + size);
                if command.cmd() == macho::LC_CODE_SIGNATURE {
                    self.signature = Some((offset, size));
                    parsed.table("(signature)", SectionKind::Other, offset, size);
                    parsed.mark(Identity::Signature, offset, size);
                    // Offset and size in the command change with the signature.
                    parsed.mark(Identity::Signature, place + 8, 8);
                }
            }
            LoadCommandVariant::EntryPoint(entry) => {
                let offset = entry.entryoff.get(endian);
                // LC_MAIN counts from the header, which the segment at offset 0 maps.
                let base = parsed.space.ranges.iter().find(|r| r.offset == 0 && r.stored > 0);
                parsed.image.entry = base.map(|base| base.address.wrapping_add(offset));
            }
            LoadCommandVariant::Thread(_, state) if command.cmd() == macho::LC_UNIXTHREAD => {
                parsed.image.entry = start_of_thread(parsed.image.machine.as_str(), state);
            }
            LoadCommandVariant::VersionMin(version) => {
                let os = match command.cmd() {
                    macho::LC_VERSION_MIN_IPHONEOS => "ios",
                    macho::LC_VERSION_MIN_TVOS => "tvos",
                    macho::LC_VERSION_MIN_WATCHOS => "watchos",
                    _ => "macos",
                };
                versions(parsed, os, version.version.get(endian).0, version.sdk.get(endian).0);
            }
            LoadCommandVariant::BuildVersion(version, _) => {
                let os = flags(version.platform.get(endian), "PLATFORM_").pop().unwrap_or_default();
                let (minimum, sdk) = (version.minos.get(endian).0, version.sdk.get(endian).0);
                versions(parsed, &os.to_lowercase(), minimum, sdk);
            }
            _ => {}
        }
        Ok(())
    }

    fn segment<S: Segment<Endian = Endianness>>(
        &mut self,
        endian: Endianness,
        parsed: &mut Parsed<'d>,
        segment: &S,
        data: &'d [u8],
        place: u64,
    ) -> Result<()> {
        let view = parsed.view;
        let (offset, stored) = segment.file_range(endian);
        let name = view.text(segment.name())?;
        inside(view, FORMAT, || format!("segment {name}"), offset, stored)?;
        self.end = self.end.max(offset + stored);
        if name == "__LINKEDIT" {
            // The segment's size depends on the size of the signature in it.
            let word = size_of::<S::Word>() as u64;
            // The size in memory and the size in the file: the second and the fourth word behind
            // the name.
            parsed.mark(Identity::Signature, place + 24 + word, word);
            parsed.mark(Identity::Signature, place + 24 + 3 * word, word);
        }
        parsed.space.ranges.push(Range {
            address: segment.vmaddr(endian).into(),
            size: segment.vmsize(endian).into(),
            offset,
            stored,
            writable: segment.initprot(endian).contains(macho::VM_PROT_WRITE),
        });
        for section in segment.sections(endian, data).map_err(wrong(view, FORMAT))? {
            let owner = view.text(section.segment_name())?;
            let name = format!("{owner},{}", view.text(section.name())?);
            let offset = u64::from(section.offset(endian));
            let stored = section.file_size(endian).unwrap_or(0);
            inside(view, FORMAT, || format!("section {name}"), offset, stored)?;
            let kind = kind_of(&name, section.flags(endian), parsed.space.ranges.last());
            parsed.image.sections.push(Section {
                kind,
                address: section.addr(endian).into(),
                size: section.size(endian).into(),
                offset,
                stored,
                compression: name.contains(",__zdebug").then(|| "zlib".into()),
                name,
            });
        }
        Ok(())
    }

    /// The bytes after the last part that a command names, or after the tables, which end at `tables`.
    pub(super) fn overlay(&self, len: u64, tables: u64) -> Option<Extent> {
        let offset = self.end.max(tables);
        let size = len.checked_sub(offset).filter(|size| *size > 0)?;
        Some(Extent { offset, size })
    }
}

/// The program counter in the registers that a thread begins with, in the little-endian order of
/// all machines that such programs are still made for.
fn start_of_thread(machine: &str, state: &[u8]) -> Option<u64> {
    // A flavour and a count of 4 bytes each, then the registers: rip is the 17th, pc the 33rd.
    let at = match machine.split(' ').next()? {
        "X86_64" => 8 + 16 * 8,
        "ARM64" => 8 + 32 * 8,
        _ => return None,
    };
    state.get(at..at + 8)?.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes))
}

fn versions(parsed: &mut Parsed<'_>, os: &str, minimum: u32, sdk: u32) {
    let text = |version: u32| -> Option<String> {
        // Packed as X.Y.Z in nibbles `xxxx.yy.zz` (mach-o/loader.h).
        let (major, minor, patch) = (version >> 16, version >> 8 & 0xff, version & 0xff);
        match (version, patch) {
            (0, _) => None,
            (_, 0) => Some(format!("{major}.{minor}")),
            _ => Some(format!("{major}.{minor}.{patch}")),
        }
    };
    parsed.image.platform.os = Some(if os == "macos" { "darwin" } else { os }.to_owned());
    if let Some(facts) = &mut parsed.image.macho {
        facts.platform = Some(os.to_owned());
        facts.minimum_os = text(minimum);
        facts.sdk = text(sdk);
    }
}

fn kind_of(name: &str, flags: macho::SectionFlags, segment: Option<&Range>) -> SectionKind {
    let kind = macho::SectionType((flags.0 & 0xff) as u8);
    let code = flags.contains(macho::S_ATTR_PURE_INSTRUCTIONS)
        || flags.contains(macho::S_ATTR_SOME_INSTRUCTIONS);
    match kind {
        _ if by_name::is_debug(name) => SectionKind::Debug,
        macho::S_ZEROFILL | macho::S_GB_ZEROFILL | macho::S_THREAD_LOCAL_ZEROFILL => {
            SectionKind::Zero
        }
        _ if code => SectionKind::Code,
        macho::S_NON_LAZY_SYMBOL_POINTERS | macho::S_LAZY_SYMBOL_POINTERS => SectionKind::Linking,
        _ if name.starts_with("__DATA_CONST,") => SectionKind::ReadOnly,
        _ if segment.is_some_and(|segment| segment.writable) => SectionKind::Data,
        _ => SectionKind::ReadOnly,
    }
}
