//! A long-lived container, one for each environment and run, started through testcontainers.
//! Running programs and moving files is in the modules `run` and `files`.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use testcontainers::bollard::exec::{CreateExecOptions, StartExecResults};
use testcontainers::core::{AccessMode, Mount as EngineMount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::io::AsyncWrite;

use crate::runtime::block_on;
use crate::{Engine, Error, Image, Run, SessionOptions, sweep};

/// Ends the container when the connection of its standard input does.
// When this process ends in any way, the engine closes the connection, `read` ends, and the
// container stops.
const GUARD: &str = "read -r never; kill -TERM 1";

/// A running container. It goes when this is dropped; it stops by itself when this process ends.
///
/// All methods may be called from several threads at once.
pub struct Session {
    pub(crate) engine: Engine,
    pub(crate) image: Image,
    pub(crate) id: String,
    /// `Some` until dropped.
    container: Option<ContainerAsync<GenericImage>>,
    _guard: Mutex<Connection>,
}

/// An open connection whose end is noticed in the container.
type Connection = (Pin<Box<dyn AsyncWrite + Send>>, Box<dyn std::any::Any + Send>);

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("image", &self.image.tag).field("id", &self.id).finish()
    }
}

impl Session {
    /// Starts a container, and nothing in it.
    pub(crate) fn begin(
        engine: &Engine,
        run: &Run,
        image: &Image,
        options: &SessionOptions,
    ) -> Result<Self, Error> {
        let container = block_on(request(run, image, options)?.start())?
            .map_err(|source| Error::Start { image: image.tag.clone(), source: source.into() })?;
        let id = container.id().to_owned();
        let guard = match guard(engine, &id) {
            Ok(guard) => guard,
            Err(error) => {
                let _ = block_on(container.rm());
                return Err(error);
            }
        };
        Ok(Self {
            engine: engine.clone(),
            image: image.clone(),
            id,
            container: Some(container),
            _guard: Mutex::new(guard),
        })
    }

    /// The image that it was started from.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The engine's id of the container.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Starts a command in the background, without a supervisor, with the image's environment.
    pub(crate) fn detached(&self, argv: &[&str]) -> Result<(), Error> {
        let config = CreateExecOptions {
            cmd: Some(argv.iter().map(|word| (*word).to_owned()).collect()),
            ..Default::default()
        };
        let detach =
            testcontainers::bollard::exec::StartExecOptions { detach: true, ..Default::default() };
        block_on(async {
            let exec = self.engine.docker.create_exec(&self.id, config).await?;
            self.engine.docker.start_exec(&exec.id, Some(detach)).await
        })?
        .map_err(Error::engine(format!("start `{}`", argv.join(" "))))?;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(container) = self.container.take() {
            let removed = block_on(container.rm());
            if !matches!(removed, Ok(Ok(()))) {
                // The container may be gone already; if it is not, it stops by itself and is swept
                // later.
                let _ = sweep::remove(&self.engine, &self.id);
            }
        }
    }
}

fn request(
    run: &Run,
    image: &Image,
    options: &SessionOptions,
) -> Result<testcontainers::ContainerRequest<GenericImage>, Error> {
    let (repository, tag) = image.tag.split_once(':').unwrap_or((&image.tag, "latest"));
    let (network, memory, pids) = (options.network, options.memory, options.pids);
    let mut request = GenericImage::new(repository, tag)
        // The container ends by itself at the run's limit, even where the engine loses the guard's
        // connection.
        .with_cmd(["sleep".to_owned(), run.limit.as_secs().max(1).to_string()])
        .with_labels(run.labels())
        .with_startup_timeout(Duration::from_secs(120))
        .with_host_config_modifier(move |host| {
            host.network_mode = Some(network.mode().into());
            // testcontainers would publish every exposed port on the host.
            host.publish_all_ports = Some(false);
            // Process 1 reaps what killed programs leave behind.
            host.init = Some(true);
            host.memory = memory.and_then(|bytes| i64::try_from(bytes).ok());
            host.pids_limit = Some(pids.into());
        });
    for mount in &options.mounts {
        if !mount.host.is_absolute() || !mount.container.starts_with('/') {
            return Err(Error::Invalid(format!(
                "the mount of {} at {} needs two absolute paths",
                mount.host.display(),
                mount.container
            )));
        }
        if !mount.host.exists() {
            let source = std::io::ErrorKind::NotFound.into();
            return Err(Error::File { path: mount.host.clone(), source });
        }
        let bind = EngineMount::bind_mount(mount.host.display().to_string(), &mount.container);
        request = request.with_mount(bind.with_access_mode(AccessMode::ReadOnly));
    }
    Ok(request)
}

fn guard(engine: &Engine, id: &str) -> Result<Connection, Error> {
    let config = CreateExecOptions {
        cmd: Some(vec!["/bin/sh", "-c", GUARD]),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        ..Default::default()
    };
    let started = block_on(async {
        let exec = engine.docker.create_exec(id, config).await?;
        engine.docker.start_exec(&exec.id, None).await
    })?
    .map_err(Error::engine("watch over a container"))?;
    match started {
        StartExecResults::Attached { input, output } => Ok((input, Box::new(output))),
        StartExecResults::Detached => {
            Err(Error::Invalid("the engine did not attach to a command".into()))
        }
    }
}
