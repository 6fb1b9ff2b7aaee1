//! The end of a connection.
//!
//! A socket that is closed while bytes of the client are unread is reset, and the reset may overtake
//! the last answer. So where the client may still be sending, its bytes are read for a while.

use crate::stream::Stream;
use bytes::Bytes;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long it may take to send the last bytes.
const LIMIT: Duration = Duration::from_secs(2);

/// How long the bytes of a client are read that may still be sending.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// How long those of a client that is sent elsewhere.
pub(crate) const SHORT_LINGER: Duration = Duration::from_millis(250);

/// How many bytes of the client are read.
const MOST: usize = 1 << 20;

/// Sends the last bytes, and closes after having read for up to `linger`.
pub(crate) async fn lingering_close(mut stream: Stream, last: Bytes, linger: Duration) {
    let close = Box::pin(async {
        if !last.is_empty() {
            stream.write_all(&last).await?;
        }
        stream.shutdown().await?;
        if linger.is_zero() {
            return Ok(());
        }
        let mut buffer = vec![0; 8 << 10];
        let mut read = 0;
        // Closing a socket with unread bytes sends RST, which can delete the answer from the
        // client's receive buffer before it is read. So the client's bytes are read for a while.
        while read < MOST {
            match stream.read(&mut buffer).await? {
                0 => break,
                bytes => read += bytes,
            }
        }
        std::io::Result::Ok(())
    });
    // The client may have closed already: an error or a timeout here is no failure of the answer.
    let limit = if linger.is_zero() { LIMIT } else { linger };
    let _ = timeout(limit, close).await;
}
