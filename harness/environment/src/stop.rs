//! The way out of a run that is to end at once.

/// Kills every program that drivers of this process have running on this machine, with all that
/// they started, ends the wait for those in containers (which go with their containers, when the
/// environments are dropped), and lets no further one start. For the way out: a handler of ^C calls it.
pub fn kill_all() {
    twinproof_container::stop_all();
    twinproof_process::kill_all();
}
