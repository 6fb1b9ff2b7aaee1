//! Tests against the module proxy in force and the checksum database, in a cache of their own.

use twinproof_sumdb::{PUBLIC_KEY, check_proof};
use twinproof_testkit::{Outcome, Requirement, Unavailable};
use twinproof_toolchain::{
    Cache, Database, Error, Kind, Options, Platform, Silent, Status, Toolchains,
};

/// The oldest pinned SDK for Linux.
fn oldest(toolchains: &Toolchains) -> Result<twinproof_toolchain::Sdk, Unavailable> {
    match toolchains.get(toolchains.pinned()[0], Platform::LINUX_AMD64, &mut Silent) {
        Ok(sdk) => Ok(sdk),
        Err(error) if error.is_unavailable() => Err(Requirement::GoProxy.unavailable(error)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_pinned_sdk_is_verified_and_proves_itself() -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    // Always the zip for Linux, so that the test is the same on every host.
    let options = Options { host: Platform::LINUX_AMD64, ..Options::detect().unwrap() };
    let toolchains = Toolchains::new(Cache::at(dir.path()), options);
    let sdk = oldest(&toolchains)?;
    let provenance = &sdk.provenance;
    assert_eq!(provenance.kind, Kind::Verified);
    let database = provenance.database.as_ref().unwrap();
    let lines = check_proof(PUBLIC_KEY, &database.proof).unwrap();
    assert!(lines.iter().any(|line| line.ends_with(&format!(" {}", provenance.zip))));
    // Moved, so that nothing but its content can prove it.
    let copy = tempfile::tempdir().unwrap();
    let moved = copy.path().join("go");
    std::fs::rename(&sdk.goroot, &moved).unwrap();
    let report = toolchains.prove(copy.path(), &mut Silent).unwrap();
    assert_eq!((report.status, report.equal), (Status::Proved, provenance.files));
    std::fs::write(moved.join("src/fmt/extra.go"), "package fmt\n").unwrap();
    let report = toolchains.prove(&moved, &mut Silent).unwrap();
    assert_eq!((report.status, report.differences.len()), (Status::Differs, 1));
    Ok(())
}

/// A database's double without an answer.
struct Broken;

impl Database for Broken {
    fn vouch(
        &self,
        _: twinproof_toolchain::Version,
        _: Platform,
    ) -> Result<twinproof_toolchain::Vouched, Error> {
        Err(Error::Database { name: "double".to_owned(), reason: "two histories".to_owned() })
    }
}

#[test]
fn a_database_that_misbehaves_stops_everything() {
    let dir = tempfile::tempdir().unwrap();
    let toolchains = Toolchains::new(Cache::at(dir.path()), Options::detect().unwrap())
        .with_database(Box::new(Broken));
    let error =
        toolchains.get(toolchains.pinned()[0], Platform::LINUX_AMD64, &mut Silent).unwrap_err();
    assert_eq!(error.to_string(), "checksum database double: two histories");
    // As unavailable, the run would go on without this SDK and hide the database's failure.
    assert!(!error.is_unavailable());
}
