//! Fat files, put together from Go's output.

use twinproof_inspect::{CompareOptions, Content, Expectation, Options, compare, describe};

use crate::built::pure;

/// A fat file of slices: processor type, subtype, bytes.
pub fn fat(slices: &[(u32, u32, &[u8])]) -> Vec<u8> {
    const PAGE: usize = 0x4000;
    let mut header = vec![0xca, 0xfe, 0xba, 0xbe];
    header.extend((slices.len() as u32).to_be_bytes());
    let mut body = Vec::new();
    for (kind, subtype, bytes) in slices {
        let offset = (PAGE + body.len()).next_multiple_of(PAGE);
        body.resize(offset - PAGE, 0);
        body.extend_from_slice(bytes);
        for word in [*kind, *subtype, offset as u32, bytes.len() as u32, 14] {
            header.extend(word.to_be_bytes());
        }
    }
    header.resize(PAGE, 0);
    header.extend(body);
    header
}

/// The two slices of a fat program for darwin.
pub fn both() -> Option<Vec<u8>> {
    let amd64 = std::fs::read(pure("darwin/amd64")?).unwrap();
    let arm64 = std::fs::read(pure("darwin/arm64")?).unwrap();
    Some(fat(&[(0x0100_0007, 3, &amd64), (0x0100_000c, 0, &arm64)]))
}

#[test]
fn every_slice_has_a_description_of_its_own() {
    let Some(bytes) = both() else { return };
    let found = describe(bytes.as_slice(), &Options::default()).unwrap();
    let Content::Universal(slices) = &found.content else { panic!("{found:?}") };
    let names: Vec<&str> = slices.iter().map(|slice| slice.architecture.as_str()).collect();
    assert_eq!(names, ["amd64", "arm64"]);
    let declared: Vec<_> =
        slices.iter().map(|s| s.image.platform.declared.as_deref().unwrap()).collect();
    assert_eq!(declared, ["darwin/amd64", "darwin/arm64"]);
    let ids: Vec<_> = slices.iter().map(|slice| slice.image.ids.go.clone().unwrap()).collect();
    assert_ne!(ids[0], ids[1]);
    let signed = slices[1].image.macho.as_ref().unwrap().signature.as_ref().unwrap();
    assert_eq!(signed.wrong_pages, Some(Vec::new()));
}

#[test]
fn fat_file_is_for_the_platform_of_each_slice() {
    let Some(bytes) = both() else { return };
    let found = describe(bytes.as_slice(), &Options::default()).unwrap();
    let unmet = |platform: &str| {
        let platform = Some(platform.parse().unwrap());
        Expectation { platform, ..Expectation::default() }.unmet(&found)
    };
    assert_eq!(unmet("darwin/amd64"), Vec::<String>::new());
    assert_eq!(unmet("darwin/arm64"), Vec::<String>::new());
    assert_eq!(unmet("linux/arm64").len(), 2);
}

#[test]
fn fat_file_and_one_of_its_slices_are_different_kinds_of_file() {
    let Some(bytes) = both() else { return };
    let Some(arm64) = pure("darwin/arm64") else { return };
    let arm64 = std::fs::read(arm64).unwrap();
    let options = CompareOptions::default();
    let found = compare(bytes.as_slice(), arm64.as_slice(), &options).unwrap();
    let cause = "different kinds of file: a fat Mach-O of 2 slices and one Mach-O image";
    assert_eq!((found.cause.as_str(), found.equal), (cause, false));
}
