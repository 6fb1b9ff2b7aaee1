//! Starting a container and, for `wine`, what stays up in it.

use crate::wine::warm_up;
use crate::{Engine, Error, Image, Run, Session, SessionOptions, stop};

impl Session {
    /// Starts a container of `image` for `run`. Takes about half a second; `wine` about three,
    /// because Wine's services are started.
    ///
    /// # Errors
    /// [`Error::Start`] from testcontainers, [`Error::Engine`], [`Error::Invalid`] for a mount that
    /// is not absolute or a `wine` without a launcher.
    pub fn start(
        engine: &Engine,
        run: &Run,
        image: &Image,
        options: SessionOptions,
    ) -> Result<Self, Error> {
        stop::check()?;
        let launcher = match (&options.launcher, image.name.as_str()) {
            (Some(path), "wine") => Some(std::fs::read(path).map_err(Error::file(path))?),
            (None, "wine") => {
                return Err(Error::Invalid("`wine` needs a launcher: wine::build_launcher".into()));
            }
            _ => None,
        };
        let session = Self::begin(engine, run, image, &options)?;
        if let Some(launcher) = launcher {
            warm_up(&session, launcher, &options.mounts)?;
        }
        Ok(session)
    }
}
