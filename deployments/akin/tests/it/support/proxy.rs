//! A TCP proxy between a process and a server that can be closed, stalled, or made to cut connections.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A local port that forwards connections to a server.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    is_open: AtomicBool,
    /// Connections are accepted and stay open, but no bytes are forwarded.
    is_stalled: AtomicBool,
    /// The number of bytes to forward before the next cut; negative for no limit.
    cut_after: AtomicI64,
    cut_connections: AtomicU64,
    next_connection: AtomicU64,
    connections: Mutex<HashMap<u64, [TcpStream; 2]>>,
}

impl Proxy {
    /// Starts an open proxy to the server at `address`.
    pub(crate) fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            is_open: AtomicBool::new(true),
            is_stalled: AtomicBool::new(false),
            cut_after: AtomicI64::new(-1),
            cut_connections: AtomicU64::new(0),
            next_connection: AtomicU64::new(0),
            connections: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // While the proxy is closed, dropping the connection closes it.
                if shared.is_open.load(Ordering::SeqCst) {
                    let server = TcpStream::connect(&address).expect("the server accepts");
                    shared.connect(&client, &server).expect("both streams can be cloned");
                }
            }
        });
        Self { port, state }
    }

    /// Closes every connection and accepts no new ones.
    pub(crate) fn close(&self) {
        self.state.is_open.store(false, Ordering::SeqCst);
        for streams in self.state.connections.lock().expect("no panic").values() {
            shut_down(streams);
        }
    }

    pub(crate) fn open(&self) {
        self.state.is_open.store(true, Ordering::SeqCst);
    }

    /// Stops or resumes forwarding, on existing and new connections.
    pub(crate) fn stall(&self, is_stalled: bool) {
        self.state.is_stalled.store(is_stalled, Ordering::SeqCst);
    }

    /// Cuts one connection after this many more bytes in either direction; `None` cuts none.
    pub(crate) fn cut_after(&self, bytes: Option<u32>) {
        self.state.cut_after.store(bytes.map_or(-1, i64::from), Ordering::SeqCst);
    }

    /// Returns the number of connections that were cut.
    pub(crate) fn cut_connections(&self) -> u64 {
        self.state.cut_connections.load(Ordering::SeqCst)
    }

    /// Returns whether any connection is open.
    pub(crate) fn has_connections(&self) -> bool {
        !self.state.connections.lock().expect("no panic").is_empty()
    }
}

impl State {
    /// Forwards both directions, each on its own thread.
    fn connect(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) -> io::Result<()> {
        let number = self.next_connection.fetch_add(1, Ordering::SeqCst);
        let streams = [client.try_clone()?, server.try_clone()?];
        self.connections.lock().expect("no panic").insert(number, streams);
        for (from, to) in [(client, server), (server, client)] {
            let (from, to, state) = (from.try_clone()?, to.try_clone()?, Arc::clone(self));
            thread::spawn(move || {
                // An error closes the connection like an orderly end.
                drop(state.forward(&from, &to));
                shut_down(&[from, to]);
                state.connections.lock().expect("no panic").remove(&number);
            });
        }
        Ok(())
    }

    /// Forwards bytes in one direction until the connection ends or is cut.
    fn forward(&self, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let count = from.read(&mut buffer)?;
            while self.is_stalled.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            if count == 0 || self.takes_cut(count) {
                return Ok(());
            }
            to.write_all(&buffer[..count])?;
        }
    }

    /// Counts these bytes, and returns whether the connection is cut before them. Each limit cuts one
    /// connection.
    fn takes_cut(&self, count: usize) -> bool {
        let count = i64::try_from(count).expect("a buffer is small");
        let remaining = |left: i64| (left >= 0).then(|| (left - count).max(-1));
        let before = self.cut_after.fetch_update(Ordering::SeqCst, Ordering::SeqCst, remaining);
        let is_cut = before.is_ok_and(|left| left < count);
        self.cut_connections.fetch_add(is_cut.into(), Ordering::SeqCst);
        is_cut
    }
}

/// Shuts down both streams. One that is already closed is not an error.
fn shut_down(streams: &[TcpStream; 2]) {
    for stream in streams {
        drop(stream.shutdown(Shutdown::Both));
    }
}
