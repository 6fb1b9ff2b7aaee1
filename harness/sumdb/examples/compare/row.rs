//! The measurements of a task.

/// A measured task.
pub struct Row {
    pub what: String,
    pub ours: f64,
    pub theirs: f64,
    pub figure: f64,
    /// The most memory above what the process had before, in bytes: ours and theirs.
    pub memory: Option<(u64, u64)>,
}

impl Row {
    pub fn ratio(&self) -> f64 {
        self.theirs / self.ours
    }
}

/// The median of all but the first.
pub fn median(mut values: Vec<f64>) -> f64 {
    // The first warms up caches on both sides.
    values.remove(0);
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
