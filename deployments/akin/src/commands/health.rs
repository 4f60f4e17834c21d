use crate::commands::serve::address;
use crate::{exit, output};
use akin_composition::seconds;
use anyhow::{Context, bail};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Ask a server for its health; exit code 0 if it answers requests.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin health\n  akin health --listen 8081 --path /ping\n\nFor the health checks of containers, which have no other program."
)]
pub(crate) struct HealthArguments {
    /// The address that the server listens on, as in its own settings.
    #[arg(long, env = "AKIN_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS", value_parser = address)]
    listen: String,

    /// The path to ask for: `/ping` of `akin serve-embeddings`.
    #[arg(long, env = "AKIN_HEALTH_PATH", default_value = "/api/health_status", value_name = "URL_PATH", value_parser = path)]
    path: String,

    /// How many seconds to wait for the answer.
    #[arg(long, env = "AKIN_HEALTH_TIMEOUT", default_value = "3", value_name = "SECONDS", value_parser = seconds)]
    timeout: Duration,
}

pub(crate) async fn run(arguments: HealthArguments) -> anyhow::Result<ExitCode> {
    let HealthArguments { listen, path, timeout: time } = arguments;
    let address = reachable(&listen);
    let asked = || format!("http://{address}{path}");
    let status = match timeout(time, status(&address, &path)).await {
        Ok(status) => status.with_context(|| format!("{} does not answer", asked()))?,
        Err(_) => bail!("{} has not answered after {} s", asked(), time.as_secs_f64()),
    };
    if status != 200 {
        bail!("{} answers with the status {status}", asked());
    }
    output::note(&format!("{} is well", asked()));
    Ok(exit::DONE)
}

/// Returns the address at which this machine reaches a server that listens on `address`.
fn reachable(address: &str) -> String {
    let on_every = [("0.0.0.0:", "127.0.0.1:"), ("[::]:", "[::1]:")];
    let found = on_every.iter().find_map(|(every, own)| Some((own, address.strip_prefix(every)?)));
    found.map_or_else(|| address.to_owned(), |(own, port)| format!("{own}{port}"))
}

/// The length of an answer's beginning, which has its status: `HTTP/1.1 200`.
const STATUS_LINE: usize = 12;

/// Returns the status of the answer to a GET request.
async fn status(address: &str, path: &str) -> anyhow::Result<u16> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut line = [0; STATUS_LINE];
    connection.read_exact(&mut line).await?;
    let status = str::from_utf8(&line)?.strip_prefix("HTTP/1.1 ");
    status.and_then(|status| status.parse().ok()).context("the answer is not HTTP/1.1")
}

/// Parses the path of a URL. Only what cannot end the request's line is accepted.
fn path(text: &str) -> Result<String, &'static str> {
    let is_path = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path { Ok(text.to_owned()) } else { Err("expected a path such as /ping") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Asks a server that answers with `answer`, or never.
    async fn ask(answer: Option<&'static [u8]>) -> anyhow::Result<ExitCode> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 64];
            let length = connection.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1:"));
            match answer {
                Some(answer) => connection.write_all(answer).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        let listen = format!("0.0.0.0:{port}");
        let timeout = Duration::from_millis(if answer.is_some() { 60_000 } else { 50 });
        let asked = run(HealthArguments { listen, path: "/ping".to_owned(), timeout }).await;
        server.abort();
        asked
    }

    #[tokio::test]
    async fn a_server_that_answers_is_well() {
        assert_eq!(ask(Some(b"HTTP/1.1 200 OK\r\n\r\n")).await.unwrap(), exit::DONE);
    }

    #[tokio::test]
    async fn a_server_that_fails_or_is_none_or_is_silent_is_not_well() {
        for (answer, expected) in [
            (Some(&b"HTTP/1.1 503 Service Unavailable\r\n\r\n"[..]), "the status 503"),
            (Some(b"220 mail.example ESMTP\r\n"), "not HTTP/1.1"),
            (Some(b"HTTP/1."), "does not answer"),
            (None, "has not answered after 0.05 s"),
        ] {
            let error = format!("{:#}", ask(answer).await.unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_path_cannot_end_the_line_of_the_request() {
        assert_eq!(path("/ping"), Ok("/ping".to_owned()));
        for text in ["", "ping", "/a b", "/a\r\nHost: b"] {
            assert!(path(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_server_on_every_address_is_reached_on_its_own() {
        for (listen, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("shop.example:80", "shop.example:80"),
        ] {
            assert_eq!(reachable(listen), expected);
        }
    }
}
