//! Closes a connection so that the client receives the last answer.
//!
//! A socket that is closed while bytes of the client are unread is reset, and the reset may overtake
//! the last answer. So where the client may still be sending, its bytes are read for a while.

use crate::stream::Stream;
use bytes::Bytes;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Time limit for sending the last bytes.
const LIMIT: Duration = Duration::from_secs(2);

/// Time for which the bytes of a client that may still be sending are read.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// The same for a connection that ends because the server stops.
pub(crate) const SHORT_LINGER: Duration = Duration::from_millis(250);

/// The most bytes of the client that are read.
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
