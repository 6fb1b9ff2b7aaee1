//! `containers/images.toml`: what each image is made of, and the tag that follows from it. Not how
//! it is made.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;

/// The definitions as they were when the program was built.
const EMBEDDED: &str = include_str!("../../../containers/images.toml");

/// The way to make a base from Debian packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// An installed Debian with its essential packages.
    Minbase,
    /// The named packages' files only, nothing configured.
    Extract,
}

/// Definition of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Title, as reports show it.
    pub title: String,
    /// The base to pull, `repository:tag`.
    pub registry: String,
    /// The Debian suite to make the base from.
    pub suite: String,
    /// The way to make the base.
    pub variant: Variant,
    /// The C library it must have: `glibc 2.31` or `musl`.
    pub libc: String,
    /// Debian packages on top.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Paths to keep of an extracted base.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Commands that put the packages onto a pulled base.
    #[serde(default)]
    pub pull: Vec<Vec<String>>,
    /// Commands run in both ways, without a network.
    #[serde(default)]
    pub steps: Vec<Vec<String>>,
    /// Environment of the image.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    image: BTreeMap<String, Definition>,
}

impl Definition {
    /// The tag that stands for exactly this definition: `twinproof/<name>:<16 hex digits>`.
    pub fn tag(&self, name: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(name.as_bytes());
        // Plain data: it always serialises, and in the order of its fields.
        hash.update(serde_json::to_vec(self).unwrap_or_default());
        let hex: String = hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
        format!("twinproof/{name}:{hex}")
    }
}

/// Reads definitions.
///
/// # Errors
/// [`Error::Definition`] with TOML's own account of line and column.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, Definition>, Error> {
    let file: File = toml::from_str(text).map_err(|e| Error::Definition(e.to_string()))?;
    for (name, definition) in &file.image {
        let bad = |what: &str| Err(Error::Definition(format!("image.{name}: {what}")));
        // The name is part of the image's tag, for which the engine has rules of its own.
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return bad("a name is made of a-z and 0-9");
        }
        if definition.variant == Variant::Minbase && !definition.keep.is_empty() {
            return bad("`keep` is for the variant \"extract\" only");
        }
        if definition.variant == Variant::Extract && definition.keep.is_empty() {
            return bad("the variant \"extract\" needs `keep`");
        }
        if definition.pull.iter().chain(&definition.steps).any(Vec::is_empty) {
            return bad("a command is empty");
        }
        if !definition.registry.contains(':') {
            return bad("`registry` needs a tag");
        }
    }
    Ok(file.image)
}

/// The definitions that are part of the program, by name.
///
/// # Errors
/// [`Error::Definition`] when the program was built with a broken file.
pub fn definitions() -> Result<&'static BTreeMap<String, Definition>, Error> {
    static PARSED: OnceLock<BTreeMap<String, Definition>> = OnceLock::new();
    if let Some(parsed) = PARSED.get() {
        return Ok(parsed);
    }
    let parsed = parse(EMBEDDED)?;
    Ok(PARSED.get_or_init(|| parsed))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_embedded_file_has_the_five_images() {
        let names: Vec<_> = definitions().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["bookworm", "bullseye", "musl", "trixie", "wine"]);
    }

    #[test]
    fn a_tag_follows_every_field() {
        let trixie = &definitions().unwrap()["trixie"];
        let tag = trixie.tag("trixie");
        assert_eq!(tag.len(), "twinproof/trixie:".len() + 16);
        assert_eq!(tag, trixie.clone().tag("trixie"));
        let changed = Definition { packages: vec!["gcc".into()], ..trixie.clone() };
        assert_ne!(tag, changed.tag("trixie"));
        let changed = Definition { title: "another".into(), ..trixie.clone() };
        assert_ne!(tag, changed.tag("trixie"));
        assert_ne!(tag, trixie.tag("other"));
    }

    #[rstest]
    #[case("[image.x]\ntitle = 'x'", "missing field `registry`")]
    #[case(&of("extra = 1"), "unknown field `extra`")]
    #[case(&of("keep = ['a']"), "`keep` is for the variant")]
    #[case(&of("steps = [[]]"), "a command is empty")]
    #[case(&of("").replace("a:1", "a"), "`registry` needs a tag")]
    #[case(&of("").replace("minbase", "extract"), "needs `keep`")]
    #[case(&of("").replace("image.x", "image.X"), "a name is made of")]
    fn a_broken_definition_is_named(#[case] text: &str, #[case] says: &str) {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }

    fn of(more: &str) -> String {
        format!(
            "[image.x]\ntitle = 'x'\nregistry = 'a:1'\nsuite = 's'\nvariant = 'minbase'\n\
             libc = 'musl'\n{more}"
        )
    }
}
