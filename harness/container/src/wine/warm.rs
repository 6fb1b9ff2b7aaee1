//! Programs that stay up in a `wine` container between others.

use std::time::{Duration, Instant};

use super::prefix::{OWN, PREFIX, base_environment, unix_environment};
use crate::{ArchiveEntry, Error, Exec, Mount, Session};

/// The longest that Wine's services may take to come up.
const WARM: Duration = Duration::from_secs(120);
/// Puts the launcher in, starts what stays up, and waits until a program runs.
pub(crate) fn warm_up(session: &Session, launcher: Vec<u8>, mounts: &[Mount]) -> Result<(), Error> {
    let own = format!("{PREFIX}/drive_c/{OWN}");
    let drives = drive_links(mounts)?;
    if !drives.is_empty() {
        session.upload(&format!("{PREFIX}/dosdevices"), &drives)?;
    }
    session.upload(&own, &[ArchiveEntry::file("launch.exe", launcher).mode(0o755)])?;
    // The server ends with its last client otherwise, and starting it takes two seconds for each
    // program.
    session.detached(&["wineserver", "--persistent", "--foreground"])?;
    let hold = [format!(r"C:\{OWN}\launch.exe"), format!(r"C:\{OWN}\ready.txt")];
    session.detached(&["wine", &hold[0], "hold", &hold[1]])?;
    // Not before the services are up: a program that started them would take them with it when it
    // ends.
    let script = format!("until test -e {own}/ready.txt; do sleep 0.05; done");
    let mut ready = Exec::new(["/bin/sh", "-c", &script]);
    ready.env = unix_environment();
    ready.time_limit = WARM;
    if session.exec_unix(&ready)?.timed_out {
        return Err(Error::TimedOut { what: "starting Wine's services".into(), limit: WARM });
    }
    // 7, because a launcher that started nothing also exits with 0.
    let mut first = Exec::new([r"C:\windows\system32\cmd.exe", "/c", "exit 7"]);
    first.env = base_environment();
    first.time_limit = WARM;
    let start = Instant::now();
    let done = session.exec(&first)?;
    if done.exit == Some(7) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Error::Invalid(format!(
        "Wine did not come up in {:?}: exit {:?}, {said}",
        start.elapsed(),
        done.exit
    )))
}

/// A drive letter for each mount, from Y: downwards.
fn drive_links(mounts: &[Mount]) -> Result<Vec<ArchiveEntry>, Error> {
    let letters = ('d'..='y').rev();
    if mounts.len() > letters.clone().count() {
        return Err(Error::Invalid(format!(
            "{} mounts are more than Wine has drives",
            mounts.len()
        )));
    }
    let link = |(letter, mount): (char, &Mount)| {
        ArchiveEntry::symlink(format!("{letter}:"), &mount.container)
    };
    Ok(letters.zip(mounts).map(link).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mount_has_a_drive() {
        let mount = |n: usize| Mount { host: "/h".into(), container: format!("/m{n}") };
        let mounts: Vec<Mount> = (0..22).map(mount).collect();
        let links = drive_links(&mounts).unwrap();
        assert_eq!(links[0], ArchiveEntry::symlink("y:", "/m0"));
        assert_eq!(links[21], ArchiveEntry::symlink("d:", "/m21"));
        let mounts: Vec<Mount> = (0..23).map(mount).collect();
        assert!(matches!(drive_links(&mounts), Err(Error::Invalid(_))));
    }
}
