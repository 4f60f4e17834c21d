use std::env;

/// The address of the hub.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
#[command(next_help_heading = "Hub")]
pub struct Settings {
    /// The address of the hub, as for the hub's own clients.
    #[arg(long = "hub", env = "HF_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<String>,
}

impl Settings {
    /// Returns everything that is missing or wrong, by the names of the settings.
    pub fn problems(&self) -> Vec<String> {
        let endpoint = self.endpoint();
        if endpoint.starts_with("https://") || endpoint.starts_with("http://") {
            return Vec::new();
        }
        vec!["no hub: set --hub or HF_ENDPOINT to its address, https://...".to_owned()]
    }

    /// Returns the address without a slash at its end.
    pub(crate) fn endpoint(&self) -> &str {
        self.endpoint.as_deref().unwrap_or_default().trim_end_matches('/')
    }
}

/// Returns the token in `HF_TOKEN`, which opens models that are not public.
pub(crate) fn token() -> Option<String> {
    env::var("HF_TOKEN").ok().filter(|token| !token.is_empty())
}
