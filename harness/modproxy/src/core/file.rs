//! Files that never change: the `.info` of a version, its `.mod` and its `.zip`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use twinproof_gomod::Request;
use twinproof_gomod::dirhash::hash_go_mod;
use twinproof_gomod::escape::{escape_path, escape_version};

use super::list::soon;
use super::{Core, Fetched, Got, place};
use crate::answer::{Content, Keep};
use crate::eviction::{FilePin, Used, Version};
use crate::failure::Failure;
use crate::fetch_limiter::Client;
use crate::info::check_info;
use crate::kind::Kind;
use crate::metrics::Layer;
use crate::policy::Reach;
use crate::singleflight::Given;
use crate::store::{Name, Store, StoreError, Sum};

/// How long a file of the store is served from memory without a look whether it is still there.
// For so long a change of the file by somebody else may stay unnoticed. Each answer from memory
// would otherwise need a system call.
pub(super) const SEEN: Duration = Duration::from_secs(5);

/// The reason reported for a damaged file of the store.
pub(super) const CHANGED: &str = "its bytes are not those that were written";

/// A file of a version.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) module: String,
    pub(crate) version: String,
    /// Module and version in escaped form.
    pub(super) escaped: Version,
    pub(super) name: Name,
    /// The path to ask upstreams for.
    pub(super) target: String,
}

impl Wanted {
    /// The file that a request is for; `None` when it is for something else.
    pub(crate) fn new(request: &Request) -> Result<Option<Self>, Failure> {
        let (kind, module, version) = match request {
            Request::Info { module, version } => (Kind::Info, module, version),
            Request::Mod { module, version } => (Kind::Mod, module, version),
            Request::Zip { module, version } => (Kind::Zip, module, version),
            Request::List { .. } | Request::Latest { .. } | Request::Sumdb { .. } => {
                return Ok(None);
            }
        };
        let bad = |e: &dyn std::fmt::Display| Failure::not_found(e.to_string());
        let (name, target) = place(request)?;
        Ok(Some(Self {
            kind,
            escaped: Version {
                module: escape_path(module).map_err(|e| bad(&e))?,
                version: escape_version(version).map_err(|e| bad(&e))?,
            },
            module: module.clone(),
            version: version.clone(),
            name,
            target,
        }))
    }

    /// Its description in messages.
    fn what(&self) -> String {
        format!("{}@{} ({})", self.module, self.version, self.kind.name())
    }

    /// Another file of the same version.
    pub(super) fn beside(&self, ext: &str) -> Result<Name, StoreError> {
        Ok(Name::version(&self.escaped.module, &self.escaped.version, ext)?)
    }

    /// Reads `.info` or `.mod` from the store. A file that cannot be used is set aside.
    fn read(&self, store: &Store, limit: u64) -> Result<Option<Content>, StoreError> {
        let Some((bytes, opened)) = store.read(&self.name, limit)? else { return Ok(None) };
        let Version { module, version } = &self.escaped;
        let (ext, sum) = (self.kind.name(), Sum::of(&bytes));
        let recorded = store.sums(module, version)?.get(ext).copied();
        let why = match recorded {
            Some(recorded) if recorded != sum => Some(CHANGED.to_owned()),
            _ => self.check(&bytes).err(),
        };
        // Set aside, not deleted: an operator may want to examine it.
        if let Some(why) = why {
            store.set_aside(&self.name, &why);
            return Ok(None);
        }
        if recorded.is_none() {
            // Others have written it; from now on a change is noticed.
            store.record(module, version, &[(ext, sum)]);
        }
        Ok(Some(Content::memory(self.kind, bytes, opened.modified, Keep::Forever)))
    }

    /// Whether the bytes can be those of the file.
    fn check(&self, bytes: &Bytes) -> Result<(), String> {
        match self.kind {
            Kind::Info => check_info(bytes, &self.module, Some(&self.version)).map(drop),
            _ if bytes.is_empty() => Err("it is empty".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Core {
    /// Returns a file of a version, but not the answer to a version query.
    ///
    /// With `part`, it may be a zip that is still arriving.
    pub(crate) async fn file(self: &Arc<Self>, wanted: Wanted, reach: Reach, part: bool) -> Got {
        let (_, _pin) = self.hold(&wanted);
        if let Some(content) = self.stored(&wanted).await? {
            return Ok((content, Layer::Store));
        }
        let client = match reach {
            Reach::Upstream(client) => client,
            Reach::Store(why) => {
                let what = wanted.what();
                let text = format!("not found: this proxy does not have {what}, and {why}");
                return Err(Failure::not_found(text));
            }
        };
        if let Some(failure) = self.failure(&wanted.name) {
            return Err(failure);
        }
        let name = wanted.name.clone();
        let core = Arc::clone(self);
        let given = self
            .together_or_part(name.as_str(), part, |publisher| async move {
                let (_, _pin) = core.hold(&wanted);
                // Looked for once more: the fetch before this one may have just ended.
                if let Some(content) = core.stored(&wanted).await? {
                    return Ok(content);
                }
                let fetched = match wanted.kind {
                    Kind::Zip => core.fetch_zip(&wanted, client, &publisher).await,
                    _ => core.fetch_file(&wanted, client).await,
                };
                if let Err(failure) = &fetched {
                    core.keep_absence(&wanted.name, failure);
                }
                fetched
            })
            .await?;
        let content = match given {
            Given::Whole(fetched) => fetched?,
            Given::Part(zip, interest) => Arc::new(Content::partial(zip, interest)),
        };
        Ok((content, Layer::Upstream))
    }

    /// The file as the store has it.
    async fn stored(self: &Arc<Self>, wanted: &Wanted) -> Result<Option<Arc<Content>>, Failure> {
        if wanted.kind == Kind::Zip {
            return self.stored_zip(wanted).await;
        }
        let limit = self.limit(wanted.kind);
        let (used, _pin) = self.hold(wanted);
        let wanted = wanted.clone();
        let content = self.on_disk(move |store| wanted.read(store, limit)).await?;
        Ok(content.map(|content| Arc::new(content.used(used).until(soon(SEEN)))))
    }

    /// Notes that a version is used, and keeps it from going while the pin is held.
    pub(super) fn hold(&self, wanted: &Wanted) -> (Option<Used>, Option<Arc<FilePin>>) {
        self.lasting.eviction.as_ref().map(|eviction| eviction.hold(&wanted.escaped)).unzip()
    }

    /// Books what a version has grown to.
    pub(super) async fn book(&self, wanted: &Wanted) {
        let Some(eviction) = self.lasting.eviction.clone() else { return };
        let (metrics, version) = (Arc::clone(&self.lasting.metrics), wanted.escaped.clone());
        let open_zips = Arc::clone(&self.lasting.open_zips);
        let booked = self.on_disk(move |store| {
            eviction.grown(store, &metrics, &|version| open_zips.forget(version), &version);
            Ok(())
        });
        if let Err(failure) = booked.await {
            tracing::warn!(error = failure.text, "the store's budget");
        }
    }

    pub(super) fn limit(&self, kind: Kind) -> u64 {
        let limits = &self.settings.limits;
        match kind {
            Kind::Info | Kind::Latest => limits.info,
            Kind::List => limits.list,
            Kind::Zip => limits.zip,
            _ => limits.go_mod,
        }
    }

    async fn fetch_file(self: &Arc<Self>, wanted: &Wanted, client: Client) -> Fetched {
        let limit = self.limit(wanted.kind);
        let check = |bytes: &Bytes| wanted.check(bytes);
        let asked = (wanted.kind, client);
        let (bytes, ()) = self.fetch_small(asked, &wanted.target, limit, check).await?;
        if wanted.kind == Kind::Mod {
            self.confirm(wanted, hash_go_mod(&bytes)).await?;
        }
        self.keep_small(wanted, &bytes).await;
        let (used, _pin) = self.hold(wanted);
        let content = Content::memory(wanted.kind, bytes, None, Keep::Forever);
        Ok(Arc::new(content.used(used).until(soon(SEEN))))
    }

    /// Keeps a small file. It is whole and checked, so it is served even when it cannot be kept.
    pub(super) async fn keep_small(&self, wanted: &Wanted, bytes: &Bytes) {
        let (_, _pin) = self.hold(wanted);
        let (file, kept) = (wanted.clone(), bytes.clone());
        let result = self
            .on_disk(move |store| {
                let Version { module, version } = &file.escaped;
                store.write(&file.name, &kept)?;
                store.record(module, version, &[(file.kind.name(), Sum::of(&kept))]);
                // Last: a version is listed when its file is there.
                store.add_to_list(&file.escaped.module, &file.escaped.version)
            })
            .await;
        if let Err(failure) = result {
            let name = wanted.name.as_str();
            // A full disk is no reason to refuse what has been fetched and is right.
            tracing::warn!(name, error = failure.text, "a file is served and not kept");
        }
        self.book(wanted).await;
    }
}
