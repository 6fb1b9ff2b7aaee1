//! The suites and goldens that are built into the program.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
