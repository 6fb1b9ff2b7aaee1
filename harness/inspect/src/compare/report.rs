//! The result of a comparison.

use crate::facts::{BuildId, SectionKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of a comparison.
#[derive(Clone, Debug, Default)]
pub struct CompareOptions {
    /// Differences that do not count.
    pub ignore: Vec<Ignore>,
}

/// A difference that may not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ignore {
    /// Build IDs: Go's, GNU's, Mach-O's UUID, the id of a PDB.
    BuildId,
    /// Signatures, and the sizes in headers that follow from them.
    Signature,
    /// Time stamps and checksums in headers.
    Timestamp,
    /// Debug information and symbols, and the fields of headers that follow from them.
    Debug,
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Side {
    /// `the first` or `the second`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "the first",
            Self::B => "the second",
        }
    }
}

/// Two sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sizes {
    /// Of the first file.
    pub a: u64,
    /// Of the second file.
    pub b: u64,
}

/// The kind of difference between two files, from none to the greatest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The files are the same byte for byte.
    Identical,
    /// The same program: only ids of the build differ.
    OnlyIds,
    /// The same program: only time stamps or checksums differ.
    OnlyTimestamps,
    /// The same program, signed otherwise, or only one of them.
    OnlySignature,
    /// The same code and data: debug information or symbols differ, or one has none.
    OnlyDebug,
    /// The same code and data: only the headers, or those of the archive, differ.
    MetadataDiffers,
    /// The inputs of the builds differ, and the build information shows it.
    InputsDiffer,
    /// The same code; constants or variables differ.
    DataDiffers,
    /// The code differs, and the files do not show why.
    CodeDiffers,
    /// They are for different platforms.
    OtherPlatform,
    /// They are not of the same format.
    OtherFormat,
}

impl Verdict {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::OnlyIds => "only_ids",
            Self::OnlyTimestamps => "only_timestamps",
            Self::OnlySignature => "only_signature",
            Self::OnlyDebug => "only_debug",
            Self::MetadataDiffers => "metadata_differs",
            Self::InputsDiffer => "inputs_differ",
            Self::DataDiffers => "data_differs",
            Self::CodeDiffers => "code_differs",
            Self::OtherPlatform => "other_platform",
            Self::OtherFormat => "other_format",
        }
    }
}

/// The result of a comparison: whether, where and why two files differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Whether nothing differs except ignored differences.
    pub equal: bool,
    /// The kind of difference.
    pub verdict: Verdict,
    /// The cause in one line.
    pub cause: String,
    /// The likely cause of the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely: Option<String>,
    /// The flag or change that makes the files equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The sizes of the files.
    pub sizes: Sizes,
    /// Offset of the first difference in the first file, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_difference: Option<u64>,
    /// Number of differing bytes, by their kind, in sections of equal length.
    pub differing: Differing,
    /// The parts of Go's build ID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub build_id: Vec<IdPart>,
    /// The sections that differ, in the order of the first file.
    pub sections: Vec<SectionDifference>,
    /// The facts that differ, sorted.
    pub facts: Vec<FactDifference>,
}

/// Number of differing bytes, by the contents they belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Differing {
    /// Ids of the build.
    pub ids: u64,
    /// Time stamps and checksums.
    pub timestamps: u64,
    /// Signatures.
    pub signature: u64,
    /// Everything else.
    pub other: u64,
}

/// A part of Go's build ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdPart {
    /// `link action`, `main package action`, `main package content`, `content`.
    pub part: String,
    /// Whether it is the same in both.
    pub equal: bool,
}

/// A section that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SectionDifference {
    /// Its name; in brackets for bytes outside of sections.
    pub name: String,
    /// Kind of contents.
    pub kind: SectionKind,
    /// Its size in the first file, in bytes; absent when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_a: Option<u64>,
    /// Its size in the second file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_b: Option<u64>,
    /// Number of differing bytes, when both have the same size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differing: Option<u64>,
    /// Offset of the first difference in the section, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Whether only ids, times or signatures differ.
    pub only_identity: bool,
}

/// A fact that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FactDifference {
    /// Path of the fact, such as `go.settings.CGO_ENABLED`.
    pub fact: String,
    /// Its value in the first file; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    /// Its value in the second file; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
}

impl Comparison {
    pub(super) fn none() -> Self {
        Self {
            equal: true,
            verdict: Verdict::Identical,
            cause: "the files are identical".into(),
            likely: None,
            remedy: None,
            sizes: Sizes::default(),
            first_difference: None,
            differing: Differing::default(),
            build_id: Vec::new(),
            sections: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Puts the name of a slice or member before each fact and section.
    pub(super) fn prefix(&mut self, name: &str) {
        for section in &mut self.sections {
            section.name = format!("{name}: {}", section.name);
        }
        for fact in &mut self.facts {
            fact.fact = format!("{name}: {}", fact.fact);
        }
        if self.verdict != Verdict::Identical {
            self.cause = format!("{name}: {}", self.cause);
        }
    }

    /// Both, with the cause of the greater difference.
    pub(super) fn with(self, other: Self) -> Self {
        let (mut greater, lesser) =
            if other.verdict > self.verdict { (other, self) } else { (self, other) };
        greater.sections.extend(lesser.sections);
        greater.facts.extend(lesser.facts);
        greater.differing.ids += lesser.differing.ids;
        greater.differing.timestamps += lesser.differing.timestamps;
        greater.differing.signature += lesser.differing.signature;
        greater.differing.other += lesser.differing.other;
        greater
    }

    /// Takes a greater cause.
    pub(super) fn escalate(&mut self, verdict: Verdict, cause: &str) {
        if verdict > self.verdict {
            self.verdict = verdict;
            self.cause = cause.to_owned();
        }
    }

    /// Whether all differences are of these kinds.
    pub(super) fn is_equal_but_for(&self, ignore: &[Ignore]) -> bool {
        let may = |kind| ignore.contains(&kind);
        let identity = |d: &Differing| {
            (d.ids == 0 || may(Ignore::BuildId))
                && (d.timestamps == 0 || may(Ignore::Timestamp))
                && (d.signature == 0 || may(Ignore::Signature))
        };
        match self.verdict {
            Verdict::Identical => true,
            // A signature is there in one of them only: nothing of it can be counted byte by byte.
            Verdict::OnlySignature => may(Ignore::Signature) && identity(&self.differing),
            Verdict::OnlyIds | Verdict::OnlyTimestamps => identity(&self.differing),
            Verdict::OnlyDebug => may(Ignore::Debug) && identity(&self.differing),
            _ => false,
        }
    }
}

/// The parts of two build IDs, when both have one.
pub(super) fn id_parts(a: Option<&BuildId>, b: Option<&BuildId>) -> Vec<IdPart> {
    let (Some(a), Some(b)) = (a, b) else { return Vec::new() };
    let part = |part: &str, equal| IdPart { part: part.to_owned(), equal };
    let mut parts = vec![part("link action", a.link_action == b.link_action)];
    if a.main_action.is_some() || b.main_action.is_some() {
        parts.push(part("main package action", a.main_action == b.main_action));
        parts.push(part("main package content", a.main_content == b.main_content));
    }
    parts.push(part("content", a.content == b.content));
    parts
}
