//! Go's build information: found, read, taken apart (`debug/buildinfo`, `runtime/debug`).

use crate::error::Result;
use crate::facts::{BuildInfo, Format, Module, SectionKind};
use crate::read::Parsed;
use memchr::memmem;
use std::collections::BTreeMap;

// As debug/buildinfo has it; the byte 0xff occurs in no text in UTF-8.
const MAGIC: &[u8] = b"\xff Go buildinf:";

/// The address of the build information is a multiple of this, in bytes.
const ALIGNMENT: u64 = 16;

/// The longest build information, in bytes. A program with a thousand modules has 100 KB.
const MAX: u64 = 16 << 20;

/// Number of bytes of data that are searched when no section has the name.
const SEARCHED: u64 = 64 << 20;

/// Fills in the facts of the build information.
pub(crate) fn fill(parsed: &mut Parsed<'_>) -> Result<()> {
    // No release writes it into WebAssembly.
    if parsed.image.format == Format::Wasm {
        return Ok(());
    }
    let Some(found) = find(parsed) else { return Ok(()) };
    let text = parsed.view.text(&found.modules)?;
    let info = parse(&found.version, &text);
    let setting = |key: &str| info.settings.get(key).cloned();
    if let (Some(os), Some(arch)) = (setting("GOOS"), setting("GOARCH")) {
        // Both have one loader, and no other mark.
        let platform = &mut parsed.image.platform;
        if os == "illumos" && platform.os.as_deref() == Some("solaris") {
            platform.os = Some(os.clone());
        }
        platform.declared = Some(format!("{os}/{arch}"));
    }
    parsed.image.go = Some(info);
    Ok(())
}

struct Found {
    version: String,
    modules: Vec<u8>,
}

fn find(parsed: &Parsed<'_>) -> Option<Found> {
    let named = |name: &str| matches!(name, ".go.buildinfo" | "__DATA,__go_buildinfo");
    if let Some(section) = parsed.image.sections.iter().find(|s| named(&s.name)) {
        return at(parsed, section.offset);
    }
    // Formats without such a section: the linker writes it at the start of the data, where
    // debug/buildinfo looks for it too.
    let data = |s: &&crate::facts::Section| s.kind == SectionKind::Data && s.stored > 0;
    let sections = parsed.image.sections.iter().filter(data).map(|s| (s.offset, s.stored));
    let mut places: Vec<(u64, u64)> = sections.collect();
    if places.is_empty() {
        let ranges = parsed.space.ranges.iter().filter(|r| r.writable);
        places = ranges.map(|r| (r.offset, r.stored)).collect();
    }
    let mut left = SEARCHED;
    places.into_iter().find_map(|(offset, size)| {
        let size = size.min(left);
        left -= size;
        at(parsed, search(parsed, offset, size)?)
    })
}

/// The offset of the magic in a part of the file.
fn search(parsed: &Parsed<'_>, start: u64, size: u64) -> Option<u64> {
    const PIECE: usize = 256 << 10;
    let mut piece = vec![0; PIECE + MAGIC.len()];
    let mut at = 0;
    while at < size {
        let want = (size - at).min(piece.len() as u64) as usize;
        let read = parsed.view.fill(start + at, piece.get_mut(..want)?).ok()?;
        // The linker aligns it; the same bytes elsewhere are a program's own constant.
        let mut found = memmem::find_iter(piece.get(..read)?, MAGIC).map(|found| at + found as u64);
        if let Some(found) = found.find(|found| found % ALIGNMENT == 0) {
            return Some(start + found);
        }
        at += PIECE as u64;
    }
    None
}

/// Reads the information whose magic is at an offset of the file.
fn at(parsed: &Parsed<'_>, offset: u64) -> Option<Found> {
    let view = parsed.view;
    // Magic, width of a pointer, flags, two pointers: 32 bytes. Since Go 1.18 (flag 2) the strings
    // stand behind them and the pointers are unused.
    let header = view.bytes(offset, 32).filter(|header| header.starts_with(MAGIC))?;
    let (width, flags) = (*header.get(14)?, *header.get(15)?);
    if flags & 2 == 0 {
        return by_pointer(parsed, header, width, flags);
    }
    // The length of the text stands behind the version.
    let mut start = [0; 512];
    let read = view.fill(offset + 32, &mut start).ok()?;
    let (_, rest) = counted(start.get(..read)?)?;
    let (length, digits) = varint(rest)?;
    let need = (read - rest.len() + digits) as u64 + length;
    let body = view.bytes(offset + 32, need).filter(|_| need <= MAX)?;
    let (version, rest) = counted(body)?;
    let (modules, _) = counted(rest)?;
    Some(Found { version: text(version), modules: unframed(modules).to_vec() })
}

/// Go before 1.18: two pointers to the headers of strings.
fn by_pointer(parsed: &Parsed<'_>, header: &[u8], width: u8, flags: u8) -> Option<Found> {
    let big = flags & 1 != 0;
    let width = match width {
        4 => 4_usize,
        8 => 8,
        _ => return None,
    };
    let word = |bytes: &[u8]| -> Option<u64> {
        let bytes = bytes.get(..width)?;
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if big { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) })
    };
    let string = |pointer: u64| -> Option<&[u8]> {
        let header = parsed.space.bytes(parsed.view, pointer, 2 * width as u64)?;
        let (data, len) = (word(header)?, word(header.get(width..)?)?);
        if len > MAX { None } else { parsed.space.bytes(parsed.view, data, len) }
    };
    let version = string(word(header.get(16..)?)?)?;
    let modules = string(word(header.get(16 + width..)?)?).unwrap_or_default();
    Some(Found { version: text(version), modules: unframed(modules).to_vec() })
}

/// The module text between its two frames of 16 bytes.
fn unframed(modules: &[u8]) -> &[u8] {
    // cmd/go writes 16 bytes before and behind the text, by which a program finds it in its own
    // memory; as debug/buildinfo does, require a newline before the second frame.
    let framed = modules.len() >= 33 && modules.get(modules.len() - 17) == Some(&b'\n');
    if framed { modules.get(16..modules.len() - 16).unwrap_or_default() } else { &[] }
}

/// Bytes after their count, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, digits) = varint(bytes)?;
    let rest = bytes.get(digits..)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    // Nine groups of seven bits are 63: more would not fit, and no length is so great.
    for (index, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Takes the text apart, as `debug.ParseBuildInfo` does. Lines that say nothing known are passed
/// over: newer releases may have more.
fn parse(version: &str, modules: &str) -> BuildInfo {
    let mut info = BuildInfo { version: version.to_owned(), ..BuildInfo::default() };
    let mut last: Option<Module> = None;
    let mut settings = BTreeMap::new();
    for line in modules.lines() {
        let Some((key, rest)) = line.split_once('\t') else { continue };
        match key {
            "path" => info.path = Some(rest.to_owned()),
            "mod" => info.main = module(rest),
            "dep" => {
                info.deps.extend(last.take());
                last = module(rest);
            }
            "=>" => {
                // A replacement stands on the line behind the module that it replaces.
                let target = last.as_mut().or(info.main.as_mut());
                if let (Some(target), Some(by)) = (target, module(rest)) {
                    target.replaced_by = Some(Box::new(by));
                }
            }
            "build" => {
                if let Some((key, value)) = setting(rest) {
                    settings.insert(key, value);
                }
            }
            _ => {}
        }
    }
    info.deps.extend(last);
    info.deps.sort_by(|a, b| a.path.cmp(&b.path));
    info.settings = settings;
    info
}

fn module(fields: &str) -> Option<Module> {
    let mut fields = fields.split('\t');
    let path = fields.next().filter(|path| !path.is_empty())?.to_owned();
    let mut next = || fields.next().unwrap_or_default().to_owned();
    Some(Module { path, version: next(), sum: next(), replaced_by: None })
}

/// `KEY=VALUE`, each of which may be quoted as Go quotes strings.
fn setting(text: &str) -> Option<(String, String)> {
    let (key, rest) = match text.strip_prefix('"') {
        Some(_) => {
            let (key, rest) = unquoted(text)?;
            (key, rest.strip_prefix('=')?)
        }
        None => text.split_once('=').map(|(key, rest)| (key.to_owned(), rest))?,
    };
    let value = match unquoted(rest) {
        Some((value, "")) => value,
        _ => rest.to_owned(),
    };
    Some((key, value))
}

/// A string that Go quoted, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        return Some((value.to_owned(), rest));
    }
    let mut value = String::new();
    let mut rest = text.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(match rest.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'x' => {
                    let digits: String = rest.by_ref().take(2).collect();
                    char::from(u8::from_str_radix(&digits, 16).ok()?)
                }
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                other => other,
            }),
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let text = "path\texample.com/m/cmd\nmod\texample.com/m\tv1.2.3\th1:x=\n\
                    dep\texample.com/z\tv0.1.0\th1:z=\ndep\texample.com/a\tv0.2.0\n\
                    =>\t../a\t(devel)\t\nbuild\t-ldflags=\"-s -w \\\"q\\\"\"\nbuild\tCGO_ENABLED=0\n\
                    build\t\"a=b\"=`c d`\nunknown\tline\n";
        let info = parse("go1.27.3", text);
        assert_eq!(info.path.as_deref(), Some("example.com/m/cmd"));
        assert_eq!(info.main.unwrap().version, "v1.2.3");
        let deps: Vec<&str> = info.deps.iter().map(|d| d.path.as_str()).collect();
        assert_eq!(deps, ["example.com/a", "example.com/z"]);
        assert_eq!(info.deps[0].replaced_by.as_ref().unwrap().path, "../a");
        assert_eq!(info.settings["-ldflags"], "-s -w \"q\"");
        assert_eq!(info.settings["CGO_ENABLED"], "0");
        assert_eq!(info.settings["a=b"], "c d");
    }

    #[test]
    fn a_count_beyond_the_end_is_none() {
        assert_eq!(counted(b"\x03abcd"), Some((&b"abc"[..], &b"d"[..])));
        assert_eq!(counted(b"\x05abcd"), None);
        assert_eq!(counted(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(counted(b""), None);
    }
}
