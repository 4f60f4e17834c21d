//! A proxy that cuts connections.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Forwards connections, of which the first few are cut after some bytes of the answer.
pub(crate) struct Cutter {
    pub(crate) address: String,
    /// The number of connections that were cut.
    pub(crate) cut: Arc<AtomicU32>,
}

impl Cutter {
    /// Starts a proxy for the server at `address` (`http://HOST:PORT`), which cuts `cuts` connections
    /// after `bytes` bytes each.
    pub(crate) fn start(address: &str, cuts: u32, bytes: u64) -> Self {
        let server = address.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let cut = Arc::new(AtomicU32::new(0));
        let counter = cut.clone();
        // It ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let counter = counter.clone();
                thread::spawn(move || forward(client, server, &counter, cuts, bytes));
            }
        });
        Self { address, cut }
    }
}

fn forward(client: TcpStream, server: TcpStream, cut: &AtomicU32, cuts: u32, bytes: u64) {
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || drop(io::copy(&mut from_client, &mut to_server)));
    let (mut server, mut client) = (server, client);
    let copied = io::copy(&mut (&mut server).take(bytes), &mut client);
    if copied.is_ok_and(|copied| copied == bytes) {
        if cut.fetch_add(1, Ordering::Relaxed) >= cuts {
            drop(io::copy(&mut server, &mut client));
        }
        drop(client.flush());
    }
    drop(client.shutdown(Shutdown::Both));
    drop(server.shutdown(Shutdown::Both));
}
