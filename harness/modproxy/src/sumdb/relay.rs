//! Requests to a checksum database through the proxy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use twinproof_gomod::Request;
use twinproof_gomod::escape::{unescape_path, unescape_version};
use twinproof_sumdb::tile::{Level, Tile};

use super::Database;
use crate::answer::{Content, Keep};
use crate::core::{Core, Got};
use crate::failure::{Failure, Reason};
use crate::kind::Kind;
use crate::metrics::Layer;
use crate::store::Name;

impl Core {
    /// Answers `/sumdb/NAME/REST`.
    pub(crate) async fn sumdb(self: &Arc<Self>, name: &str, rest: &str) -> Got {
        let database = self.databases.iter().find(|database| database.name == name);
        let Some(database) = database else {
            // `go` then goes to the database by itself.
            let text = format!("not found: this proxy does not relay {name}");
            return Err(Failure::not_found(text));
        };
        if rest == "supported" {
            let place = database.place(rest).ok_or_else(|| Failure::not_found("not found"))?;
            if let Some(kept) = self.failure(&place) {
                return Err(kept);
            }
            let usable = database.ask(|database| {
                let usable = !database.by_default || database.is_usable();
                if usable {
                    database.support();
                }
                Ok(usable)
            });
            if !usable.await? {
                let text = format!("not found: this proxy has no way to {name}");
                let failure = Failure::not_found(text);
                let ttl = self.settings.ttl.tree;
                self.ttl_cache.keep(&place, Err(failure.clone()), ttl, Duration::ZERO);
                return Err(failure);
            }
            let keep = Keep::Seconds(self.settings.ttl.tree.as_secs());
            let content = Content::memory(Kind::Sumdb, Bytes::new(), None, keep);
            return Ok((Arc::new(content), Layer::Memory));
        }
        let bad = |e: &dyn std::fmt::Display| Failure::not_found(e.to_string());
        let request = Request::Sumdb { name: name.to_owned(), rest: rest.to_owned() };
        let place = Name::new(request.store_path().map_err(|e| bad(&e))?).map_err(|e| bad(&e))?;
        if rest == "latest" {
            return self.tree(database, place).await;
        }
        if let Some(kept) = self.failure(&place) {
            return Err(kept);
        }
        let core = Arc::clone(self);
        let database = Arc::clone(database);
        let key = place.clone();
        let rest = rest.to_owned();
        let content = self
            .together(key.as_str(), || async move {
                let fetched = match rest.strip_prefix("lookup/") {
                    Some(query) => core.lookup(&database, query).await,
                    None => core.tile(&database, &rest).await,
                };
                if let Err(failure) = &fetched {
                    core.keep_absence(&place, failure);
                }
                fetched.map(Arc::new)
            })
            .await?;
        Ok((content, Layer::Upstream))
    }

    async fn lookup(&self, database: &Arc<Database>, query: &str) -> Result<Content, Failure> {
        let malformed = || Failure::new(Reason::Malformed, "bad request: not a lookup");
        let (module, version) = query.split_once('@').ok_or_else(malformed)?;
        let module = unescape_path(module).map_err(|_| malformed())?;
        let version = unescape_version(version).map_err(|_| malformed())?;
        if self.policy.is_private(&module) {
            let text = format!("not found: {module} is private: no checksum database is asked");
            return Err(Failure::not_found(text));
        }
        let bytes = database.ask(move |database| database.lookup(&module, &version)).await?;
        // The record is for ever; the tree head with it grows old, which does no harm.
        let keep = Keep::Seconds(self.settings.ttl.tree.as_secs());
        Ok(Content::memory(Kind::Sumdb, bytes, None, keep))
    }

    async fn tile(&self, database: &Arc<Database>, path: &str) -> Result<Content, Failure> {
        let tile = Tile::parse(path)
            .map_err(|e| Failure::new(Reason::Malformed, format!("bad request: {e}")))?;
        let bytes = database.ask(move |database| database.tile(tile)).await?;
        let kind = if tile.level() == Level::Data { Kind::Sumdb } else { Kind::Tile };
        let keep = if tile.is_full() {
            Keep::Forever
        } else {
            Keep::Seconds(self.settings.ttl.tree.as_secs())
        };
        Ok(Content::memory(kind, bytes.into(), None, keep))
    }

    /// The newest tree head. While the database cannot be reached, the newest one seen.
    async fn tree(self: &Arc<Self>, database: &Arc<Database>, place: Name) -> Got {
        let core = Arc::clone(self);
        let database = Arc::clone(database);
        let key = place.clone();
        let content = self
            .together(key.as_str(), || async move {
                let ttl = core.settings.ttl.tree;
                let after = |time: Duration| {
                    let now = Instant::now();
                    now.checked_add(time).unwrap_or(now)
                };
                let (bytes, until) = match database.ask(|database| database.newest()).await {
                    Ok(bytes) => (bytes, after(ttl)),
                    Err(failure) if failure.reason == Reason::Security => return Err(failure),
                    Err(failure) => {
                        let seen = database.ask(|database| database.seen()).await?;
                        core.lasting.metrics.stale.inc();
                        (seen.ok_or(failure)?, after(ttl.min(Duration::from_secs(5))))
                    }
                };
                let keep = Keep::Seconds(ttl.as_secs());
                let content = Content::memory(Kind::Sumdb, bytes.into(), None, keep);
                Ok(Arc::new(content.until(until)))
            })
            .await?;
        Ok((content, Layer::Upstream))
    }
}
