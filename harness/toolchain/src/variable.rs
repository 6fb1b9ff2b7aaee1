//! The variable that says where the cache is.

/// The environment variable that puts the cache elsewhere.
pub const CACHE_VARIABLE: &str = "TWINPROOF_CACHE";
