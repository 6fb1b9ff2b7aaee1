//! `TWINPROOF_REQUIRE`: tools and environments whose absence is a failure. A test or run that lacks
//! one that is not named there is reported as not run.

/// The variable that names them, separated by commas: `TWINPROOF_REQUIRE=docker,go,wine`.
pub const VARIABLE: &str = "TWINPROOF_REQUIRE";

/// Whether `name` is required by the environment of this process.
#[must_use]
pub fn required(name: &str) -> bool {
    std::env::var(VARIABLE).is_ok_and(|list| names(&list, name))
}

fn names(list: &str, name: &str) -> bool {
    list.split(',').any(|one| one.trim() == name)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn spaces_around_names_do_not_matter_and_parts_of_names_do_not_count() {
        assert!(names("go, docker", "docker"));
        assert!(!names("go,docker", "dock"));
        assert!(!names("", "go"));
    }
}
