//! The processors of a Go program: the level that it declares, and the one that it checks at its start.
//!
//! Only `GOAMD64` has such a check, in `runtime/asm_amd64.s`. A scan of the instructions shows
//! nothing: a program of level v1 holds AVX too, behind a test at run time.

use crate::error::Result;
use crate::facts::{Microarchitecture, SectionKind};
use crate::read::Parsed;
use memchr::memmem;

// The digit behind it is the level.
const MESSAGE: &[u8] = b"This program can only be run on AMD64 processors with v";

/// Number of bytes read at a time.
const PIECE: usize = 512 << 10;

/// Fills in the level that an image of Go's declares.
pub(crate) fn fill(parsed: &mut Parsed<'_>) -> Result<()> {
    let Some(go) = &parsed.image.go else { return Ok(()) };
    let arch = parsed.image.platform.arch.as_deref().unwrap_or_default();
    let Some(variable) = variable(arch) else { return Ok(()) };
    let Some(declared) = go.settings.get(variable).cloned() else { return Ok(()) };
    let mut found = Microarchitecture {
        known: is_known(variable, &declared),
        variable: variable.to_owned(),
        declared,
        guard: None,
        guard_agrees: None,
    };
    // Go 1.26.8 and 1.27.3 accept GOAMD64=v5, record it, and write code of v1: only the guard shows
    // the level that the program needs.
    if variable == "GOAMD64" {
        found.guard = guard(parsed)?;
        found.guard_agrees = Some(found.guard.as_deref().unwrap_or("v1") == found.declared);
    }
    parsed.image.microarchitecture = Some(found);
    Ok(())
}

/// The setting that names the level of an architecture.
fn variable(arch: &str) -> Option<&'static str> {
    Some(match arch {
        "386" => "GO386",
        "amd64" => "GOAMD64",
        "arm" => "GOARM",
        "arm64" => "GOARM64",
        "mips" | "mipsle" => "GOMIPS",
        "mips64" | "mips64le" => "GOMIPS64",
        "ppc64" | "ppc64le" => "GOPPC64",
        "riscv64" => "GORISCV64",
        "wasm" => "GOWASM",
        _ => return None,
    })
}

/// Whether Go has a level, by `internal/buildcfg`.
fn is_known(variable: &str, value: &str) -> bool {
    let mut parts = value.split(',');
    let base = parts.next().unwrap_or_default();
    let mut options = parts;
    match variable {
        "GOAMD64" => matches!(value, "v1" | "v2" | "v3" | "v4"),
        "GO386" => matches!(value, "sse2" | "softfloat"),
        // Go 1.26.8 and 1.27.3 accept 8 as well: in internal/buildcfg goarm64() overwrites the
        // error.
        "GOARM" => {
            matches!(base, "5" | "6" | "7")
                && options.all(|option| matches!(option, "softfloat" | "hardfloat"))
        }
        "GOARM64" => {
            let minor = |prefix: &str, last: u8| {
                let minor = base.strip_prefix(prefix).and_then(|m| m.parse::<u8>().ok());
                minor.is_some_and(|minor| minor <= last)
            };
            (minor("v8.", 9) || minor("v9.", 5)) && options.all(|o| matches!(o, "lse" | "crypto"))
        }
        "GOMIPS" | "GOMIPS64" => matches!(value, "hardfloat" | "softfloat"),
        "GOPPC64" => matches!(value, "power8" | "power9" | "power10"),
        "GORISCV64" => matches!(value, "rva20u64" | "rva22u64" | "rva23u64"),
        "GOWASM" => value.split(',').all(|o| matches!(o, "" | "satconv" | "signext")),
        _ => false,
    }
}

/// The level that the program asks for when it starts.
fn guard(parsed: &Parsed<'_>) -> Result<Option<String>> {
    let constants = |s: &&crate::facts::Section| {
        matches!(s.kind, SectionKind::ReadOnly) && s.stored > 0 && !is_table(&s.name)
    };
    let finder = memmem::Finder::new(MESSAGE);
    for section in parsed.image.sections.iter().filter(constants) {
        let mut piece = vec![0; PIECE.min(section.stored as usize + 128)];
        let mut at = 0;
        while at < section.stored {
            let want = (section.stored - at).min(piece.len() as u64) as usize;
            let Some(buffer) = piece.get_mut(..want) else { break };
            let read = parsed.view.fill(section.offset + at, buffer)?;
            let digit = finder.find(&buffer[..read]).map(|found| found + MESSAGE.len());
            if let Some(digit) = digit.and_then(|d| buffer.get(d)).filter(|d| d.is_ascii_digit()) {
                return Ok(Some(format!("v{}", char::from(*digit))));
            }
            if at + want as u64 == section.stored {
                break;
            }
            // The next piece begins a message's length before this one's end.
            at += (want - MESSAGE.len() - 1) as u64;
        }
    }
    Ok(None)
}

/// Sections that hold Go's own tables, never a message.
fn is_table(name: &str) -> bool {
    let bare = name.rsplit(',').next().unwrap_or(name);
    ["gopclntab", "typelink", "itablink", "eh_frame", "gosymtab", "unwind_info"]
        .iter()
        .any(|table| bare.contains(table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("GOAMD64", "v4", true)]
    #[case("GOAMD64", "v5", false)]
    #[case("GOARM", "7,hardfloat", true)]
    #[case("GOARM", "8", false)]
    #[case("GOARM64", "v8.0", true)]
    #[case("GOARM64", "v9.5,crypto", true)]
    #[case("GOARM64", "v9.6", false)]
    #[case("GORISCV64", "rva23u64", true)]
    #[case("GOWASM", "satconv,signext", true)]
    fn only_levels_that_go_knows_are_accepted(
        #[case] variable: &str,
        #[case] value: &str,
        #[case] known: bool,
    ) {
        assert_eq!(is_known(variable, value), known);
    }
}
