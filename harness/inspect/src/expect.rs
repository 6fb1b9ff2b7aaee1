//! Checks a description of a file against expectations.

use crate::facts::{Content, Description, Image, LeakKind, LinkageKind};
use crate::versions::compare;
use std::cmp::Ordering;
use std::str::FromStr;

/// Expected properties of a file. Fields that are `None` or empty are not checked.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// The platform it must be for.
    pub platform: Option<ExpectedPlatform>,
    /// The newest glibc that it may need, such as `2.31`.
    pub max_glibc: Option<String>,
    /// Whether it must need neither a loader nor a library.
    pub fully_static: bool,
    /// Whether it must have none of the texts in [`crate::Options::leaks`].
    pub no_asked_leaks: bool,
}

/// A platform as container images write it: `linux/arm64`, `linux/arm/v7`, `linux/amd64/v3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedPlatform {
    /// The operating system, in Go's words.
    pub os: String,
    /// The architecture, in Go's words.
    pub arch: String,
    /// The least processor that there is, such as `v7`.
    pub variant: Option<String>,
}

/// The systems that a description can name, in Go's words where Go has one.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "js",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "tvos",
    "uefi",
    "wasip1",
    "watchos",
    "windows",
];

/// The architectures that a description can name, in Go's words where Go has one.
const ARCHITECTURES: &[&str] = &[
    "386", "amd64", "amd64p32", "arm", "arm64", "arm64be", "arm64e", "armbe", "loong64", "mips",
    "mips64", "mips64le", "mipsle", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x",
    "sparc", "sparc64", "wasm",
];

/// Other names of a system, as container tools take them.
const OS_ALIASES: &[(&str, &str)] = &[("macos", "darwin")];

/// Other names of an architecture, as `uname -m` prints and container tools take them.
const ARCH_ALIASES: &[(&str, &str)] = &[
    ("x86_64", "amd64"),
    ("aarch64", "arm64"),
    ("i386", "386"),
    ("i686", "386"),
    ("loongarch64", "loong64"),
];

fn known(
    name: &str,
    aliases: &[(&str, &'static str)],
    names: &[&'static str],
) -> Option<&'static str> {
    let alias = aliases.iter().find(|(other, _)| *other == name).map(|(_, go)| *go);
    alias.or_else(|| names.iter().copied().find(|known| *known == name))
}

fn unknown(name: &str, what: &str, names: &[&str]) -> String {
    format!("`{name}` is no {what} that is known here: {}", names.join(", "))
}

impl FromStr for ExpectedPlatform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
        };
        let (os, arch, variant) = match parts[..] {
            [os, arch] => (os, arch, None),
            [os, arch, variant] => (os, arch, Some(variant)),
            _ => {
                return Err(format!("`{text}` is no platform: write OS/ARCH, such as linux/arm64"));
            }
        };
        if !parts.iter().all(|part| word(part)) {
            return Err(format!("`{text}` is no platform: write OS/ARCH, such as linux/arm64"));
        }
        let os = known(os, OS_ALIASES, SYSTEMS).ok_or_else(|| unknown(os, "system", SYSTEMS))?;
        let arch = known(arch, ARCH_ALIASES, ARCHITECTURES)
            .ok_or_else(|| unknown(arch, "architecture", ARCHITECTURES))?;
        Ok(Self { os: os.to_owned(), arch: arch.to_owned(), variant: variant.map(str::to_owned) })
    }
}

impl Expectation {
    /// The expectations that a file does not meet, a sentence each; empty when it meets all.
    #[must_use]
    pub fn unmet(&self, description: &Description) -> Vec<String> {
        let mut unmet = Vec::new();
        let images = description.images();
        let fat = matches!(description.content, Content::Universal(_));
        if let Some(platform) = &self.platform {
            let found: Vec<Vec<String>> =
                images.iter().map(|(name, image)| platform.unmet(*name, image)).collect();
            // A fat file is for every platform that one of its slices is for.
            let met = fat && found.iter().any(Vec::is_empty);
            if images.is_empty() {
                unmet.push("there is no image in it".to_owned());
            } else if !met {
                unmet.extend(found.into_iter().flatten());
            }
        }
        for (name, image) in images {
            let place = name.map(|name| format!("{name}: ")).unwrap_or_default();
            let mut say = |text: String| unmet.push(format!("{place}{text}"));
            if let Some(most) = &self.max_glibc {
                glibc(image, most).into_iter().for_each(&mut say);
            }
            if self.fully_static
                && !matches!(image.linkage.kind, LinkageKind::Static | LinkageKind::StaticPie)
            {
                say(format!("it is not static: {}", linkage(image)));
            }
            let leaks = image.deep.iter().flat_map(|deep| &deep.leaks);
            for leak in leaks.filter(|leak| self.no_asked_leaks && leak.kind == LeakKind::Asked) {
                say(format!(
                    "`{}` is in it {}, first as {}",
                    leak.value,
                    twinproof_base::count(leak.count, "time"),
                    leak.example
                ));
            }
        }
        unmet
    }
}

impl ExpectedPlatform {
    fn unmet(&self, name: Option<&str>, image: &Image) -> Vec<String> {
        let place = name.map(|name| format!("{name}: ")).unwrap_or_default();
        let platform = &image.platform;
        let mut unmet = Vec::new();
        // An ELF header without a mark of a system is taken for Linux, which sets none.
        let os = platform.os().unwrap_or("linux");
        if os != self.os || platform.arch.as_deref() != Some(&self.arch) {
            let (found, os, arch) = (platform.name(), &self.os, &self.arch);
            unmet
                .push(format!("{place}it is for {found} ({}), not for {os}/{arch}", image.machine));
        }
        let declared = platform.declared.as_deref().and_then(|text| text.split_once('/'));
        if let Some((_, arch)) = declared.filter(|(_, arch)| platform.arch.as_deref() != Some(arch))
        {
            let found = platform.arch.as_deref().unwrap_or("?");
            unmet
                .push(format!("{place}its build information says {arch}, its headers say {found}"));
        }
        if let (Some(variant), Some(level)) = (&self.variant, &image.microarchitecture) {
            // `7,hardfloat`: the options behind the comma are no part of the level.
            let number = |text: &str| -> String {
                let text = text.split(',').next().unwrap_or_default();
                text.trim_start_matches('v').to_owned()
            };
            if compare(&number(&level.declared), &number(variant)) == Ordering::Greater {
                let (name, declared) = (&level.variable, &level.declared);
                unmet.push(format!(
                    "{place}it is built with {name}={declared}, for more than {variant}"
                ));
            }
        }
        unmet
    }
}

/// Versions of glibc that an image needs and that are newer than allowed, a sentence each.
fn glibc(image: &Image, most: &str) -> Vec<String> {
    let mut unmet = Vec::new();
    // The loader starts a program whose weak version is missing.
    for need in image.requirements.iter().filter(|need| !need.weak) {
        let version = match need.family.as_str() {
            "GLIBC" => need.version.as_str(),
            // Since glibc 2.36 a mark of its own says that relocations are packed.
            "GLIBC_ABI_DT_RELR" => "2.36",
            _ => continue,
        };
        if compare(version, most) == Ordering::Greater {
            let by = match need.symbols.is_empty() {
                true => String::new(),
                false => format!(" for {}", need.symbols.join(", ")),
            };
            let library = &need.library;
            unmet.push(format!("it needs glibc {version} ({library}){by}, more than {most}"));
        }
    }
    unmet
}

fn linkage(image: &Image) -> String {
    match (&image.linkage.interpreter, image.linkage.needed.len()) {
        (Some(loader), 0) => format!("it is loaded by {loader}"),
        (Some(loader), _) => format!("{loader} loads {}", image.linkage.needed.join(", ")),
        (None, 0) => format!("it is {}", image.linkage.kind.name()),
        (None, _) => format!("it needs {}", image.linkage.needed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("linux/arm64", Some(("linux", "arm64", None)))]
    #[case("linux/arm/v7", Some(("linux", "arm", Some("v7"))))]
    #[case("linux", None)]
    #[case("linux/", None)]
    #[case("linux/arm/v7/x", None)]
    #[case("linux/a b", None)]
    #[case("linux/x86_64", Some(("linux", "amd64", None)))]
    #[case("macos/aarch64", Some(("darwin", "arm64", None)))]
    #[case("linux/amd46", None)]
    #[case("linus/amd64", None)]
    #[case("Linux/amd64", None)]
    fn a_platform_is_os_architecture_and_level(
        #[case] text: &str,
        #[case] parts: Option<(&str, &str, Option<&str>)>,
    ) {
        let parsed = text.parse::<ExpectedPlatform>().ok();
        let found = parsed.as_ref().map(|p| (p.os.as_str(), p.arch.as_str(), p.variant.as_deref()));
        assert_eq!(found, parts);
    }
}
