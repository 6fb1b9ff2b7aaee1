//! What the engine tests share: the typed requirement, and one session for each image and test.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

use std::time::Duration;

use twinproof_base::require::required;
use twinproof_container::{Engine, Images, Run, Session, SessionOptions, Silent};

/// The engine, or nothing after saying so; a failure when TWINPROOF_REQUIRE names `docker`.
pub fn engine() -> Option<Engine> {
    match Engine::detect() {
        Ok(engine) => Some(engine),
        Err(absent) => unavailable("docker", &absent.to_string()),
    }
}

/// Says that a tool is absent; fails when it is required.
pub fn unavailable<T>(tool: &str, reason: &str) -> Option<T> {
    assert!(!required(tool), "{tool} is required and absent: {reason}");
    println!("unavailable: {tool}: {reason}");
    None
}

/// A session of an image that is in the engine; `images` is the requirement for making one.
pub fn session(name: &str, options: SessionOptions) -> Option<Session> {
    let engine = engine()?;
    let images = Images::embedded().unwrap();
    let image = match images.cached(&engine, name).unwrap() {
        Some(image) => image,
        None if required("images") => images.ensure(&engine, name, &Silent).unwrap(),
        None => {
            println!("unavailable: images: {name} is not in the engine");
            return None;
        }
    };
    let run = Run::new(Duration::from_secs(900));
    Some(Session::start(&engine, &run, &image, options).unwrap())
}
