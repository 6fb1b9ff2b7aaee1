//! Receives progress of long work. The caller draws it.

/// Receives messages while an image is being provided.
pub trait Progress: Send + Sync {
    /// `message` is one line without a final full stop; `fraction` is in 0.0..=1.0 where it is
    /// known.
    fn update(&self, message: &str, fraction: Option<f64>);
}

/// Ignores all progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn update(&self, _message: &str, _fraction: Option<f64>) {}
}

impl<F: Fn(&str, Option<f64>) + Send + Sync> Progress for F {
    fn update(&self, message: &str, fraction: Option<f64>) {
        self(message, fraction);
    }
}
