//! `lab`: one thing in the case's lab.

use super::case_lab::{CaseLab, broken};
use super::driver::Driver;
use super::error::StepError;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use twinproof_lab::{HostState, Reply, Request};
use twinproof_model::Template;
use twinproof_steps::{LabAsked, LabRefusal, LabSight, LabState, LabStates, LabStep};

/// The port of name servers.
const DOMAIN: u16 = 53;

pub fn drive(driver: &mut Driver<'_>, step: &LabStep) -> Result<LabSight, StepError> {
    if driver.servers.lab.is_none() {
        let lab = CaseLab::open(driver.environment(), driver.sandbox().root())?;
        driver.servers.lab = Some(lab);
    }
    if let Some(whose) = &step.unchanged {
        return states(driver, whose);
    }
    let (request, done) = request(driver, step)?;
    let Some(CaseLab { lab, .. }) = &mut driver.servers.lab else {
        return Err(StepError::broken("there is no lab"));
    };
    let mut sight = LabSight { done, ..LabSight::default() };
    match lab.ask(&request).map_err(broken)? {
        Reply::Done => {}
        Reply::Refused(refusal) => {
            sight.error = Some(LabRefusal { errno: refusal.errno, message: refusal.message });
        }
        Reply::Asked(all) => {
            let question = |one: twinproof_lab::Asked| LabAsked {
                question: format!("{} {} {} {}", one.server, one.transport, one.name, one.kind),
                millis: one.millis,
            };
            sight.asked = all.into_iter().map(question).collect();
        }
        Reply::Failed(why) => return Err(StepError::Broken(why)),
        Reply::State(_) => {
            return Err(StepError::broken("the lab sent its state without a request"));
        }
    }
    Ok(sight)
}

/// The request to the lab, and its description for the evidence.
fn request(driver: &Driver<'_>, step: &LabStep) -> Result<(Request, String), StepError> {
    let text = |text: &Option<Template>| match text {
        Some(text) => driver.scope().expand(text),
        None => Ok(String::new()),
    };
    if step.mount.is_some() {
        let (source, target) = (text(&step.mount)?, driver.native(&text(&step.at)?));
        let fstype = text(&step.fstype)?;
        // A file system that is no device has a name for its source.
        let source = if fstype.is_empty() { driver.native(&source) } else { source };
        let words = step.flags.join(", ");
        let done = format!("mount {source} at {target} ({fstype}{words})");
        let flags = step.flags.clone();
        return Ok((Request::Mount { source, target, fstype, flags }, done));
    }
    if step.write.is_some() {
        let (path, text) = (driver.native(&text(&step.to)?), text(&step.write)?);
        let done = format!("write {text:?} to {path}");
        return Ok((Request::Write { path, text }, done));
    }
    if step.address.is_some() {
        let address: IpAddr = parsed(&text(&step.address)?, "an address")?;
        return Ok((Request::Address(address), format!("address {address}")));
    }
    if !step.dns.is_empty() {
        let server = match &step.on {
            Some(on) => parsed(&driver.scope().expand(on)?, "an address")?,
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let zone = driver.scope().expand_all(&step.dns)?;
        let all: Vec<_> = zone.iter().map(|(name, answer)| format!("{name} = {answer}")).collect();
        let done = format!("name server on {server}: {}", all.join(", "));
        return Ok((Request::Dns { listen: SocketAddr::new(server, DOMAIN), zone }, done));
    }
    if step.relay.is_some() {
        let listen: SocketAddr = parsed(&text(&step.relay)?, "an address with a port")?;
        let to = text(&step.to)?;
        let bare = to.split_once("://").map_or(to.as_str(), |(_, rest)| rest);
        let bare = bare.split('/').next().unwrap_or_default();
        let to: SocketAddr = parsed(bare, "an address with a port")?;
        return Ok((Request::Relay { listen, to }, format!("relay from {listen} to {to}")));
    }
    Ok((Request::Asked, "what the name servers were asked".to_owned()))
}

fn parsed<T: FromStr>(text: &str, what: &str) -> Result<T, StepError> {
    text.parse().map_err(|_| StepError::Broken(format!("`{text}` is not {what}")))
}

/// The states of the host before the lab and now; or that of the lab now.
fn states(driver: &mut Driver<'_>, whose: &str) -> Result<LabSight, StepError> {
    let work = driver.sandbox().root().to_owned();
    let now = match whose {
        "lab" => of_lab(driver, &work)?,
        _ => state(&HostState::of(&work)),
    };
    let Some(lab) = &driver.servers.lab else {
        return Err(StepError::broken("there is no lab"));
    };
    let states = LabStates { before: state(&lab.before), now };
    let done = format!("compare the {whose} with the host before the lab");
    Ok(LabSight { done, states: Some(states), ..LabSight::default() })
}

/// The state that a program in the lab sees.
fn of_lab(driver: &mut Driver<'_>, work: &str) -> Result<LabState, StepError> {
    let Some(lab) = &mut driver.servers.lab else {
        return Err(StepError::broken("there is no lab"));
    };
    match lab.lab.ask(&Request::State(work.to_owned())).map_err(broken)? {
        Reply::State(seen) => Ok(state(&seen)),
        other => Err(StepError::Broken(format!("the lab answered {other:?}"))),
    }
}

fn state(seen: &HostState) -> LabState {
    LabState {
        rules: seen.rules.iter().map(|(name, text)| format!("{name}: {}", text.trim())).collect(),
        mounts: seen.mounts.clone(),
        routes: seen.routes.clone(),
    }
}
