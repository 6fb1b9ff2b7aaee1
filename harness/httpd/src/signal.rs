//! The signals of the operating system that end or reload a server.

/// Returns when the program is asked to end: SIGTERM or ^C; on Windows ^C, ^Break, or the console
/// closes.
pub async fn stop_signal() {
    if let Err(error) = stop().await {
        tracing::warn!(%error, "signals cannot be awaited; the server runs until it is killed");
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(windows)]
async fn stop() -> std::io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
    let (mut c, mut stop, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
    tokio::select! {
        _ = c.recv() => {}
        _ = stop.recv() => {}
        _ = close.recv() => {}
    }
    Ok(())
}

impl Default for Hangup {
    fn default() -> Self {
        Self::new()
    }
}

/// SIGHUP, where there is such a thing.
#[derive(Debug)]
pub struct Hangup {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangup {
    /// Listens for it, inside a tokio runtime. The process no longer ends by it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    /// Returns when it comes; never where there is no such thing.
    pub async fn recv(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
