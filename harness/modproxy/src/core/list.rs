//! Lists of versions.
//!
//! A list is the upstream's, byte for byte: `go` picks the versions out of it by itself, and falls back
//! on the pseudo-versions in it where there is no `@latest`. While upstreams fail it is the last one
//! they gave, or what the store has in whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use twinproof_gomod::Request;
use twinproof_gomod::escape::escape_path;
use twinproof_gomod::pseudo::is_pseudo;

use super::{Core, Fetched, Got, place};
use crate::answer::{Content, Keep};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::metrics::Layer;
use crate::policy::Reach;
use crate::store::{Name, versions_here};
use crate::ttl_cache::Kept;

/// How soon upstreams that have failed are asked again, at the earliest.
const RETRY: Duration = Duration::from_secs(5);

/// How long what the store has is remembered: other programs may put files there.
pub(super) const HERE: Duration = Duration::from_secs(1);

/// So much later than now.
pub(super) fn soon(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now)
}

impl Core {
    /// The versions of a module.
    pub(crate) async fn list(self: &Arc<Self>, module: &str, reach: Reach) -> Got {
        let (name, target) = place(&Request::List { module: module.to_owned() })?;
        let client = match reach {
            Reach::Upstream(client) => client,
            Reach::Store(why) => {
                let here = self.list_here(module).await?;
                let text =
                    || format!("not found: this proxy has no version of {module}, and {why}");
                let list = here.ok_or_else(|| Failure::not_found(text()))?;
                let content = Content::memory(Kind::List, list, None, Keep::Seconds(0));
                return Ok((Arc::new(content.until(soon(HERE))), Layer::Store));
            }
        };
        let kept = self.ttl_cache.get(&name);
        if let Some(kept) = &kept
            && kept.is_fresh()
        {
            return kept.answer.clone().map(|content| (content, Layer::Memory));
        }
        let core = Arc::clone(self);
        let module = module.to_owned();
        let key = name.clone();
        let content = self
            .together(key.as_str(), || async move {
                let limit = core.settings.limits.list;
                let fetched = core
                    .fetch_small((Kind::List, client), &target, limit, |_| Ok(()))
                    .await
                    .map(|(list, ())| Arc::new(core.changing(Kind::List, list)));
                // A module that the upstreams do not have is not there for `go` either.
                let here = match &fetched {
                    // Where upstreams fail, what the store has is better than an error. Where they
                    // say that the module does not exist, that is the answer.
                    Err(failure) if !failure.is_not_found() => {
                        core.list_here(&module).await.unwrap_or_default()
                    }
                    _ => None,
                };
                core.settle((Kind::List, &name), fetched, kept, here)
            })
            .await?;
        Ok((content, Layer::Upstream))
    }

    /// The versions that are here, as a list; `None` when there is none.
    async fn list_here(&self, module: &str) -> Result<Option<Bytes>, Failure> {
        let escaped = escape_path(module).map_err(|e| Failure::not_found(e.to_string()))?;
        let versions = self.on_disk(move |store| versions_here(store, &escaped)).await?;
        let text: String = tagged_first(versions).into_iter().map(|v| v + "\n").collect();
        Ok((!text.is_empty()).then(|| text.into()))
    }

    /// Settles a fetch of something that may change: an answer is kept for its time; when the fetch
    /// has failed, an older answer or the store's content stands in.
    pub(super) fn settle(
        &self,
        (kind, name): (Kind, &Name),
        fetched: Fetched,
        kept: Option<Kept>,
        here: Option<Bytes>,
    ) -> Fetched {
        let ttl = &self.settings.ttl;
        let failure = match fetched {
            Ok(content) => {
                let time = if kind == Kind::List { ttl.list } else { ttl.latest };
                self.ttl_cache.keep(name, Ok(Arc::clone(&content)), time, ttl.stale);
                return Ok(content);
            }
            Err(failure) => failure,
        };
        // The last answer is nearer to the upstream's than the versions that happen to be in the
        // store.
        let old = kept
            .filter(|kept| !failure.is_not_found() && kept.may_stand_in())
            .and_then(|kept| kept.answer.ok());
        let bytes = old.map_or(here, |content| content.bytes());
        let Some(bytes) = bytes else {
            self.keep_absence(name, &failure);
            return Err(failure);
        };
        tracing::warn!(name = name.as_str(), error = failure.text, "an older answer stands in");
        self.metrics().stale.inc();
        let content = Content::memory(kind, bytes, None, Keep::Seconds(0));
        // Soon asked again, but not at each request: the upstream that fails has enough to do.
        let content = Arc::new(content.until(soon(RETRY)));
        self.ttl_cache.keep(name, Ok(Arc::clone(&content)), RETRY, ttl.stale);
        Ok(content)
    }
}

/// Leaves pseudo-versions out if there are others.
fn tagged_first<T: AsRef<str>>(mut lines: Vec<T>) -> Vec<T> {
    let pseudo = |line: &T| line.as_ref().split_whitespace().next().is_some_and(is_pseudo);
    // The go command leaves pseudo-versions out of lists; a list of nothing else says at least that
    // there is something.
    if !lines.iter().all(pseudo) {
        lines.retain(|line| !pseudo(line));
    }
    lines
}
