//! Connections of a lab that are passed on to a server in the network of the host.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Time limit for connecting to the server outside.
const CONNECT: Duration = Duration::from_secs(10);

/// A thread in the network of the host: what it starts is there, too.
pub(super) struct Outside(Sender<(TcpStream, SocketAddr)>);

impl Outside {
    /// Starts it; the network of the calling thread is the host's still.
    pub(super) fn start() -> io::Result<Self> {
        let (accepted, connections) = channel();
        // A thread keeps the network namespace it was started in, so this one must be started
        // before the lab's is made.
        thread::Builder::new().spawn(move || serve(&connections))?;
        Ok(Self(accepted))
    }

    /// Listens in the network of the calling thread.
    pub(super) fn relay(&self, listen: SocketAddr, to: SocketAddr) -> io::Result<()> {
        let listener = TcpListener::bind(listen)?;
        let accepted = self.0.clone();
        thread::Builder::new().spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepted.send((stream, to)).is_err() {
                    return;
                }
            }
        })?;
        Ok(())
    }
}

fn serve(connections: &Receiver<(TcpStream, SocketAddr)>) {
    while let Ok((inside, to)) = connections.recv() {
        // A connection that cannot be passed on is closed, which its client sees.
        let _ = thread::Builder::new().spawn(move || pass(&inside, to));
    }
}

fn pass(inside: &TcpStream, to: SocketAddr) {
    let Ok(outside) = TcpStream::connect_timeout(&to, CONNECT) else { return };
    thread::scope(|scope| {
        scope.spawn(|| copy(inside, &outside));
        copy(&outside, inside);
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    // The end of one direction is passed on; the other may still carry an answer.
    let _ = to.shutdown(Shutdown::Write);
}
