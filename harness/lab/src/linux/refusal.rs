//! Names of the kernel's errors.

use crate::Refusal;
use rustix::io::Errno;

/// The errors that mounts, files and programs come to.
const NAMES: [(Errno, &str); 20] = [
    (Errno::PERM, "EPERM"),
    (Errno::NOENT, "ENOENT"),
    (Errno::IO, "EIO"),
    (Errno::NOEXEC, "ENOEXEC"),
    (Errno::ACCESS, "EACCES"),
    (Errno::BUSY, "EBUSY"),
    (Errno::EXIST, "EEXIST"),
    (Errno::NODEV, "ENODEV"),
    (Errno::NOTDIR, "ENOTDIR"),
    (Errno::ISDIR, "EISDIR"),
    (Errno::INVAL, "EINVAL"),
    (Errno::NOSPC, "ENOSPC"),
    (Errno::ROFS, "EROFS"),
    (Errno::LOOP, "ELOOP"),
    (Errno::NAMETOOLONG, "ENAMETOOLONG"),
    (Errno::NOSYS, "ENOSYS"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP"),
    (Errno::ADDRINUSE, "EADDRINUSE"),
    (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
    (Errno::TXTBSY, "ETXTBSY"),
];

/// An error with its name.
pub(super) fn refusal(errno: Errno) -> Refusal {
    let name = NAMES.iter().find(|(known, _)| *known == errno).map(|(_, name)| *name);
    let errno_name = name.map_or_else(|| format!("E{}", errno.raw_os_error()), str::to_owned);
    Refusal { errno: errno_name, message: errno.to_string() }
}
