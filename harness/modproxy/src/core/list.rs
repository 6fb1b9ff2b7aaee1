//! Lists of versions.
//!
//! A list is the upstream's, with lines that are no versions left out, and pseudo-versions where
//! there are others: `go` uses them only when there is nothing else. While upstreams fail it is
//! the last one they gave, or what the store has in whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use twinproof_gomod::Request;
use twinproof_gomod::escape::{canonical_version, escape_path};
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

impl Core {
    /// The versions of a module.
    pub(crate) async fn list(self: &Arc<Self>, module: &str, reach: Reach) -> Got {
        let (name, target) = place(&Request::List { module: module.to_owned() })?;
        if let Reach::Store(why) = reach {
            let here = self.list_here(module).await?;
            let text = || format!("not found: this proxy has no version of {module}, and {why}");
            let list = here.ok_or_else(|| Failure::not_found(text()))?;
            let content = Content::memory(Kind::List, list, None, Keep::Seconds(0));
            return Ok((Arc::new(content), Layer::Store));
        }
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
                    .fetch_small(Kind::List, &target, limit, clean)
                    .await
                    .map(|(_, list)| Arc::new(core.changing(Kind::List, list)));
                let here = match &fetched {
                    Ok(_) => None,
                    Err(_) => core.list_here(&module).await.unwrap_or_default(),
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

    /// What becomes of a fetch of something that may change: it is kept for its time; and when it
    /// has failed, an older answer or what the store has stands in.
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
        let now = Instant::now();
        let content = Arc::new(
            Content::memory(kind, bytes, None, Keep::Seconds(0))
                .until(now.checked_add(RETRY).unwrap_or(now)),
        );
        self.ttl_cache.keep(name, Ok(Arc::clone(&content)), RETRY, ttl.stale);
        Ok(content)
    }
}

/// The list as it is served. An error when it is none at all.
fn clean(bytes: &Bytes) -> Result<Bytes, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let is_version = |line: &&str| {
        line.split_whitespace().next().is_some_and(|first| canonical_version(first).is_some())
    };
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(is_version).collect();
    if lines.is_empty() && !text.trim().is_empty() {
        return Err("it has no version in it".to_owned());
    }
    Ok(tagged_first(lines).into_iter().fold(String::new(), |all, line| all + line + "\n").into())
}

/// Leaves pseudo-versions out if there are others.
fn tagged_first<T: AsRef<str>>(mut lines: Vec<T>) -> Vec<T> {
    let pseudo = |line: &T| line.as_ref().split_whitespace().next().is_some_and(is_pseudo);
    if !lines.iter().all(pseudo) {
        lines.retain(|line| !pseudo(line));
    }
    lines
}
