use std::num::NonZeroUsize;

/// The settings of an embedder behind a `SageMaker` endpoint.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
#[command(next_help_heading = "SageMaker")]
pub struct Settings {
    /// The endpoint of an engine `+sagemaker`.
    #[arg(long, env = "AWS_SAGEMAKER_ENDPOINT_NAME", value_name = "NAME", hide_env_values = true)]
    pub sagemaker_endpoint: Option<String>,

    /// The number of texts per invocation, 1 to 1024; others count as the nearest of these.
    #[arg(long, env = "AWS_SAGEMAKER_EMBED_BATCH_SIZE", value_name = "N", default_value = "32", value_parser = batch_size)]
    pub sagemaker_batch_size: NonZeroUsize,

    /// The maximum number of bytes of text per invocation. A body never exceeds 4 MB.
    #[arg(long, env = "AWS_SAGEMAKER_BATCH_BYTES", value_name = "N", default_value = "262144")]
    pub sagemaker_batch_bytes: NonZeroUsize,

    /// The name of the model [default: as the endpoint says, else the name of the endpoint].
    #[arg(long, env = "AWS_SAGEMAKER_MODEL_NAME", value_name = "NAME")]
    pub sagemaker_model: Option<String>,

    /// The number of tokens that the model reads of a text [default: as the endpoint says, else 256].
    #[arg(long, env = "AWS_SAGEMAKER_MAX_TOKENS", value_name = "N")]
    pub sagemaker_max_tokens: Option<NonZeroUsize>,
}

/// The maximum number of texts per invocation.
const MAX_BATCH: usize = 1_024;

impl Settings {
    /// Returns all missing or invalid settings, each by its environment variable.
    pub fn problems(&self) -> Vec<String> {
        self.endpoint().err().into_iter().collect()
    }

    /// Returns the name of the endpoint.
    pub(crate) fn endpoint(&self) -> Result<&str, String> {
        let name = self.sagemaker_endpoint.as_deref().filter(|name| !name.is_empty());
        let name = name.ok_or(
            "AWS_SAGEMAKER_ENDPOINT_NAME is not set: it is the name of the endpoint that embeds",
        )?;
        let is_valid = name.len() <= 63
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if is_valid {
            return Ok(name);
        }
        Err(format!(
            "AWS_SAGEMAKER_ENDPOINT_NAME must be up to 63 letters, digits and hyphens: {name:?}"
        ))
    }
}

/// Parses a number of texts, and clamps it.
fn batch_size(text: &str) -> Result<NonZeroUsize, String> {
    let number: usize = text.trim().parse().map_err(|_| "not a whole number".to_owned())?;
    Ok(NonZeroUsize::new(number.min(MAX_BATCH)).unwrap_or(NonZeroUsize::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }

    fn settings(arguments: &[&str]) -> Settings {
        Command::parse_from([&["akin"], arguments].concat()).settings
    }

    #[test]
    fn the_batch_size_is_clamped() {
        for (text, size) in [("0", 1), ("5", 5), ("1024", 1024), ("100000", 1024)] {
            let settings = settings(&["--sagemaker-batch-size", text]);
            assert_eq!(settings.sagemaker_batch_size.get(), size, "{text}");
        }
        assert!(Command::try_parse_from(["akin", "--sagemaker-batch-size", "many"]).is_err());
    }

    #[test]
    fn a_name_that_no_endpoint_can_have_is_refused() {
        assert!(settings(&["--sagemaker-endpoint", "akin-minilm-1"]).problems().is_empty());
        for name in ["", "-a", "a/b", "a b", &"a".repeat(64)] {
            let problems = settings(&[&format!("--sagemaker-endpoint={name}")]).problems();
            assert!(problems.join("").contains("AWS_SAGEMAKER_ENDPOINT_NAME"), "{name}");
        }
    }
}
