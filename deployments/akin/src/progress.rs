//! Progress: bars on a terminal, log lines elsewhere.

use akin_composition::printable_line;
use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use std::fmt;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The progress of one task.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    shown: Display,
}

#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Lines { began: Instant, last: Mutex<Instant> },
}

/// The interval between log lines.
const EVERY: Duration = Duration::from_secs(5);

/// The unit of a bar.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Bytes,
    Models,
    Products,
    Queries,
}

impl Progress {
    /// Starts to show the task `what`, counted in `unit`.
    pub(crate) fn new(what: String, unit: Unit) -> Self {
        let shown = if std::io::stderr().is_terminal() {
            Display::Bar(bar(&what, unit))
        } else {
            let began = Instant::now();
            Display::Lines { began, last: Mutex::new(began) }
        };
        Self { what, shown }
    }

    /// Shows `done` of `total`, with a detail.
    pub(crate) fn at(&self, done: u64, total: Option<u64>, detail: &str) {
        match &self.shown {
            Display::Bar(bar) => {
                bar.set_length(total.unwrap_or(done));
                bar.set_position(done);
                bar.set_message(printable_line(detail).into_owned());
            }
            Display::Lines { began, last } => {
                let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if last.elapsed() >= EVERY {
                    *last = Instant::now();
                    let seconds = began.elapsed().as_secs();
                    tracing::info!(done, total, seconds, detail, "{}", self.what);
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Display::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, unit: Unit) -> ProgressBar {
    let counts = match unit {
        Unit::Bytes => "{bytes}/{total_bytes} {bytes_per_sec}",
        Unit::Models | Unit::Products | Unit::Queries => "{pos}/{len} {rate}",
    };
    let template = format!("{{prefix}} {{wide_bar:.green}} {counts} {{left}} {{msg}}");
    let bar = ProgressBar::new(0).with_prefix(printable_line(what).into_owned());
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar
            .with_style(style.with_key("rate", rate).with_key("left", left).progress_chars("━╸ ")),
        Err(error) => {
            tracing::debug!(%error, "the progress bar has its default style");
            bar
        }
    }
}

/// Writes the rate.
fn rate(state: &ProgressState, text: &mut dyn fmt::Write) {
    // The bar works without this text.
    _ = write!(text, "{:.0}/s", state.per_sec());
}

/// Writes the remaining time, once it can be estimated.
fn left(state: &ProgressState, text: &mut dyn fmt::Write) {
    if state.pos() > 0 && state.len() > Some(state.pos()) {
        _ = write!(text, "{:#} left", HumanDuration(state.eta()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_cannot_control_the_terminal_through_a_bar() {
        let bar = bar("reading \u{1b}[2Jfeed\r.csv", Unit::Bytes);
        let progress = Progress { what: String::new(), shown: Display::Bar(bar.clone()) };
        progress.at(1, Some(2), "\u{9b}2J\nrows");
        assert_eq!(bar.prefix(), r"reading \u001b[2Jfeed\r.csv");
        assert_eq!(bar.message(), r"\u009b2J\nrows");
    }
}
