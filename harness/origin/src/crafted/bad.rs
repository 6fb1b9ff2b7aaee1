//! Zips that break a rule.

use super::odd::Odd;
use crate::content::Content;
use crate::release::Zip;
use crate::zipfile::{CraftedEntry, Payload, build, build_claiming};

pub(super) const ALL: &[Odd] = &[
    Odd::bad("crafted.example/bad/wrong-prefix", "a file under another module's prefix", |base| {
        base.and(&[("crafted.example/other@v1.0.0/x.go".to_owned(), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/no-prefix", "a file without prefix", |base| {
        base.and(&[("x.go".to_owned(), "package x\n")])
    }),
    Odd::bad(
        "crafted.example/bad/other-version",
        "a file under another version's prefix",
        |base| {
            base.and(&[("crafted.example/bad/other-version@v1.0.1/x.go".to_owned(), "package x\n")])
        },
    ),
    Odd::bad("crafted.example/bad/dot-dot", "a path with ..", |base| {
        base.and(&[(base.at("../../escaped.go"), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/dot", "a path with an element .", |base| {
        base.and(&[(base.at("./x.go"), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/double-slash", "a path with an empty element", |base| {
        base.and(&[(base.at("a//x.go"), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/absolute", "an absolute path", |base| {
        base.and(&[("/tmp/escaped.go".to_owned(), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/absolute-inside", "an absolute path behind the prefix", |base| {
        base.and(&[(base.at("/tmp/escaped.go"), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/backslash", "a backslash in a name", |base| {
        base.and(&[(base.at("a\\x.go"), "package x\n")])
    }),
    Odd::bad("crafted.example/bad/drive", "a name with a drive letter", |base| {
        base.and(&[(base.at("C:x.go"), "package x\n")])
    }),
    Odd::bad(
        "crafted.example/bad/case-files",
        "two files whose names differ in case only",
        |base| base.and(&[(base.at("x.go"), "package odd\n"), (base.at("X.go"), "package odd\n")]),
    ),
    Odd::bad(
        "crafted.example/bad/case-directories",
        "two directories whose names differ in case only",
        |base| base.and(&[(base.at("a/x.go"), "package a\n"), (base.at("A/y.go"), "package a\n")]),
    ),
    Odd::bad(
        "crafted.example/bad/case-file-and-directory",
        "a file and a directory whose names differ in case only",
        |base| {
            base.and(&[(base.at("VERSION"), "1\n"), (base.at("version/a.go"), "package version\n")])
        },
    ),
    Odd::bad("crafted.example/bad/case-unicode", "names that fold alike beyond ASCII", |base| {
        base.and(&[(base.at("\u{e9}.txt"), "1\n"), (base.at("\u{c9}.txt"), "2\n")])
    }),
    Odd::bad(
        "crafted.example/bad/file-and-directory",
        "a name that is file and directory",
        |base| base.and(&[(base.at("a"), "a file\n"), (base.at("a/x.go"), "package a\n")]),
    ),
    Odd::bad("crafted.example/bad/duplicate", "a file twice, with two contents", |base| {
        let name = base.at("x.go");
        let mut entries = base.entries();
        entries.push(CraftedEntry::text(name.as_str(), "package odd\n"));
        entries.push(CraftedEntry::text(name.as_str(), "package odd // 2\n"));
        // Go's hash has two lines for it, both with the last content.
        let last = (name.into_bytes(), b"package odd // 2\n".to_vec());
        let files = [base.files(), vec![last.clone(), last]].concat();
        Zip::with_sum_of(build(&entries), &files)
    }),
    Odd::bad("crafted.example/bad/go-mod-nested", "a go.mod that is not at the root", |base| {
        base.and(&[(base.at("sub/go.mod"), "module crafted.example/bad/go-mod-nested/sub\n")])
    }),
    Odd::bad("crafted.example/bad/go-mod-capital", "a file Go.Mod in place of go.mod", |base| {
        let mut files = base.files();
        if let Some((name, _)) = files.first_mut() {
            *name = base.at("Go.Mod").into_bytes();
        }
        base.only(files)
    }),
    Odd::bad("crafted.example/bad/go-mod-large", "a go.mod of more than 16 MiB", |base| {
        let mut files = base.files();
        if let Some((_, data)) = files.first_mut() {
            // Spaces behind a comment: the file stays a valid go.mod, too large and nothing else.
            data.extend_from_slice(b"//");
            data.resize((16 << 20) + 1, b' ');
        }
        base.only(files)
    }),
    Odd::bad("crafted.example/bad/license-large", "a LICENSE of more than 16 MiB", |base| {
        let license = vec![b'\n'; (16 << 20) + 1];
        base.and_entry(CraftedEntry::text(base.at("LICENSE"), &license), &license)
    }),
    Odd::bad("crafted.example/bad/not-utf8", "a name that is not UTF-8", |base| {
        let mut name = base.at("x").into_bytes();
        name.extend_from_slice(b"\xff\xfe.go");
        base.and_entry(CraftedEntry::text(name, "package odd\n"), b"package odd\n")
    }),
    Odd::bad("crafted.example/bad/control", "a control character in a name", |base| {
        base.and(&[(base.at("x\u{1}.go"), "package odd\n")])
    }),
    Odd::bad("crafted.example/bad/newline", "a newline in a name", |base| {
        base.and(&[(base.at("x\n.go"), "package odd\n")])
    }),
    Odd::bad("crafted.example/bad/nul-byte", "a NUL in a name", |base| {
        base.and(&[(base.at("x.go\0.txt"), "package odd\n")])
    }),
    Odd::bad("crafted.example/bad/reserved", "a name that Windows reserves", |base| {
        base.and(&[(base.at("aux.go"), "package odd\n")])
    }),
    Odd::bad("crafted.example/bad/trailing-dot", "a name that ends in a dot", |base| {
        base.and(&[(base.at("x."), "x\n")])
    }),
    Odd::bad(
        "crafted.example/bad/character",
        "a name with a character that Windows forbids",
        |base| base.and(&[(base.at("x*.go"), "package odd\n")]),
    ),
    Odd::bad("crafted.example/bad/size-small", "a declared size below the true one", |base| {
        let data = "package odd // more than declared\n";
        let mut entry = CraftedEntry::text(base.at("x.go"), data);
        entry.central_size = Some(4);
        base.and_entry(entry, data.as_bytes())
    }),
    Odd::bad("crafted.example/bad/size-large", "a declared size above the true one", |base| {
        let data = "package odd\n";
        let mut entry = CraftedEntry::text(base.at("x.go"), data);
        entry.central_size = Some(4096);
        base.and_entry(entry, data.as_bytes())
    }),
    Odd::bad("crafted.example/bad/checksum", "a CRC-32 that is not the content's", |base| {
        let mut entry = CraftedEntry::text(base.at("x.go"), "package odd\n");
        entry.crc = Some(0x1234_5678);
        base.and_entry(entry, b"package odd\n")
    }),
    Odd::bad("crafted.example/bad/truncated", "the end is missing", |base| {
        base.changed(|bytes| bytes.truncate(bytes.len() - 30))
    }),
    Odd::bad("crafted.example/bad/not-a-zip", "no zip at all", |base| {
        base.instead("<html>this is not a zip</html>\n".into())
    }),
    Odd::bad("crafted.example/bad/no-bytes", "nothing at all", |base| {
        base.instead(Content::default())
    }),
    Odd::bad("crafted.example/bad/bomb", "600 MiB of zeros in 600 KiB, truly declared", |base| {
        base.bomb(600 << 20)
    }),
    Odd::bad("crafted.example/bad/bomb-hidden", "600 MiB of zeros, declared as 1 KiB", |base| {
        base.bomb(1024)
    }),
    Odd::bad("crafted.example/bad/entry-count", "an end record that claims more entries", |base| {
        base.instead(build_claiming(&base.entries(), 60_000))
    }),
    Odd::bad("crafted.example/bad/method", "a compression method that is not Go's", |base| {
        let mut entry = CraftedEntry::text(base.at("x.go"), "package odd\n");
        entry.method = Some(14);
        base.and_entry(entry, b"package odd\n")
    }),
    Odd::bad("crafted.example/bad/deflate", "a deflated stream that is none", |base| {
        let mut entry = CraftedEntry::text(base.at("x.go"), "package odd\n");
        entry.payload = Payload::stored("\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}".into());
        entry.method = Some(8);
        base.and_entry(entry, b"package odd\n")
    }),
];
