use loopback::is_loopback;
use secrecy::SecretString;
use std::env;
use std::ffi::OsStr;
use std::fmt;
use ureq::http::Uri;

/// The address of the hub.
#[derive(Clone, Default, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
#[command(next_help_heading = "Hub")]
pub struct Settings {
    /// The address of the hub, as for the hub's own clients.
    // People put passwords into addresses.
    #[arg(long = "hub", env = "HF_ENDPOINT", value_name = "URL", hide_env_values = true)]
    pub endpoint: Option<String>,
}

impl Settings {
    /// Returns everything that is missing or wrong, by the names of the settings.
    pub fn problems(&self) -> Vec<String> {
        let token = env::var_os("HF_TOKEN").unwrap_or_default();
        let has_token = token.to_str().is_none_or(|token| !token.trim().is_empty());
        let problems = [self.problem(has_token), token_problem(&token)];
        problems.into_iter().flatten().map(str::to_owned).collect()
    }

    /// Returns what is wrong. It never contains the address, into which people put passwords.
    fn problem(&self, has_token: bool) -> Option<&'static str> {
        let endpoint = self.endpoint();
        if endpoint.is_empty() {
            return Some("no hub: set --hub or HF_ENDPOINT to its address, https://...");
        }
        if endpoint.contains(['?', '#']) {
            return Some(
                "--hub (HF_ENDPOINT) contains a query or a fragment: set HF_TOKEN instead",
            );
        }
        let url = endpoint.parse::<Uri>().ok();
        let parts = url.as_ref().and_then(|url| Some((url.scheme_str()?, url.authority()?)));
        let Some((scheme @ ("https" | "http"), authority)) = parts else {
            return Some("--hub (HF_ENDPOINT) is not an address such as https://...");
        };
        if authority.as_str().contains('@') {
            return Some("--hub (HF_ENDPOINT) contains a user: set HF_TOKEN instead");
        }
        if authority.port().is_none() && authority.as_str() != authority.host() {
            return Some("--hub (HF_ENDPOINT) has a port that is not a number");
        }
        if has_token && scheme == "http" && !is_loopback(authority.host()) {
            return Some(
                "--hub (HF_ENDPOINT) is a plain http:// address, which would expose HF_TOKEN: use \
                 https://, or unset HF_TOKEN",
            );
        }
        None
    }

    /// Returns the address without a slash at its end.
    pub(crate) fn endpoint(&self) -> &str {
        self.endpoint.as_deref().unwrap_or_default().trim_end_matches('/')
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may contain a password until it has been checked.
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

/// Returns the token in `HF_TOKEN`, which opens models that are not public.
pub(crate) fn token() -> Option<SecretString> {
    let token = env::var("HF_TOKEN").ok()?;
    // A token from a file often ends with a line break.
    Some(token.trim().to_owned()).filter(|token| !token.is_empty()).map(Into::into)
}

/// Returns what is wrong with a token, which is never printed.
fn token_problem(token: &OsStr) -> Option<&'static str> {
    let is_visible = |token: &str| token.trim().chars().all(|it| it.is_ascii_graphic());
    (!token.to_str().is_some_and(is_visible)).then_some(
        "HF_TOKEN contains a space, a line break or another character that no token has: set it \
         to the token alone",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(endpoint: &str, has_token: bool) -> Option<&'static str> {
        let settings = Settings { endpoint: Some(endpoint.to_owned()) };
        assert!(!format!("{settings:?}").contains("s3cret"));
        settings.problem(has_token)
    }

    #[test]
    fn an_address_with_a_password_is_refused_and_not_printed() {
        for endpoint in [
            "https://akin:s3cret@hub.example",
            "https://s3cret@hub.example",
            "akin:s3cret@hub.example",
            "ftp://akin:s3cret@hub.example",
            "https://hub.example:s3cret",
            "http://hub.invalid/?token=s3cret",
            "https://hub.example#s3cret",
            "https://",
            "",
        ] {
            let problem = problem(endpoint, false).unwrap_or_else(|| panic!("{endpoint}"));
            assert!(problem.contains("HF_ENDPOINT") && !problem.contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn a_token_with_a_line_break_inside_is_refused_and_not_printed() {
        for token in ["s3cret\ntoken", "s3cret token", "s3cret\u{e9}"] {
            let problem = token_problem(OsStr::new(token)).unwrap();
            assert!(problem.contains("HF_TOKEN") && !problem.contains("s3cret"), "{problem}");
        }
        assert_eq!(["", "s3cret\n"].map(|token| token_problem(OsStr::new(token))), [None; 2]);
    }

    #[cfg(unix)]
    #[test]
    fn a_token_that_is_not_unicode_is_refused_and_does_not_count_as_absent() {
        use std::os::unix::ffi::OsStrExt;
        let problem = token_problem(OsStr::from_bytes(b"s3cret\xff"));
        assert!(problem.is_some_and(|problem| problem.contains("HF_TOKEN")));
    }

    #[test]
    fn a_token_is_not_sent_over_plain_http_except_to_this_machine() {
        for endpoint in ["http://hub.example", "http://10.0.0.7:80/hub", "HTTP://hub.example"] {
            assert!(
                problem(endpoint, true).is_some_and(|it| it.contains("HF_TOKEN")),
                "{endpoint}"
            );
            assert_eq!(problem(endpoint, false), None, "{endpoint}");
        }
        for endpoint in
            ["https://hub.example/", "http://127.0.0.1:1", "http://[::1]:1/", "http://localhost:1"]
        {
            assert_eq!(problem(endpoint, true), None, "{endpoint}");
        }
    }
}
