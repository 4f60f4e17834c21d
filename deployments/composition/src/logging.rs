//! The log settings of every deployment.

use std::io::IsTerminal;
use std::str::FromStr;
use tracing_subscriber::EnvFilter;

/// Which events are logged, and in which form.
#[derive(Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// The events to log: error, warn, info, debug, trace, or a filter such as
    /// `info,akin_local=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "warn", global = true, value_name = "LEVEL")]
    log_level: Level,

    /// Log one JSON object a line.
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

impl LogSettings {
    /// Starts to log to standard error.
    pub fn start(&self) {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let log = tracing_subscriber::fmt()
            .with_ansi(std::io::stderr().is_terminal() && !no_color)
            .with_env_filter(EnvFilter::new(&self.log_level.0))
            .with_writer(std::io::stderr);
        if self.log_json {
            log.json().flatten_event(true).with_span_list(false).init();
        } else {
            log.init();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
