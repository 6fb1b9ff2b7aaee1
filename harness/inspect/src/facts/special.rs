//! Facts that one format has alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of ELF alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ElfFacts {
    /// DT_FLAGS, such as `STATIC_TLS`, `SYMBOLIC`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// DT_FLAGS_1, such as `NODELETE`, `PIE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags_1: Vec<String>,
    /// The processor flags in the header, in hex, where they are not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor_flags: Option<String>,
    /// Bytes of thread-local storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_size: Option<u64>,
    /// Relocations that fix a thread-local variable's place when the library is loaded. A library
    /// that has them can only be loaded late where the loader keeps room for it: glibc does, musl
    /// does not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub initial_exec_relocations: u64,
    /// The oldest kernel that the note of the C library allows, such as `linux 3.2.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_kernel: Option<String>,
    /// Features from the note of GNU properties.
    #[serde(default, skip_serializing_if = "GnuProperties::is_empty")]
    pub properties: GnuProperties,
    /// The file with its debug information, when it is apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug_link: Option<String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// `.note.gnu.property`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GnuProperties {
    /// Protections that all of its code has: `IBT`, `SHSTK`, `BTI`, `PAC`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The x86-64 levels it needs: `x86-64-baseline`, `x86-64-v2`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed_isa: Vec<String>,
}

impl GnuProperties {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.features.is_empty() && self.needed_isa.is_empty()
    }
}

/// Facts of PE alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeFacts {
    /// Characteristics of the file header, such as `DLL`, `LARGE_ADDRESS_AWARE`.
    pub characteristics: Vec<String>,
    /// DllCharacteristics, such as `DYNAMIC_BASE`, `NX_COMPAT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dll_characteristics: Vec<String>,
    /// The time stamp of the file header: seconds since 1970, or a hash where `reproducible`.
    pub timestamp: u32,
    /// Whether a debug entry says that the time stamp is a hash of the contents.
    pub reproducible: bool,
    /// The time stamp of the export table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_timestamp: Option<u32>,
    /// The checksum in the header; 0 is none.
    pub checksum: u32,
    /// The address it is made for.
    pub image_base: u64,
    /// The oldest Windows it is made for, such as `6.1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subsystem_version: String,
    /// The linker's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub linker_version: String,
    /// Path of the PDB file, as the linker wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdb_path: Option<String>,
    /// Bytes of Authenticode signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_size: Option<u64>,
}

/// Facts of Mach-O alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MachoFacts {
    /// Flags of the header, such as `PIE`, `TWOLEVEL`.
    pub flags: Vec<String>,
    /// The system it is built for, such as `macos`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The oldest system it runs on, such as `13.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_os: Option<String>,
    /// The SDK it was built with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// Its signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<CodeSignature>,
}

/// A Mach-O signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeSignature {
    /// Its size in bytes.
    pub size: u64,
    /// Its identifier.
    pub identifier: String,
    /// The team that signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Flags, such as `ADHOC`, `LINKER_SIGNED`, `RUNTIME`.
    pub flags: Vec<String>,
    /// Whether it holds a signature by a certificate; an ad hoc signature has none.
    pub certified: bool,
    /// The hash, such as `sha256`.
    pub hash: String,
    /// Number of pages that have a hash.
    pub pages: u64,
    /// The first pages whose bytes do not have the hash that is signed, up to 16 of them. Absent
    /// when they were not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong_pages: Option<Vec<u64>>,
}

/// Facts of WebAssembly alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WasmFacts {
    /// The version of the format.
    pub version: u32,
    /// Its memories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memories: Vec<Memory>,
    /// Languages and tools that made it, from the section `producers`: `language Go go1.27.3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub producers: Vec<String>,
    /// Features it uses, from the section `target_features`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The number of functions it has code for.
    pub functions: u32,
}

/// A WebAssembly memory, in pages of 64 KiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// Pages at first.
    pub initial: u64,
    /// Pages at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
}
