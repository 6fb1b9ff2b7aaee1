//! The load generator: wrk, run for a bounded time against a server on this machine, and its report
//! read.

use anyhow::{Context as _, ensure};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// wrk, found on PATH.
pub struct Wrk(PathBuf);

/// The measurements of wrk.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Load {
    /// Requests answered per second.
    pub per_second: f64,
    /// The latency that 99 in 100 requests stay below, in microseconds.
    pub p99_micros: f64,
    /// Bytes received per second.
    pub bytes_per_second: f64,
    /// Answers other than 2xx and 3xx, and requests that got none.
    pub errors: u64,
}

impl Wrk {
    /// Finds it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn find() -> anyhow::Result<Self> {
        which::which("wrk").map(Self).context("wrk is not on PATH: apt-get install wrk")
    }

    /// Loads `url` over that many connections from one thread.
    ///
    /// # Errors
    /// When wrk fails, or its report cannot be read.
    pub fn run(&self, url: &str, connections: u32, time: Duration) -> anyhow::Result<Load> {
        let mut command = Command::new(&self.0);
        // One thread: the servers need the other core.
        command.args(["--threads", "1", "--latency", "--timeout", "10s"]);
        command.args(["--connections", &connections.to_string()]);
        command.args(["--duration", &format!("{}s", time.as_secs().max(1))]);
        let output = command.arg(url).stdin(Stdio::null()).output().context("wrk")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "wrk {url}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        read(&text).with_context(|| format!("the report of wrk on {url}:\n{text}"))
    }
}

fn read(report: &str) -> anyhow::Result<Load> {
    let after =
        |mark: &str| report.lines().find_map(|line| line.trim().strip_prefix(mark)).map(str::trim);
    let number = |mark: &str| after(mark).with_context(|| format!("no line {mark}"));
    let errors = after("Non-2xx or 3xx responses:").map_or(Ok(0), str::parse)?;
    let sockets: u64 = after("Socket errors:")
        .map(|line| line.split(&[' ', ','][..]).filter_map(|w| w.parse::<u64>().ok()).sum())
        .unwrap_or(0);
    Ok(Load {
        per_second: number("Requests/sec:")?.parse()?,
        p99_micros: unit(number("99%")?, &[("us", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 6e7)])?,
        bytes_per_second: unit(
            number("Transfer/sec:")?,
            &[("GB", 1_073_741_824.0), ("MB", 1_048_576.0), ("KB", 1024.0), ("B", 1.0)],
        )?,
        // A server that answers errors fast must not win.
        errors: errors + sockets,
    })
}

fn unit(text: &str, units: &[(&str, f64)]) -> anyhow::Result<f64> {
    for (name, factor) in units {
        if let Some(number) = text.strip_suffix(name)
            && let Ok(number) = number.parse::<f64>()
        {
            return Ok(number * factor);
        }
    }
    anyhow::bail!("{text} has no unit that is known")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
Running 1s test @ http://127.0.0.1:1/x
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.40ms    4.33ms  37.05ms   82.61%
    Req/Sec   644.40    135.31   811.00     70.00%
  Latency Distribution
     50%    5.49ms
     75%    8.12ms
     90%   11.32ms
     99%   24.51ms
  643 requests in 1.00s, 13.51MB read
  Socket errors: connect 0, read 2, write 0, timeout 1
  Non-2xx or 3xx responses: 4
Requests/sec:    640.87
Transfer/sec:     13.50MB
";

    #[test]
    fn a_report_is_read() {
        let want = Load {
            per_second: 640.87,
            p99_micros: 24510.0,
            bytes_per_second: 13.5 * 1_048_576.0,
            errors: 7,
        };
        assert_eq!(read(REPORT).unwrap(), want);
    }

    #[test]
    fn malformed_report_of_wrk_is_an_error() {
        assert!(read("unable to connect").is_err());
        assert!(read(&REPORT.replace("24.51ms", "24.51")).is_err());
    }
}
