//! Facts that every format has.

use super::{
    BuildId, BuildInfo, Check, Deep, ElfFacts, MachoFacts, Mark, Microarchitecture, PeFacts,
    WasmFacts,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program, library or object file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    /// Its format.
    pub format: Format,
    /// The width of its addresses.
    pub class: Class,
    /// The order of its bytes.
    pub endian: Endian,
    /// Program, library, object or another kind of file.
    pub kind: Kind,
    /// The operating system and the architecture.
    pub platform: Platform,
    /// The machine in the header, as the format's documents call it.
    pub machine: String,
    /// ELF's `EI_OSABI`, or a PE subsystem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// The address where it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Static or dynamic linkage, and the libraries it needs.
    pub linkage: Linkage,
    /// Versions of symbols it needs: the highest one for each family of each library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// The symbols it needs from elsewhere, by library and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Import>,
    /// The symbols it offers.
    #[serde(default, skip_serializing_if = "Exports::is_empty")]
    pub exports: Exports,
    /// Its sections, in the order of the file's table.
    pub sections: Vec<Section>,
    /// Identifiers of the build.
    pub ids: Ids,
    /// Go's build information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<BuildInfo>,
    /// The processors it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microarchitecture: Option<Microarchitecture>,
    /// Hardening checks. Those that such a file cannot pass are `not_applicable`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hardening: BTreeMap<Check, Mark>,
    /// Parts that were stripped.
    pub stripped: Stripped,
    /// Bytes after all that the headers name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<Extent>,
    /// Facts of ELF alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elf: Option<ElfFacts>,
    /// Facts of PE alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pe: Option<PeFacts>,
    /// Facts of Mach-O alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macho: Option<MachoFacts>,
    /// Facts of WebAssembly alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasm: Option<WasmFacts>,
    /// Facts that only its contents have; present when they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep: Option<Deep>,
}

impl Image {
    /// An image of which nothing but its format and kind is known yet.
    pub(crate) fn new(format: Format, class: Class, endian: Endian, kind: Kind) -> Self {
        Self {
            format,
            class,
            endian,
            kind,
            platform: Platform::default(),
            machine: String::new(),
            abi: None,
            entry: None,
            linkage: Linkage::default(),
            requirements: Vec::new(),
            imports: Vec::new(),
            exports: Exports::default(),
            sections: Vec::new(),
            ids: Ids::default(),
            go: None,
            microarchitecture: None,
            hardening: BTreeMap::new(),
            stripped: Stripped::default(),
            overlay: None,
            elf: None,
            pe: None,
            macho: None,
            wasm: None,
            deep: None,
        }
    }
}

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Executable and Linkable Format.
    Elf,
    /// Portable Executable, and the COFF objects it is linked from.
    Pe,
    /// Mach-O.
    Macho,
    /// WebAssembly.
    Wasm,
    /// AIX's XCOFF.
    Xcoff,
    /// Plan 9's `a.out`.
    Plan9,
}

impl Format {
    /// The name that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
            Self::Macho => "Mach-O",
            Self::Wasm => "WebAssembly",
            Self::Xcoff => "XCOFF",
            Self::Plan9 => "Plan 9 a.out",
        }
    }
}

/// The width of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// 32 bits.
    #[serde(rename = "32")]
    Bits32,
    /// 64 bits.
    #[serde(rename = "64")]
    Bits64,
}

impl Class {
    /// The bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Self::Bits32 => 32,
            Self::Bits64 => 64,
        }
    }
}

/// The order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Endian {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

/// The kind of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A program.
    Executable,
    /// A library that is loaded: `.so`, `.dll`, `.dylib`.
    SharedLibrary,
    /// A plugin of the system's own kind: Mach-O's bundle.
    Bundle,
    /// Something to be linked.
    Object,
    /// A memory image of a program that ended.
    Core,
    /// Debug information apart from its program.
    DebugFile,
    /// A driver or a part of the kernel.
    Kernel,
    /// Another kind.
    Other,
}

impl Kind {
    /// The name that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Executable => "executable",
            Self::SharedLibrary => "shared library",
            Self::Bundle => "bundle",
            Self::Object => "object",
            Self::Core => "core file",
            Self::DebugFile => "debug file",
            Self::Kernel => "kernel module",
            Self::Other => "other",
        }
    }
}

/// The operating system and architecture, in Go's words where Go has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Platform {
    /// The operating system by the headers: ELF often has no mark of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// The architecture by the headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// `GOOS/GOARCH` in Go's build information, which a header may contradict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
}

impl Platform {
    /// The operating system: the headers', or else the declared one.
    #[must_use]
    pub fn os(&self) -> Option<&str> {
        self.os.as_deref().or_else(|| Some(self.declared.as_deref()?.split_once('/')?.0))
    }

    /// `linux/amd64`, with `?` for unknown parts.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.os().unwrap_or("?"), self.arch.as_deref().unwrap_or("?"))
    }
}

/// Static or dynamic linkage of an image, and the libraries it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Linkage {
    /// Static, static-pie, interpreted, dynamic or relocatable.
    pub kind: LinkageKind,
    /// The loader that the file names, such as `/lib64/ld-linux-x86-64.so.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// Libraries it needs, in the order in which they are looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    /// Libraries it loads when they are first used (PE), or may do without (Mach-O).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<String>,
    /// Its own name as a library: SONAME, a DLL's export name, a dylib's install name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// DT_RPATH.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rpath: Vec<String>,
    /// DT_RUNPATH, or Mach-O's LC_RPATH.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runpath: Vec<String>,
}

/// The kind of an image's linkage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkageKind {
    /// Needs neither a loader nor a library.
    #[default]
    Static,
    /// As `Static`, but an ELF file that can be loaded at any address: `ET_DYN` with a dynamic
    /// section.
    StaticPie,
    /// Names a loader, but needs no library: a Go PIE without cgo.
    Interpreted,
    /// Needs libraries (in WebAssembly, imports), or is a shared library or bundle itself.
    Dynamic,
    /// An object file, the input of a linker, or a kernel module.
    Relocatable,
}

impl LinkageKind {
    /// The name that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Interpreted => "interpreter without libraries",
            Self::Dynamic => "dynamic",
            Self::Relocatable => "relocatable",
        }
    }
}

/// The highest version of a family of symbol versions that a library must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requirement {
    /// The library, such as `libc.so.6`.
    pub library: String,
    /// The family, such as `GLIBC`.
    pub family: String,
    /// The highest version, such as `2.34`.
    pub version: String,
    /// The symbols that need this version, sorted. None when the need is the linker's own.
    pub symbols: Vec<String>,
    /// Whether the loader accepts a library without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
    /// The first Debian release whose library has it, such as `12 bookworm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debian: Option<String>,
}

/// A symbol that is needed from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Import {
    /// The library it must come from, where the format says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// Its name; `#12` for an ordinal.
    pub name: String,
    /// Its version, such as `GLIBC_2.34`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
}

/// The symbols an image offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exports {
    /// Exports of the program's author, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<Export>,
    /// Names of the exports of Go's runtime, cgo and the C start-up code, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runtime: Vec<String>,
}

impl Exports {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.runtime.is_empty()
    }
}

/// A symbol that is offered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// Its name; `#12` for one that has only an ordinal.
    pub name: String,
    /// `function`, `data`, `memory`, …, where the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its number (PE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u32>,
    /// The symbol that it is forwarded to (PE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<String>,
}

impl Export {
    pub(crate) fn named(name: String) -> Self {
        Self { name, kind: None, version: None, ordinal: None, forward: None }
    }
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Its name; `__TEXT,__text` in Mach-O.
    pub name: String,
    /// Kind of its contents.
    pub kind: SectionKind,
    /// Its address in memory.
    pub address: u64,
    /// Its size in memory, in bytes.
    pub size: u64,
    /// Its offset in the file, in bytes.
    pub offset: u64,
    /// Number of its bytes that are in the file.
    pub stored: u64,
    /// Compression of the stored bytes: `zlib` or `zstd`. The declared size is then not `size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
}

/// Kind of contents of a section.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// Machine code.
    Code,
    /// Constants and tables.
    ReadOnly,
    /// Variables.
    Data,
    /// Variables that begin as zero.
    Zero,
    /// Debug information.
    Debug,
    /// Symbols and their names.
    Symbols,
    /// Relocations and what else a loader reads.
    Linking,
    /// Notes, such as build IDs.
    Note,
    /// Something else.
    Other,
}

/// Identifiers of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ids {
    /// Go's build ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<BuildId>,
    /// GNU's build ID, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gnu: Option<String>,
    /// Mach-O's UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The GUID and age that join a PE file to its PDB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdb: Option<String>,
}

/// Parts that were stripped from an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stripped {
    /// The symbol table.
    pub symbols: bool,
    /// The debug information.
    pub debug: bool,
}

/// A range of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extent {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
}
