use std::io::IsTerminal;
use std::str::FromStr;
use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Log")]
pub(crate) struct Settings {
    /// What to log: error, warn, info, debug, trace, or a filter such as `info,local=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "warn", global = true, value_name = "LEVEL")]
    log_level: Level,

    /// Log one JSON object a line.
    #[arg(long, env = "LOG_JSON", global = true)]
    log_json: bool,
}

/// A level, or a filter by module: a valid one.
#[derive(Clone, Debug)]
struct Level(String);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = match &*text.to_lowercase() {
            // What other languages' loggers call them.
            "warning" => "warn".to_owned(),
            "critical" | "fatal" => "error".to_owned(),
            lower => lower.to_owned(),
        };
        // To the filter, a single word that is no level is the name of a module.
        let is_level = ["off", "error", "warn", "info", "debug", "trace"].contains(&&*level);
        let is_filter = level.contains(['=', ',']) && EnvFilter::try_new(&level).is_ok();
        if is_level || is_filter {
            return Ok(Self(level));
        }
        Err("it is error, warn, info, debug or trace, or a filter such as info,local=debug".into())
    }
}

impl Settings {
    /// Logs to standard error from here on.
    pub(crate) fn start(&self) {
        // Colors are for eyes: in a file they are noise.
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let log = tracing_subscriber::fmt()
            .with_ansi(std::io::stderr().is_terminal() && !unwanted)
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
    fn a_word_that_is_no_level_is_refused() {
        let read = |text: &str| text.parse::<Level>().map(|level| level.0);
        assert_eq!(read("INFO").as_deref(), Ok("info"));
        assert_eq!(read("WARNING").as_deref(), Ok("warn"));
        assert_eq!(read("info,local=debug").as_deref(), Ok("info,local=debug"));
        for text in ["loud", "", "info,local=loud", "=="] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
