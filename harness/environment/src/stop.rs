//! Ends a run at once, from a handler of ^C.

/// Kills every program that drivers of this process have running on this machine, with all that
/// they started, ends the wait for those in containers (which go with their containers, when the
/// environments are dropped), and lets no further one start. A handler of ^C calls it.
pub fn kill_all() {
    twinproof_container::stop_all();
    twinproof_process::kill_all();
}
