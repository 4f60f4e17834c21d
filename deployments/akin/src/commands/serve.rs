use crate::signals::asked_to_end;
use crate::{exit, open_files, output};
use akin_composition::Engine;
use akin_http::{ConnectionLimits, Origin};
use akin_search_api::SearchApiSettings;
use anyhow::Context;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::{TcpSocket, lookup_host};

/// Serve the search API and the page.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin serve --listen 127.0.0.1:8080\n\nSIGTERM and Ctrl-C let open requests finish."
)]
pub(crate) struct ServeArguments {
    /// The address to listen on: HOST:PORT, or a port of 127.0.0.1. Port 0 selects a free one.
    #[arg(long, env = "AKIN_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS", value_parser = address)]
    listen: String,

    /// The folder to serve at `/images`, for pictures that the catalogue names as `images/...`.
    #[arg(long, env = "AKIN_IMAGES", value_name = "DIR", value_parser = folder)]
    images: Option<PathBuf>,

    /// An origin whose pages may use the API from a browser, such as `https://shop.example`; `*` for all. May be
    /// repeated.
    #[arg(
        long = "allow-origin",
        env = "AKIN_ALLOW_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    allow_origins: Vec<Origin>,

    /// The maximum number of open connections. Further ones are answered with 503.
    #[arg(long, env = "AKIN_MAX_CONNECTIONS", default_value = "512", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    max_connections: u16,

    /// How long a connection may be idle before it is closed; set it above the idle timeout of a proxy
    /// in front.
    #[arg(long, env = "AKIN_IDLE_TIMEOUT", default_value = "75", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    idle_timeout: u64,

    #[command(flatten)]
    api: SearchApiSettings,
}

impl ServeArguments {
    fn limits(&self) -> ConnectionLimits {
        let wanted = usize::from(self.max_connections);
        ConnectionLimits {
            connections: open_files::allowed_connections(wanted),
            idle: Duration::from_secs(self.idle_timeout),
            ..ConnectionLimits::default()
        }
    }
}

pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let stop = asked_to_end()?;
    let limits = arguments.limits();
    // Before anything is opened: a server that cannot listen leaves no empty catalogue behind.
    let address = &arguments.listen;
    let cannot_listen = || {
        format!("cannot listen on {address}; choose another address with --listen (AKIN_LISTEN)")
    };
    let socket = reserve(address).await.with_context(cannot_listen)?;
    let mut served = arguments.api.open(arguments.api.builder(), arguments.images).await?;
    served.api.origins = arguments.allow_origins;
    let listener = socket.listen(BACKLOG).with_context(cannot_listen)?;
    served.warm_up().await?;
    let catalogue = arguments.api.engine.catalogue.described();
    announce(served.opened.engines(), &catalogue, listener.local_addr()?).await?;
    let following = served.relevance.map(|file| tokio::spawn(file.follow()));
    let stop = async {
        stop.await;
        output::note("stopping");
    };
    akin_http::serve(listener, akin_http::router(served.api), limits, stop).await;
    if let Some(following) = following {
        following.abort();
    }
    Ok(exit::DONE)
}

/// The maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Reserves an address. No client can connect to it yet.
async fn reserve(address: &str) -> io::Result<TcpSocket> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host(address).await? {
        match bind(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // After a restart, connections of the process before may still be closing.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Prints the address, and how many products can be found there.
async fn announce(engines: &[Engine], catalogue: &str, address: SocketAddr) -> anyhow::Result<()> {
    let products = match engines.first() {
        Some(engine) => engine.index.count().await?,
        None => 0,
    };
    output::note(&format!("serving {products} products on http://{address}"));
    if products == 0 {
        output::note(&format!(
            "{catalogue} is empty: `akin ingest FEED` adds products; no restart is needed"
        ));
    }
    Ok(())
}

/// Parses HOST:PORT or a bare port.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
    // A bare IPv6 address has colons, too; it needs brackets before a port.
    let is_host = !host.is_empty() && (!host.contains(':') || host.ends_with(']'));
    match port.parse::<u16>() {
        Ok(port) if is_host => Ok(format!("{host}:{port}")),
        _ => Err("expected HOST:PORT such as localhost:8080, or a port such as 8080".to_owned()),
    }
}

/// Parses the path of a folder that exists.
fn folder(path: &str) -> Result<PathBuf, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.is_dir() { Ok(path.into()) } else { Err("it is not a folder".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_a_port_or_a_port() {
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            ("localhost:8080", "localhost:8080"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "x", ":80", "localhost", "localhost:http", "::1", "::1:80", "1:99999"] {
            assert!(address(text).is_err(), "{text:?}");
        }
    }
}
