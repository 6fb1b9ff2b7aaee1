//! `@latest`: what the upstream says, or the newest version that the store has in whole.

use std::sync::Arc;

use bytes::Bytes;
use twinproof_gomod::escape::{escape_path, escape_version};
use twinproof_gomod::{Request, versions};

use super::list::{HERE, soon};
use super::{Core, Got, place};
use crate::answer::{Content, Keep};
use crate::failure::Failure;
use crate::info::check_info;
use crate::kind::Kind;
use crate::metrics::Layer;
use crate::policy::Reach;
use crate::store::{Name, versions_here};

impl Core {
    /// The latest version of a module.
    pub(crate) async fn latest(self: &Arc<Self>, module: &str, reach: Reach) -> Got {
        let (name, target) = place(&Request::Latest { module: module.to_owned() })?;
        let client = match reach {
            Reach::Upstream(client) => client,
            Reach::Store(why) => {
                let text =
                    || format!("not found: this proxy has no version of {module}, and {why}");
                let here = self.latest_here(module).await?;
                let here = here.ok_or_else(|| Failure::not_found(text()))?;
                let content = Content::memory(Kind::Latest, here, None, Keep::Seconds(0));
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
                let limit = core.settings.limits.info;
                let check = |bytes: &Bytes| check_info(bytes, &module, None);
                let asked = (Kind::Latest, client);
                let fetched = core.fetch_small(asked, &target, limit, check).await;
                let fetched = match fetched {
                    Ok((bytes, version)) => {
                        core.keep_resolved(&module, &version, &bytes).await;
                        Ok(Arc::new(core.changing(Kind::Latest, bytes)))
                    }
                    Err(failure) => Err(failure),
                };
                // That there is no @latest is an answer: `go` looks into the list then.
                let here = match &fetched {
                    // Only a failing upstream is stood in for by what is here.
                    Err(failure) if !failure.is_not_found() => {
                        core.latest_here(&module).await.unwrap_or_default()
                    }
                    _ => None,
                };
                core.settle((Kind::Latest, &name), fetched, kept, here)
            })
            .await?;
        Ok((content, Layer::Upstream))
    }

    /// The `.info` of the newest version that is here in whole.
    async fn latest_here(&self, module: &str) -> Result<Option<Bytes>, Failure> {
        let escaped = escape_path(module).map_err(|e| Failure::not_found(e.to_string()))?;
        let limit = self.settings.limits.info;
        self.on_disk(move |store| {
            let versions = versions_here(store, &escaped)?;
            // Versions with `+incompatible` count, whatever go.mod files there are.
            let all = versions.iter().map(String::as_str);
            let Some(latest) = versions::latest(all, |_| false) else { return Ok(None) };
            let Ok(latest) = escape_version(latest) else { return Ok(None) };
            let info = store.read(&Name::version(&escaped, &latest, "info")?, limit)?;
            Ok(info.map(|(bytes, _)| bytes))
        })
        .await
    }
}
