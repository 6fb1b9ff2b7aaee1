//! The likely cause of a difference, and the flag that makes the files equal.

use super::report::{Comparison, Verdict};
use crate::facts::{Format, Image};

/// The likely cause, and the remedy.
type Advice = (&'static str, Option<&'static str>);

/// Fills in the likely cause and the remedy.
pub(super) fn explain(comparison: &mut Comparison, a: &Image, b: &Image) {
    let advice = match comparison.verdict {
        Verdict::Identical | Verdict::OtherFormat | Verdict::OtherPlatform => None,
        Verdict::OnlyIds => Some(ids(comparison)),
        Verdict::OnlyTimestamps => Some((
            "a linker wrote the time of day, or a checksum over it",
            Some("-ldflags=-extldflags=-Wl,--no-insert-timestamp"),
        )),
        Verdict::OnlySignature => Some((
            "one of them was signed after it was linked",
            Some("compare with --ignore signature"),
        )),
        Verdict::OnlyDebug => Some(match a.stripped == b.stripped {
            false => (
                "one was linked with -s or -w, or stripped afterwards",
                Some("-ldflags='-s -w' for both"),
            ),
            true => debug(a, b),
        }),
        Verdict::InputsDiffer => inputs(comparison, a, b),
        // From the most evidence to the least: a name that is recorded, untrimmed folders, then
        // only hashes.
        _ => name_of_library(comparison).or_else(|| folders(a, b)).or_else(|| parts(comparison, a)),
    };
    if let Some((likely, remedy)) = advice {
        comparison.likely = Some(likely.to_owned());
        comparison.remedy = remedy.map(str::to_owned);
    }
}

/// Whether each of the four parts of Go's build ID is equal, in order; `None` where there are not
/// four.
fn equal(comparison: &Comparison) -> Option<[bool; 4]> {
    let parts: Vec<bool> = comparison.build_id.iter().map(|part| part.equal).collect();
    parts.try_into().ok()
}

fn ids(comparison: &Comparison) -> Advice {
    // Since Go 1.24 the linker derives GNU's build ID from Go's, so that both differ together.
    let remedy = Some("-ldflags=-buildid= (with -ldflags='-buildid= -B none' GNU's goes too)");
    match equal(comparison) {
        // golang/go#63559: `-buildmode=exe` against the default differs in the two notes of IDs
        // alone.
        Some([false, true, true, true]) => {
            ("other link flags, or -buildmode spelled out, that give the same bytes", remedy)
        }
        // CRLF line ends in the sources do this: the first two parts differ, the compiled code does
        // not.
        Some([false, false, true, true]) => (
            "other sources or flags that compile to the same code: comments, line ends, folders",
            remedy,
        ),
        _ => ("a different build that came to the same bytes", remedy),
    }
}

fn debug(a: &Image, b: &Image) -> Advice {
    // Measured with one gcc and the headers of two glibc releases: other DWARF and IDs, equal code.
    if a.format == Format::Elf && (!a.linkage.needed.is_empty() || !b.linkage.needed.is_empty()) {
        return (
            "the same C code compiled with other headers, flags or in another folder",
            Some("-ldflags=-w, or CGO_CFLAGS=-g0"),
        );
    }
    ("built in another folder", Some("-trimpath"))
}

/// Whether the file says that Go built it. WebAssembly has no build information.
fn by_go(image: &Image) -> bool {
    let producers = image.wasm.iter().flat_map(|wasm| &wasm.producers);
    image.go.is_some() || producers.into_iter().any(|made| made.starts_with("language Go "))
}

fn inputs(comparison: &Comparison, a: &Image, b: &Image) -> Option<Advice> {
    let has = |name: &str| comparison.facts.iter().any(|fact| fact.fact == name);
    let any = |prefix: &str| comparison.facts.iter().any(|fact| fact.fact.starts_with(prefix));
    // In the order of how much each changes: the first that differs explains most of the others.
    Some(if by_go(a) != by_go(b) {
        ("only one of them says that Go built it: the other is no Go program, or was packed", None)
    } else if any("wasm.producers") && !by_go(a) {
        ("built by different compilers, or releases of one", None)
    } else if has("go.version") || any("wasm.producers") {
        ("built by different releases of Go", Some("the same release: GOTOOLCHAIN=goX.Y.Z"))
    } else if has("go.settings.CGO_ENABLED") {
        (
            "one was built with cgo: where it is off by default there is no C compiler",
            Some("CGO_ENABLED=0"),
        )
    } else if has("go.settings.-trimpath") {
        ("one was built with -trimpath", Some("-trimpath"))
    } else if has("go.settings.-buildmode") {
        ("another -buildmode", Some("-buildmode=exe"))
    } else if any("go.settings.GO") {
        (
            "another level of processor, or experiment, was asked for",
            Some("the same GOAMD64, GOARM64, GOEXPERIMENT, …"),
        )
    } else if any("go.settings.-") || any("go.settings.CGO_") {
        ("other flags", Some("the same -tags, -ldflags, -gcflags and CGO_* variables"))
    } else if any("go.deps[") {
        (
            "other versions of modules, or a replacement",
            Some("the same go.mod and go.sum, with -mod=readonly"),
        )
    } else if any("go.settings.vcs") || any("go.main.") {
        (
            "another commit, or files that are not committed",
            Some("-buildvcs=false, or the same clean checkout with its tags"),
        )
    } else if has("linkage.name") {
        return name_of_library(comparison);
    } else {
        ("another package was built", None)
    })
}

/// A DLL holds the name of the file it was linked as, and MinGW's linker chooses its address by it.
fn name_of_library(comparison: &Comparison) -> Option<Advice> {
    let has = |name: &str| comparison.facts.iter().any(|fact| fact.fact == name);
    if !has("linkage.name") {
        return None;
    }
    // ld hashes the file name into the image base (golang/go#38244): all absolute addresses change
    // with it.
    let base = has("pe.image_base");
    Some(match base {
        true => (
            "it was linked under another file name, by which the linker chose the address",
            Some("the same file name in another folder: -o DIR/NAME.dll"),
        ),
        false => ("it was linked under another file name", Some("the same file name: -o DIR/NAME")),
    })
}

/// Folders are in code and data where they are not trimmed.
fn folders(a: &Image, b: &Image) -> Option<Advice> {
    let trimmed = |image: &Image| {
        image
            .go
            .as_ref()
            .is_some_and(|go| go.settings.get("-trimpath").is_some_and(|v| v == "true"))
    };
    let go = a.go.is_some() && b.go.is_some();
    (go && !trimmed(a) && !trimmed(b))
        .then_some(("built in different folders, or from different sources", Some("-trimpath")))
}

/// Advice from the build ID alone: with `-trimpath` the build information has no flags.
fn parts(comparison: &Comparison, a: &Image) -> Option<Advice> {
    Some(match equal(comparison)? {
        [true, true, true, true] => (
            "one of them was changed after it was linked",
            Some("compare what the build made, before strip, upx or a signer"),
        ),
        [true, true, true, false] => (
            "the same inputs gave other bytes: the linker, or the C compiler, is not deterministic",
            Some("CGO_ENABLED=0, or the same C toolchain"),
        ),
        [false, true, true, false] => (
            "other link flags, or another version of an imported package",
            Some("the same -ldflags and modules"),
        ),
        [_, false, true, false] => (
            "other flags, C compiler or imported packages; the main package compiled to the same",
            Some("the same -ldflags, -gcflags, CGO_* variables and C toolchain"),
        ),
        [_, _, false, _] if a.go.is_some() => (
            "the main package has other sources or flags",
            Some("the same sources, -tags, -gcflags and -ldflags"),
        ),
        _ => return None,
    })
}
