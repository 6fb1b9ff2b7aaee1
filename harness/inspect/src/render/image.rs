//! Renders a description as text.

use super::lines::{add, count, list, number, safe};
use crate::facts::{
    Archive, BuildInfo, Check, Content, Deep, Description, Image, Mark, Microarchitecture, Section,
    SectionKind,
};
use std::fmt::Write as _;

/// The most names of a list that are shown.
const NAMES: usize = 12;

/// The most sections, members and leaks that are shown.
const ROWS: usize = 40;

/// Describes a file, headed by a name that the reader of the text recognises.
#[must_use]
pub fn description(name: &str, description: &Description) -> String {
    let mut out = String::new();
    let size = number(description.size);
    match &description.content {
        Content::Image(image) => {
            let _ = writeln!(out, "{}: {}, {size} bytes", safe(name), what(image));
            facts(&mut out, image);
        }
        Content::Universal(slices) => {
            let _ = writeln!(
                out,
                "{}: fat Mach-O of {}, {size} bytes",
                safe(name),
                count(slices.len() as u64, "slice")
            );
            for slice in slices {
                let (arch, image) = (safe(&slice.architecture), &slice.image);
                let _ = writeln!(out, "{arch}: {}, {} bytes", what(image), number(slice.size));
                facts(&mut out, image);
            }
        }
        Content::Archive(content) => archive(&mut out, name, &size, content),
    }
    out
}

/// `linux/amd64 ELF executable, static`.
fn what(image: &Image) -> String {
    let platform = safe(&image.platform.name());
    let (format, kind) = (image.format.name(), image.kind.name());
    format!("{platform} {format} {kind}, {}", image.linkage.kind.name())
}

fn facts(out: &mut String, image: &Image) {
    add(out, "machine", &machine(image));
    if let Some(go) = &image.go {
        built(out, go);
    }
    if let Some(level) = &image.microarchitecture {
        add(out, "processor", &processor(level));
    }
    if let Some(declared) = &image.platform.declared
        && declared.split_once('/').map(|(_, arch)| arch) != image.platform.arch.as_deref()
    {
        add(out, "CONFLICT", &format!("the build information says {}", safe(declared)));
    }
    linkage(out, image);
    list(out, "exports", &exported(image), NAMES);
    if !image.exports.runtime.is_empty() {
        let text = format!("{} more of the runtime", image.exports.runtime.len());
        add(out, if image.exports.own.is_empty() { "exports" } else { "" }, &text);
    }
    if !image.imports.is_empty() {
        add(out, "imports", &count(image.imports.len() as u64, "symbol"));
    }
    ids(out, image);
    special(out, image);
    hardening(out, image);
    let left = |gone: bool| if gone { "no" } else { "yes" };
    let (symbols, debug) = (left(image.stripped.symbols), left(image.stripped.debug));
    add(out, "has", &format!("symbols {symbols}, debug information {debug}"));
    if let Some(overlay) = image.overlay {
        let text = format!(
            "{} bytes behind everything, from {}",
            number(overlay.size),
            number(overlay.offset)
        );
        add(out, "overlay", &text);
    }
    sections(out, &image.sections);
    if let Some(found) = &image.deep {
        deep(out, found);
    }
}

fn machine(image: &Image) -> String {
    let mut text = format!("{}, {} bits", safe(&image.machine), image.class.bits());
    if let Some(abi) = &image.abi {
        let _ = write!(text, ", {}", safe(abi));
    }
    if let Some(entry) = image.entry {
        let _ = write!(text, ", starts at {entry:#x}");
    }
    text
}

fn built(out: &mut String, go: &BuildInfo) {
    let mut text = safe(&go.version);
    if let Some(path) = &go.path {
        let _ = write!(text, ", {}", safe(path));
    }
    if let Some(main) = &go.main {
        let _ = write!(text, " {}", safe(&main.version));
    }
    add(out, "built by", &text);
    // The list of GODEBUG's defaults follows from the Go version in go.mod, and is long.
    let settings: Vec<String> = go
        .settings
        .iter()
        .filter(|(key, value)| *key != "DefaultGODEBUG" && !value.is_empty())
        .map(|(key, value)| format!("{}={}", safe(key), safe(value)))
        .collect();
    add(out, "settings", &settings.join(" "));
    if !go.deps.is_empty() {
        let replaced = go.deps.iter().filter(|module| module.replaced_by.is_some()).count();
        let text = match replaced {
            0 => format!("{}", go.deps.len()),
            some => format!("{}, {some} of them replaced", go.deps.len()),
        };
        add(out, "modules", &text);
    }
}

fn processor(level: &Microarchitecture) -> String {
    let mut text = format!("{}={}", safe(&level.variable), safe(&level.declared));
    if !level.known {
        text.push_str(", which is no level of Go's");
    }
    match (&level.guard, level.guard_agrees) {
        (Some(guard), Some(true)) => {
            let _ = write!(text, ", checked when it starts ({guard})");
        }
        (guard, Some(false)) => {
            let guard = guard.as_deref().unwrap_or("v1");
            let _ = write!(text, ", but when it starts it checks for {guard}");
        }
        _ => {}
    }
    text
}

fn linkage(out: &mut String, image: &Image) {
    let linkage = &image.linkage;
    if let Some(loader) = &linkage.interpreter {
        add(out, "loader", &safe(loader));
    }
    list(out, "needs", &linkage.needed, NAMES);
    list(out, "may need", &linkage.optional, NAMES);
    if let Some(name) = &linkage.name {
        add(out, "own name", &safe(name));
    }
    list(out, "RPATH", &linkage.rpath, NAMES);
    list(out, "RUNPATH", &linkage.runpath, NAMES);
    for need in &image.requirements {
        let mut text = format!("{} {}", safe(&need.family), safe(&need.version));
        if !need.symbols.is_empty() {
            let names: Vec<String> = need.symbols.iter().take(NAMES).map(|s| safe(s)).collect();
            let _ = write!(text, " for {}", names.join(", "));
            if need.symbols.len() > NAMES {
                let _ = write!(text, " and {} more", need.symbols.len() - NAMES);
            }
        }
        if let Some(release) = &need.debian {
            let _ = write!(text, " (Debian {release})");
        }
        add(out, &safe(&need.library).chars().take(11).collect::<String>(), &text);
    }
}

fn exported(image: &Image) -> Vec<String> {
    image
        .exports
        .own
        .iter()
        .map(|export| match (&export.version, &export.forward) {
            (Some(version), _) => format!("{}@{version}", export.name),
            (_, Some(forward)) => format!("{} -> {forward}", export.name),
            _ => export.name.clone(),
        })
        .collect()
}

fn ids(out: &mut String, image: &Image) {
    let ids = &image.ids;
    if let Some(go) = &ids.go {
        // Each part on a line of its own: that is how they are compared.
        let parts = [
            Some(&go.link_action),
            go.main_action.as_ref(),
            go.main_content.as_ref(),
            Some(&go.content),
        ];
        let text: Vec<String> = parts.into_iter().flatten().map(|part| safe(part)).collect();
        add(out, "Go build ID", &text.join(" / "));
    }
    let others = [("GNU id", &ids.gnu), ("UUID", &ids.uuid), ("PDB", &ids.pdb)];
    for (label, id) in others {
        if let Some(id) = id {
            add(out, label, &safe(id));
        }
    }
}

fn special(out: &mut String, image: &Image) {
    if let Some(elf) = &image.elf {
        let flags: Vec<String> = elf.flags.iter().chain(&elf.flags_1).cloned().collect();
        list(out, "flags", &flags, NAMES);
        if let Some(size) = elf.tls_size {
            let fixed = match elf.initial_exec_relocations {
                0 => String::new(),
                1 => ", a place in it fixed when it is loaded".to_owned(),
                some => format!(", {some} places in it fixed when it is loaded"),
            };
            add(out, "TLS", &format!("{} bytes{fixed}", number(size)));
        }
        if let Some(kernel) = &elf.minimum_kernel {
            add(out, "kernel", &safe(kernel));
        }
    }
    if let Some(pe) = &image.pe {
        list(out, "flags", &pe.dll_characteristics, NAMES);
        let kind = if pe.reproducible { " (a hash of the contents)" } else { "" };
        let text = format!(
            "{:#010x}{kind}, base {:#x}, subsystem {}",
            pe.timestamp,
            pe.image_base,
            safe(&pe.subsystem_version)
        );
        add(out, "time stamp", &text);
        if let Some(path) = &pe.pdb_path {
            add(out, "PDB file", &safe(path));
        }
    }
    if let Some(macho) = &image.macho {
        list(out, "flags", &macho.flags, NAMES);
        if let Some(minimum) = &macho.minimum_os {
            let os = macho.platform.as_deref().unwrap_or("?");
            add(out, "system", &format!("{} {} or later", safe(os), safe(minimum)));
        }
        if let Some(signature) = &macho.signature {
            let by = match (&signature.team, signature.certified) {
                (Some(team), _) => format!("by {}", safe(team)),
                (None, true) => "certified".into(),
                (None, false) => "ad hoc".into(),
            };
            let pages = match signature.wrong_pages.as_deref() {
                Some([]) => format!("all {} pages as signed", signature.pages),
                Some(wrong) => format!("PAGES CHANGED: {wrong:?}"),
                None => "pages not checked".into(),
            };
            add(out, "signature", &format!("{by}, {}, {pages}", safe(&signature.identifier)));
        }
    }
    if let Some(wasm) = &image.wasm {
        list(out, "producers", &wasm.producers, NAMES);
        let memory =
            wasm.memories.iter().map(|m| format!("{} pages", m.initial)).collect::<Vec<_>>();
        list(out, "memory", &memory, NAMES);
    }
}

fn hardening(out: &mut String, image: &Image) {
    if image.hardening.is_empty() {
        return;
    }
    let of = |mark: Mark| -> Vec<&str> {
        image.hardening.iter().filter(|(_, m)| **m == mark).map(|(c, _)| Check::name(*c)).collect()
    };
    let groups = [Mark::Yes, Mark::Partial, Mark::No, Mark::NotApplicable];
    let text: Vec<String> = groups
        .into_iter()
        .map(|mark| (mark, of(mark)))
        .filter(|(_, checks)| !checks.is_empty())
        .map(|(mark, checks)| format!("{}: {}", mark.name(), checks.join(", ")))
        .collect();
    add(out, "hardening", &text.join("; "));
}

fn sections(out: &mut String, sections: &[Section]) {
    let total = |kinds: &[SectionKind]| -> u64 {
        sections.iter().filter(|s| kinds.contains(&s.kind)).map(|s| s.stored).sum()
    };
    let groups = [
        ("code", &[SectionKind::Code][..]),
        ("constants", &[SectionKind::ReadOnly]),
        ("data", &[SectionKind::Data]),
        ("debug", &[SectionKind::Debug]),
        ("symbols", &[SectionKind::Symbols, SectionKind::Linking]),
        ("other", &[SectionKind::Other, SectionKind::Note]),
    ];
    let sizes: Vec<String> = groups
        .into_iter()
        .map(|(name, kinds)| (name, total(kinds)))
        .filter(|(_, size)| *size > 0)
        .map(|(name, size)| format!("{name} {}", number(size)))
        .collect();
    add(out, "sections", &format!("{} ({})", sections.len(), sizes.join(", ")));
}

fn deep(out: &mut String, deep: &Deep) {
    if let Some(dwarf) = &deep.dwarf {
        let versions: Vec<String> = dwarf.versions.iter().map(u16::to_string).collect();
        let (units, files) = (number(dwarf.units), number(dwarf.files));
        add(out, "DWARF", &format!("{}; {units} units, {files} files", versions.join(", ")));
        list(out, "producers", &dwarf.producers, NAMES);
        list(out, "folders", &dwarf.folders, NAMES);
    }
    if deep.leaks.is_empty() {
        add(out, "leaks", "none found");
    }
    for leak in deep.leaks.iter().take(ROWS) {
        let places: Vec<String> = leak
            .places
            .iter()
            .map(|place| format!("{} in {}", number(place.count), safe(&place.section)))
            .collect();
        let (kind, value) = (leak.kind.name(), safe(&leak.value));
        add(out, "leak", &format!("{kind} {value}: {}", places.join(", ")));
    }
    if deep.leaks.len() > ROWS {
        add(out, "", &format!("{} more", deep.leaks.len() - ROWS));
    }
    for what in &deep.not_read {
        add(out, "not read", &safe(what));
    }
}

fn archive(out: &mut String, name: &str, size: &str, archive: &Archive) {
    let total = archive.members.len();
    let members = count(total as u64, "member");
    let thin = if archive.thin { "thin " } else { "" };
    let name = safe(name);
    let _ =
        writeln!(out, "{name}: {thin}ar archive ({}) of {members}, {size} bytes", archive.dialect);
    if let Some(line) = &archive.go_object {
        add(out, "package", &safe(line));
    }
    if let Some(id) = &archive.go_build_id {
        add(out, "Go build ID", &safe(&id.to_string()));
    }
    add(out, "index", &count(archive.indexed_symbols, "symbol"));
    for member in archive.members.iter().take(ROWS) {
        let kind = member.image.as_deref().map_or("no image".to_owned(), what);
        let size = number(member.size);
        add(out, "member", &format!("{} {kind}, {size} bytes", safe(&member.name)));
    }
    if total > ROWS {
        add(out, "", &format!("{} more", total - ROWS));
    }
}
