//! Collects facts from the units of debug information.

use super::strings::{Purpose, Wanted};
use super::units::{self, Unit, Walk};
use crate::deep::contents::{self, Budget, Contents, Origin};
use crate::deep::places::FilePart;
use crate::error::Result;
use crate::facts::{Dwarf, Endian};
use gimli::{
    Abbreviations, AttributeValue, DebugAbbrev, DebugInfo, DebugLine, EndianSlice, RunTimeEndian,
};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::io::{BufReader, Read};

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Value<'a> = AttributeValue<Slice<'a>>;

/// The most bytes of abbreviations, and of offsets of strings, that are kept.
const MAX_KEPT: u64 = 16 << 20;

/// The most different texts of one kind; the most source folders that are shown.
const MAX_TEXTS: usize = 20_000;
const SHOWN: usize = 100;

/// A section that is taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Info,
    Lines,
    Strings,
    LineStrings,
}

/// The part of the debug information that a section holds, by the section's name.
pub(crate) fn part(name: &str) -> Option<Part> {
    match FilePart::debug_part(name)? {
        "info" => Some(Part::Info),
        "line" => Some(Part::Lines),
        "str" => Some(Part::Strings),
        "line_str" => Some(Part::LineStrings),
        _ => None,
    }
}

/// Collects facts from the debug information of an image while its sections are read.
pub(crate) struct Collector {
    endian: RunTimeEndian,
    abbreviations: Vec<u8>,
    string_offsets: Vec<u8>,
    /// The abbreviations that were used last: units in a row mostly share them.
    last: Option<(usize, Abbreviations)>,
    versions: BTreeSet<u16>,
    units: u64,
    failed: u64,
    files: HashSet<u64>,
    producers: BTreeSet<String>,
    folders: BTreeSet<String>,
    source_folders: BTreeSet<String>,
    strings: Wanted,
    line_strings: Wanted,
}

impl Collector {
    /// A collector for an image that has debug information.
    pub(crate) fn new(
        origin: Origin<'_>,
        places: &[FilePart],
        budget: &Budget,
    ) -> Result<Option<Self>> {
        let kept = |part: &str| -> Result<Option<Vec<u8>>> {
            let named = |place: &&FilePart| {
                // Mach-O cuts names after 16 bytes.
                FilePart::debug_part(&place.name)
                    .is_some_and(|name| name == part || (name.len() >= 8 && part.starts_with(name)))
            };
            let Some(place) = places.iter().find(named) else { return Ok(None) };
            let mut contents = Contents::open(origin, place, budget)?;
            let mut bytes = Vec::new();
            // Cut, not refused: units whose abbreviations lie beyond are counted as failed.
            contents.by_ref().take(MAX_KEPT).read_to_end(&mut bytes).map_err(contents::error)?;
            Ok(Some(bytes))
        };
        let Some(abbreviations) = kept("abbrev")? else { return Ok(None) };
        let string_offsets = kept("str_offsets")?.unwrap_or_default();
        let endian = match origin.endian {
            Endian::Little => RunTimeEndian::Little,
            Endian::Big => RunTimeEndian::Big,
        };
        Ok(Some(Self {
            endian,
            abbreviations,
            string_offsets,
            last: None,
            versions: BTreeSet::new(),
            units: 0,
            failed: 0,
            files: HashSet::new(),
            producers: BTreeSet::new(),
            folders: BTreeSet::new(),
            source_folders: BTreeSet::new(),
            strings: Wanted::default(),
            line_strings: Wanted::default(),
        }))
    }

    /// Reads a section.
    pub(crate) fn read(&mut self, part: Part, contents: &mut impl Read) -> Result<()> {
        let mut reader = BufReader::with_capacity(crate::deep::piece::PIECE, contents);
        let walk = match part {
            Part::Info => Walk::Info,
            Part::Lines => Walk::Lines,
            Part::Strings | Part::LineStrings => {
                let own =
                    if part == Part::Strings { &mut self.strings } else { &mut self.line_strings };
                let mut wanted = std::mem::take(own);
                return wanted
                    .get(&mut reader, |purpose, text| self.keep(purpose, text))
                    .map_err(contents::error);
            }
        };
        while let Some(unit) =
            units::next(&mut reader, self.endian, walk).map_err(contents::error)?
        {
            let read = match walk {
                Walk::Info => self.unit(&unit),
                Walk::Lines => self.lines(&unit),
            };
            if read.is_err() {
                self.failed += 1;
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: &Unit) -> gimli::Result<()> {
        let info = DebugInfo::new(&unit.bytes, self.endian);
        let Some(header) = info.units().next()? else { return Ok(()) };
        self.versions.insert(header.version());
        self.units += 1;
        let offset = header.debug_abbrev_offset().0;
        // Units of one compiler run share a table, one after the other.
        if self.last.as_ref().is_none_or(|(last, _)| *last != offset) {
            let section = DebugAbbrev::new(&self.abbreviations, self.endian);
            self.last = Some((offset, header.abbreviations(&section)?));
        }
        let Some((_, abbreviations)) = &self.last else { return Ok(()) };
        let root = header.entry(abbreviations, header.root_offset())?;
        // DWARF 5, 7.26: without this attribute the offsets begin behind the table's header of 8
        // bytes.
        let base = match root.attr_value(gimli::DW_AT_str_offsets_base) {
            Some(AttributeValue::DebugStrOffsetsBase(base)) => base.0 as u64,
            _ => 8,
        };
        let wide = header.format() == gimli::Format::Dwarf64;
        let wanted =
            [(gimli::DW_AT_producer, Purpose::Producer), (gimli::DW_AT_comp_dir, Purpose::Folder)];
        for (name, purpose) in wanted {
            match root.attr_value(name) {
                Some(AttributeValue::DebugStrOffsetsIndex(index)) => {
                    if let Some(offset) = self.string_offset(base, index.0 as u64, wide) {
                        self.note(offset, purpose, false);
                    }
                }
                Some(value) => self.text(&value, purpose),
                None => {}
            }
        }
        Ok(())
    }

    fn lines(&mut self, unit: &Unit) -> gimli::Result<()> {
        let lines = DebugLine::new(&unit.bytes, self.endian);
        // The address size does not matter for the header, which is all that is read.
        let program = lines.program(gimli::DebugLineOffset(0), 8, None, None)?;
        let header = program.header();
        for folder in header.include_directories() {
            self.text(folder, Purpose::SourceFolder);
        }
        for file in header.file_names() {
            let mut hasher = DefaultHasher::new();
            for value in [Some(file.path_name()), file.directory(header)].into_iter().flatten() {
                match value {
                    AttributeValue::String(text) => text.slice().hash(&mut hasher),
                    AttributeValue::DebugStrRef(offset) => offset.0.hash(&mut hasher),
                    AttributeValue::DebugLineStrRef(offset) => offset.0.hash(&mut hasher),
                    _ => {}
                }
            }
            // Hashes, not names: a large program has some hundred thousand.
            self.files.insert(hasher.finish());
        }
        Ok(())
    }

    /// Keeps a text, or notes where it is.
    fn text(&mut self, value: &Value<'_>, purpose: Purpose) {
        match value {
            AttributeValue::String(text) => self.keep(purpose, text.slice()),
            AttributeValue::DebugStrRef(offset) => self.note(offset.0 as u64, purpose, false),
            AttributeValue::DebugLineStrRef(offset) => self.note(offset.0 as u64, purpose, true),
            _ => {}
        }
    }

    fn note(&mut self, offset: u64, purpose: Purpose, line: bool) {
        let wanted = if line { &mut self.line_strings } else { &mut self.strings };
        if wanted.len() < MAX_TEXTS {
            wanted.note(offset, purpose);
        }
    }

    fn keep(&mut self, purpose: Purpose, text: &[u8]) {
        let set = match purpose {
            Purpose::Producer => &mut self.producers,
            Purpose::Folder => &mut self.folders,
            Purpose::SourceFolder => &mut self.source_folders,
        };
        let text = String::from_utf8_lossy(text);
        if !text.is_empty() && set.len() < MAX_TEXTS && !set.contains(text.as_ref()) {
            set.insert(text.into_owned());
        }
    }

    /// The offset of a string that is known by its number.
    fn string_offset(&self, base: u64, index: u64, wide: bool) -> Option<u64> {
        use gimli::Endianity as _;
        let width = if wide { 8 } else { 4 };
        let at = usize::try_from(base.checked_add(index.checked_mul(width)?)?).ok()?;
        let bytes = self.string_offsets.get(at..at.checked_add(width as usize)?)?;
        Some(if wide { self.endian.read_u64(bytes) } else { self.endian.read_u32(bytes).into() })
    }

    /// The collected facts, and the number of units that could not be read.
    pub(crate) fn finish(self) -> (Dwarf, u64) {
        let dwarf = Dwarf {
            versions: self.versions.into_iter().collect(),
            units: self.units,
            producers: self.producers.into_iter().collect(),
            folders: self.folders.into_iter().collect(),
            files: self.files.len() as u64,
            source_folders: self.source_folders.into_iter().take(SHOWN).collect(),
        };
        (dwarf, self.failed)
    }
}
