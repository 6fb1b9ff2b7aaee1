//! The script engine for the scripts of cmd/go's own tests.
