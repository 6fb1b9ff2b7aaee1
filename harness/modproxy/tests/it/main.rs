//! The proxy as its users see it.

#![expect(clippy::expect_used, reason = "a helper of a test fails the test")]

mod config;
mod damage;
mod eviction;
mod fallback;
mod faults;
mod files;
mod partial_zip;
mod stampede;
mod sumdb;
mod support;
mod zips;
