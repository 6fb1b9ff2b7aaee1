//! The finder of leaks: paths, users and hosts of the machine on which a file was built.
//!
//! It looks for anchors, beginnings of paths that exist only on a build machine, and for the
//! caller's texts. Matches inside a longer relative path or a URL do not count, nor does
//! `/tmp/go-build` without a number, which cgo writes on every machine.

use crate::error::{InspectError, Result};
use crate::facts::{Leak, LeakKind, LeakPlace};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;

/// Anchors, the kind of leak, and how many components after them belong to the common part.
const ANCHORS: [(&str, LeakKind, usize); 34] = [
    ("/home/", LeakKind::User, 1),
    ("/Users/", LeakKind::User, 1),
    ("\\Users\\", LeakKind::User, 1),
    ("/root/", LeakKind::User, 0),
    ("/export/home/", LeakKind::User, 1),
    ("\\\\wsl$\\", LeakKind::Host, 1),
    ("\\\\wsl.localhost\\", LeakKind::Host, 1),
    ("//wsl$/", LeakKind::Host, 1),
    ("//wsl.localhost/", LeakKind::Host, 1),
    ("/builds/", LeakKind::Builder, 1),
    ("/build/", LeakKind::Builder, 1),
    ("/buildbot/", LeakKind::Builder, 1),
    ("/workspace/", LeakKind::Builder, 1),
    ("/workspaces/", LeakKind::Builder, 1),
    // Where GitHub's runners mount the repository in a job's container.
    ("/__w/", LeakKind::Builder, 1),
    ("/github/", LeakKind::Builder, 1),
    ("/codebuild/", LeakKind::Builder, 1),
    ("/bitrise/", LeakKind::Builder, 1),
    ("/drone/src/", LeakKind::Builder, 0),
    ("/tekton/", LeakKind::Builder, 1),
    ("/opt/atlassian/", LeakKind::Builder, 1),
    ("/var/lib/jenkins/", LeakKind::Builder, 1),
    ("/var/jenkins", LeakKind::Builder, 1),
    ("/usr/src/", LeakKind::Builder, 1),
    // GitHub's Windows runners build in `D:\a\NAME\NAME`.
    (":\\a\\", LeakKind::Builder, 1),
    ("/tmp/", LeakKind::Temporary, 1),
    ("/var/tmp/", LeakKind::Temporary, 1),
    // TMPDIR of macOS: `/var/folders/XX/HASH/T`.
    ("/var/folders/", LeakKind::Temporary, 2),
    ("\\Temp\\", LeakKind::Temporary, 1),
    ("/pkg/mod/", LeakKind::ModuleCache, 0),
    ("\\pkg\\mod\\", LeakKind::ModuleCache, 0),
    ("/go/src/", LeakKind::Goroot, 0),
    ("/src/runtime/", LeakKind::Goroot, 0),
    ("\\src\\runtime\\", LeakKind::Goroot, 0),
];

/// The longest path that is followed, in bytes, to either side of an anchor.
const REACH: usize = 256;

/// Number of bytes gathered before they are scanned.
const WINDOW: usize = 64 << 10;

/// The most texts of the caller, and the most different leaks that are counted.
const MAX_ASKED: usize = 1000;
const MAX_LEAKS: usize = 10_000;

/// The search for traces of the build machine: fixed patterns, and texts that the caller asks for.
pub(crate) struct Finder {
    search: Search,
    asked: Vec<String>,
}

/// A search for many patterns, of which the first counts where several begin at a byte.
enum Search {
    /// By the first bytes of all patterns at once. Anchors share so few first letters that a search
    /// for those alone stops at every slash.
    Packed(aho_corasick::packed::Searcher),
    /// For processors, or numbers of patterns, that the other is not made for.
    Automaton(AhoCorasick),
}

impl Search {
    fn new(patterns: &[&str]) -> Option<Self> {
        let kind = aho_corasick::packed::MatchKind::LeftmostFirst;
        let mut builder = aho_corasick::packed::Config::new().match_kind(kind).builder();
        // The packed search uses vector instructions and takes few patterns; the automaton takes
        // any number.
        if let Some(packed) = builder.extend(patterns).build() {
            return Some(Self::Packed(packed));
        }
        let kind = MatchKind::LeftmostFirst;
        AhoCorasick::builder().match_kind(kind).build(patterns).ok().map(Self::Automaton)
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<aho_corasick::Match> {
        let span = aho_corasick::Span { start: from, end: bytes.len() };
        match self {
            Self::Packed(search) => search.find_in(bytes, span),
            Self::Automaton(search) => search.find(aho_corasick::Input::new(bytes).span(span)),
        }
    }
}

impl Finder {
    pub(crate) fn new(asked: &[String]) -> Result<Self> {
        let asked: Vec<String> = asked.iter().filter(|text| !text.is_empty()).cloned().collect();
        let anchors = ANCHORS.iter().map(|(anchor, _, _)| *anchor);
        // The caller's texts come first: where two patterns begin at the same byte, the first one
        // counts.
        let patterns: Vec<&str> = asked.iter().map(String::as_str).chain(anchors).collect();
        let search = Search::new(&patterns).filter(|_| asked.len() <= MAX_ASKED);
        let search = search.ok_or(InspectError::Limit {
            what: "text to look for".into(),
            limit: MAX_ASKED as u64,
            unit: "pieces",
        })?;
        Ok(Self { search, asked })
    }

    /// A scan of one section.
    pub(super) fn scan(&self, section: &str) -> Scan<'_> {
        Scan {
            finder: self,
            section: section.to_owned(),
            window: Vec::new(),
            from: 0,
            counted: 0,
            found: BTreeMap::new(),
        }
    }

    /// The leak that a match in the window shows, and where its path ends in the window.
    fn leak(
        &self,
        window: &[u8],
        start: usize,
        end: usize,
        pattern: usize,
    ) -> Option<(Leaked, usize)> {
        if let Some(asked) = self.asked.get(pattern) {
            let (from, to) = around(window, start, end);
            let example = text(window.get(from..to)?);
            return Some(((LeakKind::Asked, asked.clone(), example), to.max(end)));
        }
        let (_, kind, components) = *ANCHORS.get(pattern - self.asked.len())?;
        let (from, to) = around(window, start, end);
        let path = window.get(from..to)?;
        if to <= end || !is_absolute(path) || is_url(window, from) {
            return None;
        }
        // Go's own word for a root that was trimmed.
        if path.starts_with(b"/_/GOROOT/") {
            return None;
        }
        // cgo writes `/tmp/go-build` without a number into every program; a real build folder has a
        // number.
        let constant = path.strip_prefix(b"/tmp/go-build");
        if constant.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_digit)) {
            return None;
        }
        let common = common(path, end - from, kind, components)?;
        let value = text(path.get(..common)?);
        Some(((kind, value, text(path)), to))
    }
}

/// Kind, common part, and the path in full.
type Leaked = (LeakKind, String, String);

/// A path around an anchor.
fn around(window: &[u8], start: usize, end: usize) -> (usize, usize) {
    let before = window.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let left = before.iter().rev().take_while(|byte| is_path(**byte)).count();
    let mut from = start - left;
    // A drive letter and its colon.
    let drive = |at: usize| {
        let byte = |at: usize| window.get(at).copied();
        let before = |n: usize| at.checked_sub(n).and_then(byte);
        byte(at) == Some(b':')
            && before(1).is_some_and(|b| b.is_ascii_alphabetic())
            && !before(2).is_some_and(|b| b.is_ascii_alphanumeric())
    };
    if from > 0 && drive(from - 1) {
        from -= 2;
    } else if drive(start) {
        from = start - 1;
    }
    // A flag of a compiler that the path is put to: -I, -L.
    if let Some([b'-', letter, b'/']) = window.get(from..from + 3)
        && letter.is_ascii_alphabetic()
    {
        from += 2;
    }
    let after = window.get(end..(end + REACH).min(window.len())).unwrap_or_default();
    let right = after.iter().take_while(|byte| is_path(**byte)).count();
    (from, end + right)
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/\\._-+@~$%".contains(&byte) || byte >= 0x80
}

/// Whether a path begins at a root.
fn is_absolute(path: &[u8]) -> bool {
    match path {
        [b'/' | b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether a path is the path of a URL, or of an address.
fn is_url(window: &[u8], from: usize) -> bool {
    // The `//` of an address begins like a path on Unix.
    let scheme = window.get(from.saturating_sub(1)..from) == Some(b":");
    // `://wsl$` is a share all the same: no host name has a dollar sign.
    let slashes = window.get(from..from + 2) == Some(b"//");
    scheme && slashes && window.get(from..from + 6) != Some(b"//wsl$")
}

/// Length of a path's common part: up to the anchor and so many components after it.
fn common(path: &[u8], anchor: usize, kind: LeakKind, components: usize) -> Option<usize> {
    if matches!(kind, LeakKind::Goroot | LeakKind::ModuleCache) {
        let root = path.get(..anchor)?;
        let marks: [&[u8]; 5] =
            [b"/src/runtime/", b"\\src\\runtime\\", b"/src/", b"/pkg/mod/", b"\\pkg\\mod\\"];
        let mark = marks.iter().find(|mark| root.ends_with(mark))?;
        let whole = if kind == LeakKind::ModuleCache { 1 } else { mark.len() };
        return root.len().checked_sub(whole).filter(|len| *len > 0);
    }
    let mut end = anchor;
    for _ in 0..components {
        let rest = path.get(end..)?;
        let len = rest.iter().position(|byte| matches!(byte, b'/' | b'\\')).unwrap_or(rest.len());
        end += len;
        // The slash after it belongs to a component that may follow.
        end += usize::from(end < path.len());
    }
    let value = path.get(..end)?;
    let trailing = value.iter().rev().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
    Some(end - trailing)
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default())
            .into_owned(),
    }
}

/// A scan of one section.
pub(super) struct Scan<'d> {
    finder: &'d Finder,
    section: String,
    window: Vec<u8>,
    /// Index in the window at which the scan goes on; bytes before it are context.
    from: usize,
    /// Up to here anchors are inside a path that is counted; the caller's texts may be there too.
    counted: usize,
    found: BTreeMap<(LeakKind, String), (u64, String)>,
}

impl Scan<'_> {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.window.extend_from_slice(bytes);
        if self.window.len() >= WINDOW {
            // A path at the end may go on in the next piece: its neighbourhood is scanned again
            // then.
            let to = self.window.len() - 2 * REACH;
            self.look(to);
            // Keep only as many scanned bytes as a path may reach back.
            let keep = self.from.saturating_sub(REACH);
            self.window.drain(..keep);
            self.from -= keep;
            self.counted = self.counted.saturating_sub(keep);
        }
    }

    /// Scans up to a place of the window.
    fn look(&mut self, to: usize) {
        let mut at = self.from;
        while at < to {
            let found = self.finder.search.find(&self.window, at);
            let found = found.filter(|found| found.start() < to);
            let Some(found) = found else {
                at = to;
                break;
            };
            let (start, end) = (found.start(), found.end());
            let pattern = found.pattern().as_usize();
            let asked = pattern < self.finder.asked.len();
            // One byte on, not behind the match: `/home/` may begin inside another anchor, and the
            // caller's texts anywhere.
            at = start + 1;
            if !asked && start < self.counted {
                continue;
            }
            let leak = self.finder.leak(&self.window, start, end, pattern);
            if let Some(((kind, value, example), after)) = leak {
                self.counted = self.counted.max(after);
                if asked {
                    at = end;
                // Without texts of the caller nothing inside this path can count any more.
                } else if self.finder.asked.is_empty() {
                    at = after.max(at);
                }
                self.count(kind, value, example);
            }
        }
        self.from = at.min(self.window.len());
    }

    fn count(&mut self, kind: LeakKind, value: String, example: String) {
        if self.found.len() >= MAX_LEAKS && !self.found.contains_key(&(kind, value.clone())) {
            return;
        }
        let entry = self.found.entry((kind, value)).or_insert_with(|| (0, example.clone()));
        entry.0 += 1;
        // The least of all examples: which one is met first depends on the threads.
        if example < entry.1 {
            entry.1 = example;
        }
    }

    pub(super) fn finish(mut self) -> Scanned {
        let to = self.window.len();
        self.look(to);
        (self.section, self.found)
    }
}

/// The name of a section, and its leaks: kind and value, with the count and the first example.
pub(super) type Scanned = (String, BTreeMap<(LeakKind, String), (u64, String)>);

/// Leaks of all sections, by kind and value.
#[derive(Default)]
pub(super) struct Found(BTreeMap<(LeakKind, String), Leak>);

impl Found {
    pub(super) fn add(&mut self, (section, found): Scanned) {
        for ((kind, value), (count, example)) in found {
            let leak = self.0.entry((kind, value.clone())).or_insert_with(|| Leak {
                kind,
                value,
                count: 0,
                example: example.clone(),
                places: Vec::new(),
            });
            leak.count += count;
            if example < leak.example {
                leak.example = example;
            }
            match leak.places.iter_mut().find(|place| place.section == section) {
                Some(place) => place.count += count,
                None => leak.places.push(LeakPlace { section: section.clone(), count }),
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for ((kind, value), leak) in other.0 {
            for place in leak.places {
                let one =
                    BTreeMap::from([((kind, value.clone()), (place.count, leak.example.clone()))]);
                self.add((place.section, one));
            }
        }
    }

    /// All of it, sorted.
    pub(super) fn finish(self, not_read: &mut Vec<String>) -> Vec<Leak> {
        let mut leaks: Vec<Leak> = self.0.into_values().collect();
        for leak in &mut leaks {
            leak.places.sort();
        }
        if leaks.len() > MAX_LEAKS {
            not_read.push(format!("more than {MAX_LEAKS} different leaks"));
            leaks.truncate(MAX_LEAKS);
        }
        leaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn found(bytes: &[u8], asked: &[&str]) -> Vec<(LeakKind, String, u64, String)> {
        let asked: Vec<String> = asked.iter().map(|a| (*a).to_owned()).collect();
        let finder = Finder::new(&asked).unwrap();
        let mut scan = finder.scan(".data");
        scan.push(bytes);
        let mut all = Found::default();
        all.add(scan.finish());
        let leaks = all.finish(&mut Vec::new());
        leaks.into_iter().map(|l| (l.kind, l.value, l.count, l.example)).collect()
    }

    #[rstest]
    #[case::home("\0/home/ann/src/a.go\0", LeakKind::User, "/home/ann")]
    #[case::drive("\0C:\\Users\\ann\\a.go\0", LeakKind::User, "C:\\Users\\ann")]
    #[case::drive_with_slashes("\0C:/Users/ann/a.go\0", LeakKind::User, "C:/Users/ann")]
    #[case::behind_a_mount("\0/mnt/c/Users/ann/a.go\0", LeakKind::User, "/mnt/c/Users/ann")]
    #[case::root("\0/root/x/a.c\0", LeakKind::User, "/root")]
    #[case::goroot("\0/usr/local/go/src/runtime/proc.go\0", LeakKind::Goroot, "/usr/local/go")]
    #[case::other_goroot("\0/opt/sdk/src/runtime/proc.go\0", LeakKind::Goroot, "/opt/sdk")]
    #[case::module_cache("\0/go/pkg/mod/x@v1/a.go\0", LeakKind::ModuleCache, "/go/pkg/mod")]
    #[case::runner("\0/__w/repo/repo/a.go\0", LeakKind::Builder, "/__w/repo")]
    #[case::windows_runner("\0D:\\a\\repo\\repo\\a.go\0", LeakKind::Builder, "D:\\a\\repo")]
    #[case::build_folder("\0/tmp/go-build123/b001/x.c\0", LeakKind::Temporary, "/tmp/go-build123")]
    #[case::after_a_flag("-I/home/x/include", LeakKind::User, "/home/x")]
    #[case::distribution("\\\\wsl$\\Debian\\x.go\0", LeakKind::Host, "\\\\wsl$\\Debian")]
    fn is_a_leak(#[case] text: &str, #[case] kind: LeakKind, #[case] value: &str) {
        let found = found(text.as_bytes(), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0, found[0].1.as_str(), found[0].2), (kind, value, 1));
    }

    #[rstest]
    #[case::constant_of_cgo("\0/tmp/go-build\0")]
    #[case::constant_with_a_file("\0/tmp/go-build/cgo.c\0")]
    #[case::package("example.com/m/home/handler.go\0")]
    #[case::url("https://example.com/home/ann/x\0")]
    #[case::trimmed_goroot("\0/_/GOROOT/src/runtime/cgo\0")]
    #[case::anchor_alone("\0/home/\0")]
    #[case::trimmed("\0runtime/proc.go\0")]
    #[case::system_file("\0/etc/passwd\0/usr/share/zoneinfo/\0")]
    fn is_no_leak(#[case] text: &str) {
        assert_eq!(found(text.as_bytes(), &[]), []);
    }

    #[test]
    fn requested_text_is_found_in_every_part() {
        let leaks = found(b"xbuilder-7.example\0/srv/ci/a.go\0", &["builder-7", "/srv/ci"]);
        let values: Vec<&str> = leaks.iter().map(|l| l.1.as_str()).collect();
        assert_eq!(values, ["/srv/ci", "builder-7"]);
    }

    #[test]
    fn a_path_across_pieces_is_found_once() {
        let mut bytes = vec![b'x'; 3 * WINDOW];
        for at in [WINDOW - 10, WINDOW - 2 * REACH - 5, 2 * WINDOW - 3] {
            bytes[at..at + 20].copy_from_slice(b"\0/home/ann/src/a.go\0");
        }
        for piece in [1000, 4096, WINDOW, bytes.len()] {
            let finder = Finder::new(&[]).unwrap();
            let mut scan = finder.scan("x");
            bytes.chunks(piece).for_each(|bytes| scan.push(bytes));
            let (_, found) = scan.finish();
            let counts: Vec<u64> = found.values().map(|entry| entry.0).collect();
            assert_eq!(counts, [3], "pieces of {piece}");
        }
    }
}
