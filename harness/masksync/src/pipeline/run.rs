//! The pipeline at work: snapshots where there are none, then the stream, for as long as it is let.

use super::closing::Closing;
use super::engine::{Engine, Prepared};
use super::examine::{Examined, examine};
use super::halt::Halt;
use super::lock::{Lock, shape};
use super::metrics::Metrics;
use super::past::Past;
use super::repair::Repairs;
use super::setting::Setting;
use super::snapshot::{copy, joined};
use super::stop::Stop;
use super::ties::{orphans, ranked, with_followers};
use crate::binlog::{Charsets, Flavour, GtidSet};
use crate::defect::{Defect, has};
use crate::mask::Keys;
use crate::policy::{TablePolicy, dotted};
use crate::server::{Role, Session};
use crate::sink::{Batch, Destination, Progress, Sink, Staging, State, Target, ToFill, position};
use crate::source::{SourceAsk, Stream, StreamItem, StreamStart, executed};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// A batch has no more transactions, so that a reader of staging does not wait long.
// So many transactions without rows of ours are passed over before the position is written. After a
// crash no more are read again.
const TRANSACTIONS: u64 = 2000;
/// After an error, the pipeline begins again after a second, then two, up to this.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time to wait for an event before checking whether to stop.
const WAIT: Duration = Duration::from_millis(200);
/// A position without rows is written this often.
// Otherwise a quiet table's position would stand still, and the source's binlogs could expire
// behind it.
const QUIET: Duration = Duration::from_secs(1);

/// Options of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// End when all transactions are applied that the source had executed when the stream began.
    pub until_now: bool,
    /// Do not begin again when a server is out of reach.
    pub once: bool,
}

/// Runs the pipeline until it is stopped.
///
/// # Errors
/// When it halts.
pub fn run(
    setting: &Setting,
    options: &Options,
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let mut patience = Duration::from_secs(1);
    while has(Defect::Idle) && !stop.is_set() {
        std::thread::sleep(WAIT);
    }
    loop {
        let begun = Instant::now();
        match attempt(setting, options, metrics, stop) {
            Err(halt) if halt.is_temporary() && !options.once && !stop.is_set() => {
                tracing::warn!(error = %halt, again_in_seconds = patience.as_secs(), "interrupted");
                metrics.restarts.inc();
                let until = Instant::now() + patience;
                while Instant::now() < until && !stop.is_set() {
                    std::thread::sleep(WAIT);
                }
                // An attempt that worked for a while was no part of the same trouble.
                let lasted = begun.elapsed() > PATIENCE;
                patience =
                    if lasted { Duration::from_secs(1) } else { (patience * 2).min(PATIENCE) };
            }
            Err(halt) if stop.is_set() => {
                tracing::info!(reason = %halt, "stopped before it was done");
                return Ok(());
            }
            other => return other,
        }
        if stop.is_set() {
            return Ok(());
        }
    }
}

/// The state at the beginning of a run.
struct Begun {
    tables: Vec<Prepared>,
    charsets: Charsets,
    flavour: Flavour,
    state: State,
    source: Session,
    staging: Box<dyn Staging>,
    keys: Keys,
}

fn begin(setting: &Setting) -> Result<Begun, Halt> {
    let keys = setting.keys();
    let mut source = setting.source.connect(Role::Ask)?;
    let mut staging = setting.staging.open(&setting.state)?;
    let Examined { findings, tables, charsets } =
        examine(&setting.policy, &keys, &mut source, &mut *staging)?;
    if !findings.is_empty() {
        let what: Vec<String> =
            findings.iter().map(|f| format!("{}\n  {}", f.what, f.fix)).collect();
        return Err(Halt::Mend { what: what.join("\n"), fix: None });
    }
    let state = staging.take_over()?;
    let flavour = source.flavour;
    Ok(Begun { tables, charsets, flavour, state, source, staging, keys })
}

fn attempt(
    setting: &Setting,
    options: &Options,
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let mut begun = begin(setting)?;
    if !setting.state.is_own(&begun.state)? && !has(Defect::AnyPosition) {
        return Err(foreign_position(setting));
    }
    let mut missing = Vec::new();
    for (i, table) in begun.tables.iter().enumerate() {
        let name = dotted(&table.policy.source);
        match begun.state.tables.get(&name) {
            Some(progress)
                if progress.policy != fingerprint(setting, &table.policy)
                    && !has(Defect::IgnorePolicy) =>
            {
                return Err(Halt::mend(
                    format!("what the policy says about {name} has changed since its snapshot"),
                    format!("twinproof sync resnapshot {name}"),
                ));
            }
            Some(progress) if progress.high.is_some() => {}
            _ => missing.push(i),
        }
    }
    snapshots(setting, &mut begun, &missing, metrics, stop)?;
    stream(setting, begun, options, metrics, stop)
}

/// The position in staging was changed by hand, or written by another program.
fn foreign_position(setting: &Setting) -> Halt {
    let names: Vec<String> = setting.policy.tables.iter().map(|t| dotted(&t.source)).collect();
    Halt::mend(
        "the position in staging is not the one that this program wrote last: from an older one \
         rows would go through older versions again, from a newer one changes would be lost",
        format!("put it back, or twinproof sync resnapshot {}", names.join(" ")),
    )
}

/// Takes a table's snapshot again, beside the one that staging has, and puts it in its place.
///
/// # Errors
/// When it is not taken; what was there is there still.
pub fn resnapshot(
    setting: &Setting,
    names: &[String],
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let policy = &setting.policy;
    for name in names {
        if !policy.tables.iter().any(|t| dotted(&t.source) == *name) {
            let known: Vec<String> = policy.tables.iter().map(|t| dotted(&t.source)).collect();
            return Err(Halt::mend(
                format!("the policy has no table {name}"),
                format!("it has {}", known.join(", ")),
            ));
        }
    }
    // The decision about a new shape is this command: the lock follows.
    let mut lock = Lock::read(&policy.lock)?;
    for name in names {
        lock.table.remove(name);
    }
    lock.write(&policy.lock)?;
    let mut begun = begin(setting)?;
    if policy.tables.iter().all(|t| names.contains(&dotted(&t.source))) {
        // All begin anew: the stream too, even if binlogs were purged or changed.
        begun.state.position = None;
        for progress in begun.state.tables.values_mut() {
            progress.again |= progress.high.take().is_some();
        }
    } else if !setting.state.is_own(&begun.state)? {
        return Err(foreign_position(setting));
    }
    let asked: Vec<usize> = (0..begun.tables.len())
        .filter(|i| names.contains(&dotted(&begun.tables[*i].policy.source)))
        .collect();
    snapshots(setting, &mut begun, &asked, metrics, stop)
}

/// Takes snapshots, and remembers from where on the stream is to be applied to each table.
fn snapshots(
    setting: &Setting,
    begun: &mut Begun,
    tables: &[usize],
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let mut lock = Lock::read(&setting.policy.lock)?;
    // Rows that follow are left out by what staging has of their parents: they are copied anew with
    // them, and after them.
    let tables = with_followers(&begun.tables, tables);
    let (families, single): (Vec<usize>, Vec<usize>) = tables.into_iter().partition(|i| {
        let table = &begun.tables[*i];
        !table.follows.is_empty() || !table.followers.is_empty()
    });
    let families = ranked(&begun.tables, families);
    let groups = [families].into_iter().chain(single.into_iter().map(|table| vec![table]));
    let groups: Vec<Vec<usize>> = groups.filter(|group| !group.is_empty()).collect();
    if !groups.is_empty() {
        // Asked before the first row is read: every transaction that is not in `low` will be read
        // from the binlog.
        let low = executed(&mut begun.source)?.to_string();
        for group in groups {
            snapshot(setting, begun, &group, &low, (metrics, stop))?;
            for i in group {
                let table = &begun.tables[i];
                lock.table.insert(dotted(&table.policy.source), shape(&table.source));
            }
            lock.write(&setting.policy.lock)?;
        }
    }
    for table in &mut begun.tables {
        let name = dotted(&table.policy.source);
        if let Some(progress) = begun.state.tables.get(&name) {
            table.low = Some(position(begun.flavour, &progress.low)?);
            table.high =
                progress.high.as_deref().map(|high| position(begun.flavour, high)).transpose()?;
        }
    }
    Ok(())
}

/// Takes the snapshots of some tables, which take their place together.
fn snapshot(
    setting: &Setting,
    begun: &mut Begun,
    group: &[usize],
    low: &str,
    (metrics, stop): (&Metrics, &Stop),
) -> Result<(), Halt> {
    let Begun { tables, flavour, state, source, staging, keys, .. } = begun;
    let tables: &[Prepared] = tables;
    let name = |i: &usize| dotted(&tables[*i].policy.source);
    for i in group {
        tracing::info!(table = name(i), "snapshot begins");
        // Until it is in its place, a table counts as one without a snapshot: after a kill it is
        // taken again.
        let policy = fingerprint(setting, &tables[*i].policy);
        let old = state.tables.get(&name(i));
        let again = old.is_some_and(|old| old.again || old.high.is_some());
        let begun_at = Progress { low: low.to_owned(), high: None, policy, orphans: false, again };
        state.tables.insert(name(i), begun_at);
    }
    let at = state.position.as_deref().unwrap_or(low);
    // Only what is one is written.
    state.position = Some(position(*flavour, at)?.to_string());
    staging.save(state)?;
    let refers = |other: &Prepared, to: &Prepared| {
        other.staging.parents.iter().any(|key| key.parent == to.policy.staging)
    };
    let fill = |i: &usize| {
        let table = &tables[*i];
        ToFill {
            target: &table.target,
            linked: !table.staging.parents.is_empty() || tables.iter().any(|t| refers(t, table)),
            again: state.tables.get(&name(i)).is_some_and(|progress| progress.again),
        }
    };
    let fills: Vec<ToFill<'_>> = group.iter().map(fill).collect();
    let filling = staging.fill(&fills)?;
    let mut after = state.clone();
    for (nth, i) in group.iter().enumerate() {
        let orphans = orphans(tables, *i, source)?;
        copy(setting, keys, tables, (group, nth), &*filling, metrics, stop)?;
        // Asked after the last row was read: no transaction outside of `high` can be in the copy.
        let high = executed(source)?.to_string();
        if let Some(taken) = after.tables.get_mut(&name(i)) {
            if has(Defect::LateLow) {
                taken.low.clone_from(&high);
            }
            (taken.high, taken.orphans) = (Some(high), orphans);
        }
    }
    filling.place(state, &after)?;
    *state = after;
    for i in group {
        tracing::info!(table = name(i), "snapshot is taken");
    }
    Ok(())
}

fn stream(
    setting: &Setting,
    begun: Begun,
    options: &Options,
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let Begun { tables, charsets, flavour, state, mut source, mut staging, keys } = begun;
    let mut at = position(flavour, state.position.as_deref().unwrap_or_default())?;
    if has(Defect::BeginAtNow) {
        at = executed(&mut source)?;
    }
    let until = options.until_now.then(|| executed(&mut source)).transpose()?;
    drop(source);
    let start = StreamStart { applied: at.clone(), server_id: setting.policy.server_id };
    let targets: Arc<Vec<Target>> = Arc::new(tables.iter().map(|t| t.target.clone()).collect());
    let mut events = Stream::start(&setting.source, &start)?;
    if has(Defect::PurgedGoesOn) && events.next(Duration::from_millis(500)).is_err() {
        let mut source = setting.source.connect(Role::Ask)?;
        let applied = executed(&mut source)?;
        events = Stream::start(&setting.source, &StreamStart { applied, ..start })?;
    }
    let sink: Box<dyn Sink> = if tables.iter().all(|table| table.follows.is_empty()) {
        staging.stream(&state, targets)?
    } else {
        let sink = staging.database()?.sink(&state, targets)?;
        let again = tables.iter().map(|table| table.again(&keys));
        let again = again.collect::<Result<Vec<_>, Halt>>()?;
        let connector = setting.source.clone();
        let past = Past::new(connector, setting.policy.server_id, flavour, charsets.clone());
        Box::new(Closing::new(sink, again, past, flavour))
    };
    // Topics have no queue.
    let mut repairs = match &setting.staging {
        Destination::Database(connector) => {
            Some(Repairs::new(setting, connector.connect(Role::Write)?))
        }
        Destination::Topics(_) => None,
    };
    let ask = Box::new(SourceAsk::new(setting.source.clone()));
    let mut engine = Engine::new(flavour, charsets, tables, ask, at, staging.detail());
    tracing::info!(position = %engine.position, "the stream begins");
    std::thread::scope(|scope| {
        // One batch is written while the next is gathered. A longer queue would only hold more
        // memory, and the writer is the slower side.
        let (sender, batches) = sync_channel::<Batch>(1);
        // The reader must not wait for space in a queue whose writer has ended.
        let ended = Stop::default();
        let writer = {
            let ended = ended.clone();
            scope.spawn(move || {
                let written = write_all(sink, batches, metrics);
                ended.set();
                written
            })
        };
        let ends = (until.as_ref(), stop, &ended);
        let read = pump(&mut engine, &mut events, sender, repairs.as_mut(), metrics, ends);
        // The writer's error comes first: it explains why the reader could hand over no more
        // batches.
        joined(writer.join())?;
        read
    })
}

/// Writes batches until there are no more.
fn write_all(
    mut sink: Box<dyn Sink>,
    batches: Receiver<Batch>,
    metrics: &Metrics,
) -> Result<(), Halt> {
    let mut held: Option<Batch> = None;
    for mut batch in batches {
        if has(Defect::Slow) {
            std::thread::sleep(Duration::from_secs(3));
        }
        if has(Defect::SwapBatches) && batch.rows > 0 {
            // The second is written first, and then the one that was held back.
            match held.take() {
                None => {
                    held = Some(batch);
                    continue;
                }
                Some(mut first) => {
                    sink.write(&batch)?;
                    std::thread::sleep(Duration::from_millis(60));
                    std::mem::swap(&mut first, &mut batch);
                }
            }
        }
        sink.write(&batch)?;
        metrics.batches.inc();
        metrics.transactions.inc_by(batch.transactions);
        metrics.rows.inc_by(batch.rows);
        if let Some(commit) = &batch.commit {
            metrics.committed(commit.timestamp);
        }
    }
    Ok(())
}

/// Moves events to the writer until it is to end.
fn pump(
    engine: &mut Engine,
    events: &mut Stream,
    sender: SyncSender<Batch>,
    mut repairs: Option<&mut Repairs<'_>>,
    metrics: &Metrics,
    (until, stop, ended): (Option<&GtidSet>, &Stop, &Stop),
) -> Result<(), Halt> {
    let mut waiting: Option<Batch> = None;
    // Whether the writer has parts of a transaction without its end.
    let mut open = false;
    let mut written = Instant::now();
    let finished = |engine: &Engine| until.is_some_and(|set| engine.position.contains_all(set));
    while !ended.is_set() {
        if engine.is_between()
            && let Some(repairs) = repairs.as_deref_mut()
        {
            let ops = repairs.due(engine)?;
            if !ops.is_empty() {
                // What was read before them is written before them.
                let before = engine.take();
                let repaired = Batch { ops, ..engine.take() };
                for batch in waiting.take().into_iter().chain([before, repaired]) {
                    if sender.send(batch).is_err() {
                        return Ok(());
                    }
                }
                (open, written) = (false, Instant::now());
            }
        }
        let longest = if waiting.is_some() { Duration::from_millis(1) } else { WAIT };
        match events.next(longest)? {
            StreamItem::Event(event) => {
                metrics.heard();
                engine.event(&event.event())?;
                if engine.is_full() {
                    // More than memory should hold: the writer is waited for.
                    if let Some(batch) = waiting.take()
                        && sender.send(batch).is_err()
                    {
                        return Ok(());
                    }
                    let part = engine.take();
                    open = part.commit.is_none();
                    if sender.send(part).is_err() {
                        return Ok(());
                    }
                    written = Instant::now();
                }
            }
            StreamItem::Idle => {}
        }
        let (transactions, keys) = engine.waiting();
        let quiet = transactions > 0 && written.elapsed() > QUIET;
        // A transaction whose rows went in parts ends, with or without rows in the last one.
        let due = keys > 0 || open || quiet || transactions > TRANSACTIONS;
        if waiting.is_none() && engine.is_between() && due {
            waiting = Some(engine.take());
            open = false;
            written = Instant::now();
        }
        // A batch that the writer has no time for waits, and changes gather behind it.
        if let Some(batch) = waiting.take() {
            match sender.try_send(batch) {
                Ok(()) => {}
                Err(TrySendError::Full(batch)) => waiting = Some(batch),
                Err(TrySendError::Disconnected(_)) => return Ok(()),
            }
        }
        if (stop.is_set() || finished(engine)) && waiting.is_none() && engine.is_between() {
            let last = engine.take();
            if last.commit.is_some() {
                let _ = sender.send(last);
            }
            return Ok(());
        }
    }
    Ok(())
}

/// SHA-256 of the policy's part about a table, and of everything that its values depend on.
fn fingerprint(setting: &Setting, table: &TablePolicy) -> String {
    let text = format!("{:?} {:?}", setting.policy.tenant, table);
    twinproof_base::hex::encode(&Sha256::digest(text.as_bytes()))
}
