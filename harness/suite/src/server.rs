//! Servers in a case: a server that it starts must be required, and one that it asks must have been
//! started.

use crate::expanded::{Expanded, Placed};
use crate::key::Reader;
use crate::node::{self, Node};
use crate::report::{Draft, Spot};
use twinproof_model::{Capability, EnvironmentKind, Requirement};
use twinproof_steps::{AskedOf, OriginDatabase, Step};

/// Checks the servers of a case whose table is `table`.
pub(crate) fn check(
    expanded: &Expanded<'_, '_>,
    table: &Node<'_>,
    requires: &[Requirement],
    reader: &mut Reader<'_>,
) {
    let mut server = Started::default();
    for placed in &expanded.steps {
        server.step(placed, requires, reader);
    }
    let Some(subject) = server.subject else { return };
    let mut elsewhere = node::texts(node::get(table, "environments"))
        .into_iter()
        .filter(|(selector, _)| !selects_subjects(selector));
    if let Some((selector, span)) = elsewhere.next() {
        let message = format!("there is no subject to launch in `{selector}`");
        let draft = reader.draft("no-subject", &message, span);
        let draft = draft.other(subject, "launched here");
        reader.add(draft.help("name `proxy` or `sumdb`, or their instances"));
    }
}

/// Whether a selector selects subjects and nothing else.
fn selects_subjects(selector: &str) -> bool {
    // The kind itself: a pattern such as `*` may select environments that have no subject.
    let kind = selector.split(':').next().unwrap_or_default();
    EnvironmentKind::ALL.into_iter().any(|k| k.is_subject() && k.as_str() == kind)
}

/// Servers that the steps so far have started.
#[derive(Default)]
struct Started {
    origin: bool,
    /// Whether the origin's database is that of cmd/go's tests.
    cmd_go: bool,
    subject: Option<Spot>,
    relay: bool,
}

impl Started {
    fn step(&mut self, placed: &Placed<'_, '_>, requires: &[Requirement], reader: &mut Reader<'_>) {
        let site = placed.site;
        let missing = |c: Capability| !requires.contains(&Requirement::Has(c));
        let elsewhere = requires.contains(&Requirement::Lacks(Capability::Origin));
        match &site.step {
            Some(Step::Origin(s)) => {
                if !self.origin && !elsewhere && missing(Capability::Origin) {
                    let message = "the case has an origin and does not require one";
                    let draft = Draft::new("origin-not-required", message, site.kind_spot());
                    let help = "put `\"origin\"` into its `requires`: where the upstream is not \
                                ours, it does not apply";
                    reader.add(placed.explain(draft.help(help)));
                }
                if self.origin && !s.module.is_empty() {
                    let message = "modules are given where the origin is started";
                    let draft = Draft::new("origin-modules", message, site.spot("module"));
                    let help = "move them to the case's first `origin` step";
                    reader.add(placed.explain(draft.help(help)));
                }
                let cmd_go = s.database == OriginDatabase::CmdGo;
                if self.origin && cmd_go {
                    let message = "the database is chosen where the origin is started";
                    let draft = Draft::new("origin-database", message, site.spot("database"));
                    let help = "move it to the case's first `origin` step";
                    reader.add(placed.explain(draft.help(help)));
                }
                self.cmd_go |= !self.origin && cmd_go;
                self.origin = true;
            }
            Some(Step::Subject(s)) => {
                for name in s.set.keys().filter(|n| reader.context.settings.contains(*n)) {
                    if missing(Capability::Feature(name.clone())) {
                        let message =
                            format!("the case sets `{name}` and does not require the feature");
                        let spot = site.spot("set");
                        let draft = Draft::new("feature-not-required", message, spot);
                        let help = format!("put `\"feature:{name}\"` into its `requires`");
                        reader.add(placed.explain(draft.help(help)));
                    }
                }
                if s.room.is_some() && missing(Capability::StoreRoom) {
                    let message = "the case limits the subject's store and does not require that";
                    let draft = Draft::new("room-not-required", message, site.spot("room"));
                    let help = "put `\"store-room\"` into its `requires`";
                    reader.add(placed.explain(draft.help(help)));
                }
                if self.subject.is_none()
                    && let Some(key) = ["restart", "kill"]
                        .into_iter()
                        .find(|key| node::get(site.body(), key).is_some())
                {
                    let message = format!("there is no subject yet to {key}");
                    let draft = Draft::new("no-effect", message, site.spot(key));
                    reader.add(placed.explain(draft));
                }
                self.subject.get_or_insert_with(|| site.kind_spot());
                // The relay carries out mutants, so it records requests with one, too.
                self.relay = s.relay || !s.mutant.is_empty();
            }
            Some(Step::Requests(s)) => {
                let (there, help) = match s.of {
                    AskedOf::Origin => {
                        (self.origin, "put `{ origin = { … } }` before this step".to_owned())
                    }
                    AskedOf::Subject => (
                        self.relay,
                        "give `relay = true` to the `subject` step before this one".to_owned(),
                    ),
                };
                if !there {
                    let message = format!("the requests to the {} are not recorded", s.of.as_str());
                    let draft = Draft::new("no-requests", message, site.kind_spot());
                    reader.add(placed.explain(draft.help(help)));
                }
            }
            Some(Step::Script(_)) => {
                let lacks = [
                    (
                        !self.cmd_go,
                        "no origin with the database of cmd/go's tests",
                        "{ origin = { database = \"cmd-go\" } }",
                    ),
                    (
                        self.subject.is_none(),
                        "no subject to ask",
                        "{ subject = { upstream = \"${origin}/mod\" } }",
                    ),
                ];
                for (_, what, step) in lacks.into_iter().filter(|(lacks, ..)| *lacks) {
                    let message = format!("the script has {what}");
                    let draft = Draft::new("no-script-servers", message, site.kind_spot());
                    let help = format!("put `{step}` before this step");
                    reader.add(placed.explain(draft.help(help)));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::selects_subjects;

    #[test]
    fn selectors_of_subjects() {
        assert!(selects_subjects("proxy") && selects_subjects("sumdb:embedded"));
        assert!(!selects_subjects("host") && !selects_subjects("*") && !selects_subjects("prox"));
    }
}
