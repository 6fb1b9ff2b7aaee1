//! `use`: does the steps of a fixture. The loader puts them in its place, so none is ever driven.

use crate::kind::Kind;
use crate::{Checks, EnvChange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Use(pub String);

impl Kind for Use {
    type Seen = EnvChange;
    const EXAMPLE: &'static str = r#"{ use = "hello" }"#;

    fn name(&self) -> Option<&str> {
        None
    }

    fn check(&self, _: &EnvChange, _: &mut Checks<'_>) {}
}
