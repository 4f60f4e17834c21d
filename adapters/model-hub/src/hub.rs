use crate::listing::{self, Description, Listing, RemoteFile};
use crate::{HubError, ModelName, Settings, settings};
use private_files::Access;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use ureq::http::{self, StatusCode, header};
use ureq::{Agent, Body};

/// A hub of models.
#[derive(Debug)]
pub struct ModelHub {
    endpoint: String,
    token: Option<SecretString>,
    agent: Agent,
}

/// The number of attempts in a row that may make no progress before a download fails.
const MAX_ATTEMPTS: u32 = 5;
/// The timeout of a silent connection.
const SILENCE: Duration = Duration::from_secs(30);
/// The maximum size of a list of files, in bytes.
const MAX_LISTING: u64 = 16 << 20;

impl ModelHub {
    /// Returns the hub of the settings. `HF_TOKEN` may hold a token for models that are not public.
    pub fn new(settings: &Settings) -> Result<Self, HubError> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(HubError::refused(problem));
        }
        Ok(Self { token: settings::token(), ..Self::at(settings.endpoint(), SILENCE) })
    }

    fn at(endpoint: &str, silence: Duration) -> Self {
        let agent = Agent::config_builder()
            .user_agent(concat!("akin/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(silence))
            .timeout_recv_response(Some(silence))
            .timeout_per_read(Some(silence))
            .http_status_as_error(false)
            .build();
        Self { endpoint: endpoint.to_owned(), token: None, agent: agent.into() }
    }

    /// Lists the files of a model that akin reads, with their checksums.
    pub(crate) fn list(&self, model: &ModelName) -> Result<Listing, HubError> {
        let endpoint = &self.endpoint;
        let url = format!("{endpoint}/api/models/{model}/revision/main?blobs=true");
        let mut answer = self.request(&url, 0)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(HubError::refused(format!("{endpoint} has no model {model}")));
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(HubError::refused(format!(
                    "{endpoint} has no public model {model}: check the name, or set HF_TOKEN to a \
                     token that opens it"
                )));
            }
            status => return Err(HubError::refused(format!("{url} answered {status}"))),
        }
        let text = answer.body_mut().with_config().limit(MAX_LISTING).read_to_string();
        let text = text.map_err(|error| unreachable(&url, error))?;
        let description: Description = serde_json::from_str(&text)
            .map_err(|source| HubError::Listing { url: url.clone(), source })?;
        listing::listing(model, description)
    }

    /// Downloads a file to `path`, resuming an earlier download, and verifies it. `progress`
    /// receives the number of bytes that are on disk. A file that fails the check is deleted.
    pub(crate) fn fetch(
        &self,
        model: &ModelName,
        listing: &Listing,
        file: &RemoteFile,
        path: &Path,
        progress: &dyn Fn(u64),
    ) -> Result<(), HubError> {
        let url = format!("{}/{model}/resolve/{}/{}", self.endpoint, listing.revision, file.name);
        let (mut attempts, mut longest) = (0, 0);
        while let Err(error) = self.resume(&url, file, path, progress) {
            let bytes = fs::metadata(path).map_or(0, |file| file.len());
            attempts = if bytes > longest { 1 } else { attempts + 1 };
            longest = longest.max(bytes);
            if attempts == MAX_ATTEMPTS {
                return Err(HubError::File { file: file.name.clone(), source: Box::new(error) });
            }
            tracing::info!(file = file.name, %error, "resuming a download");
            sleep(Duration::from_millis(250 << attempts));
        }
        if !file.is_at(path).map_err(HubError::at(path))? {
            fs::remove_file(path).map_err(HubError::at(path))?;
            let name = &file.name;
            return Err(HubError::refused(format!(
                "{name} does not match the hub's checksum; the download was deleted, try again"
            )));
        }
        Ok(())
    }

    /// Downloads the rest of a file.
    fn resume(
        &self,
        url: &str,
        file: &RemoteFile,
        path: &Path,
        progress: &dyn Fn(u64),
    ) -> Result<(), HubError> {
        let mut target = private_files::open(path, Access::Umask).map_err(HubError::at(path))?;
        let mut position = target.seek(SeekFrom::End(0)).map_err(HubError::at(path))?;
        if position == file.bytes {
            return Ok(());
        }
        position = if position > file.bytes { 0 } else { position };
        let mut answer = self.request(url, position)?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::OK => position = 0,
            status => return Err(HubError::refused(format!("{url} answered {status}"))),
        }
        target.set_len(position).map_err(HubError::at(path))?;
        target.seek(SeekFrom::Start(position)).map_err(HubError::at(path))?;
        let source = answer.body_mut().with_config().limit(u64::MAX).reader();
        append(source, &mut target, position, file.bytes, url, path, progress)?;
        target.sync_all().map_err(HubError::at(path))
    }

    /// Requests `url` from the byte `from` on.
    fn request(&self, url: &str, from: u64) -> Result<http::Response<Body>, HubError> {
        let mut request = self.agent.get(url);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        if let Some(token) = &self.token {
            // A redirect to another host does not receive the token.
            request =
                request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
        }
        request.call().map_err(|error| unreachable(url, error))
    }
}

/// Appends a response to a file that has `position` of `total` bytes.
fn append(
    mut source: impl Read,
    target: &mut File,
    mut position: u64,
    total: u64,
    url: &str,
    path: &Path,
    progress: &dyn Fn(u64),
) -> Result<(), HubError> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = source.read(&mut buffer).map_err(HubError::broken(url))?;
        if count == 0 {
            break;
        }
        position += count as u64;
        if position > total {
            return Err(HubError::refused(format!("{url} is longer than the hub lists")));
        }
        target.write_all(&buffer[..count]).map_err(HubError::at(path))?;
        progress(position);
    }
    if position < total {
        let broken = format!("{url} broke off after {position} of {total} bytes");
        return Err(HubError::refused(broken));
    }
    Ok(())
}

fn unreachable(url: &str, source: ureq::Error) -> HubError {
    HubError::Unreachable { url: url.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    /// Answers one request with a part of a file of ten bytes, and returns the request.
    fn answer(stream: &mut TcpStream, status: &str, length: usize, body: &str) -> String {
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        request.join("\n").to_lowercase()
    }

    #[test]
    fn a_download_that_stalls_is_resumed() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = thread::spawn(move || {
            let mut silent = listener.accept().unwrap().0;
            answer(&mut silent, "200 OK", 10, "0123");
            answer(&mut listener.accept().unwrap().0, "206 Partial Content", 6, "456789")
        });
        let hub = ModelHub::at(&format!("http://{address}"), Duration::from_millis(200));
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
        let request = serving.join().unwrap();
        assert!(request.contains("range: bytes=4-"), "{request}");
    }
}
