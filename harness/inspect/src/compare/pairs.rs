//! Pairs the images of one file with those of the other, for comparison.

use super::numbered::{Key, numbered, shown};
use super::report::{FactDifference, SectionDifference};
use crate::facts::{Archive, Member, SectionKind};
use crate::read::{File, Parsed};
use crate::source::View;
use std::collections::BTreeMap;

/// Two images, with the name of their slice or member.
pub(super) struct Pair<'f, 'd> {
    pub(super) name: Option<String>,
    pub(super) a: &'f Parsed<'d>,
    pub(super) b: &'f Parsed<'d>,
}

/// Two members of one size that are not both images, with their name.
pub(super) struct Unread<'d> {
    pub(super) name: String,
    pub(super) a: View<'d>,
    pub(super) b: View<'d>,
}

/// All pairs, and the parts that only one file has.
pub(super) struct Paired<'f, 'd> {
    pub(super) pairs: Vec<Pair<'f, 'd>>,
    /// Members that are compared byte by byte only.
    pub(super) unread: Vec<Unread<'d>>,
    /// Differences in the headers of the archive and of its members.
    pub(super) facts: Vec<FactDifference>,
    /// Slices and members that only one file has, or that are no images and not as long.
    pub(super) alone: Vec<SectionDifference>,
    /// Whether one of those is an image.
    pub(super) image_alone: bool,
    pub(super) equal_shape: bool,
}

/// A slice or member.
struct Item<'f, 'd> {
    size: u64,
    image: Option<&'f Parsed<'d>>,
    /// Its bytes; absent for a member of a thin archive.
    view: Option<View<'d>>,
}

/// By name and number: several members of an archive may have one name, and are paired in their order.
type Items<'f, 'd> = BTreeMap<Key, Item<'f, 'd>>;

pub(super) fn pair<'f, 'd>(
    (a, view_a): (&'f File<'d>, View<'d>),
    (b, view_b): (&'f File<'d>, View<'d>),
) -> Paired<'f, 'd> {
    let mut paired = Paired {
        pairs: Vec::new(),
        unread: Vec::new(),
        facts: Vec::new(),
        alone: Vec::new(),
        image_alone: false,
        equal_shape: true,
    };
    match (a, b) {
        (File::Image(a), File::Image(b)) => paired.pairs.push(Pair { name: None, a, b }),
        (File::Universal(a), File::Universal(b)) => {
            let items = |slices: &'f [(crate::facts::Slice, Parsed<'d>)]| {
                numbered(slices.iter().map(|(slice, parsed)| {
                    let item = Item { size: slice.size, image: Some(parsed), view: None };
                    (slice.architecture.clone(), item)
                }))
            };
            paired.join(items(a), items(b));
        }
        (File::Archive(a, images_a), File::Archive(b, images_b)) => {
            paired.join(members(a, images_a, view_a), members(b, images_b, view_b));
            paired.headers(&a.members, &b.members);
            paired.fact("archive.dialect", &a.dialect, &b.dialect);
            paired.fact(
                "archive.go_object",
                a.go_object.as_deref().unwrap_or_default(),
                b.go_object.as_deref().unwrap_or_default(),
            );
        }
        _ => paired.equal_shape = false,
    }
    paired
}

fn members<'f, 'd>(
    archive: &'f Archive,
    images: &'f [Option<Parsed<'d>>],
    view: View<'d>,
) -> Items<'f, 'd> {
    numbered(archive.members.iter().zip(images).map(|(member, image)| {
        let part = member.offset.and_then(|offset| view.part(offset, member.size));
        let item = Item { size: member.size, image: image.as_ref(), view: part };
        (member.name.clone(), item)
    }))
}

/// The parts of a file that are in no slice and no member, in their order.
pub(super) fn gaps<'d>(file: &File<'_>, view: View<'d>) -> Vec<View<'d>> {
    let mut taken: Vec<(u64, u64)> = match file {
        File::Image(_) => vec![(0, view.size())],
        File::Universal(slices) => slices.iter().map(|(s, _)| (s.offset, s.size)).collect(),
        File::Archive(archive, _) => {
            archive.members.iter().filter_map(|m| Some((m.offset?, m.size))).collect()
        }
    };
    taken.sort_unstable();
    taken.push((view.size(), 0));
    let mut end = 0;
    let mut gaps = Vec::new();
    for (offset, size) in taken {
        gaps.extend(offset.checked_sub(end).and_then(|size| view.part(end, size)));
        end = end.max(offset.saturating_add(size));
    }
    gaps
}

impl<'f, 'd> Paired<'f, 'd> {
    fn join(&mut self, a: Items<'f, 'd>, mut b: Items<'f, 'd>) {
        for (key, item) in a {
            let other = b.remove(&key);
            let name = shown(key);
            let Some(other) = other else {
                self.alone(name, Some(&item), None);
                continue;
            };
            match (item.image, other.image) {
                (Some(a), Some(b)) => self.pairs.push(Pair { name: Some(name), a, b }),
                _ if item.size != other.size => self.alone(name, Some(&item), Some(&other)),
                _ => {
                    // The contents of a thin archive's members are elsewhere.
                    if let Some((a, b)) = item.view.zip(other.view) {
                        self.unread.push(Unread { name, a, b });
                    }
                }
            }
        }
        for (key, item) in b {
            self.alone(shown(key), None, Some(&item));
        }
    }

    fn alone(&mut self, name: String, a: Option<&Item<'_, '_>>, b: Option<&Item<'_, '_>>) {
        let items = [a, b];
        self.image_alone |= items.iter().flatten().any(|item| item.image.is_some());
        self.alone.push(SectionDifference {
            name,
            kind: SectionKind::Other,
            size_a: a.map(|item| item.size),
            size_b: b.map(|item| item.size),
            differing: None,
            first: None,
            only_identity: false,
        });
    }

    /// Compares the headers of members: times, owners, modes.
    fn headers(&mut self, a: &'f [Member], b: &'f [Member]) {
        let named = |members: &'f [Member]| numbered(members.iter().map(|m| (m.name.clone(), m)));
        let mut others = named(b);
        for (key, a) in named(a) {
            let Some(b) = others.remove(&key) else { continue };
            let name = shown(key);
            let mut fact = |what: &str, a: &dyn ToString, b: &dyn ToString| {
                self.fact(&format!("{name}: {what}"), &a.to_string(), &b.to_string());
            };
            fact("modified", &a.modified, &b.modified);
            fact("owner", &a.owner, &b.owner);
            fact("group", &a.group, &b.group);
            fact("mode", &a.mode, &b.mode);
        }
    }

    fn fact(&mut self, fact: &str, a: &str, b: &str) {
        if a != b {
            let (fact, a, b) = (fact.to_owned(), Some(a.to_owned()), Some(b.to_owned()));
            self.facts.push(FactDifference { fact, a, b });
        }
    }
}
