use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct Settings {
    /// What to log: error, warn, info, debug, trace, or a filter such as `info,local=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "warn", global = true, value_name = "LEVEL")]
    log_level: String,

    /// Log one JSON object a line.
    #[arg(long, env = "LOG_JSON", global = true)]
    log_json: bool,
}

impl Settings {
    /// Logs to standard error from here on.
    pub(crate) fn start(&self) {
        let filter = EnvFilter::try_new(self.log_level.to_lowercase());
        let unread = filter.is_err();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("warn")))
            .with_writer(std::io::stderr);
        if self.log_json {
            log.json().init();
        } else {
            log.init();
        }
        if unread {
            tracing::warn!(LOG_LEVEL = self.log_level, "not a log level; warn is taken");
        }
    }
}
