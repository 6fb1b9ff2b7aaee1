//! Signals from the first instruction of the program on.
//!
//! A server handles SIGTERM, SIGINT and SIGHUP once its runtime runs. Before that they would end
//! the process, so they are blocked from the start, and delivered when the handlers are installed.

/// Blocks them, in this thread and those that it starts, where `arguments` begin a server.
pub fn hold_signals(mut arguments: impl Iterator<Item = std::ffi::OsString>) {
    let what = (arguments.nth(1), arguments.next());
    let (Some(kind), Some(verb)) = what else { return };
    if (kind == "proxy" || kind == "sumdb") && verb == "serve" {
        #[cfg(unix)]
        unix::hold();
    }
}

/// Unblocks them in this thread, once their handlers are installed.
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
        // It fails for no set of existing signals; if it did, the signals would keep their default
        // action.
        let _ = signals().thread_block();
    }

    pub fn release() {
        let _ = signals().thread_unblock();
    }
}
