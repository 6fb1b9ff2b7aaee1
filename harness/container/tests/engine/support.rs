//! Helpers of the engine tests: their requirements, one session for each image and test, shell scripts.

use std::time::Duration;

use twinproof_container::{Engine, Exec, ExecResult, Images, Run, Session, SessionOptions, Silent};
use twinproof_testkit::{Requirement, Unavailable};

/// The engine.
pub fn engine() -> Result<Engine, Unavailable> {
    Engine::detect().map_err(|absent| Requirement::Docker.unavailable(absent))
}

/// A session of an image that is in the engine; where images are required it is made.
pub fn session(name: &str, options: SessionOptions) -> Result<Session, Unavailable> {
    let engine = engine()?;
    let images = Images::embedded().unwrap();
    let image = match images.cached(&engine, name).unwrap() {
        Some(image) => image,
        None if Requirement::Images.is_required() => images.ensure(&engine, name, &Silent).unwrap(),
        None => {
            let reason = format!("{name} is not in the engine");
            return Err(Requirement::Images.unavailable(reason));
        }
    };
    let run = Run::new(Duration::from_secs(900));
    Ok(Session::start(&engine, &run, &image, options).unwrap())
}

/// Runs a shell script with nothing but a PATH.
pub fn sh(session: &Session, script: &str) -> ExecResult {
    let mut exec = Exec::new(["/bin/sh", "-c", script]);
    exec.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    session.exec(&exec).unwrap()
}
