//! Paths into JSON documents: `$.a.b`, `$.a[0]`, `$.a[*].b`, `$.*`, `$..tel`, `$."odd name"`.

use std::str::FromStr;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    AnyMember,
    Element(usize),
    AnyElement,
    /// Any number of steps.
    Deep,
}

/// The place of a value in its object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At<'d> {
    Member(&'d str),
    Element(usize),
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<Step>);

/// A path that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no path: write `$.a.b`, `$.a[*].b`, `$.*` or `$..name`")]
pub struct PathError(String);

impl FromStr for JsonPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let error = || PathError(text.to_owned());
        let mut rest = text.strip_prefix('$').ok_or_else(error)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']').ok_or_else(error)?;
                steps.push(match index {
                    "*" => Step::AnyElement,
                    n => Step::Element(n.parse().map_err(|_| error())?),
                });
                rest = after;
                continue;
            }
            rest = rest.strip_prefix('.').ok_or_else(error)?;
            if let Some(deep) = rest.strip_prefix('.') {
                steps.push(Step::Deep);
                rest = deep;
            }
            let (name, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(error)?,
                None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
            };
            if name.is_empty() {
                return Err(error());
            }
            // A quoted `*` is a member of that name.
            let any = name == "*" && !rest.starts_with('"');
            steps.push(if any { Step::AnyMember } else { Step::Member(name.to_owned()) });
            rest = after;
        }
        if steps.is_empty() { Err(error()) } else { Ok(Self(steps)) }
    }
}

impl JsonPath {
    /// Whether the path names that place.
    pub(super) fn names(&self, place: &[At<'_>]) -> bool {
        matches(&self.0, place)
    }
}

fn matches(steps: &[Step], place: &[At<'_>]) -> bool {
    let Some((step, steps)) = steps.split_first() else { return place.is_empty() };
    if *step == Step::Deep {
        return (0..=place.len()).any(|skipped| matches(steps, &place[skipped..]));
    }
    let Some((at, place)) = place.split_first() else { return false };
    let fits = match (step, at) {
        (Step::Member(name), At::Member(member)) => name == member,
        (Step::Element(n), At::Element(i)) => n == i,
        (Step::AnyMember, At::Member(_)) | (Step::AnyElement, At::Element(_)) => true,
        _ => false,
    };
    fits && matches(steps, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TEL: &[At<'_>] = &[At::Member("people"), At::Element(2), At::Member("tel")];

    #[rstest]
    #[case("$.people[2].tel", true)]
    #[case("$.people[*].tel", true)]
    #[case("$.*[*].*", true)]
    #[case("$..tel", true)]
    #[case("$.people..tel", true)]
    #[case("$.\"people\"[2].tel", true)]
    #[case("$.people[1].tel", false)]
    #[case("$.people", false)]
    #[case("$.people[2].tel.home", false)]
    #[case("$.people.*.tel", false)]
    fn a_path_names_a_place(#[case] path: &str, #[case] named: bool) {
        assert_eq!(path.parse::<JsonPath>().unwrap().names(TEL), named);
    }

    #[rstest]
    #[case("")]
    #[case("$")]
    #[case("tel")]
    #[case("$tel")]
    #[case("$.")]
    #[case("$.a[")]
    #[case("$.a[x]")]
    #[case("$.\"a")]
    #[case("$...a")]
    fn malformed_json_path_is_refused(#[case] path: &str) {
        assert_eq!(path.parse::<JsonPath>(), Err(PathError(path.to_owned())));
    }
}
