//! Progress for a person: bars on a terminal, now and then a line in a log.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines of a task in a log: a changed message at most this often,
const NEWS_EVERY: Duration = Duration::from_secs(5);
/// and an unchanged one at most this often.
const SAME_EVERY: Duration = Duration::from_secs(30);
/// Interval at which the thread checks whether a line is due.
const LOOK: Duration = Duration::from_secs(1);

/// Shows the progress of several tasks at once, on standard error.
pub struct Board {
    shown: Shown,
    begun: Instant,
}

enum Shown {
    Bars(MultiProgress, Mutex<BTreeMap<String, ProgressBar>>),
    Lines(Arc<Mutex<BTreeMap<String, Lines>>>, Option<Ticker>),
}

/// The thread that writes the lines of a log; it ends with its sender.
struct Ticker(Sender<()>, JoinHandle<()>);

/// A task in a log.
struct Lines {
    message: String,
    /// The last message, or the first, and when it was written.
    said: String,
    at: Instant,
}

impl Lines {
    /// The message that is due now.
    fn due(&mut self, now: Instant) -> Option<&str> {
        // A log of continuous integration keeps every line, so an unchanged message is repeated
        // less often; it is repeated, because some services kill a job that writes nothing.
        let every = if self.message == self.said { SAME_EVERY } else { NEWS_EVERY };
        if now.duration_since(self.at) < every {
            return None;
        }
        self.at = now;
        self.said.clone_from(&self.message);
        Some(&self.said)
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Board {
    /// Bars where standard error is a terminal, lines where it is not.
    #[must_use]
    pub fn new() -> Self {
        let begun = Instant::now();
        let shown = if std::io::stderr().is_terminal() {
            Shown::Bars(MultiProgress::new(), Mutex::default())
        } else {
            let tasks = Arc::default();
            let ticker = ticker(Arc::clone(&tasks), begun);
            Shown::Lines(tasks, ticker)
        };
        Self { shown, begun }
    }

    /// Shows how far a task is, in place of the task's last message.
    pub fn say(&self, task: &str, message: &str, fraction: Option<f64>) {
        match &self.shown {
            Shown::Bars(all, bars) => {
                let mut bars = locked(bars);
                let bar = bars.entry(task.to_owned()).or_insert_with(|| all.add(bar()));
                bar.set_message(message.to_owned());
                bar.set_position(fraction.map_or(0, |f| (f.clamp(0.0, 1.0) * 100.0) as u64));
            }
            Shown::Lines(tasks, _) => {
                let percent = fraction.map(|f| format!(" {:.0} %", f * 100.0)).unwrap_or_default();
                let message = format!("{message}{percent}");
                let mut tasks = locked(tasks);
                if let Some(lines) = tasks.get_mut(task) {
                    lines.message = message;
                } else {
                    let lines = Lines { message, said: String::new(), at: Instant::now() };
                    tasks.insert(task.to_owned(), lines);
                }
            }
        }
    }

    /// The task has ended; `message` stays to be read, unless it is empty or the task was too short
    /// for anyone to wonder.
    pub fn done(&self, task: &str, message: &str) {
        let wondered = match &self.shown {
            Shown::Bars(_, bars) => {
                let Some(bar) = locked(bars).remove(task) else { return };
                bar.finish_and_clear();
                false
            }
            Shown::Lines(tasks, _) => {
                locked(tasks).remove(task).is_some_and(|lines| !lines.said.is_empty())
            }
        };
        if wondered && !message.is_empty() {
            say(self.begun, message);
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.shown {
            Shown::Bars(bars, _) => bars.suspend(|| eprintln!("{text}")),
            Shown::Lines(..) => eprintln!("{text}"),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if let Shown::Lines(_, ticker) = &mut self.shown
            && let Some(Ticker(sender, thread)) = ticker.take()
        {
            drop(sender);
            let _ = thread.join();
        }
    }
}

/// `None` where the system has no thread to spare: then no lines are written, and the work goes on.
fn ticker(tasks: Arc<Mutex<BTreeMap<String, Lines>>>, begun: Instant) -> Option<Ticker> {
    let (sender, stopped) = channel::<()>();
    let tick = move || {
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            for lines in locked(&tasks).values_mut() {
                if let Some(message) = lines.due(Instant::now()) {
                    say(begun, message);
                }
            }
        }
    };
    let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(tick).ok()?;
    Some(Ticker(sender, thread))
}

/// A line of a log, with the time since the beginning.
fn say(begun: Instant, message: &str) {
    eprintln!("  {} {message}", minutes(begun.elapsed()));
}

/// `0:07`, `12:03`: minutes and seconds.
fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {bar:20} {elapsed:>5}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

impl twinproof_container::Progress for Board {
    fn update(&self, message: &str, fraction: Option<f64>) {
        // The container driver begins its messages with the image they are about.
        let task = message.split(':').next().unwrap_or(message);
        self.say(task, message, fraction);
        if fraction == Some(1.0) {
            self.done(task, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn news_come_every_5_seconds_and_the_same_every_30() {
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut lines = Lines { message: "a 1 %".into(), said: String::new(), at: begun };
        let mut said = Vec::new();
        for second in 0..100 {
            if second == 7 {
                lines.message = "a 2 %".to_owned();
            }
            if let Some(message) = lines.due(at(second)) {
                said.push(format!("{second} {message}"));
            }
        }
        assert_eq!(said, ["5 a 1 %", "10 a 2 %", "40 a 2 %", "70 a 2 %"]);
    }

    #[rstest]
    #[case(7, "0:07")]
    #[case(723, "12:03")]
    fn times_are_minutes_and_seconds(#[case] seconds: u64, #[case] text: &str) {
        assert_eq!(minutes(Duration::from_secs(seconds)), text);
    }
}
