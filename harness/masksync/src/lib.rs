//! The masking sync: production rows of MySQL and MariaDB, filtered and masked, in staging.
//!
//! This crate is the pipeline that `twinproof sync` runs, and the default subject of the suite
//! `masking`. The suite has its own implementation of everything it judges by, and uses nothing of
//! this crate to do so.

pub mod binlog;
pub mod defect;
pub mod flow;
pub mod keys;
pub mod mask;
pub mod pipeline;
pub mod policy;
pub mod predicate;
pub mod server;
pub mod sink;
pub mod source;
pub mod value;
