//! A proxy between a client and the server, which can cut or freeze connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The request of a client that wants TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A proxy on its own port, until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    controls: Arc<Controls>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Controls {
    /// The number of client bytes to forward before the connection is cut; negative for no limit.
    cut_after: AtomicI64,
    cuts: AtomicU64,
    /// True while nothing passes; connections stay open.
    is_frozen: AtomicBool,
}

impl Proxy {
    /// Starts a proxy that forwards everything to `server`.
    pub(crate) async fn to(server: (String, u16)) -> Self {
        Self::start(server, None).await
    }

    /// Starts such a proxy for clients that use TLS.
    pub(crate) async fn with_tls(server: (String, u16), tls: TlsAcceptor) -> Self {
        Self::start(server, Some(tls)).await
    }

    async fn start(server: (String, u16), tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let controls = Arc::new(Controls {
            cut_after: AtomicI64::new(-1),
            cuts: AtomicU64::new(0),
            is_frozen: AtomicBool::new(false),
        });
        let shared_controls = Arc::clone(&controls);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, tls) = (server.clone(), tls.clone());
                let controls = Arc::clone(&shared_controls);
                // A client that gives up or is refused is not a failure of the proxy.
                tokio::spawn(async move { serve(client, server, tls, &controls).await.ok() });
            }
        });
        Self { address, controls, task }
    }

    /// Cuts a connection after this many more bytes of clients.
    pub(crate) fn cut_after(&self, bytes: i64) {
        self.controls.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// Returns how many connections were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.controls.cuts.load(Ordering::SeqCst)
    }

    /// Stops or resumes all traffic.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        self.controls.is_frozen.store(is_frozen, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    server: (String, u16),
    tls: Option<TlsAcceptor>,
    controls: &Controls,
) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let Some(tls) = tls else { return pass(client, server, controls).await };
    let mut request = [0; 8];
    client.read_exact(&mut request).await?;
    if request != SSL_REQUEST {
        return Ok(());
    }
    client.write_all(b"S").await?;
    pass(tls.accept(client).await?, server, controls).await
}

async fn pass<S>(client: S, server: TcpStream, controls: &Controls) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    let upstream = async {
        let mut buffer = vec![0; 4_096];
        loop {
            let count = from_client.read(&mut buffer).await?;
            thaw(controls).await;
            if count == 0 || is_cut(controls, count) {
                return Ok::<_, std::io::Error>(());
            }
            to_server.write_all(&buffer[..count]).await?;
        }
    };
    let downstream = async {
        let mut buffer = vec![0; 4_096];
        loop {
            let count = from_server.read(&mut buffer).await?;
            thaw(controls).await;
            if count == 0 {
                return Ok::<_, std::io::Error>(());
            }
            to_client.write_all(&buffer[..count]).await?;
        }
    };
    tokio::select! { done = upstream => done, done = downstream => done }
}

async fn thaw(controls: &Controls) {
    while controls.is_frozen.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns whether the connection is cut before these bytes. Each request cuts one connection.
fn is_cut(controls: &Controls, count: usize) -> bool {
    let left = controls.cut_after.load(Ordering::SeqCst);
    if left < 0 {
        return false;
    }
    let rest = left - i64::try_from(count).unwrap_or(i64::MAX);
    controls.cut_after.store(rest.max(-1), Ordering::SeqCst);
    if rest >= 0 {
        return false;
    }
    controls.cuts.fetch_add(1, Ordering::SeqCst);
    true
}
