//! `.info` of a query that stands for a version: a branch, a commit, a prefix. Its answer may
//! change.

use std::sync::Arc;

use bytes::Bytes;
use twinproof_gomod::Request;

use super::list::soon;
use super::{Core, Fetched, Got, Wanted};
use crate::answer::{Content, Keep};
use crate::failure::Failure;
use crate::fetch_limiter::Client;
use crate::info::{check_info, is_exact};
use crate::kind::Kind;
use crate::metrics::Layer;
use crate::policy::Reach;

impl Core {
    /// The version that a query means.
    pub(crate) async fn query(self: &Arc<Self>, wanted: Wanted, reach: Reach) -> Got {
        let kept = self.ttl_cache.get(&wanted.name);
        if let Some(kept) = &kept
            && kept.is_fresh()
        {
            return kept.answer.clone().map(|content| (content, Layer::Memory));
        }
        let client = match reach {
            Reach::Upstream(client) => client,
            Reach::Store(why) => {
                let text = format!(
                    "not found: this proxy cannot say what {} means for {}: {why}",
                    wanted.version, wanted.module
                );
                return Err(Failure::not_found(text));
            }
        };
        let name = wanted.name.clone();
        let core = Arc::clone(self);
        let content = self
            .together(name.as_str(), || async move {
                let fetched = core.fetch_query(&wanted, client).await;
                core.settle((wanted.kind, &wanted.name), fetched, kept, None)
            })
            .await?;
        Ok((content, Layer::Upstream))
    }

    async fn fetch_query(self: &Arc<Self>, wanted: &Wanted, client: Client) -> Fetched {
        let limit = self.settings.limits.info;
        let check = |bytes: &Bytes| check_info(bytes, &wanted.module, Some(&wanted.version));
        let (bytes, version) =
            self.fetch_small((Kind::Info, client), &wanted.target, limit, check).await?;
        self.keep_resolved(&wanted.module, &version, &bytes).await;
        Ok(Arc::new(self.changing(Kind::Info, bytes)))
    }

    /// Keeps what was said of the version that a query has led to.
    pub(super) async fn keep_resolved(&self, module: &str, version: &str, bytes: &Bytes) {
        if !is_exact(module, version) {
            return;
        }
        let request = Request::Info { module: module.to_owned(), version: version.to_owned() };
        if let Ok(Some(resolved)) = Wanted::new(&request) {
            let name = resolved.name.clone();
            let there = self.on_disk(move |store| Ok(store.has(&name))).await;
            // A stored file was checked when it was written; an answer to a query does not replace
            // it.
            if there == Ok(false) {
                self.keep_small(&resolved, bytes).await;
            }
        }
    }

    /// An answer that holds for a time.
    pub(super) fn changing(&self, kind: Kind, bytes: Bytes) -> Content {
        let ttl = match kind {
            Kind::List => self.settings.ttl.list,
            _ => self.settings.ttl.latest,
        };
        Content::memory(kind, bytes, None, Keep::Seconds(ttl.as_secs())).until(soon(ttl))
    }
}
