//! Which image of one file is compared with which of the other.

use super::report::{FactDifference, SectionDifference};
use crate::facts::{Member, SectionKind};
use crate::read::{File, Parsed};
use std::collections::BTreeMap;

/// Two images, with the name of their slice or member.
pub(super) struct Pair<'f, 'd> {
    pub(super) name: Option<String>,
    pub(super) a: &'f Parsed<'d>,
    pub(super) b: &'f Parsed<'d>,
}

/// All pairs, and what has no other.
pub(super) struct Paired<'f, 'd> {
    pub(super) pairs: Vec<Pair<'f, 'd>>,
    /// What the archive itself says differently.
    pub(super) facts: Vec<FactDifference>,
    /// Slices and members that only one file has.
    pub(super) alone: Vec<SectionDifference>,
    pub(super) equal_shape: bool,
}

pub(super) fn pair<'f, 'd>(a: &'f File<'d>, b: &'f File<'d>) -> Paired<'f, 'd> {
    let mut paired =
        Paired { pairs: Vec::new(), facts: Vec::new(), alone: Vec::new(), equal_shape: true };
    match (a, b) {
        (File::Image(a), File::Image(b)) => paired.pairs.push(Pair { name: None, a, b }),
        (File::Universal(a), File::Universal(b)) => {
            let items = |slices: &'f [(crate::facts::Slice, Parsed<'d>)]| {
                slices.iter().map(|(s, p)| (s.architecture.clone(), (s.size, Some(p)))).collect()
            };
            paired.join(items(a), items(b));
        }
        (File::Archive(a, images_a), File::Archive(b, images_b)) => {
            paired.join(numbered(&a.members, images_a), numbered(&b.members, images_b));
            paired.members(&a.members, &b.members);
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

/// Images by name; a second member of one name is another.
type Items<'f, 'd> = BTreeMap<String, (u64, Option<&'f Parsed<'d>>)>;

fn numbered<'f, 'd>(members: &[Member], images: &'f [Option<Parsed<'d>>]) -> Items<'f, 'd> {
    let mut items = Items::new();
    for (member, image) in members.iter().zip(images) {
        let mut name = member.name.clone();
        let mut number = 1;
        // An archive may have many members of one name; they are paired in their order.
        while items.contains_key(&name) {
            number += 1;
            name = format!("{} ({number})", member.name);
        }
        items.insert(name, (member.size, image.as_ref()));
    }
    items
}

impl<'f, 'd> Paired<'f, 'd> {
    fn join(&mut self, a: Items<'f, 'd>, mut b: Items<'f, 'd>) {
        for (name, (size, image)) in a {
            match (image, b.remove(&name)) {
                (Some(a), Some((_, Some(b)))) => self.pairs.push(Pair { name: Some(name), a, b }),
                (_, Some((other, _))) if size == other => {}
                (_, other) => self.alone(name, Some(size), other.map(|(size, _)| size)),
            }
        }
        for (name, (size, _)) in b {
            self.alone(name, None, Some(size));
        }
    }

    fn alone(&mut self, name: String, size_a: Option<u64>, size_b: Option<u64>) {
        self.alone.push(SectionDifference {
            name,
            kind: SectionKind::Other,
            size_a,
            size_b,
            differing: None,
            first: None,
            only_identity: false,
        });
    }

    /// What the headers of members say: times, owners, modes.
    fn members(&mut self, a: &[Member], b: &[Member]) {
        for a in a {
            let Some(b) = b.iter().find(|b| b.name == a.name) else { continue };
            let name = &a.name;
            self.fact(
                &format!("{name}: modified"),
                &a.modified.to_string(),
                &b.modified.to_string(),
            );
            self.fact(&format!("{name}: owner"), &a.owner.to_string(), &b.owner.to_string());
            self.fact(&format!("{name}: group"), &a.group.to_string(), &b.group.to_string());
            self.fact(&format!("{name}: mode"), &a.mode, &b.mode);
        }
    }

    fn fact(&mut self, fact: &str, a: &str, b: &str) {
        if a != b {
            let (fact, a, b) = (fact.to_owned(), Some(a.to_owned()), Some(b.to_owned()));
            self.facts.push(FactDifference { fact, a, b });
        }
    }
}
