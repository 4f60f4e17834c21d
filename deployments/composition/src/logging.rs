//! The log settings of every deployment.

use crate::printable::{PrintableWriter, printable_line};
use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{FormatFields, MakeWriter};
use tracing_subscriber::util::SubscriberInitExt;

/// The settings of the log: which events, in which format.
#[derive(Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// The events to log: error, warn, info, debug, trace, or a filter such as
    /// `info,akin_local=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "warn", global = true, value_name = "LEVEL")]
    log_level: Level,

    /// Log one JSON object per line.
    #[arg(long, env = "LOG_JSON", global = true)]
    log_json: bool,
}

/// A valid level or filter by module.
#[derive(Clone, Debug)]
struct Level(String);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = match &*text.to_lowercase() {
            // The names in other languages' loggers.
            "warning" => "warn".to_owned(),
            "critical" | "fatal" => "error".to_owned(),
            lower => lower.to_owned(),
        };
        // The filter takes any other single word for the name of a module.
        let is_level = ["off", "error", "warn", "info", "debug", "trace"].contains(&&*level);
        let is_filter = level.contains(['=', ',']) && EnvFilter::try_new(&level).is_ok();
        if is_level || is_filter {
            return Ok(Self(level));
        }
        Err("choose error, warn, info, debug or trace, or a filter such as info,akin_local=debug"
            .into())
    }
}

impl Level {
    /// Returns the filter. The warnings of AWS's configuration are left out unless more is asked for: what
    /// they are about fails with an error of akin's own, or does not matter.
    fn filter(&self) -> String {
        match &*self.0 {
            level @ ("warn" | "info") => format!("{level},aws_config=error"),
            // Otherwise it logs events whole: what shoppers ask, and the headers that identify them.
            "trace" => "trace,lambda_runtime=debug".to_owned(),
            filter => filter.to_owned(),
        }
    }
}

impl LogSettings {
    /// Starts to log to standard error.
    pub fn start(&self) {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.dispatch(io::stderr, io::stderr().is_terminal() && !no_color).init();
    }

    /// Creates the log. Fields may quote feeds and servers, so all of them are made printable.
    fn dispatch<W>(&self, writer: W, colors: bool) -> Dispatch
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let log = tracing_subscriber::fmt()
            .with_ansi(colors)
            .with_env_filter(EnvFilter::new(self.log_level.filter()));
        if self.log_json {
            let log = log.json().flatten_event(true).with_span_list(false);
            log.with_writer(PrintableLog(writer)).into()
        } else {
            log.fmt_fields(PrintableFields).with_writer(writer).into()
        }
    }
}

/// The fields of an event or span on one printable line.
///
/// A writer of the finished line could not tell escapes of a field from the colors of the level.
struct PrintableFields;

impl<'w> FormatFields<'w> for PrintableFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut text = String::new();
        DefaultFields::new().format_fields(Writer::new(&mut text), fields)?;
        writer.write_str(&printable_line(&text))
    }
}

/// Makes the JSON of each event printable: JSON itself escapes only part of the control characters.
struct PrintableLog<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for PrintableLog<W> {
    type Writer = PrintableWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        PrintableWriter(self.0.make_writer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn an_unknown_level_is_refused() {
        let read = |text: &str| text.parse::<Level>().map(|level| level.0);
        assert_eq!(read("INFO").as_deref(), Ok("info"));
        assert_eq!(read("WARNING").as_deref(), Ok("warn"));
        assert_eq!(read("info,local=debug").as_deref(), Ok("info,local=debug"));
        for text in ["loud", "", "info,local=loud", "=="] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn no_level_logs_the_events_of_a_function() {
        let filter = |text: &str| text.parse::<Level>().map(|level| level.filter());
        assert_eq!(filter("trace").as_deref(), Ok("trace,lambda_runtime=debug"));
        assert_eq!(filter("debug").as_deref(), Ok("debug"));
    }

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns what is logged about a text from outside.
    fn logged(log_json: bool, colors: bool, text: &str) -> String {
        let log = Log::default();
        let settings = LogSettings { log_level: Level("warn".into()), log_json };
        let writer = log.clone();
        let dispatch = settings.dispatch(move || writer.clone(), colors);
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::error_span!("request", shop = %text, quoted = text).in_scope(|| {
                tracing::warn!(error = %text, quoted = text, "a server answered {text}");
            });
        });
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// Sets a title, clears the screen twice, forges a line, and reverses text.
    const HOSTILE: &str = "\u{1b}]0;x\u{7}\u{1b}[2J\u{9b}2J\nERROR forged\r\u{202e}end";

    #[test]
    fn text_from_outside_cannot_control_a_terminal_through_the_log() {
        for (json, colors) in [(false, false), (false, true), (true, false)] {
            let logged = logged(json, colors, HOSTILE);
            let line = logged.strip_suffix('\n').unwrap();
            // The colors of tracing itself.
            let bare = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[3m", "\u{1b}[33m"]
                .iter()
                .fold(line.to_owned(), |line, color| line.replace(color, ""));
            assert_eq!(printable_line(&bare), bare, "json: {json}, colors: {colors}");
            assert_eq!(bare.matches("end").count(), 5, "nothing is left out: {bare}");
        }
    }

    #[test]
    fn a_log_of_json_keeps_every_character_of_a_text() {
        let logged: serde_json::Value =
            serde_json::from_str(&logged(true, false, HOSTILE)).unwrap();
        assert_eq!(logged["error"], HOSTILE);
        assert_eq!(logged["message"], format!("a server answered {HOSTILE}"));
        assert_eq!(logged["span"]["shop"], HOSTILE);
    }
}
