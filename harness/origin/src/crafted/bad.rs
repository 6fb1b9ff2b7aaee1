//! Zips that break a rule, and odd ones that do not.

use crate::content::Content;
use crate::crafted::{RULE_VERSION, Rule};
use crate::release::{Release, Zip, default_info};
use crate::zipfile::{Entry, Payload, build, build_claiming};

/// A module with a zip out of the ordinary.
pub(super) struct Odd {
    pub rule: Rule,
    make: fn(&Base) -> Zip,
}

/// The ordinary part of such a zip.
struct Base {
    path: &'static str,
}

impl Base {
    /// A name in the zip.
    fn at(&self, name: &str) -> String {
        format!("{}@{RULE_VERSION}/{name}", self.path)
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        vec![
            (self.at("go.mod"), format!("module {}\n", self.path).into_bytes()),
            (self.at("odd.go"), b"package odd\n".to_vec()),
        ]
    }

    fn entries(&self) -> Vec<Entry> {
        self.files().into_iter().map(|(name, data)| Entry::text(name, data)).collect()
    }

    /// The ordinary files and these, which are given with their whole names.
    fn and(&self, more: &[(String, &str)]) -> Zip {
        let mut files = self.files();
        files.extend(more.iter().map(|(name, data)| (name.clone(), data.as_bytes().to_vec())));
        let entries: Vec<Entry> =
            files.iter().map(|(name, data)| Entry::text(name.as_str(), data)).collect();
        Zip::with_sum_of(build(&entries), &files)
    }

    /// The ordinary files and this entry, whose content is `data` to whoever believes in it.
    fn and_entry(&self, entry: Entry, data: &[u8]) -> Zip {
        let mut files = self.files();
        files.push((String::from_utf8_lossy(&entry.name).into_owned(), data.to_vec()));
        let mut entries = self.entries();
        entries.push(entry);
        Zip::with_sum_of(build(&entries), &files)
    }

    /// The ordinary zip, changed in its bytes.
    fn changed(&self, change: fn(&mut Vec<u8>)) -> Zip {
        let mut bytes = build(&self.entries()).to_vec(usize::MAX);
        change(&mut bytes);
        Zip::with_sum_of(bytes.into(), &self.files())
    }

    /// A zip with this content, and the sum of the ordinary one.
    fn instead(&self, content: Content) -> Zip {
        Zip::with_sum_of(content, &self.files())
    }
}

const fn bad(path: &'static str, what: &'static str, make: fn(&Base) -> Zip) -> Odd {
    Odd { rule: Rule { path, what, legal: false }, make }
}

const fn legal(path: &'static str, what: &'static str, make: fn(&Base) -> Zip) -> Odd {
    Odd { rule: Rule { path, what, legal: true }, make }
}

pub(super) const ALL: &[Odd] = &[
    bad("crafted.example/bad/wrong-prefix", "a file under another module's prefix", |base| {
        base.and(&[("crafted.example/other@v1.0.0/x.go".to_owned(), "package x\n")])
    }),
    bad("crafted.example/bad/no-prefix", "a file without prefix", |base| {
        base.and(&[("x.go".to_owned(), "package x\n")])
    }),
    bad("crafted.example/bad/other-version", "a file under another version's prefix", |base| {
        base.and(&[("crafted.example/bad/other-version@v1.0.1/x.go".to_owned(), "package x\n")])
    }),
    bad("crafted.example/bad/dot-dot", "a path with ..", |base| {
        base.and(&[(base.at("../../escaped.go"), "package x\n")])
    }),
    bad("crafted.example/bad/dot", "a path with an element .", |base| {
        base.and(&[(base.at("./x.go"), "package x\n")])
    }),
    bad("crafted.example/bad/double-slash", "a path with an empty element", |base| {
        base.and(&[(base.at("a//x.go"), "package x\n")])
    }),
    bad("crafted.example/bad/absolute", "an absolute path", |base| {
        base.and(&[("/tmp/escaped.go".to_owned(), "package x\n")])
    }),
    bad("crafted.example/bad/absolute-inside", "an absolute path behind the prefix", |base| {
        base.and(&[(base.at("/tmp/escaped.go"), "package x\n")])
    }),
    bad("crafted.example/bad/backslash", "a backslash in a name", |base| {
        base.and(&[(base.at("a\\x.go"), "package x\n")])
    }),
    bad("crafted.example/bad/drive", "a name with a drive letter", |base| {
        base.and(&[(base.at("C:x.go"), "package x\n")])
    }),
    bad("crafted.example/bad/case-files", "two files whose names differ in case only", |base| {
        base.and(&[(base.at("x.go"), "package odd\n"), (base.at("X.go"), "package odd\n")])
    }),
    bad(
        "crafted.example/bad/case-directories",
        "two directories whose names differ in case only",
        |base| base.and(&[(base.at("a/x.go"), "package a\n"), (base.at("A/y.go"), "package a\n")]),
    ),
    bad("crafted.example/bad/case-unicode", "names that fold alike beyond ASCII", |base| {
        base.and(&[(base.at("\u{e9}.txt"), "1\n"), (base.at("\u{c9}.txt"), "2\n")])
    }),
    bad("crafted.example/bad/file-and-directory", "a name that is file and directory", |base| {
        base.and(&[(base.at("a"), "a file\n"), (base.at("a/x.go"), "package a\n")])
    }),
    bad("crafted.example/bad/duplicate", "a file twice, with two contents", |base| {
        base.and(&[(base.at("x.go"), "package odd\n"), (base.at("x.go"), "package odd // 2\n")])
    }),
    bad("crafted.example/bad/go-mod-nested", "a go.mod that is not at the root", |base| {
        base.and(&[(base.at("sub/go.mod"), "module crafted.example/bad/go-mod-nested/sub\n")])
    }),
    bad("crafted.example/bad/go-mod-capital", "a file Go.Mod in place of go.mod", |base| {
        let files = [
            (base.at("Go.Mod"), b"module crafted.example/bad/go-mod-capital\n".to_vec()),
            (base.at("odd.go"), b"package odd\n".to_vec()),
        ];
        let entries = files.clone().map(|(name, data)| Entry::text(name, data));
        Zip::with_sum_of(build(&entries), &files)
    }),
    bad("crafted.example/bad/go-mod-large", "a go.mod of more than 16 MiB", |base| {
        let mut go_mod = format!("module {}\n//", base.path).into_bytes();
        go_mod.resize((16 << 20) + 1, b' ');
        let files = [(base.at("go.mod"), go_mod), (base.at("odd.go"), b"package odd\n".to_vec())];
        let entries = files.clone().map(|(name, data)| Entry::text(name, data));
        Zip::with_sum_of(build(&entries), &files)
    }),
    bad("crafted.example/bad/license-large", "a LICENSE of more than 16 MiB", |base| {
        let license = vec![b'\n'; (16 << 20) + 1];
        base.and_entry(Entry::text(base.at("LICENSE"), &license), &license)
    }),
    bad("crafted.example/bad/not-utf8", "a name that is not UTF-8", |base| {
        let mut name = base.at("x").into_bytes();
        name.extend_from_slice(b"\xff\xfe.go");
        base.and_entry(Entry::text(name, "package odd\n"), b"package odd\n")
    }),
    bad("crafted.example/bad/control", "a control character in a name", |base| {
        base.and(&[(base.at("x\u{1}.go"), "package odd\n")])
    }),
    bad("crafted.example/bad/newline", "a newline in a name", |base| {
        let entry = Entry::text(base.at("x\n.go"), "package odd\n");
        let mut entries = base.entries();
        entries.push(entry);
        base.instead(build(&entries))
    }),
    bad("crafted.example/bad/nul", "a NUL in a name", |base| {
        base.and(&[(base.at("x.go\0.txt"), "package odd\n")])
    }),
    bad("crafted.example/bad/reserved", "a name that Windows reserves", |base| {
        base.and(&[(base.at("aux.go"), "package odd\n")])
    }),
    bad("crafted.example/bad/trailing-dot", "a name that ends in a dot", |base| {
        base.and(&[(base.at("x."), "x\n")])
    }),
    bad("crafted.example/bad/character", "a name with a character that Windows forbids", |base| {
        base.and(&[(base.at("x*.go"), "package odd\n")])
    }),
    bad("crafted.example/bad/size-small", "a declared size below the true one", |base| {
        let data = "package odd // more than declared\n";
        let mut entry = Entry::text(base.at("x.go"), data);
        entry.central_size = Some(4);
        base.and_entry(entry, data.as_bytes())
    }),
    bad("crafted.example/bad/size-large", "a declared size above the true one", |base| {
        let data = "package odd\n";
        let mut entry = Entry::text(base.at("x.go"), data);
        entry.central_size = Some(4096);
        base.and_entry(entry, data.as_bytes())
    }),
    bad("crafted.example/bad/checksum", "a CRC-32 that is not the content's", |base| {
        let mut entry = Entry::text(base.at("x.go"), "package odd\n");
        entry.crc = Some(0x1234_5678);
        base.and_entry(entry, b"package odd\n")
    }),
    bad("crafted.example/bad/truncated", "the end is missing", |base| {
        base.changed(|bytes| bytes.truncate(bytes.len() - 30))
    }),
    bad("crafted.example/bad/not-a-zip", "no zip at all", |base| {
        base.instead("<html>this is not a zip</html>\n".into())
    }),
    bad("crafted.example/bad/no-bytes", "nothing at all", |base| base.instead(Content::default())),
    bad("crafted.example/bad/bomb", "600 MiB of zeros in 600 KiB, truly declared", |base| {
        let mut entries = base.entries();
        entries.push(Entry::new(base.at("zeros.bin"), Payload::zeros(600)));
        base.instead(build(&entries))
    }),
    bad("crafted.example/bad/bomb-hidden", "600 MiB of zeros, declared as 1 KiB", |base| {
        let mut entries = base.entries();
        let mut bomb = Entry::new(base.at("zeros.bin"), Payload::zeros(600));
        bomb.central_size = Some(1024);
        entries.push(bomb);
        base.instead(build(&entries))
    }),
    bad("crafted.example/bad/entry-count", "an end record that claims more entries", |base| {
        base.instead(build_claiming(&base.entries(), 60_000))
    }),
    bad("crafted.example/bad/encrypted", "an encrypted entry", |base| {
        let mut entry = Entry::text(base.at("x.go"), "package odd\n");
        entry.flags = 1;
        entry.payload = Payload::stored("twelve bytes of header and noise".into());
        base.and_entry(entry, b"package odd\n")
    }),
    bad("crafted.example/bad/method", "a compression method that is not Go's", |base| {
        let mut entry = Entry::text(base.at("x.go"), "package odd\n");
        entry.method = Some(14);
        base.and_entry(entry, b"package odd\n")
    }),
    bad("crafted.example/bad/deflate", "a deflated stream that is none", |base| {
        let mut entry = Entry::text(base.at("x.go"), "package odd\n");
        entry.payload = Payload::stored("\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}".into());
        entry.method = Some(8);
        base.and_entry(entry, b"package odd\n")
    }),
    legal("crafted.example/legal/bare-prefix", "an entry that is the prefix alone", |base| {
        base.and(&[(base.at(""), "")])
    }),
    legal("crafted.example/legal/directories", "directories, one of them twice", |base| {
        let mut entries = base.entries();
        let mut directory = Entry::new(base.at("a/"), Payload::stored(Content::default()));
        directory.mode = 0o40_755;
        entries.extend([directory.clone(), Entry::text(base.at("a/x.go"), "package a\n")]);
        Zip::of_entries(&entries)
    }),
    legal("crafted.example/legal/vendor-nested", "nested vendor directories", |base| {
        base.and(&[
            (base.at("vendor/modules.txt"), "# crafted.example/hello v1.0.0\n"),
            (base.at("a/vendor/x/x.go"), "package x\n"),
            (base.at("vendor/vendor.go"), "package vendor\n"),
        ])
    }),
    legal("crafted.example/legal/many-files", "5,000 files", |base| {
        let mut entries = base.entries();
        let name = |i: usize| base.at(&format!("d{}/f{i}.txt", i / 100));
        entries.extend((0..5_000).map(|i| Entry::text(name(i), format!("{i}\n"))));
        Zip::of_entries(&entries)
    }),
    legal("crafted.example/legal/stored", "nothing is deflated", |base| {
        let entry =
            |(name, data): (String, Vec<u8>)| Entry::new(name, Payload::stored(data.into()));
        Zip::of_entries(&base.files().into_iter().map(entry).collect::<Vec<_>>())
    }),
    legal("crafted.example/legal/unicode", "a name with letters beyond ASCII", |base| {
        base.and(&[(base.at("\u{e9}\u{4e16}\u{754c}.txt"), "hello\n")])
    }),
    legal("crafted.example/legal/empty", "no entries at all", |_| Zip::of_entries(&[])),
    legal("crafted.example/legal/trailing-garbage", "bytes behind the end record", |base| {
        base.changed(|bytes| bytes.extend_from_slice(b"garbage"))
    }),
    legal("crafted.example/legal/leading-garbage", "bytes in front of the first entry", |base| {
        base.changed(|bytes| drop(bytes.splice(0..0, *b"#!/bin/sh\n")))
    }),
    legal("crafted.example/legal/size-local", "a local header that lies about the size", |base| {
        let mut entry = Entry::text(base.at("x.go"), "package odd\n");
        entry.local_size = Some(3);
        base.and_entry(entry, b"package odd\n")
    }),
    legal("crafted.example/legal/local-name", "a local header with another name", |base| {
        let mut entry = Entry::text(base.at("x.go"), "package odd\n");
        entry.local_name = Some(base.at("../../escaped.go").into_bytes());
        base.and_entry(entry, b"package odd\n")
    }),
    legal("crafted.example/legal/overlap", "two names for one place in the zip", |base| {
        let mut entries = base.entries();
        let mut again = Entry::text(base.at("again.go"), "package odd\n");
        again.same_place_as = Some(1);
        entries.push(again);
        let mut files = base.files();
        files.push((base.at("again.go"), b"package odd\n".to_vec()));
        Zip::with_sum_of(build(&entries), &files)
    }),
    legal("crafted.example/legal/symlink", "a mode that says symbolic link", |base| {
        let mut entry = Entry::text(base.at("link"), "/etc/passwd");
        entry.mode = 0o120_777;
        base.and_entry(entry, b"/etc/passwd")
    }),
    legal("crafted.example/legal/device", "a mode that says device", |base| {
        let mut entry = Entry::text(base.at("null"), "");
        entry.mode = 0o20_666;
        base.and_entry(entry, b"")
    }),
];

pub(super) fn releases() -> Vec<Release> {
    let release = |odd: &Odd| {
        let (path, make) = (odd.rule.path, odd.make);
        let go_mod = format!("module {path}\n");
        let info = default_info(RULE_VERSION);
        let zip = Box::new(move || make(&Base { path }));
        Release::new(path, RULE_VERSION, Some(info.into()), Some(go_mod.into()), zip)
    };
    ALL.iter().map(release).collect()
}
