//! Pipelines that copy a production database to staging: their processes, and the places that they
//! write to, each with its trust zone.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use twinproof_model::Template;

/// The variables that texts of a pipeline may refer to: name and meaning.
pub const PIPELINE_VARIABLES: [(&str, &str); 12] = [
    ("peers", "the program `twinproof-peers` beside this one"),
    ("program", "the subject's program"),
    ("policy", "the policy, a file in `twinproof sync`'s format"),
    ("plan", "the same as JSON: servers, tables, classes, keys"),
    ("work", "a folder of the pipeline's own"),
    ("source", "the source's socket"),
    ("staging", "staging's socket"),
    ("db", "the schema of the tables, at both ends"),
    ("state", "the schema in staging that the pipeline keeps its position in"),
    ("user", "the user at both ends, who has no password"),
    ("table", "in commands: a table, `schema.table`"),
    ("column", "in commands: a column"),
];

/// A pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Pipeline {
    /// Statements in staging before it is first started, such as those that make its position's tables.
    #[serde(default)]
    pub prepare: Vec<Template>,
    /// Whether its staging is topics of a broker of Kafka: `DB.DB.TABLE`, with Debezium's envelopes
    /// in JSON. The harness then applies the committed records to staging's tables, as a consumer
    /// would.
    #[serde(default)]
    pub topics: bool,
    /// Its processes, in the order in which they are started; they are ended in the other.
    pub process: Vec<PipelineProcess>,
    /// Places that it writes to besides the tables in staging.
    #[serde(default)]
    pub place: Vec<PipelinePlace>,
    /// Commands by name (`verify`, `resnapshot`, `unmask`): arguments of its program.
    #[serde(default)]
    pub command: BTreeMap<String, Vec<Template>>,
}

/// A process of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PipelineProcess {
    /// Its name; cases kill the process by it.
    pub name: String,
    /// Its program; the subject's when absent.
    #[serde(default)]
    pub program: Option<Template>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Template>,
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
    /// A text in its output that shows that it is ready; it counts as ready at once when absent.
    #[serde(default)]
    pub ready: Option<String>,
    /// The trust zone of its output: `prod` or `staging`.
    #[serde(default)]
    pub zone: PipelineZone,
}

/// The trust zone of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PipelineZone {
    /// Production: plain values may be there.
    Prod,
    /// Staging: no plain value may be there.
    #[default]
    Staging,
}

/// A place that a pipeline writes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PipelinePlace {
    /// Its name.
    pub name: String,
    /// Its zone.
    #[serde(default)]
    pub zone: PipelineZone,
    /// A folder, with all that is in it.
    #[serde(default)]
    pub folder: Option<Template>,
    /// A schema of staging, with all rows of its tables.
    #[serde(default)]
    pub schema: Option<Template>,
}
