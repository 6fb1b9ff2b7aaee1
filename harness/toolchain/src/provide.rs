//! Bringing one SDK into a cache: downloaded and verified, or made.
//!
//! A zip counts only when its hash is the checksum database's and, where it is pinned, the lock's;
//! a finished tree only when it agrees with its file list and the lock. Others go to quarantine. A
//! platform that no proxy serves (404) is an ordinary answer; its SDK is built then.

use std::fs;
use std::path::Path;

use twinproof_gomod::H1;
use twinproof_gomod::goproxy::{Miss, ProxyList};

use crate::cache::Cache;
use crate::database::{DatabaseProof, Vouched};
use crate::error::Error;
use crate::http::{Downloaded, Reply};
use crate::make::make;
use crate::manifest::Manifest;
use crate::platform::Platform;
use crate::progress::{Phase, Progress};
use crate::provenance::{Kind, Made, Provenance};
use crate::recipe::Source;
use crate::resources::Resources;
use crate::sdk::{PROVENANCE, Sdk, cache_name};
use crate::unpack::unpack;
use crate::version::{TOOLCHAIN_MODULE, Version};

/// The task of bringing an SDK into a cache.
pub(crate) struct Provide<'a> {
    with: &'a Resources,
    into: &'a Cache,
    version: Version,
    platform: Platform,
    name: String,
}

/// Gives the verified SDK of the host.
type HostSdk<'f> = dyn Fn(&mut dyn Progress) -> Result<Sdk, Error> + 'f;

/// No proxy serves it: each server with its answer, parted by `; `.
struct NotServed(String);

impl<'a> Provide<'a> {
    pub(crate) fn new(
        with: &'a Resources,
        into: &'a Cache,
        version: Version,
        platform: Platform,
    ) -> Self {
        Self { with, into, version, platform, name: cache_name(version, platform) }
    }

    /// Downloads it or, where it is not served, makes it from the SDK that `host_sdk` returns: the
    /// same version for the host.
    pub(crate) fn run(
        &self,
        host_sdk: &HostSdk<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Sdk, Error> {
        match self.download(progress)? {
            Ok(sdk) => Ok(sdk),
            Err(NotServed(answers)) => self.make(&answers, host_sdk, progress),
        }
    }

    /// Downloads and verifies a toolchain zip, or gives each server's answer.
    fn download(&self, progress: &mut dyn Progress) -> Result<Result<Sdk, NotServed>, Error> {
        let list = self.with.proxy_list()?;
        progress.report(Phase::Lookup, &self.name, 0, None);
        let proof = match self.with.vouch(&list, self.version, self.platform)? {
            Vouched::Yes(proof) => *proof,
            Vouched::No(answer) => return Ok(Err(NotServed(answer))),
        };
        let part = self.into.part(&self.name)?;
        // Two: a resumed part may be wrong, a fresh one may not.
        for attempt in 0..2 {
            let downloaded = match self.fetch(&list, &part, progress)? {
                Ok(downloaded) => downloaded,
                Err(answers) => return Ok(Err(answers)),
            };
            progress.report(Phase::Verify, &self.name, 0, None);
            match self.checked(&part, &proof) {
                Ok(files) => {
                    return self.install(&part, &files, proof, progress).map(Ok);
                }
                // The part may be of another version of the file: try once more from nothing. A fresh
                // download with a wrong hash is an error at once.
                Err(Error::WrongHash { .. } | Error::BadZip { .. })
                    if downloaded.resumed && attempt == 0 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Err(NotServed("no two downloads were alike".to_owned())))
    }

    /// The files of a zip that has the hash it must have; anything else goes to quarantine.
    fn checked(&self, part: &Path, proof: &DatabaseProof) -> Result<Manifest, Error> {
        let (zip, files) = match Manifest::of_zip(part, self.version, self.platform) {
            Ok(read) => read,
            Err(Error::BadZip { reason, .. }) => {
                let kept = self.with.cache.quarantine(part)?;
                return Err(Error::BadZip { zip: kept, reason });
            }
            Err(error) => return Err(error),
        };
        let locked =
            self.with.options.lock.get(self.version, self.platform).and_then(|locked| locked.zip);
        let authorities = [(Some(proof.zip), proof.database.as_str()), (locked, "sdk.lock.toml")];
        for (expected, authority) in authorities {
            if let Some(expected) = expected.filter(|expected| *expected != zip) {
                return Err(Error::WrongHash {
                    what: format!(
                        "{TOOLCHAIN_MODULE}@{}.zip",
                        self.version.module_version(self.platform)
                    ),
                    found: zip.to_string(),
                    expected: expected.to_string(),
                    authority: authority.to_owned(),
                    kept: self.with.cache.quarantine(part)?,
                });
            }
        }
        Ok(files)
    }

    /// Unpacks a verified zip and publishes the SDK.
    fn install(
        &self,
        zip: &Path,
        files: &Manifest,
        proof: DatabaseProof,
        progress: &mut dyn Progress,
    ) -> Result<Sdk, Error> {
        let scratch = self.into.scratch()?;
        let sdk = scratch.path().join("sdk");
        unpack(zip, &sdk.join("goroot"), self.version, self.platform, progress)?;
        let provenance = Provenance {
            kind: Kind::Verified,
            version: self.version,
            platform: self.platform,
            tree: files.tree_hash()?,
            files: files.files.len() as u64,
            zip: proof.zip,
            database: Some(proof),
            made: None,
        };
        let installed = self.publish(&sdk, &self.into.verified(&self.name), files, provenance)?;
        // Only when the SDK is in its place: until then the download can be used again.
        fs::remove_file(zip).map_err(Error::io("remove", zip))?;
        Ok(installed)
    }

    /// Checks the finished tree against its file list and the lock, and moves it to its place.
    fn publish(
        &self,
        sdk: &Path,
        place: &Path,
        expected: &Manifest,
        provenance: Provenance,
    ) -> Result<Sdk, Error> {
        // Read back from disk, so that a write error between unpacking and here is found too.
        let found = Manifest::of_dir(&sdk.join("goroot"))?;
        let locked = self.with.options.lock.get(self.version, self.platform);
        let locked = locked.and_then(|locked| locked.tree).unwrap_or(provenance.tree);
        if &found != expected || locked != provenance.tree {
            return Err(Error::WrongHash {
                what: format!("the GOROOT of go{} for {}", provenance.version, provenance.platform),
                found: found.tree_hash()?.to_string(),
                expected: locked.to_string(),
                authority: "sdk.lock.toml or its file list".to_owned(),
                kept: self.with.cache.quarantine(sdk)?,
            });
        }
        let text = serde_json::to_vec_pretty(&provenance)
            .map_err(|error| Error::io("write", place)(error.into()))?;
        let file = sdk.join(PROVENANCE);
        twinproof_base::file::write(&file, &text).map_err(Error::io("write", &file))?;
        self.into.publish(sdk, place)?;
        let (version, platform) = (self.version, self.platform);
        Ok(Sdk { version, platform, goroot: place.join("goroot"), provenance })
    }

    /// Makes it from the verified SDK of the host.
    fn make(
        &self,
        answers: &str,
        host_sdk: &HostSdk<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Sdk, Error> {
        let (version, platform, host) = (self.version, self.platform, self.with.options.host);
        let unserved =
            |made| Error::Unserved { version, platform, answers: answers.to_owned(), made };
        if platform == host {
            return Err(unserved(None));
        }
        // Executables for macOS are released with a signature, which nobody else can make.
        if !matches!(platform.os(), "windows" | "linux") {
            return Err(unserved(Some("only SDKs for windows and linux are".to_owned())));
        }
        let source = host_sdk(progress).map_err(|error| match error {
            Error::Unserved { answers, .. } => {
                unserved(Some(format!("go{version} for {host}: {answers}")))
            }
            other => other,
        })?;
        let scratch = self.into.scratch()?;
        let sdk = scratch.path().join("sdk");
        let from = Source { goroot: &source.goroot, version, platform: host };
        let locked = self
            .with
            .options
            .lock
            .get(self.version, self.platform)
            .is_some_and(|l| l.tree.is_some());
        let source_files = Manifest::of_dir(&source.goroot)?;
        let goroot = sdk.join("goroot");
        let (recipe, checked_by) =
            make(from, &source_files, platform, locked, &goroot, scratch.path(), progress)?;
        let files = Manifest::of_dir(&goroot)?;
        let zip = files.zip_hash(version, platform)?;
        let provenance = Provenance {
            kind: Kind::Made,
            version: self.version,
            platform: self.platform,
            tree: files.tree_hash()?,
            files: files.files.len() as u64,
            zip,
            database: self.confirmed(zip)?,
            made: Some(Made {
                source_platform: host,
                source_zip: source.provenance.zip,
                source_tree: source.provenance.tree,
                recipe,
                checked_by,
            }),
        };
        // The place of a made SDK has the source's hash in its name: another source makes another
        // SDK.
        let key: String =
            source.provenance.zip.0.iter().take(8).map(|b| format!("{b:02x}")).collect();
        self.publish(&sdk, &self.into.made(&self.name).join(key), &files, provenance)
    }

    /// The database's answer for a made SDK's zip hash, where it has one; another hash is an error.
    fn confirmed(&self, zip: H1) -> Result<Option<DatabaseProof>, Error> {
        let (version, platform) = (self.version, self.platform);
        match self.with.vouch(&self.with.proxy_list()?, version, platform) {
            Ok(Vouched::Yes(proof)) if proof.zip == zip => Ok(Some(*proof)),
            Ok(Vouched::Yes(proof)) => Err(Error::Recipe {
                version,
                reason: format!(
                    "what was made for {platform} would be the zip {zip}, but {} has {}",
                    proof.database, proof.zip
                ),
            }),
            // Without the database's answer it is still made from a verified SDK, which its
            // provenance says.
            Ok(Vouched::No(_)) | Err(Error::Network { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the origins in turn for the zip, by the rules of GOPROXY lists.
    fn fetch(
        &self,
        list: &ProxyList,
        part: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Result<Downloaded, NotServed>, Error> {
        let path =
            format!("/{TOOLCHAIN_MODULE}/@v/{}.zip", self.version.module_version(self.platform));
        let limit = self.with.options.max_download;
        let mut answers = Vec::new();
        let found = list.find(|proxy| {
            let (url, name) = (format!("{}{path}", proxy.base()), proxy.name());
            match self.with.http.download(&url, part, limit, &self.name, progress) {
                Ok(Reply::Found(downloaded)) => Ok(downloaded),
                Ok(Reply::Status(status)) => {
                    answers.push(format!("{name} answers {status}"));
                    Err(match status {
                        404 | 410 => Miss::NotFound(None),
                        // A proxy may be forbidden to serve it; cmd/go tries the next one after `|`
                        // only, as after a failure.
                        403 => Miss::Failed(None),
                        _ => {
                            let reason = format!("status {status}");
                            Miss::Failed(Some(Error::Network { origin: name, reason }))
                        }
                    })
                }
                Err(error @ Error::Network { .. }) => Err(Miss::Failed(Some(error))),
                Err(error) => Err(Miss::Final(Some(error))),
            }
        });
        let unfound = match found {
            Ok(downloaded) => return Ok(Ok(downloaded)),
            Err(unfound) => unfound,
        };
        match unfound.miss {
            // A miss that ended the walk, or nothing but misses without an answer.
            Some(Miss::Failed(Some(error)) | Miss::Final(Some(error)))
                if unfound.end.is_none() || answers.is_empty() =>
            {
                Err(error)
            }
            _ if answers.is_empty() => Ok(Err(NotServed("GOPROXY names no proxy".to_owned()))),
            _ => Ok(Err(NotServed(answers.join("; ")))),
        }
    }
}
