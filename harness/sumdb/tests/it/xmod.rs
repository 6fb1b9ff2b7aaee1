//! Differential tests against golang.org/x/mod.
