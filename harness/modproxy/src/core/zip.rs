//! Zips: streamed to disk, checked, hashed, and served only then.

use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use twinproof_base::error_chain;
use twinproof_gomod::H1;
use twinproof_gomod::zip::{CheckError, Checked, Stream, ZipLimits, check};
use twinproof_httpd::file_bytes;

use super::refusal::refused;
use super::{Core, Fetched, Wanted, bad_content};
use crate::answer::{Content, Keep, Payload};
use crate::eviction::{FilePin, Used};
use crate::failure::{Failure, Reason};
use crate::kind::Kind;
use crate::store::{Name, Opened, Pending, Store, StoreError};
use crate::upstream::{Reply, Upstream, too_large};

/// The longest `.ziphash` that is read, in bytes.
const MAX_HASH: u64 = 256;

/// Pieces of a zip that wait for the disk.
const QUEUE: usize = 16;

/// The hash beside a zip, if there is one.
fn stored_hash(store: &Store, name: &Name) -> Result<Option<H1>, StoreError> {
    let Some((bytes, _)) = store.read(name, MAX_HASH)? else { return Ok(None) };
    Ok(std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok()))
}

/// A zip as it is served: its tag is its hash and its size.
fn content(
    opened: Opened,
    h1: H1,
    small: u64,
    (used, pin): &(Option<Used>, Option<Arc<FilePin>>),
) -> Result<Content, std::io::Error> {
    let tag = format!("{}-{:x}", URL_SAFE_NO_PAD.encode(h1.0), opened.length);
    let payload = if opened.length <= small {
        Payload::Memory(opened.bytes()?)
    } else {
        let whole = usize::try_from(opened.length);
        let mapped = whole.ok().and_then(|length| file_bytes(&opened.file, 0, length).ok()?);
        let pin = pin.as_ref().map(Arc::downgrade);
        Payload::File { file: opened.file, length: opened.length, mapped, pin }
    };
    Ok(Content::new(Kind::Zip, payload, &tag, opened.modified, Keep::Forever).used(used.clone()))
}

impl Core {
    /// A zip that the store has. One without its hash, as in a cache that others have filled, is
    /// checked first.
    pub(super) async fn stored_zip(
        self: &Arc<Self>,
        wanted: &Wanted,
    ) -> Result<Option<Arc<Content>>, Failure> {
        if let Some(content) = self.lasting.open_zips.get(&wanted.escaped) {
            return Ok(Some(content));
        }
        let hash_name = wanted.beside("ziphash")?;
        let (name, small) = (wanted.name.clone(), self.settings.small);
        let held = self.hold(wanted);
        let there = self
            .on_disk(move |store| {
                let Some(opened) = store.file(&name)? else { return Ok(None) };
                let h1 = stored_hash(store, &hash_name)?;
                match h1 {
                    Some(h1) => {
                        let read = |source| StoreError::Read { name: name.to_string(), source };
                        Ok(Some(Ok(content(opened, h1, small, &held).map_err(read)?)))
                    }
                    None => Ok(Some(Err(opened))),
                }
            })
            .await?;
        match there {
            None => Ok(None),
            Some(Ok(content)) => {
                let content = Arc::new(content);
                self.lasting.open_zips.keep(&wanted.escaped, &content);
                Ok(Some(content))
            }
            Some(Err(_)) => {
                let core = Arc::clone(self);
                let wanted = wanted.clone();
                let key = format!("verify {}", wanted.name);
                let verified =
                    self.together(&key, || async move { core.adopt(&wanted).await }).await;
                match verified {
                    Ok(content) => Ok(Some(content)),
                    Err(failure) if failure.is_not_found() => Ok(None),
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    /// Checks a zip that is in the store without its hash, and writes that. One that fails counts
    /// as not being there.
    async fn adopt(self: &Arc<Self>, wanted: &Wanted) -> Fetched {
        let (file, limits) = (wanted.clone(), self.zip_limits());
        let small = self.settings.small;
        let checked = self
            .on_disk(move |store| {
                let Some(opened) = store.file(&file.name)? else { return Ok(None) };
                let checked = check(&opened.file, &file.module, &file.version, limits);
                Ok(Some((opened, checked)))
            })
            .await?;
        let gone = || Failure::not_found("not found: the zip is not in the store");
        let (opened, checked) = checked.ok_or_else(gone)?;
        let h1 = match checked {
            Ok(Checked { h1, .. }) => h1,
            Err(why) => {
                let (name, why) = (wanted.name.as_str(), error_chain(&why));
                tracing::warn!(name, why, "a zip in the store is not served");
                return Err(gone());
            }
        };
        self.confirm(wanted, h1).await?;
        let name = wanted.beside("ziphash")?;
        if let Err(failure) =
            self.on_disk(move |store| store.write(&name, h1.to_string().as_bytes())).await
        {
            tracing::debug!(error = failure.text, "a zip's hash is not kept");
        }
        let read = |e: std::io::Error| Failure::new(Reason::Store, e.to_string());
        self.book(wanted).await;
        Ok(Arc::new(content(opened, h1, small, &self.hold(wanted)).map_err(read)?))
    }

    /// Fetches a zip from the first upstream that has a good one.
    pub(super) async fn fetch_zip(self: &Arc<Self>, wanted: &Wanted) -> Fetched {
        let time = self.upstreams.times().zip;
        self.fetch(Kind::Zip, &wanted.target, time, |upstream| async move {
            self.ingest(wanted, &upstream).await
        })
        .await
    }

    /// One upstream's zip: to a temporary file, checked and hashed there, confirmed, named.
    async fn ingest(self: &Arc<Self>, wanted: &Wanted, upstream: &Upstream) -> Fetched {
        let reply = self.upstreams.get(upstream, &wanted.target).await?;
        reply.check_length(self.settings.limits.zip)?;
        let bad = |why: &str| bad_content(upstream, &wanted.target, why);
        if reply.html {
            return Err(bad("it is a web page"));
        }
        let name = wanted.name.clone();
        let pending = self.on_disk(move |store| store.create(&name)).await?;
        let (pending, checked) = self.download(wanted, reply, pending).await?;
        let h1 = checked.map_err(|error| match error {
            CheckError::Refused(refusal) => bad(&refused(wanted, &refusal)),
            CheckError::Read(error) => Failure::new(Reason::Store, error.to_string()),
        })?;
        let h1 = h1.h1;
        self.confirm(wanted, h1).await?;
        let (file, small) = (wanted.clone(), self.settings.small);
        let held = self.hold(wanted);
        let content = self
            .on_disk(move |store| {
                pending.commit()?;
                // Only from here on the zip counts as being there.
                store.write(&file.beside("ziphash")?, h1.to_string().as_bytes())?;
                store.add_to_list(&file.escaped.module, &file.escaped.version)?;
                let gone = || StoreError::Read {
                    name: file.name.to_string(),
                    source: std::io::ErrorKind::NotFound.into(),
                };
                let opened = store.file(&file.name)?.ok_or_else(gone)?;
                let read = |source| StoreError::Read { name: file.name.to_string(), source };
                content(opened, h1, small, &held).map_err(read)
            })
            .await?;
        self.book(wanted).await;
        Ok(Arc::new(content))
    }

    /// Writes what comes to the file and judges it, as it comes and as a whole.
    async fn download(
        &self,
        wanted: &Wanted,
        mut reply: Reply,
        mut pending: Pending,
    ) -> Result<(Pending, Result<Checked, CheckError>), Failure> {
        let (sender, mut receiver) = mpsc::channel::<Bytes>(QUEUE);
        let (ended, end) = oneshot::channel::<()>();
        let stream = Stream::new(&wanted.module, &wanted.version, self.zip_limits());
        let mut stream = stream.map_err(|e| Failure::not_found(format!("not found: {e}")))?;
        let writer = spawn_blocking(move || -> Result<_, StoreError> {
            while let Some(bytes) = receiver.blocking_recv() {
                if let Err(refusal) = stream.push(&bytes) {
                    return Ok((pending, Err(refusal.into())));
                }
                pending.file().write_all(&bytes).map_err(|e| pending.error(e))?;
            }
            // Nothing is judged that has not come to its end.
            if end.blocking_recv().is_err() {
                let broken = std::io::ErrorKind::UnexpectedEof.into();
                return Ok((pending, Err(CheckError::Read(broken))));
            }
            let checked = stream.finish(pending.file());
            Ok((pending, checked))
        });
        let limit = self.settings.limits.zip;
        let mut total = 0;
        let received = loop {
            match reply.chunk().await {
                Ok(Some(bytes)) => {
                    total += bytes.len() as u64;
                    if total > limit {
                        break Err(too_large(&reply.from, limit));
                    }
                    // Fails when the writer has: its error tells why.
                    if sender.send(bytes).await.is_err() {
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            }
        };
        match received {
            Ok(()) => _ = ended.send(()),
            Err(_) => drop(ended),
        }
        drop(sender);
        let written = writer.await.map_err(|e| Failure::new(Reason::Internal, e.to_string()))?;
        received?;
        Ok(written?)
    }

    fn zip_limits(&self) -> ZipLimits {
        let limits = &self.settings.limits;
        ZipLimits { compressed: limits.zip, uncompressed: limits.unpacked, ..ZipLimits::default() }
    }
}
