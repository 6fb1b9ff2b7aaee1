//! Removes containers that earlier runs left behind: those with our labels whose owner process has ended.

use std::collections::HashMap;

use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};

use crate::label::{Claim, RUN, claim};
use crate::runtime::block_on;
use crate::{Engine, Error};

/// Result of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Ids of the containers removed.
    pub removed: Vec<String>,
    /// Ids of labelled containers left alone, because their owner lives or is not of this machine.
    pub kept: Vec<String>,
}

/// Removes every container that a run of Twinproof started and that no living process owns.
///
/// # Errors
/// [`Error::Engine`] when the engine cannot list or remove.
pub fn sweep(engine: &Engine) -> Result<Swept, Error> {
    let mut swept = Swept::default();
    let filters = HashMap::from([("label", vec![RUN])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers = block_on(engine.docker.list_containers(Some(options)))?
        .map_err(Error::engine("list containers"))?;
    for container in containers {
        let Some(id) = container.id else { continue };
        if claim(&container.labels.unwrap_or_default()) == Claim::Orphan {
            remove(engine, &id)?;
            swept.removed.push(id);
        } else {
            swept.kept.push(id);
        }
    }
    Ok(swept)
}

/// Removes one container, running or not. One that does not exist is no error.
pub(crate) fn remove(engine: &Engine, id: &str) -> Result<(), Error> {
    // `v` removes anonymous volumes too: without names they could not be removed later.
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = block_on(engine.docker.remove_container(id, Some(options)))?
        .map_err(Error::engine(format!("remove the container {id}")));
    match removed {
        // 404: gone; 409: its removal is under way.
        Err(error) if matches!(error.status(), Some(404 | 409)) => Ok(()),
        other => other,
    }
}
