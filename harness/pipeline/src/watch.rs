//! Staging, looked at all the time: each state once, in one consistent view.

use crate::Error;
use crate::reader::cell;
use crate::server::Server;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use twinproof_history::{Cell, Row, State};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(3);
/// No more is kept of all states together, in bytes. A history that has more is refused.
const KEPT: usize = 128 << 20;

/// A thread that looks.
pub struct Watch {
    states: Arc<Mutex<Vec<State>>>,
    beat: Arc<AtomicU64>,
    full: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Tables with the columns that they are sorted by.
pub type Names = Vec<(String, Vec<String>)>;

impl Watch {
    /// Begins to look at tables of a schema.
    pub fn start(mut conn: Conn, db: String, tables: Names, begun: Instant) -> Self {
        let states: Arc<Mutex<Vec<State>>> = Arc::default();
        let (stop, full): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let beat: Arc<AtomicU64> = Arc::default();
        let (kept, stopped) = (Arc::clone(&states), Arc::clone(&stop));
        let (beats, fills) = (Arc::clone(&beat), Arc::clone(&full));
        let thread = std::thread::spawn(move || {
            let mut held = 0;
            while !stopped.load(Ordering::Relaxed) {
                // A table that is swapped meanwhile, or a server that restarts, is asked again.
                match look(&mut conn, &db, &tables, begun) {
                    Ok(state) => {
                        beats.store(beat_of(&state), Ordering::Relaxed);
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        // Equal states in a row are one: most looks see nothing new.
                        if kept.last().is_none_or(|last| last.tables != state.tables) {
                            held += size(&state);
                            if held > KEPT {
                                fills.store(true, Ordering::Relaxed);
                            } else {
                                kept.push(state);
                            }
                        }
                    }
                    Err(_) => {
                        let _ = conn.query_drop("ROLLBACK");
                        if conn.ping().is_err() {
                            let _ = conn.reset();
                            std::thread::sleep(PAUSE * 10);
                        }
                    }
                }
                std::thread::sleep(PAUSE);
            }
        });
        Self { states, beat, full, stop, thread: Some(thread) }
    }

    /// Number of beats that staging has seen.
    pub fn beat(&self) -> u64 {
        self.beat.load(Ordering::Relaxed)
    }

    /// Ends watching and returns the states.
    ///
    /// # Errors
    /// When the states were too large to keep.
    pub fn end(mut self) -> Result<Vec<State>, Error> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if self.full.load(Ordering::Relaxed) {
            let limit = KEPT >> 20;
            return Err(Error::Broken(format!("the states of staging take more than {limit} MiB")));
        }
        Ok(std::mem::take(&mut self.states.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The number of beats that a state shows.
fn beat_of(state: &State) -> u64 {
    let beat = || state.tables.get("beat")?.first()?.get("n")?.as_text()?.parse().ok();
    beat().unwrap_or(0)
}

/// Approximate size of a state, in bytes.
fn size(state: &State) -> usize {
    let cell =
        |(name, cell): (&String, &Cell)| name.len() + cell.bytes().map_or(0, <[u8]>::len) + 64;
    state.tables.values().flatten().map(|row| row.iter().map(cell).sum::<usize>()).sum()
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Reads the content of staging now.
pub fn look(conn: &mut Conn, db: &str, tables: &Names, begun: Instant) -> Result<State, Error> {
    // One snapshot for all tables: read one by one they could show a transaction in half.
    conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT")?;
    let mut seen = BTreeMap::new();
    for (name, key) in tables {
        let order: Vec<String> = key.iter().map(|c| format!("`{c}`")).collect();
        let all =
            rows(conn, &format!("SELECT * FROM `{db}`.`{name}` ORDER BY {}", order.join(", ")))?;
        seen.insert(name.clone(), all);
    }
    conn.query_drop("COMMIT")?;
    Ok(State { at: begun.elapsed().as_micros() as u64, tables: seen })
}

/// The rows of a query.
pub fn rows(conn: &mut Conn, sql: &str) -> Result<Vec<Row>, Error> {
    let rows: Vec<mysql::Row> = conn.query(sql)?;
    let row = |row: mysql::Row| {
        let names: Vec<String> =
            row.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
        names.into_iter().zip(row.unwrap().into_iter().map(cell)).collect()
    };
    Ok(rows.into_iter().map(row).collect())
}

/// A connection to look with; what stands in staging is read as it is.
pub fn connection(server: &Server) -> Result<Conn, Error> {
    let mut conn = server.connect("root")?;
    // A table that is being swapped is locked; the watch must look again soon, not wait for it.
    conn.query_drop("SET SESSION lock_wait_timeout = 2")?;
    Ok(conn)
}
