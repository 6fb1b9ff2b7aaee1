//! Zips that are odd and break no rule.

use super::odd::Odd;
use crate::content::Content;
use crate::release::Zip;
use crate::zipfile::{CraftedEntry, Payload, build};

pub(super) const ALL: &[Odd] = &[
    Odd::legal("crafted.example/legal/bare-prefix", "an entry that is the prefix alone", |base| {
        base.and(&[(base.at(""), "")])
    }),
    Odd::legal("crafted.example/legal/directories", "directories, one of them twice", |base| {
        let mut entries = base.entries();
        let mut directory = CraftedEntry::new(base.at("a/"), Payload::stored(Content::default()));
        directory.mode = 0o40_755;
        entries.extend([directory.clone(), CraftedEntry::text(base.at("a/x.go"), "package a\n")]);
        Zip::of_entries(&entries)
    }),
    Odd::legal("crafted.example/legal/vendor-nested", "nested vendor directories", |base| {
        base.and(&[
            (base.at("vendor/modules.txt"), "# crafted.example/hello v1.0.0\n"),
            (base.at("a/vendor/x/x.go"), "package x\n"),
            (base.at("vendor/vendor.go"), "package vendor\n"),
        ])
    }),
    Odd::legal("crafted.example/legal/many-files", "5,000 files", |base| {
        let mut entries = base.entries();
        let name = |i: usize| base.at(&format!("d{}/f{i}.txt", i / 100));
        entries.extend((0..5_000).map(|i| CraftedEntry::text(name(i), format!("{i}\n"))));
        Zip::of_entries(&entries)
    }),
    Odd::legal("crafted.example/legal/stored", "nothing is deflated", |base| {
        let entry = |(name, data): (Vec<u8>, Vec<u8>)| {
            CraftedEntry::new(name, Payload::stored(data.into()))
        };
        Zip::of_entries(&base.files().into_iter().map(entry).collect::<Vec<_>>())
    }),
    Odd::legal(
        "crafted.example/legal/compressible",
        "32 MiB of zeros, deflated to a thousandth",
        |base| {
            // Not a static: that would be 32 MiB of the program.
            let zeros = vec![0; 32 << 20];
            let entry = CraftedEntry::new(base.at("zeros.bin"), Payload::deflated(&zeros));
            base.and_entry(entry, &zeros)
        },
    ),
    Odd::legal("crafted.example/legal/unicode", "a name with letters beyond ASCII", |base| {
        base.and(&[(base.at("\u{e9}\u{4e16}\u{754c}.txt"), "hello\n")])
    }),
    Odd::legal("crafted.example/legal/empty", "no entries at all", |_| Zip::of_entries(&[])),
    Odd::legal("crafted.example/legal/trailing-garbage", "bytes behind the end record", |base| {
        base.changed(|bytes| bytes.extend_from_slice(b"garbage"))
    }),
    Odd::legal(
        "crafted.example/legal/leading-garbage",
        "bytes in front of the first entry",
        |base| base.changed(|bytes| drop(bytes.splice(0..0, *b"#!/bin/sh\n"))),
    ),
    Odd::legal(
        "crafted.example/legal/size-local",
        "a local header that lies about the size",
        |base| {
            let mut entry = CraftedEntry::text(base.at("x.go"), "package odd\n");
            entry.local_size = Some(3);
            base.and_entry(entry, b"package odd\n")
        },
    ),
    Odd::legal("crafted.example/legal/local-name", "a local header with another name", |base| {
        let mut entry = CraftedEntry::text(base.at("x.go"), "package odd\n");
        entry.local_name = Some(base.at("../../escaped.go").into_bytes());
        base.and_entry(entry, b"package odd\n")
    }),
    Odd::legal("crafted.example/legal/overlap", "two names for one place in the zip", |base| {
        let mut entries = base.entries();
        let mut again = CraftedEntry::text(base.at("again.go"), "package odd\n");
        again.same_place_as = Some(1);
        entries.push(again);
        let mut files = base.files();
        files.push((base.at("again.go").into_bytes(), b"package odd\n".to_vec()));
        Zip::with_sum_of(build(&entries), &files)
    }),
    Odd::legal("crafted.example/legal/encrypted", "a flag that says encrypted", |base| {
        let data = "what Go takes for the content\n";
        let mut entry = CraftedEntry::new(base.at("secret.txt"), Payload::stored(data.into()));
        entry.flags = 1;
        base.and_entry(entry, data.as_bytes())
    }),
    Odd::legal("crafted.example/legal/symlink", "a mode that says symbolic link", |base| {
        let mut entry = CraftedEntry::text(base.at("link"), "/etc/passwd");
        entry.mode = 0o120_777;
        base.and_entry(entry, b"/etc/passwd")
    }),
    Odd::legal("crafted.example/legal/device", "a mode that says device", |base| {
        let mut entry = CraftedEntry::text(base.at("null"), "");
        entry.mode = 0o20_666;
        base.and_entry(entry, b"")
    }),
];
