//! The signals of the operating system that end or reload a server.

/// Waits until the program is asked to end: SIGTERM or ^C; on Windows ^C, ^Break, or the console
/// closes. It listens from this call on, inside a tokio runtime: a signal that comes before the first
/// poll counts too, and does not end the process.
pub fn stop_signal() -> impl Future<Output = ()> {
    let asked = asked_to_stop();
    async {
        match asked {
            Ok(asked) => asked.await,
            Err(error) => {
                tracing::warn!(%error, "signals cannot be awaited; the server runs until it is killed");
                std::future::pending().await
            }
        }
    }
}

#[cfg(unix)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    // SIGTERM is what systemd, Docker and Kubernetes send; SIGINT is ^C.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(windows)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
    let (mut c, mut stop, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
    Ok(async move {
        tokio::select! {
            _ = c.recv() => {}
            _ = stop.recv() => {}
            _ = close.recv() => {}
        }
    })
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{Signal, getpid, kill_process};

    #[tokio::test]
    async fn a_signal_before_the_first_poll_counts() {
        let stop = stop_signal();
        kill_process(getpid(), Signal::TERM).unwrap();
        stop.await;
    }
}
