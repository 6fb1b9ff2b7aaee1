//! Archives and fat files that differ where no image is.

use twinproof_inspect::{CompareOptions, Comparison, Ignore, Verdict, compare};

use crate::built::pure;
use crate::fat::fat;

/// An archive of members: name, time, content.
pub fn archive(members: &[(&str, u64, &[u8])]) -> Vec<u8> {
    let mut file = b"!<arch>\n".to_vec();
    for (name, time, content) in members {
        let header = format!(
            "{:<16}{time:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            format!("{name}/"),
            0,
            0,
            "644",
            content.len()
        );
        file.extend(header.as_bytes());
        file.extend_from_slice(content);
        file.resize(file.len().next_multiple_of(2), b'\n');
    }
    file
}

fn of(a: &[u8], b: &[u8]) -> Comparison {
    compare(a, b, &CompareOptions::default()).unwrap()
}

#[test]
fn members_that_are_no_images_are_compared_byte_by_byte() {
    let a = archive(&[("notes.txt", 0, b"one two"), ("same.txt", 0, b"same")]);
    let b = archive(&[("notes.txt", 0, b"one toe"), ("same.txt", 0, b"same")]);
    let found = of(&a, &b);
    assert_eq!(found.verdict, Verdict::DataDiffers);
    assert_eq!(found.cause, "members differ whose contents are not read: notes.txt");
    let [section] = &found.sections[..] else { panic!("{found:?}") };
    assert_eq!(
        (section.name.as_str(), section.differing, section.first),
        ("notes.txt", Some(2), Some(5))
    );
    assert_eq!((found.equal, found.first_difference), (false, Some(8 + 60 + 5)));
}

#[test]
fn member_that_only_one_archive_has_is_named() {
    let a = archive(&[("a.txt", 0, b"a"), ("b.txt", 0, b"b")]);
    let found = of(&a, &archive(&[("a.txt", 0, b"a")]));
    assert_eq!(found.cause, "members differ whose contents are not read: b.txt");
    let Some(image) = pure("linux/arm64") else { return };
    let image = std::fs::read(image).unwrap();
    let found =
        of(&archive(&[("p", 0, &image), ("a.txt", 0, b"a")]), &archive(&[("a.txt", 0, b"a")]));
    assert_eq!(found.verdict, Verdict::CodeDiffers);
    assert_eq!(found.cause, "members that only one has, or that are of another kind: p");
}

#[test]
fn order_of_members_is_a_difference() {
    let a = archive(&[("a.txt", 0, b"1"), ("b.txt", 0, b"2")]);
    let b = archive(&[("b.txt", 0, b"2"), ("a.txt", 0, b"1")]);
    let found = of(&a, &b);
    assert_eq!(found.verdict, Verdict::MetadataDiffers);
    assert!(found.cause.contains("only their order"), "{found:?}");
}

#[test]
fn members_of_one_name_are_paired_in_their_order() {
    let a = archive(&[("x", 1, b"first"), ("x", 2, b"second")]);
    assert_eq!(of(&a, &a).verdict, Verdict::Identical);
    let found = of(&a, &archive(&[("x", 1, b"first"), ("x", 3, b"second")]));
    let facts: Vec<_> = found.facts.iter().map(|f| f.fact.as_str()).collect();
    assert_eq!((found.verdict, facts), (Verdict::MetadataDiffers, vec!["x (2): modified"]));
}

#[test]
fn time_of_a_member_counts_where_build_ids_do_not() {
    let Some(image) = pure("linux/amd64") else { return };
    let image = std::fs::read(image).unwrap();
    let description = twinproof_inspect::describe(image.as_slice(), &Default::default()).unwrap();
    let note = &description.images()[0].1.sections.iter().find(|s| s.name == ".note.go.buildid");
    let mut other = image.clone();
    other[note.unwrap().offset as usize + 20] ^= 1;
    let options = CompareOptions { ignore: vec![Ignore::BuildId] };
    let equal = |time: u64| {
        let (a, b) = (archive(&[("p", 0, &image)]), archive(&[("p", time, &other)]));
        compare(a.as_slice(), b.as_slice(), &options).unwrap().equal
    };
    assert_eq!((equal(0), equal(1)), (true, false));
}

#[test]
fn fat_files_differ_between_slices_and_in_slices_of_one_architecture() {
    let Some(image) = pure("darwin/amd64") else { return };
    let image = std::fs::read(image).unwrap();
    let a = fat(&[(0x0100_0007, 3, &image), (0x0100_0007, 8, &image)]);
    assert_eq!(of(&a, &a).verdict, Verdict::Identical);
    let mut between = a.clone();
    between[0x3000] ^= 1;
    let found = of(&a, &between);
    assert_eq!(found.verdict, Verdict::MetadataDiffers);
    assert_eq!(found.cause, "same slices: only the fat header or what is between them differs");
    let headers = twinproof_inspect::describe(image.as_slice(), &Default::default()).unwrap();
    let text =
        headers.images()[0].1.sections.iter().find(|s| s.name == "__TEXT,__text").unwrap().offset;
    let mut code = image.clone();
    code[text as usize + 5000] ^= 1;
    let b = fat(&[(0x0100_0007, 3, &image), (0x0100_0007, 8, &code)]);
    assert_eq!(of(&a, &b).verdict, Verdict::CodeDiffers);
}
