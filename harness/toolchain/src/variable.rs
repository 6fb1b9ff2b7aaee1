//! The variable with the cache's folder.

/// The environment variable that puts the cache elsewhere.
pub const CACHE_VARIABLE: &str = "TWINPROOF_CACHE";
