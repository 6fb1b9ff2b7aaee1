//! References to steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step, by its number from 1 or by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StepRef {
    /// Its number, from 1, after fixtures are expanded.
    Number(usize),
    /// Its name.
    Name(String),
}

impl<'de> Deserialize<'de> for StepRef {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = StepRef;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of a step, from 1, or its name")
            }

            // TOML gives signed integers, JSON unsigned ones.
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<StepRef, E> {
                let bad = |_| E::invalid_value(serde::de::Unexpected::Signed(n), &self);
                usize::try_from(n).map(StepRef::Number).map_err(bad)
            }

            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<StepRef, E> {
                usize::try_from(n).map(StepRef::Number).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<StepRef, E> {
                Ok(StepRef::Name(name.to_owned()))
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl std::fmt::Display for StepRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
