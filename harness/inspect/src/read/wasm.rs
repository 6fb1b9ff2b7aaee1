//! WebAssembly modules. Components are refused: nothing that Go links is one.

use super::{Identity, Parsed, inside, sections as by_name};
use crate::error::{InspectError, Result, malformed};
use crate::facts::{
    BuildId, Class, Endian, Export, Exports, Format, Import, Kind, LinkageKind, Memory, Section,
    SectionKind, WasmFacts,
};
use crate::go;
use crate::source::View;
use wasmparser::{
    BinaryReader, ExportSectionReader, ExternalKind, ImportSectionReader, MemorySectionReader,
    ProducersSectionReader, TypeRef,
};

const FORMAT: Format = Format::Wasm;

/// The most sections, segments of data, imports, exports.
const MAX: usize = 500_000;

/// The longest section of imports, exports or memories that is read, in bytes.
const MAX_TABLE: u64 = 16 << 20;

/// The names of sections by their number.
const NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data_count",
    "tag",
];

pub(super) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    inside(view, FORMAT, || "the file header".into(), 0, 8)?;
    let version =
        view.bytes(4, 4).and_then(|b| b.first_chunk::<4>()).map_or(0, |b| u32::from_le_bytes(*b));
    // The upper half is the layer: 0 for a module, 1 for a component.
    if version & 0xffff_0000 != 0 {
        return Err(malformed("WebAssembly", "a component, not a module"));
    }
    let mut parsed = Parsed::new(view, FORMAT, Class::Bits32, Endian::Little, Kind::Executable);
    parsed.image.machine = "WASM".into();
    parsed.image.platform.arch = Some("wasm".into());
    let mut facts = WasmFacts { version, ..WasmFacts::default() };
    let mut at = 8;
    let mut symbols = false;
    while at < view.size() {
        if parsed.image.sections.len() >= MAX {
            return Err(limit("sections"));
        }
        let id = byte(view, at)?;
        let (size, digits) = number(view, at + 1)?;
        let start = at + 1 + digits;
        let name = NAMES.get(usize::from(id));
        let name = name.ok_or_else(|| malformed("WebAssembly", format!("section number {id}")))?;
        inside(view, FORMAT, || format!("section {name}"), start, size)?;
        let part = Part { view, start, size };
        symbols |= section(&mut parsed, &mut facts, id, name, part)?;
        at = start + size;
    }
    let image = &mut parsed.image;
    image.platform.os = system(&image.imports).map(str::to_owned);
    // An object that is still to be linked has a section `linking`, with its symbols.
    if image.sections.iter().any(|section| section.name == "linking") {
        image.kind = Kind::Object;
        symbols = true;
    }
    image.linkage.kind = match image.imports.is_empty() {
        _ if image.kind == Kind::Object => LinkageKind::Relocatable,
        true => LinkageKind::Static,
        false => LinkageKind::Dynamic,
    };
    // Only with Go's build ID: elsewhere `memory` and `run` may be the author's own.
    if image.ids.go.is_some() {
        apart_from_glue(&mut image.exports);
    }
    let mut modules: Vec<String> =
        image.imports.iter().filter_map(|import| import.library.clone()).collect();
    modules.dedup();
    image.linkage.needed = modules;
    image.stripped.symbols = !symbols;
    image.stripped.debug = !by_name::have_debug(&image.sections);
    image.wasm = Some(facts);
    Ok(parsed)
}

/// Moves what Go's own glue calls from the author's exports to the runtime's.
fn apart_from_glue(exports: &mut Exports) {
    let glue =
        |name: &str| matches!(name, "getsp" | "mem" | "memory" | "resume" | "run" | "_initialize");
    let (runtime, own): (Vec<Export>, Vec<Export>) =
        std::mem::take(&mut exports.own).into_iter().partition(|export| glue(&export.name));
    exports.own = own;
    exports.runtime.extend(runtime.into_iter().map(|export| export.name));
    exports.runtime.sort();
}

/// A section of the file.
#[derive(Clone, Copy)]
struct Part<'d> {
    view: View<'d>,
    start: u64,
    size: u64,
}

impl<'d> Part<'d> {
    /// All of it, for a reader.
    fn reader(self) -> Result<BinaryReader<'d>> {
        if self.size > MAX_TABLE {
            return Err(limit("bytes of a table of a WebAssembly module"));
        }
        let data = self.view.bytes(self.start, self.size).unwrap_or_default();
        Ok(BinaryReader::new(data, self.start))
    }
}

fn limit(what: &str) -> InspectError {
    InspectError::Limit { what: what.into(), limit: MAX as u64, unit: "entries" }
}

fn wrong(error: wasmparser::Error) -> InspectError {
    malformed("WebAssembly", error.to_string())
}

/// Reads one section; whether it holds names of functions.
fn section(
    parsed: &mut Parsed<'_>,
    facts: &mut WasmFacts,
    id: u8,
    name: &str,
    part: Part<'_>,
) -> Result<bool> {
    let view = part.view;
    let mut described = Section {
        name: name.to_owned(),
        kind: SectionKind::Other,
        address: 0,
        size: part.size,
        offset: part.start,
        stored: part.size,
        compression: None,
    };
    let mut names = false;
    match id {
        0 => {
            let (length, digits) = number(view, part.start)?;
            let name = part.start + digits;
            let rest = name.saturating_add(length);
            if rest > part.start + part.size {
                return Err(malformed("WebAssembly", "the name of a section is longer than it"));
            }
            described.name = view.text(view.bytes(name, length).unwrap_or_default())?;
            let size = part.start + part.size - rest;
            names = described.name == "name";
            described.kind = match described.name.as_str() {
                "name" => SectionKind::Symbols,
                "go:buildid" | "go.buildid" => SectionKind::Note,
                name if by_name::is_debug(name) => SectionKind::Debug,
                _ => SectionKind::Other,
            };
            let part = Part { view, start: rest, size };
            custom(parsed, facts, &described.name, part)?;
        }
        2 => parsed.image.imports = imports(part)?,
        3 => facts.functions = u32::try_from(number(view, part.start)?.0).unwrap_or(u32::MAX),
        5 => {
            let memories = MemorySectionReader::new(part.reader()?).map_err(wrong)?;
            for memory in memories.into_iter().take(MAX) {
                let memory = memory.map_err(wrong)?;
                facts.memories.push(Memory { initial: memory.initial, maximum: memory.maximum });
            }
        }
        7 => parsed.image.exports = go::exports(exports(part)?),
        10 => described.kind = SectionKind::Code,
        11 => described.kind = SectionKind::Data,
        _ => {}
    }
    parsed.image.sections.push(described);
    Ok(names)
}

fn custom(
    parsed: &mut Parsed<'_>,
    facts: &mut WasmFacts,
    name: &str,
    part: Part<'_>,
) -> Result<()> {
    match name {
        "go:buildid" | "go.buildid" => {
            let bytes = part.view.bytes(part.start, part.size.min(1024)).unwrap_or_default();
            let (skipped, text) = go::id_in(bytes)
                .or_else(|| Some((0, std::str::from_utf8(bytes).ok()?.trim_matches(['"', '\0']))))
                .unwrap_or_default();
            if let Some(id) = BuildId::parse(text) {
                parsed.mark(Identity::BuildId, part.start + skipped as u64, text.len() as u64);
                parsed.image.ids.go = Some(id);
            }
        }
        "producers" => {
            // Another linker may write this section in a form of its own: that is no reason to
            // refuse the module.
            let Ok(fields) = ProducersSectionReader::new(part.reader()?) else { return Ok(()) };
            for field in fields.into_iter().take(16).flatten() {
                for value in field.values.into_iter().take(256).flatten() {
                    let text = format!("{} {} {}", field.name, value.name, value.version);
                    facts.producers.push(text.trim().to_owned());
                }
            }
            facts.producers.sort();
        }
        "target_features" => {
            let mut reader = part.reader()?;
            let count = reader.read_var_u32().unwrap_or(0);
            for _ in 0..count.min(1000) {
                let (Ok(prefix), Ok(name)) = (reader.read_u8(), reader.read_string()) else {
                    break;
                };
                facts.features.push(format!("{}{name}", char::from(prefix)));
            }
            facts.features.sort();
        }
        _ => {}
    }
    Ok(())
}

fn imports(part: Part<'_>) -> Result<Vec<Import>> {
    let reader = ImportSectionReader::new(part.reader()?).map_err(wrong)?;
    let mut imports = Vec::new();
    for import in reader.into_imports() {
        let import = import.map_err(wrong)?;
        if imports.len() >= MAX {
            return Err(limit("imports"));
        }
        let kind = match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => "",
            TypeRef::Table(_) => " (table)",
            TypeRef::Memory(_) => " (memory)",
            TypeRef::Global(_) => " (global)",
            TypeRef::Tag(_) => " (tag)",
        };
        imports.push(Import {
            library: Some(part.view.text(import.module.as_bytes())?),
            name: format!("{}{kind}", part.view.text(import.name.as_bytes())?),
            version: None,
            weak: false,
        });
    }
    imports.sort();
    imports.dedup();
    Ok(imports)
}

fn exports(part: Part<'_>) -> Result<Vec<Export>> {
    let reader = ExportSectionReader::new(part.reader()?).map_err(wrong)?;
    let mut exports = Vec::new();
    for export in reader {
        let export = export.map_err(wrong)?;
        if exports.len() >= MAX {
            return Err(limit("exports"));
        }
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => "function",
            ExternalKind::Table => "table",
            ExternalKind::Memory => "memory",
            ExternalKind::Global => "global",
            ExternalKind::Tag => "tag",
        };
        let name = part.view.text(export.name.as_bytes())?;
        exports.push(Export { kind: Some(kind.into()), ..Export::named(name) });
    }
    exports.sort();
    Ok(exports)
}

fn byte(view: View<'_>, at: u64) -> Result<u8> {
    let mut byte = [0];
    match view.fill(at, &mut byte)? {
        0 => {
            let (what, need) = ("a section".to_owned(), at + 1);
            Err(InspectError::Truncated { format: FORMAT.name(), what, need, len: view.size() })
        }
        _ => Ok(byte[0]),
    }
}

/// A number in LEB128 of ten bytes at most, and how many bytes it took.
fn number(view: View<'_>, at: u64) -> Result<(u64, u64)> {
    let mut bytes = [0; 10];
    let read = view.fill(at, &mut bytes)?;
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(read).enumerate() {
        let shift = 7 * index as u32;
        // LEB128: seven bits a byte, the lowest first; the highest bit says that more follow.
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok((value, index as u64 + 1));
        }
    }
    if read < 10 {
        let (what, need) = ("a number".to_owned(), at + read as u64 + 1);
        return Err(InspectError::Truncated {
            format: FORMAT.name(),
            what,
            need,
            len: view.size(),
        });
    }
    Err(malformed("WebAssembly", "a number of more than ten bytes"))
}

/// The system whose interface a module is linked against, in Go's words.
fn system(imports: &[Import]) -> Option<&'static str> {
    let from = |name: &str| imports.iter().any(|i| i.library.as_deref() == Some(name));
    match () {
        () if from("wasi_snapshot_preview1") => Some("wasip1"),
        // `gojs` since Go 1.21, `go` before.
        () if from("gojs") || from("go") => Some("js"),
        () => None,
    }
}
