//! Notes: build IDs, the system, GNU properties.

use super::{Elf, FORMAT};
use crate::error::Result;
use crate::facts::{BuildId, GnuProperties};
use crate::read::{Identity, Parsed, wrong};
use object::Endianness;
use object::elf::{self, NoteType};
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader};
use twinproof_base::hex;

/// The note type of Go's build ID.
const GO_BUILD_ID: NoteType = NoteType(4);

/// The most bytes of notes that are looked at in one section: `perf` and annobin write long ones.
const MAX_NOTES: u64 = 4 << 20;

impl<'d, H: FileHeader<Endian = Endianness>> Elf<'d, H> {
    pub(super) fn notes(&self, parsed: &mut Parsed<'d>) -> Result<()> {
        for (offset, size, align) in self.note_ranges() {
            let Some(data) = self.view.bytes(offset, size.min(MAX_NOTES)) else { continue };
            let Ok(mut notes) = NoteIterator::<H>::new(self.endian, align, data) else { continue };
            // A note that is cut off ends the list; other readers do the same.
            while let Ok(Some(note)) = notes.next() {
                // The descriptor is a part of `data`, whose place in the file is known.
                let within = note.desc().as_ptr().addr().saturating_sub(data.as_ptr().addr());
                let place = (offset + within as u64, note.desc().len() as u64);
                self.note(parsed, &note, place)?;
            }
        }
        Ok(())
    }

    /// Offset, size and alignment of the parts with notes: sections, or segments when there are no
    /// sections.
    fn note_ranges(&self) -> Vec<(u64, u64, H::Word)> {
        let endian = self.endian;
        let sections = self.sections.iter().filter(|s| s.sh_type(endian) == elf::SHT_NOTE);
        let sections = sections
            .filter_map(|s| s.file_range(endian).map(|(o, n)| (o, n, s.sh_addralign(endian))));
        let found: Vec<_> = sections.collect();
        if !self.sections.is_empty() {
            return found;
        }
        let programs = self.programs.iter().filter(|p| p.p_type(endian) == elf::PT_NOTE);
        let range = |p: &H::ProgramHeader| {
            let (offset, size) = p.file_range(endian);
            (offset, size, p.p_align(endian))
        };
        programs.map(range).collect()
    }

    fn note(
        &self,
        parsed: &mut Parsed<'d>,
        note: &object::read::elf::Note<'d, H>,
        (offset, size): (u64, u64),
    ) -> Result<()> {
        let kind = note.n_type(self.endian);
        let big = self.header.is_big_endian();
        match (note.name(), kind) {
            (b"Go", GO_BUILD_ID) => {
                let text = self.view.text(note.desc())?;
                parsed.image.ids.go = BuildId::parse(&text);
                parsed.mark(Identity::BuildId, offset, size);
            }
            (b"GNU", elf::NT_GNU_BUILD_ID) => {
                parsed.image.ids.gnu = Some(hex::encode(note.desc()));
                parsed.mark(Identity::BuildId, offset, size);
            }
            (b"GNU", elf::NT_GNU_ABI_TAG) => {
                let word = |at: usize| {
                    let bytes = note.desc().get(at..at + 4)?.first_chunk::<4>().copied()?;
                    Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
                };
                let (Some(os), Some(a), Some(b), Some(c)) = (word(0), word(4), word(8), word(12))
                else {
                    return Ok(());
                };
                // The first word of the note, by glibc's abi-tags: 1 is the Hurd.
                let os = match os {
                    0 => "linux",
                    2 => "solaris",
                    3 => "freebsd",
                    _ => return Ok(()),
                };
                parsed.image.platform.os = Some(os.into());
                if let Some(facts) = &mut parsed.image.elf {
                    facts.minimum_kernel = Some(format!("{os} {a}.{b}.{c}"));
                }
            }
            (b"GNU", elf::NT_GNU_PROPERTY_TYPE_0) => {
                let properties = self.properties(note)?;
                if let Some(facts) = &mut parsed.image.elf {
                    facts.properties = properties;
                }
            }
            (name, _) => {
                let os = match name {
                    b"Android" => "android",
                    b"FreeBSD" => "freebsd",
                    b"NetBSD" => "netbsd",
                    b"OpenBSD" => "openbsd",
                    b"DragonFly" => "dragonfly",
                    _ => return Ok(()),
                };
                parsed.image.platform.os = Some(os.into());
            }
        }
        Ok(())
    }

    fn properties(&self, note: &object::read::elf::Note<'d, H>) -> Result<GnuProperties> {
        let mut found = GnuProperties::default();
        let Some(mut properties) = note.gnu_properties(self.endian) else { return Ok(found) };
        while let Some(property) = properties.next().map_err(wrong(self.view, FORMAT))? {
            let Ok(value) = property.data_u32(self.endian) else { continue };
            match property.pr_type() {
                elf::GNU_PROPERTY_X86_FEATURE_1_AND => {
                    found.features.extend(bits(value, &["IBT", "SHSTK"]));
                }
                elf::GNU_PROPERTY_AARCH64_FEATURE_1_AND => {
                    found.features.extend(bits(value, &["BTI", "PAC"]));
                }
                elf::GNU_PROPERTY_X86_ISA_1_NEEDED => {
                    let levels = ["x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"];
                    found.needed_isa.extend(bits(value, &levels));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The names of the bits that are set.
fn bits(value: u32, names: &[&str]) -> Vec<String> {
    let set = names.iter().enumerate().filter(|(bit, _)| value & (1 << bit) != 0);
    set.map(|(_, name)| (*name).to_owned()).collect()
}
