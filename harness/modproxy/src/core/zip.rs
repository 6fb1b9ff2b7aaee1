//! Zips: streamed to disk, checked, hashed, and served only then.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use twinproof_base::error_chain;
use twinproof_gomod::H1;
use twinproof_gomod::zip::{CheckError, Checked, Ratio, Stream, ZipLimits, check};
use twinproof_httpd::file_bytes;

use super::file::{CHANGED, SEEN};
use super::list::soon;
use super::refusal::refused;
use super::{Core, Fetched, Wanted, bad_content, log_failure};
use crate::answer::{Content, Keep, Payload};
use crate::eviction::{FilePin, Used, Version};
use crate::failure::{Failure, Reason};
use crate::fetch_limiter::Client;
use crate::kind::Kind;
use crate::partial_zip::{PartialZip, START, ZipWriter, partial_zip};
use crate::singleflight::Publisher;
use crate::store::{Name, Opened, Pending, Store, StoreError, Sum};
use crate::upstream::{Reply, Upstream, too_large};

/// The longest `.ziphash` that is read, in bytes.
const MAX_HASH: u64 = 256;

/// Pieces of a zip that wait for the disk.
const QUEUE: usize = 16;

/// Bytes of contents up to which a limit on their ratio to the zip does not matter.
const RATIO_ABOVE: u64 = 64 << 20;

/// Writes the hash of a zip, and the checksums of both.
fn keep_hash(store: &Store, wanted: &Wanted, h1: H1, sum: Sum) -> Result<(), StoreError> {
    let hash = h1.to_string();
    store.write(&wanted.beside("ziphash")?, hash.as_bytes())?;
    let Version { module, version } = &wanted.escaped;
    store.record(module, version, &[("zip", sum), ("ziphash", Sum::of(hash.as_bytes()))]);
    Ok(())
}

/// A zip as it is served: its tag is its hash and its size.
fn content(
    opened: Opened,
    h1: H1,
    small: u64,
    (used, pin): &(Option<Used>, Option<Arc<FilePin>>),
) -> Result<Content, std::io::Error> {
    // `h1:` hashes the contents of a zip, not its bytes; the length tells two packings of the same
    // contents apart.
    let tag = format!("{}-{:x}", URL_SAFE_NO_PAD.encode(h1.0), opened.length);
    let payload = if opened.length <= small {
        Payload::Memory(opened.bytes()?)
    } else {
        let whole = usize::try_from(opened.length);
        let mapped = whole.ok().and_then(|length| file_bytes(&opened.file, 0, length).ok()?);
        // Weak: an open zip in memory must not keep its version from being evicted.
        let pin = pin.as_ref().map(Arc::downgrade);
        Payload::File { file: opened.file, length: opened.length, mapped, pin }
    };
    let content = Content::new(Kind::Zip, payload, &tag, opened.modified, Keep::Forever);
    Ok(content.used(used.clone()).until(soon(SEEN)))
}

/// The part of a zip that the store has.
enum There {
    Nothing,
    Good(Arc<Content>),
    /// A zip that was not judged yet.
    Unjudged,
}

/// The file that an arriving zip is written to.
enum Place {
    Store(Pending),
    /// A temporary file, as the store is only read. It is gone when it is not read any more.
    Temporary(File),
}

impl Place {
    fn new(store: &Store, name: &Name) -> Result<Self, StoreError> {
        if store.is_read_only() {
            let failed = |source| StoreError::Write { name: name.to_string(), source };
            return Ok(Self::Temporary(tempfile::tempfile().map_err(failed)?));
        }
        Ok(Self::Store(store.create(name)?))
    }

    fn file(&mut self) -> &mut File {
        match self {
            Self::Store(pending) => pending.file(),
            Self::Temporary(file) => file,
        }
    }

    /// For reading while it is written to.
    fn reader(&mut self) -> Option<File> {
        match self {
            Self::Store(pending) => pending.reader(),
            Self::Temporary(file) if cfg!(unix) => file.try_clone().ok(),
            Self::Temporary(_) => None,
        }
    }

    fn error(&self, name: &Name, source: std::io::Error) -> StoreError {
        match self {
            Self::Store(pending) => pending.error(source),
            Self::Temporary(_) => StoreError::Write { name: name.to_string(), source },
        }
    }
}

/// Takes back what was shown of a zip when that turns out to be of no use, or takes too long.
struct Showing<'a> {
    publisher: &'a Publisher<Arc<PartialZip>, Fetched>,
    shown: &'a AtomicBool,
}

impl Showing<'_> {
    /// Leaves the published part in place.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Showing<'_> {
    fn drop(&mut self) {
        if self.publisher.take_back() {
            self.shown.store(true, Ordering::Relaxed);
        }
    }
}

/// A zip that has arrived, and what there is to say of it.
struct Arrived {
    place: Place,
    checked: Result<Checked, CheckError>,
    sum: Sum,
    writer: Option<ZipWriter>,
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
        let (core, file) = (Arc::clone(self), wanted.clone());
        match self.on_disk(move |store| core.look(store, &file)).await? {
            There::Nothing => Ok(None),
            There::Good(content) => {
                self.lasting.open_zips.keep(&wanted.escaped, &content);
                Ok(Some(content))
            }
            There::Unjudged => {
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

    /// Looks for a zip in the store. It is checked against the recorded hash once in a process, and
    /// when it has changed; a damaged one is set aside.
    fn look(&self, store: &Store, wanted: &Wanted) -> Result<There, StoreError> {
        let Some(opened) = store.file(&wanted.name)? else { return Ok(There::Nothing) };
        let hash_name = wanted.beside("ziphash")?;
        let Some((bytes, _)) = store.read(&hash_name, MAX_HASH)? else {
            return Ok(There::Unjudged);
        };
        let Version { module, version } = &wanted.escaped;
        let h1 = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
        let sums = store.sums(module, version)?;
        let changed = sums.get("ziphash").is_some_and(|recorded| *recorded != Sum::of(&bytes));
        let Some(h1) = h1.filter(|_| !changed) else {
            store.set_aside(&hash_name, if changed { CHANGED } else { "it is no hash" });
            return Ok(There::Unjudged);
        };
        let read = |source| StoreError::Read { name: wanted.name.to_string(), source };
        let state = (opened.length, opened.modified);
        // Hashed again when its size or time has changed, which costs a look; hashing at each
        // request would cost more than sending.
        if self.lasting.verified.get(&wanted.escaped) != Some(state) {
            match sums.get("zip") {
                Some(recorded)
                    if recorded.length == opened.length
                        && *recorded == Sum::of_file(&opened.file).map_err(read)? => {}
                Some(_) => {
                    store.set_aside(&wanted.name, CHANGED);
                    store.set_aside(&hash_name, "its zip is damaged");
                    return Ok(There::Nothing);
                }
                // Others have written it, and may have been wrong.
                None => return Ok(There::Unjudged),
            }
            self.lasting.verified.insert(wanted.escaped.clone(), state);
        }
        let content = content(opened, h1, self.settings.small, &self.hold(wanted)).map_err(read)?;
        Ok(There::Good(Arc::new(content)))
    }

    /// Checks a zip that is in the store without its hash or its checksum, and writes these. One that
    /// fails counts as not being there.
    async fn adopt(self: &Arc<Self>, wanted: &Wanted) -> Fetched {
        let (file, limits) = (wanted.clone(), self.zip_limits());
        let checked = self
            .on_disk(move |store| {
                let Some(opened) = store.file(&file.name)? else { return Ok(None) };
                let checked = check(&opened.file, &file.module, &file.version, limits);
                let read = |source| StoreError::Read { name: file.name.to_string(), source };
                // A refused zip may be of any length.
                let sum = match checked {
                    Ok(_) => Sum::of_file(&opened.file).map_err(read)?,
                    Err(_) => Sum::of(&[]),
                };
                let known = store.read(&file.beside("ziphash")?, MAX_HASH)?.map(|(bytes, _)| bytes);
                Ok(Some((opened, checked, sum, known)))
            })
            .await?;
        let gone = || Failure::not_found("not found: the zip is not in the store");
        let (opened, checked, sum, known) = checked.ok_or_else(gone)?;
        let h1 = match checked {
            Ok(Checked { h1, .. }) => Ok(h1),
            Err(why) => Err(error_chain(&why)),
        };
        let h1 = h1.and_then(|h1| match known {
            Some(known) if known.trim_ascii() != h1.to_string().as_bytes() => {
                Err(format!("its hash is {h1}, and the one beside it another"))
            }
            _ => Ok(h1),
        });
        let h1 = match h1 {
            Ok(h1) => h1,
            Err(why) => {
                let file = wanted.clone();
                let aside = move |store: &Store| {
                    store.set_aside(&file.name, &why);
                    let hash = file.beside("ziphash")?;
                    if store.has(&hash) {
                        store.set_aside(&hash, "its zip is damaged");
                    }
                    Ok(())
                };
                self.on_disk(aside).await?;
                return Err(gone());
            }
        };
        self.confirm(wanted, h1).await?;
        let file = wanted.clone();
        if let Err(failure) = self.on_disk(move |store| keep_hash(store, &file, h1, sum)).await {
            tracing::debug!(error = failure.text, "a zip's hash is not kept");
        }
        let read = |e: std::io::Error| Failure::new(Reason::Store, e.to_string());
        self.book(wanted).await;
        self.lasting.verified.insert(wanted.escaped.clone(), (opened.length, opened.modified));
        let content = content(opened, h1, self.settings.small, &self.hold(wanted));
        Ok(Arc::new(content.map_err(read)?))
    }

    /// Fetches a zip from the first upstream that has a good one.
    pub(super) async fn fetch_zip(
        self: &Arc<Self>,
        wanted: &Wanted,
        client: Client,
        publisher: &Publisher<Arc<PartialZip>, Fetched>,
    ) -> Fetched {
        let time = self.upstreams.times().zip;
        let shown = AtomicBool::new(false);
        let (asked, seen) = ((Kind::Zip, client), &shown);
        let fetched = self
            .fetch(asked, &wanted.target, time, |upstream| async move {
                let showing = Showing { publisher, shown: seen };
                let content = self.ingest(wanted, &upstream, publisher).await?;
                showing.keep();
                Ok(content)
            })
            .await;
        if let (Err(failure), true) = (&fetched, shown.load(Ordering::Relaxed)) {
            // A client that got the beginning of it gets the reason when it asks again.
            let ttl = self.settings.ttl.negative;
            self.ttl_cache.keep(&wanted.name, Err(failure.clone()), ttl, Duration::ZERO);
        }
        fetched
    }

    /// Downloads one upstream's zip to a temporary file, checks and hashes it while it arrives,
    /// confirms its hash, and renames the file into place.
    async fn ingest(
        self: &Arc<Self>,
        wanted: &Wanted,
        upstream: &Upstream,
        publisher: &Publisher<Arc<PartialZip>, Fetched>,
    ) -> Fetched {
        let reply = self.upstreams.get(upstream, &wanted.target).await?;
        reply.check_length(self.settings.limits.zip)?;
        let name = wanted.name.clone();
        let place = self.on_disk(move |store| Place::new(store, &name)).await?;
        let arrived = self.download(wanted, upstream, reply, place, publisher).await?;
        let Arrived { mut place, checked, sum, writer } = arrived;
        let h1 = checked.map_err(|error| match error {
            CheckError::Refused(refusal) => {
                bad_content(upstream, &wanted.target, &refused(wanted, &refusal))
            }
            CheckError::Read(error) => Failure::new(Reason::Store, error.to_string()),
        })?;
        let h1 = h1.h1;
        self.confirm(wanted, h1).await?;
        if let Some(writer) = writer {
            writer.accept();
        }
        let (core, file, small) = (Arc::clone(self), wanted.clone(), self.settings.small);
        let held = self.hold(wanted);
        let content = self
            .on_disk(move |store| {
                let read = |source| StoreError::Read { name: file.name.to_string(), source };
                let pending = match place {
                    Place::Store(pending) => pending,
                    Place::Temporary(_) => {
                        let file = place.file().try_clone().map_err(read)?;
                        let length = sum.length;
                        let opened = Opened { file: Arc::new(file), length, modified: None };
                        return content(opened, h1, small, &held).map_err(read);
                    }
                };
                // The file first and its hash after it: a crash between them leaves a zip that is
                // judged again.
                pending.commit()?;
                // Only from here on the zip counts as being there.
                keep_hash(store, &file, h1, sum)?;
                store.add_to_list(&file.escaped.module, &file.escaped.version)?;
                let gone = || read(std::io::ErrorKind::NotFound.into());
                let opened = store.file(&file.name)?.ok_or_else(gone)?;
                let state = (opened.length, opened.modified);
                core.lasting.verified.insert(file.escaped.clone(), state);
                content(opened, h1, small, &held).map_err(read)
            })
            .await?;
        self.book(wanted).await;
        Ok(Arc::new(content))
    }

    /// Writes an upstream's bytes to the file and checks them, as they come and as a whole. A
    /// transfer that breaks off is resumed once.
    async fn download(
        &self,
        wanted: &Wanted,
        upstream: &Upstream,
        mut reply: Reply,
        mut place: Place,
        publisher: &Publisher<Arc<PartialZip>, Fetched>,
    ) -> Result<Arrived, Failure> {
        // Bounded: an upstream that is faster than the disk has to wait.
        let (sender, mut receiver) = mpsc::channel::<Bytes>(QUEUE);
        let (ended, end) = oneshot::channel::<()>();
        let stream = Stream::new(&wanted.module, &wanted.version, self.zip_limits());
        let mut stream = stream.map_err(|e| Failure::not_found(format!("not found: {e}")))?;
        let (name, publisher, declared) = (wanted.name.clone(), publisher.clone(), reply.length);
        let writer = spawn_blocking(move || -> Result<_, StoreError> {
            let (mut length, mut crc) = (0, crc32fast::Hasher::new());
            let mut writer: Option<ZipWriter> = None;
            let mut refused = None;
            let mut pieces = Vec::with_capacity(QUEUE);
            while receiver.blocking_recv_many(&mut pieces, QUEUE) > 0 {
                // Pieces that wait together are written together.
                let bytes = match &mut pieces[..] {
                    [one] => std::mem::take(one),
                    many => Bytes::from(many.concat()),
                };
                pieces.clear();
                // Judged while it comes: a zip that breaks a limit is given up at once, not after
                // 500 MB.
                if let Err(refusal) = stream.push(&bytes) {
                    refused = Some(refusal);
                    break;
                }
                place.file().write_all(&bytes).map_err(|e| place.error(&name, e))?;
                crc.update(&bytes);
                length += bytes.len() as u64;
                match &writer {
                    Some(writer) => writer.arrived(length),
                    None if length >= START => {
                        if let Some(file) = place.reader() {
                            let (new, zip) = partial_zip(file, declared, length);
                            writer = Some(new);
                            publisher.show(Arc::new(zip));
                        }
                    }
                    None => {}
                }
            }
            let checked = match refused {
                Some(refusal) => Err(refusal.into()),
                // A zip that was cut off is not judged.
                None if end.blocking_recv().is_err() => {
                    Err(CheckError::Read(std::io::ErrorKind::UnexpectedEof.into()))
                }
                None => stream.finish(place.file()),
            };
            Ok(Arrived { place, checked, sum: Sum { length, crc: crc.finalize() }, writer })
        });
        let limit = self.settings.limits.zip;
        let mut total = 0;
        let mut again = true;
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
                // Once, and only from the middle: a connection that breaks is common with large
                // files, an upstream that never answers is another matter.
                Err(failure) if again && total > 0 => {
                    again = false;
                    log_failure(upstream, &wanted.target, &failure);
                    match self.upstreams.resume(upstream, &wanted.target, &reply, total).await {
                        Ok(rest) => reply = rest,
                        Err(_) => break Err(failure),
                    }
                }
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
        let ratio = limits.ratio.map_or(Ratio::NONE, |max| Ratio { max, above: RATIO_ABOVE });
        let (compressed, uncompressed) = (limits.zip, limits.unpacked);
        let ambiguous = self.settings.ambiguous_zips;
        ZipLimits { compressed, uncompressed, ratio, ambiguous, ..ZipLimits::default() }
    }
}
