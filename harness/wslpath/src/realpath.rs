//! `realpath` as musl 1.2 computes it: from the text and `readlink` alone.
//!
//! It differs from asking the kernel: exactly two slashes at the start stay, the limit of 40 links
//! counts the last one as too many, and a name is known to exist only by what `readlink` said.

use crate::text::SLASH;
use crate::world::{Errno, PATH_MAX, World};

/// Links after which a path counts as a loop.
const LINKS_MAX: usize = 40;

/// The absolute path without links, `.` and `..` of something that exists.
///
/// # Errors
/// An error of `readlink` on the way; [`Errno::NoEntry`] for an empty path; [`Errno::NameTooLong`]
/// where the path or the result reaches 4096 bytes; [`Errno::Loop`] at the 40th link.
pub fn realpath(world: &impl World, path: &[u8]) -> Result<Vec<u8>, Errno> {
    if path.is_empty() {
        return Err(Errno::NoEntry);
    }
    if path.len() >= PATH_MAX {
        return Err(Errno::NameTooLong);
    }
    let mut rest = path.to_vec();
    let mut output: Vec<u8> = Vec::new();
    let mut links = 0;
    // Leading `..` of a relative path, which the current directory has to answer for.
    let mut parents = 0usize;
    let mut must_be_directory = false;
    loop {
        if rest.first() == Some(&SLASH) {
            must_be_directory = false;
            parents = 0;
            let slashes = slashes_at(&rest, 0);
            output.clear();
            // POSIX lets exactly two leading slashes mean something else, and musl keeps them.
            output.resize(if slashes == 2 { 2 } else { 1 }, SLASH);
            rest.drain(..slashes);
            continue;
        }
        let end = rest.iter().position(|&byte| byte == SLASH).unwrap_or(rest.len());
        if end == 0 && !must_be_directory {
            break;
        }
        if &rest[..end] == b"." {
            rest.drain(..end + slashes_at(&rest, end));
            continue;
        }
        let separate = output.last().is_some_and(|&byte| byte != SLASH);
        if separate && rest.len() >= PATH_MAX {
            return Err(Errno::NameTooLong);
        }
        let length = end + usize::from(separate);
        if output.len() + length >= PATH_MAX {
            return Err(Errno::NameTooLong);
        }
        let mut candidate = output.clone();
        if separate {
            candidate.push(SLASH);
        }
        candidate.extend_from_slice(&rest[..end]);
        let is_parent = &rest[..end] == b"..";
        rest.drain(..end);
        // So far the result is nothing but `..`: three bytes each with its slash. The current
        // directory decides where they lead.
        if is_parent && output.len() <= 3 * parents {
            parents += 1;
            output = candidate;
            rest.drain(..slashes_at(&rest, 0));
            continue;
        }
        // The name before this `..` was a directory already, so it cannot be a link, and readlink
        // would answer EINVAL.
        let target = if is_parent && !must_be_directory {
            None
        } else {
            match world.read_link(&candidate) {
                Ok(target) => Some(target),
                Err(Errno::Invalid) => None,
                Err(error) => return Err(error),
            }
        };
        let Some(target) = target else {
            must_be_directory = false;
            if is_parent {
                leave(&mut output);
            } else {
                if end > 0 {
                    output = candidate;
                }
                // A slash behind a name asks for a directory. The next round calls readlink on the
                // name with the slash, which gives ENOTDIR for a file.
                must_be_directory = !rest.is_empty();
            }
            rest.drain(..slashes_at(&rest, 0));
            continue;
        };
        if target.is_empty() {
            return Err(Errno::NoEntry);
        }
        if target.len() + rest.len() >= PATH_MAX {
            return Err(Errno::NameTooLong);
        }
        links += 1;
        // Compared after counting: the 40th link is refused here, while the kernel still follows
        // it.
        if links == LINKS_MAX {
            return Err(Errno::Loop);
        }
        if target.last() == Some(&SLASH) {
            rest.drain(..slashes_at(&rest, 0));
        }
        rest.splice(..0, target);
    }
    if output.first() == Some(&SLASH) { Ok(output) } else { from_current(world, &output, parents) }
}

/// Puts the current directory, less the leading `..`, in front of a relative result.
fn from_current(world: &impl World, output: &[u8], parents: usize) -> Result<Vec<u8>, Errno> {
    let mut path = world.current_dir().ok_or(Errno::NoEntry)?;
    for _ in 0..parents {
        while path.len() > 1 && path.last() != Some(&SLASH) {
            path.pop();
        }
        if path.len() > 1 {
            path.pop();
        }
    }
    let own = output.get(3 * parents..).unwrap_or_default();
    if !own.is_empty() && path.last() != Some(&SLASH) {
        path.push(SLASH);
    }
    if path.len() + own.len() + 1 >= PATH_MAX {
        return Err(Errno::NameTooLong);
    }
    path.extend_from_slice(own);
    Ok(path)
}

/// Removes the last name of a resolved path; the slash or two of a root stay.
fn leave(output: &mut Vec<u8>) {
    while output.last().is_some_and(|&byte| byte != SLASH) {
        output.pop();
    }
    if output.len() > 1 && (output.len() > 2 || output[0] != SLASH) {
        output.pop();
    }
}

fn slashes_at(text: &[u8], start: usize) -> usize {
    text[start..].iter().take_while(|&&byte| byte == SLASH).count()
}

#[cfg(all(test, unix))]
mod tests {
    use super::realpath;
    use crate::system::SystemWorld;
    use crate::world::Errno;
    use rstest::rstest;
    use std::os::unix::ffi::OsStrExt;
    use std::{fs, os::unix::fs::symlink};

    #[rstest]
    #[case::directory("d", Ok("d"))]
    #[case::parents("d/e/.././/e/..", Ok("d"))]
    #[case::link("to_d/e/", Ok("d/e"))]
    #[case::chain("to_to_d/..", Ok(""))]
    #[case::file_as_directory("f/", Err(false))]
    #[case::parent_of_file("f/..", Err(false))]
    #[case::missing("no/..", Err(true))]
    #[case::dangling("to_no", Err(true))]
    #[case::a_loop("loop", Err(false))]
    fn agrees_with_the_running_system(#[case] path: &str, #[case] expected: Result<&str, bool>) {
        let directory = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(directory.path()).unwrap();
        fs::create_dir_all(root.join("d/e")).unwrap();
        fs::write(root.join("f"), "").unwrap();
        for (link, target) in
            [("to_d", "d"), ("to_to_d", "./to_d//"), ("to_no", "no"), ("loop", "loop")]
        {
            symlink(target, root.join(link)).unwrap();
        }
        let world = SystemWorld::current().unwrap();
        let path = root.join(path);
        let real = realpath(&world, path.as_os_str().as_bytes());
        let by_system = fs::canonicalize(&path).ok();
        assert_eq!(
            real.as_ref().ok().map(Vec::as_slice),
            by_system.as_ref().map(|path| path.as_os_str().as_bytes())
        );
        match expected {
            Ok(expected) => {
                let expected = root.join(expected);
                let expected = expected.as_os_str().as_bytes();
                assert_eq!(real.unwrap(), expected.strip_suffix(b"/").unwrap_or(expected));
            }
            Err(missing) => assert_eq!(real.unwrap_err() == Errno::NoEntry, missing),
        }
    }
}
