//! Files in and out of containers.

use rstest::rstest;
use twinproof_testkit::Outcome;

use crate::support::{session, sh};
use twinproof_container::{ArchiveEntry, DownloadLimits, Error, Kind, SessionOptions};

#[rstest]
#[case("trixie")]
#[case("musl")]
fn uploaded_files_download_unchanged(#[case] image: &str) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    let entries = vec![
        ArchiveEntry::dir("a").mode(0o750),
        ArchiveEntry::file("a/ü.bin", [0, 255, 10, 13]).mode(0o4711),
        ArchiveEntry { mtime: Some(1_700_000_000), ..ArchiveEntry::file("a/z", "") }.mode(0o600),
        ArchiveEntry::symlink("b", "a/no such"),
        ArchiveEntry::file("c/implied/parent", "x"),
    ];
    session.upload("/work/case-1", &entries).unwrap();
    let found = session.snapshot("/work/case-1", DownloadLimits::default()).unwrap();
    let shown: Vec<_> =
        found.iter().map(|entry| (entry.path.as_str(), entry.mode, entry.kind.clone())).collect();
    assert_eq!(
        shown,
        [
            ("", 0o755, Kind::Dir),
            ("a", 0o750, Kind::Dir),
            ("a/z", 0o600, Kind::File(vec![])),
            ("a/ü.bin", 0o4711, Kind::File(vec![0, 255, 10, 13])),
            ("b", 0o777, Kind::Symlink("a/no such".into())),
            ("c", 0o755, Kind::Dir),
            ("c/implied", 0o755, Kind::Dir),
            ("c/implied/parent", 0o644, Kind::File(b"x".to_vec())),
        ]
    );
    assert_eq!(found[2].mtime, Some(1_700_000_000));
    let one = session.snapshot("/work/case-1/a/ü.bin", DownloadLimits::default()).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!((one[0].path.as_str(), &one[0].kind), ("", &found[3].kind));
    session.remove(&["/work/case-1".to_owned()]).unwrap();
    session.remove(&["/work/case-1".to_owned()]).unwrap();
    assert!(matches!(
        session.snapshot("/work/case-1", DownloadLimits::default()),
        Err(Error::NotFound { path }) if path == "/work/case-1"
    ));
    Ok(())
}

#[test]
fn an_existing_directory_keeps_its_mode() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    session.upload("/tmp", &[ArchiveEntry::file("x", "1")]).unwrap();
    assert_eq!(sh(&session, "stat -c %a /tmp; cat /tmp/x").stdout, b"1777\n1");
    session.upload("/tmp", &[ArchiveEntry::file("x", "2")]).unwrap();
    assert_eq!(sh(&session, "cat /tmp/x").stdout, b"2");
    Ok(())
}

#[test]
fn a_program_writes_and_a_snapshot_reads() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    sh(&session, "mkdir -p /w && cd /w && echo hi >f && ln f g && mkfifo p && chmod 4755 f");
    let found = session.snapshot("/w", DownloadLimits::default()).unwrap();
    let kinds: Vec<_> = found.iter().map(|e| (e.path.as_str(), &e.kind, e.mode)).collect();
    let content = Kind::File(b"hi\n".to_vec());
    assert_eq!(
        kinds,
        [
            ("", &Kind::Dir, 0o755),
            ("f", &content, 0o4755),
            ("g", &content, 0o4755),
            ("p", &Kind::Other("fifo"), 0o644)
        ]
    );
    let small = DownloadLimits { bytes: 2, ..DownloadLimits::default() };
    assert!(matches!(session.snapshot("/w", small), Err(Error::TooLarge { .. })));
    Ok(())
}
