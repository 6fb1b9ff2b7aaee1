//! Signals from the first instruction of the program on.
//!
//! A server handles SIGTERM, SIGINT and SIGHUP once its runtime runs. What comes before would end the
//! process, so these signals are held back from the start, and come when they can be handled.

/// Holds them back, in this thread and those that it starts, where `arguments` begin a server.
pub fn hold_signals(mut arguments: impl Iterator<Item = std::ffi::OsString>) {
    let what = (arguments.nth(1), arguments.next());
    let (Some(kind), Some(verb)) = what else { return };
    if (kind == "proxy" || kind == "sumdb") && verb == "serve" {
        #[cfg(unix)]
        unix::hold();
    }
}

/// Lets them come, in this thread: their handlers are there.
pub fn release_signals() {
    #[cfg(unix)]
    unix::release();
}

#[cfg(unix)]
mod unix {
    use nix::sys::signal::{SigSet, Signal};

    fn signals() -> SigSet {
        [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect()
    }

    pub fn hold() {
        // It fails for no set of existing signals; without it the signals do what they did before.
        let _ = signals().thread_block();
    }

    pub fn release() {
        let _ = signals().thread_unblock();
    }
}
