//! Reading and writing a file at a place, so that threads need not share a cursor.

use std::fs::File;
use std::io;

/// Reads what there is at `offset`, as [`io::Read::read`] does at the cursor.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    let n = std::os::unix::fs::FileExt::read_at(file, buffer, offset)?;
    // seek_read moves the cursor on Windows. Nobody relies on the cursor of files that are read
    // this way.
    #[cfg(windows)]
    let n = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
    Ok(n)
}

/// Fills `buffer` from `offset` on.
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match read_at(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buffer = buffer.split_at_mut(n).1;
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Writes all of `bytes` from `offset` on.
pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_at(file, bytes, offset);
        #[cfg(windows)]
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset);
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = bytes.split_at(n).1;
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
