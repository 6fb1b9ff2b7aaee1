//! `images`: the images of the container environments, pulled or made ahead of a run. It starts no
//! engine; a run does not need it, it only finds the images there.

mod wine_root;

use crate::ci::summary::time;
use std::time::{Duration, Instant};
use twinproof::{Board, CONFORMANT, INVALID, NOT_KNOWN};
use twinproof_container::{Engine, Image, Origin, sweep};

/// The image whose files are put beside the host's as well.
const WINE: &str = "wine";

/// Make or pull the images of the container environments.
///
/// An image is taken from the engine where it is there, else pulled, else made from Debian packages
/// with mmdebstrap. Exits with 2 when one cannot be had, or no engine answers.
#[derive(clap::Args, Debug)]
pub struct Images {
    /// Images to provide; all when absent
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// List the images, and the sources of those that are present; provide none
    #[arg(long, conflicts_with = "sweep")]
    list: bool,
    /// Only remove the containers that killed runs left behind
    #[arg(long, conflicts_with = "names")]
    sweep: bool,
}

impl Images {
    pub fn run(&self) -> anyhow::Result<u8> {
        let images = twinproof_container::Images::embedded()?;
        let known: Vec<&String> = images.all().keys().collect();
        let wanted: Vec<&String> =
            if self.names.is_empty() { known.clone() } else { self.names.iter().collect() };
        if let Some(name) = wanted.iter().find(|name| !known.contains(name)) {
            let known: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
            eprintln!("error: no image is called `{name}`; there are {}", known.join(", "));
            return Ok(INVALID);
        }
        let engine = Engine::detect();
        if self.list {
            for name in wanted {
                let Some(definition) = images.all().get(name) else { continue };
                let state = match &engine {
                    Ok(engine) => match images.cached(engine, name)? {
                        Some(image) => origin(&image.origin),
                        None => "absent".to_owned(),
                    },
                    Err(_) => "not known".to_owned(),
                };
                println!("{name:<10} {:<36} {state}", definition.tag(name));
                println!("{:<10} {}", "", definition.title);
            }
            if let Err(absent) = &engine {
                // Listed without an engine too: tags and titles are known.
                println!("{absent}");
            }
            return Ok(CONFORMANT);
        }
        let engine = match engine {
            Ok(engine) => engine,
            Err(absent) => {
                eprintln!("error: {absent}");
                return Ok(NOT_KNOWN);
            }
        };
        if self.sweep {
            let swept = sweep(&engine)?;
            println!(
                "{} containers removed, {} in use left alone",
                swept.removed.len(),
                swept.kept.len()
            );
            return Ok(CONFORMANT);
        }
        let mut code = CONFORMANT;
        let board = Board::new();
        for name in wanted {
            let begun = Instant::now();
            match images.ensure(&engine, name, &board) {
                Ok(image) => {
                    println!("{}", provided(&image, begun.elapsed()));
                    // Programs under Wine run on the host too, with the files of this image.
                    if image.name == WINE {
                        println!("{:<10} {}", "", wine_root::provide(&image));
                    }
                }
                Err(error) => {
                    println!("{name:<10} absent     {error}");
                    code = NOT_KNOWN;
                }
            }
        }
        Ok(code)
    }
}

/// A line that reports an image that was provided.
fn provided(image: &Image, took: Duration) -> String {
    let way = match (image.cached, &image.origin) {
        (true, _) => "cached",
        (false, Origin::Pulled { .. }) => "pulled",
        (false, Origin::Made { .. }) => "made",
    };
    format!("{:<10} {way:<8} {:>8}  {}", image.name, time(took), origin(&image.origin))
}

/// The source of an image's base, in words.
fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Pulled { reference, digest } if digest.is_empty() => format!("from {reference}"),
        Origin::Pulled { digest, .. } => format!("from {digest}"),
        Origin::Made { suite, packages } => {
            format!("from {} packages of Debian {suite}", packages.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::collections::BTreeMap;

    fn pulled(digest: &str) -> Origin {
        Origin::Pulled { reference: "debian:trixie-slim".into(), digest: digest.into() }
    }

    #[rstest]
    #[case(true, pulled("debian@sha256:00"), "trixie     cached      0.3 s  from debian@sha256:00")]
    #[case(false, pulled(""), "trixie     pulled      0.3 s  from debian:trixie-slim")]
    #[case(
        false,
        Origin::Made { suite: "trixie".into(), packages: BTreeMap::from([("a".into(), "1".into())]) },
        "trixie     made        0.3 s  from 1 packages of Debian trixie"
    )]
    fn each_way_is_said(#[case] cached: bool, #[case] origin: Origin, #[case] line: &str) {
        let images = twinproof_container::Images::embedded().unwrap();
        let image = Image {
            name: "trixie".into(),
            tag: String::new(),
            id: String::new(),
            cached,
            origin,
            definition: images.all()["trixie"].clone(),
        };
        assert_eq!(provided(&image, Duration::from_millis(300)), line);
    }
}
