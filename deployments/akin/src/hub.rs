//! Fetches models from a hub, by the addresses that the public hub's own clients use.

mod listing;

pub(crate) use listing::{Listing, ModelName, RemoteFile, hexadecimal};

use akin_composition::BadSettings;
use anyhow::{Context, bail, ensure};
use listing::Described;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use ureq::http::{StatusCode, header};
use ureq::{Agent, Body, http};

/// Where the hub is.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Hub")]
pub(crate) struct Settings {
    /// The hub's address, as its own clients take it.
    #[arg(long = "hub", env = "HF_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
}

/// A hub of models.
#[derive(Debug)]
pub(crate) struct Hub {
    endpoint: String,
    token: Option<String>,
    agent: Agent,
}

/// How often a download that breaks off is tried while nothing more of it comes.
const MAX_ATTEMPTS: u32 = 5;
/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest list of files.
const LONGEST_LIST: u64 = 16 << 20;

impl Hub {
    /// The hub that the settings name, with the token of `HF_TOKEN`, if there is one.
    pub(crate) fn at(settings: &Settings) -> Result<Self, BadSettings> {
        let endpoint = settings.endpoint.as_deref().unwrap_or_default().trim_end_matches('/');
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            let unset = "no hub: set --hub or HF_ENDPOINT to its address, https://...";
            return Err(BadSettings(vec![unset.to_owned()]));
        }
        let token = std::env::var("HF_TOKEN").ok().filter(|token| !token.is_empty());
        Ok(Self { token, ..Self::new(endpoint, PATIENCE) })
    }

    fn new(endpoint: &str, patience: Duration) -> Self {
        let agent = Agent::config_builder()
            .user_agent(concat!("akin/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience))
            .http_status_as_error(false)
            .build();
        Self { endpoint: endpoint.to_owned(), token: None, agent: agent.into() }
    }

    /// Lists the files of a model that akin can use, and what they add up to.
    pub(crate) fn list(&self, model: &ModelName) -> anyhow::Result<Listing> {
        let url = format!("{}/api/models/{model}/revision/main?blobs=true", self.endpoint);
        let mut answer = self.ask(&url, 0)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => bail!("{} has no model {model}", self.endpoint),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => bail!(
                "{} does not give {model} to everybody, or has none of that name: check the name, \
                 or set HF_TOKEN to a token that opens it",
                self.endpoint
            ),
            status => bail!("{url} answered {status}"),
        }
        let text = answer.body_mut().with_config().limit(LONGEST_LIST).read_to_string();
        let text = text.with_context(|| format!("{url} broke off"))?;
        let described: Described =
            serde_json::from_str(&text).with_context(|| format!("{url} is no list of files"))?;
        listing::listing(model, described)
    }

    /// Fetches a file to `path`, going on where an earlier download broke off. `progress` is told how
    /// many of its bytes are there. What is not as the hub lists it does not stay.
    pub(crate) fn fetch(
        &self,
        model: &ModelName,
        listing: &Listing,
        file: &RemoteFile,
        path: &Path,
        progress: &dyn Fn(u64),
    ) -> anyhow::Result<()> {
        let url = format!("{}/{model}/resolve/{}/{}", self.endpoint, listing.revision, file.name);
        let (mut tries, mut most) = (0, 0);
        while let Err(error) = self.go_on(&url, file, path, progress) {
            let there = fs::metadata(path).map_or(0, |file| file.len());
            tries = if there > most { 1 } else { tries + 1 };
            most = most.max(there);
            if tries == MAX_ATTEMPTS {
                return Err(error.context(format!("{} could not be fetched", file.name)));
            }
            tracing::info!(file = file.name, "trying again: {error:#}");
            sleep(Duration::from_millis(250 << tries));
        }
        if !file.is_at(path)? {
            fs::remove_file(path).with_context(|| format!("removing {}", path.display()))?;
            bail!("{} is not what the hub lists: what came was thrown away; try again", file.name);
        }
        Ok(())
    }

    /// Fetches what is missing behind what is there.
    fn go_on(
        &self,
        url: &str,
        file: &RemoteFile,
        path: &Path,
        progress: &dyn Fn(u64),
    ) -> anyhow::Result<()> {
        let mut to = File::options().create(true).truncate(false).write(true).open(path)?;
        let mut there = to.seek(SeekFrom::End(0))?;
        if there == file.bytes {
            return Ok(());
        }
        there = if there > file.bytes { 0 } else { there };
        let mut answer = self.ask(url, there)?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::OK => there = 0,
            status => bail!("{url} answered {status}"),
        }
        to.set_len(there)?;
        to.seek(SeekFrom::Start(there))?;
        let mut from = answer.body_mut().with_config().limit(u64::MAX).reader();
        let mut part = vec![0; 1 << 16];
        loop {
            let count = from.read(&mut part)?;
            if count == 0 {
                break;
            }
            there += count as u64;
            ensure!(there <= file.bytes, "{url} is longer than the hub lists");
            to.write_all(&part[..count])?;
            progress(there);
        }
        ensure!(there == file.bytes, "{url} broke off after {there} of {} bytes", file.bytes);
        Ok(to.sync_all()?)
    }

    /// Asks for what is at `url` from the byte `from` on.
    fn ask(&self, url: &str, from: u64) -> anyhow::Result<http::Response<Body>> {
        let mut request = self.agent.get(url);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        if let Some(token) = &self.token {
            // It is not sent on where the hub sends its askers to another host.
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.call().with_context(|| format!("{url} cannot be reached (--hub, HF_ENDPOINT)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    /// Reads a request, and answers with a part of a file of ten bytes. What was asked.
    fn answer(stream: &mut TcpStream, status: &str, length: usize, body: &str) -> String {
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let asked: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        asked.join("\n").to_lowercase()
    }

    #[test]
    fn a_hub_that_falls_silent_is_asked_again_for_the_rest() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = thread::spawn(move || {
            let mut silent = listener.accept().unwrap().0;
            answer(&mut silent, "200 OK", 10, "0123");
            answer(&mut listener.accept().unwrap().0, "206 Partial Content", 6, "456789")
        });
        let hub = Hub::new(&format!("http://{address}"), Duration::from_millis(200));
        let model = "tests/tiny".parse().unwrap();
        let described = json!({"sha": "c0ffee", "siblings": [
            {"rfilename": "model.safetensors", "size": 1, "blobId": "0"},
            {"rfilename": "modules.json", "size": 10, "blobId": "ad471007bd7f5983d273b9584e5629230150fd54"},
        ]});
        let listing = listing::listing(&model, serde_json::from_value(described).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("modules.json");
        hub.fetch(&model, &listing, &listing.files[1], &path, &|_| ()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "0123456789");
        let asked = serving.join().unwrap();
        assert!(asked.contains("range: bytes=4-"), "{asked}");
    }
}
