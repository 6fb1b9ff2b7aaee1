//! `trace`: reads a trace of programs.

use super::driver::Driver;
use super::error::StepError;
use std::collections::BTreeSet;
use twinproof_model::glob_matches;
use twinproof_steps::{TraceSight, TraceStep, TracedProcess};
use twinproof_trace::Trace;

/// Most events that are recorded.
const EVENTS: usize = 1000;

pub fn drive(driver: &mut Driver<'_>, step: &TraceStep) -> Result<TraceSight, StepError> {
    let (path, bytes) = if step.suite {
        driver.suite_file(Some(&step.path)).map_err(StepError::Broken)?
    } else {
        let path = driver.path(&step.path)?;
        match driver.looked_at(&path)? {
            Ok(bytes) => (path, bytes),
            Err(absent) => {
                return Ok(TraceSight { path, error: Some(absent), ..TraceSight::default() });
            }
        }
    };
    let trace = match twinproof_trace::read(&bytes, None) {
        Ok(trace) => trace,
        Err(error) => {
            return Ok(TraceSight {
                path,
                error: Some(error.to_string()),
                ..TraceSight::default()
            });
        }
    };
    let patterns: Vec<String> = step
        .order
        .iter()
        .map(|pattern| driver.scope().expand(pattern))
        .collect::<Result<_, _>>()?;
    Ok(sight(driver, path, &trace, step.variable.as_deref(), &patterns))
}

fn sight(
    driver: &mut Driver<'_>,
    path: String,
    trace: &Trace,
    variable: Option<&str>,
    patterns: &[String],
) -> TraceSight {
    let mut processes = Vec::new();
    for process in &trace.processes {
        let value = variable.and_then(|name| process.variable(name));
        processes.push(TracedProcess {
            name: process.name(),
            value: value.map(|value| driver.redactions.text(value)),
            exit: process.exit,
        });
    }
    let mut events = Vec::new();
    for event in &trace.events {
        let line = format!("{} {} {}", event.operation, event.path, event.result);
        let wanted = patterns.iter().any(|pattern| glob_matches(pattern, &line));
        if wanted && events.len() < EVENTS {
            events.push(driver.redactions.text(&line));
        }
    }
    let operations: BTreeSet<&str> = trace.events.iter().map(|e| e.operation.as_str()).collect();
    TraceSight {
        path,
        error: None,
        starts: trace.starts(),
        processes,
        events,
        operations: operations.into_iter().map(str::to_owned).collect(),
    }
}
