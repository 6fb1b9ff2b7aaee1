//! Lines of a log on their way to a stream: a thread writes them, many at a time, so that a request does
//! not wait for its line.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The longest time that a line waits.
const DELAY: Duration = Duration::from_millis(50);

/// Bytes that are written without waiting for more.
const ENOUGH: usize = 64 << 10;

/// Bytes that may wait, when the stream takes nothing; a thread that logs more waits too.
const MOST: usize = 4 << 20;

#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    over: bool,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    /// There is something to write, or it is over.
    more: Condvar,
    /// There is room again.
    less: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until it is over.
    fn run(&self, mut stream: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut lines = self.lock();
            while lines.bytes.is_empty() && !lines.over {
                lines = self.more.wait(lines).unwrap_or_else(PoisonError::into_inner);
            }
            if lines.bytes.len() < ENOUGH && !lines.over {
                let waited = self.more.wait_timeout(lines, DELAY);
                lines = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            let over = lines.over;
            batch.clear();
            std::mem::swap(&mut batch, &mut lines.bytes);
            drop(lines);
            self.less.notify_all();
            // There is no reader left for a message.
            let _ = stream.write_all(&batch).and_then(|()| stream.flush());
            if over {
                return;
            }
        }
    }
}

/// The thread, which ends with this value.
#[derive(Debug)]
pub struct LogBuffer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LogBuffer {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn start(stream: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        let thread =
            thread::Builder::new().name("log".to_owned()).spawn(move || own.run(stream))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A writer of lines.
    pub fn writer(&self) -> LogWriter {
        LogWriter(Arc::clone(&self.shared))
    }
}

impl Drop for LogBuffer {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.more.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has no reason to panic, and a panic here would have no reader.
            let _ = thread.join();
        }
    }
}

/// Takes lines.
#[derive(Clone, Debug)]
pub struct LogWriter(Arc<Shared>);

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock();
        while lines.bytes.len() > MOST && !lines.over {
            lines = self.0.less.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
        if lines.over {
            // After the thread's end, which is the program's.
            drop(lines);
            return io::stderr().write_all(line).map(|()| line.len());
        }
        let before = lines.bytes.len();
        lines.bytes.extend_from_slice(line);
        let wakes = before == 0 || (before < ENOUGH && lines.bytes.len() >= ENOUGH);
        drop(lines);
        if wakes {
            self.0.more.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Stream(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_arrives_in_order_and_many_at_a_time() {
        let stream = Stream::default();
        let buffer = LogBuffer::start(stream.clone()).unwrap();
        let mut writer = buffer.writer();
        let want: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
        for line in want.split_inclusive('\n') {
            writer.write_all(line.as_bytes()).unwrap();
        }
        drop(buffer);
        let written = stream.0.lock().unwrap();
        assert_eq!(String::from_utf8(written.concat()).unwrap(), want);
        assert!(written.len() < 5000, "{} writes", written.len());
    }
}
