//! Providing images: cached in the engine under the tag of their definition, else pulled, else made
//! from Debian packages. How the last is done is in [`crate::make`].

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::time::Duration;

use futures_util::StreamExt;
use testcontainers::bollard::models::{ContainerConfig, ContainerCreateBody, HostConfig};
use testcontainers::bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateContainerOptions, CreateImageOptionsBuilder,
    LogsOptionsBuilder, RemoveImageOptions, StartContainerOptions, WaitContainerOptions,
};

use crate::definition::Definition;
use crate::runtime::block_on;
use crate::{Engine, Error, Origin, Progress, Run, definitions, make, sweep};

/// A registry that says nothing for this long does not answer.
// A registry that is blocked by a firewall drops packets, and the engine itself waits for minutes.
const PULL_SILENCE: Duration = Duration::from_secs(20);
/// The longest pull.
const PULL: Duration = Duration::from_secs(900);
/// The longest single command that an image is made with.
const STEP: Duration = Duration::from_secs(600);
/// Label with the origin, as JSON.
const ORIGIN: &str = "twinproof.origin";

/// An image that is in the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name in `containers/images.toml`.
    pub name: String,
    /// Its tag: `twinproof/<name>:<hash of the definition>`.
    pub tag: String,
    /// The engine's id of it, `sha256:…`.
    pub id: String,
    /// Whether it was there already.
    pub cached: bool,
    /// Its source: a registry, or Debian packages.
    pub origin: Origin,
    /// Its definition.
    pub definition: Definition,
}

/// The images that can be provided.
#[derive(Debug, Clone, Copy)]
pub struct Images {
    all: &'static BTreeMap<String, Definition>,
}

impl Images {
    /// The definitions that are part of the program.
    ///
    /// # Errors
    /// [`Error::Definition`].
    pub fn embedded() -> Result<Self, Error> {
        Ok(Self { all: definitions()? })
    }

    /// Names and definitions.
    pub fn all(&self) -> &'static BTreeMap<String, Definition> {
        self.all
    }

    fn find(&self, name: &str) -> Result<&'static Definition, Error> {
        self.all.get(name).ok_or_else(|| Error::UnknownImage {
            name: name.into(),
            known: self.all.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// The image if the engine has it; nothing is pulled or made.
    ///
    /// # Errors
    /// [`Error::UnknownImage`], [`Error::Engine`].
    pub fn cached(&self, engine: &Engine, name: &str) -> Result<Option<Image>, Error> {
        let definition = self.find(name)?;
        let tag = definition.tag(name);
        let inspected = block_on(engine.docker.inspect_image(&tag))?
            .map_err(Error::engine(format!("inspect the image {tag}")));
        let inspected = match inspected {
            Ok(inspected) => inspected,
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) => return Err(error),
        };
        let labels = inspected.config.and_then(|config| config.labels).unwrap_or_default();
        // An image under our tag without our label is not ours: it is made again.
        let Some(origin) = labels.get(ORIGIN).and_then(|text| serde_json::from_str(text).ok())
        else {
            return Ok(None);
        };
        Ok(Some(Image {
            name: name.into(),
            tag,
            id: inspected.id.unwrap_or_default(),
            cached: true,
            origin,
            definition: definition.clone(),
        }))
    }

    /// The image: from the engine's store, a registry, or Debian packages. Two processes that want
    /// the same image make it once.
    ///
    /// # Errors
    /// [`Error::UnknownImage`]; [`Error::Unprovided`] with the reasons of both ways.
    pub fn ensure(
        &self,
        engine: &Engine,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<Image, Error> {
        if let Some(image) = self.cached(engine, name)? {
            return Ok(image);
        }
        // A lock of the system ends with its process, so a killed run blocks nobody.
        let own =
            twinproof_base::temporary::own_folder().map_err(Error::file(std::env::temp_dir()))?;
        let lock_path = own.join(format!("image-{name}.lock"));
        let lock = File::create(&lock_path).map_err(Error::file(&lock_path))?;
        lock.lock().map_err(Error::file(&lock_path))?;
        // Another process may have made it while this one waited.
        if let Some(image) = self.cached(engine, name)? {
            return Ok(image);
        }
        let definition = self.find(name)?;
        let pull = match pulled(engine, name, definition, progress) {
            Ok(()) => String::new(),
            Err(error) => {
                progress.update(&format!("{name}: not pulled ({error}); made instead"), None);
                make::base(engine, definition, progress)
                    .and_then(|(base, origin)| {
                        let done = finish(engine, name, definition, &base, &[], &origin, progress);
                        // Layers are shared with the finished image; only the name of the base
                        // goes.
                        discard(engine, &base);
                        done
                    })
                    .map_err(|make| Error::Unprovided {
                        name: name.into(),
                        pull: error.to_string(),
                        make: make.to_string(),
                    })?;
                error.to_string()
            }
        };
        let image = self.cached(engine, name)?.ok_or_else(|| Error::Unprovided {
            name: name.into(),
            pull,
            make: "the engine does not know the image that was just made".into(),
        })?;
        progress.update(&format!("{name}: ready as {}", image.tag), Some(1.0));
        Ok(Image { cached: false, ..image })
    }
}

fn pulled(
    engine: &Engine,
    name: &str,
    definition: &Definition,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let reference = &definition.registry;
    progress.update(&format!("{name}: pulling {reference}"), None);
    let doing = || format!("pull {reference}");
    let options = CreateImageOptionsBuilder::new().from_image(reference).build();
    block_on(async {
        let mut stream = engine.docker.create_image(Some(options), None, None);
        let all = async {
            loop {
                match tokio::time::timeout(PULL_SILENCE, stream.next()).await {
                    Err(_) => {
                        return Err(Error::TimedOut { what: doing(), limit: PULL_SILENCE });
                    }
                    Ok(None) => return Ok(()),
                    Ok(Some(event)) => {
                        let event = event.map_err(Error::engine(doing()))?;
                        let fraction = event.progress_detail.and_then(|detail| {
                            let (done, total) = (detail.current?, detail.total?);
                            (total > 0).then(|| done as f64 / total as f64)
                        });
                        let status = event.status.unwrap_or_default();
                        progress.update(&format!("{name}: {status}"), fraction);
                    }
                }
            }
        };
        tokio::time::timeout(PULL, all)
            .await
            .map_err(|_| Error::TimedOut { what: doing(), limit: PULL })?
    })??;
    let inspected = block_on(engine.docker.inspect_image(reference))?
        .map_err(Error::engine(format!("inspect the image {reference}")))?;
    let digest = inspected.repo_digests.unwrap_or_default().into_iter().next().unwrap_or_default();
    let origin = Origin::Pulled { reference: reference.clone(), digest };
    finish(engine, name, definition, reference, &definition.pull, &origin, progress)
}

/// Runs the commands of a definition on its base and commits the result under its tag.
fn finish(
    engine: &Engine,
    name: &str,
    definition: &Definition,
    base: &str,
    pull: &[Vec<String>],
    origin: &Origin,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let commands: Vec<(&[String], &str)> = pull
        .iter()
        // Commands after a pull may install packages. The definition's own steps get no network, so
        // that the result depends on the base alone.
        .map(|command| (command.as_slice(), "bridge"))
        .chain(definition.steps.iter().map(|command| (command.as_slice(), "none")))
        .collect();
    let env: Vec<String> =
        definition.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut current = base.to_owned();
    for (index, (argv, network)) in commands.iter().enumerate() {
        let message = format!("{name}: step {} of {}", index + 1, commands.len());
        progress.update(&message, Some(index as f64 / commands.len() as f64));
        let container = Scratch::create(engine, &current, argv, &env, network)?;
        container.run()?;
        // Committed after each step, because a container runs one command.
        let next = container.commit(ContainerConfig::default(), None)?;
        if current != base {
            discard(engine, &current);
        }
        current = next;
    }
    progress.update(&format!("{name}: committing"), None);
    // Never started: only a container can be committed, and with it labels and environment.
    let container = Scratch::create(engine, &current, &["/bin/sh".into()], &env, "none")?;
    let labels = HashMap::from([
        (ORIGIN.to_owned(), serde_json::to_string(origin).unwrap_or_default()),
        ("twinproof.image".to_owned(), name.to_owned()),
    ]);
    let config = ContainerConfig {
        labels: Some(labels),
        env: Some(env),
        cmd: Some(vec!["/bin/sh".into()]),
        ..Default::default()
    };
    container.commit(config, Some(&definition.tag(name)))?;
    if current != base {
        discard(engine, &current);
    }
    Ok(())
}

/// Untags or removes an image that only served to make another one. That other images still need
/// its layers is the usual case, and no error.
fn discard(engine: &Engine, image: &str) {
    let _ = block_on(engine.docker.remove_image(image, None::<RemoveImageOptions>, None));
}

/// A container that an image is made with; removed on every way out.
struct Scratch<'a> {
    engine: &'a Engine,
    id: String,
    argv: String,
}

impl<'a> Scratch<'a> {
    fn create(
        engine: &'a Engine,
        image: &str,
        argv: &[String],
        env: &[String],
        network: &str,
    ) -> Result<Self, Error> {
        let body = ContainerCreateBody {
            image: Some(image.into()),
            cmd: Some(argv.to_vec()),
            env: Some(env.to_vec()),
            labels: Some(Run::new(STEP).labels()),
            host_config: Some(HostConfig {
                network_mode: Some(network.into()),
                // Process 1 reaps what commands leave behind.
                init: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        let created =
            block_on(engine.docker.create_container(None::<CreateContainerOptions>, body))?
                .map_err(Error::engine(format!("create a container of {image}")))?;
        Ok(Self { engine, id: created.id, argv: argv.join(" ") })
    }

    fn run(&self) -> Result<(), Error> {
        let docker = &self.engine.docker;
        let first = self.argv.lines().next().unwrap_or_default().to_owned();
        let status = block_on(async {
            docker
                .start_container(&self.id, None::<StartContainerOptions>)
                .await
                .map_err(Error::engine("start a container"))?;
            let mut wait = docker.wait_container(&self.id, None::<WaitContainerOptions>);
            match tokio::time::timeout(STEP, wait.next()).await {
                Err(_) => Err(Error::TimedOut { what: first.clone(), limit: STEP }),
                Ok(Some(Ok(_))) => Ok(None),
                Ok(Some(Err(error))) => Ok(Some(error.to_string())),
                Ok(None) => Ok(Some("the engine closed the connection".into())),
            }
        })??;
        let Some(status) = status else { return Ok(()) };
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail("12").build();
        let tail = block_on(async {
            let mut tail = String::new();
            let mut logs = docker.logs(&self.id, Some(options));
            while let Some(Ok(chunk)) = logs.next().await {
                tail.push_str(&String::from_utf8_lossy(&chunk.into_bytes()));
            }
            tail
        })?;
        Err(Error::Program { program: first, status, tail: tail.trim().replace('\n', " | ") })
    }

    fn commit(&self, config: ContainerConfig, tag: Option<&str>) -> Result<String, Error> {
        // Nothing runs in the container, so it need not be paused.
        let mut options = CommitContainerOptionsBuilder::new().container(&self.id).pause(false);
        if let Some((repository, tag)) = tag.and_then(|tag| tag.split_once(':')) {
            options = options.repo(repository).tag(tag);
        }
        let committed = block_on(self.engine.docker.commit_container(options.build(), config))?
            .map_err(Error::engine("commit a container"))?;
        Ok(committed.id)
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        // A container that cannot be removed now has labels, and goes with the next sweep.
        let _ = sweep::remove(self.engine, &self.id);
    }
}
