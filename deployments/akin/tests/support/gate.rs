//! Stands between a process and a server, and can be closed.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A port that leads to a server for as long as the gate is open.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) port: u16,
    passage: Arc<Passage>,
}

#[derive(Debug)]
struct Passage {
    is_open: AtomicBool,
    passing: Mutex<Vec<TcpStream>>,
}

impl Gate {
    /// An open gate to the server at `address`.
    pub(crate) fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let passage =
            Arc::new(Passage { is_open: AtomicBool::new(true), passing: Mutex::default() });
        let known = Arc::clone(&passage);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // What is not let in is dropped, which ends it.
                if known.is_open.load(Ordering::SeqCst) {
                    let server = TcpStream::connect(&address).expect("the server is there");
                    known.lead(&client, &server).expect("a way there and back");
                }
            }
        });
        Self { port, passage }
    }

    /// Ends every connection, and lets none in.
    pub(crate) fn close(&self) {
        self.passage.is_open.store(false, Ordering::SeqCst);
        for stream in self.passage.passing.lock().expect("no panic").drain(..) {
            // One that has ended already is no failure.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    pub(crate) fn open(&self) {
        self.passage.is_open.store(true, Ordering::SeqCst);
    }
}

impl Passage {
    fn lead(&self, client: &TcpStream, server: &TcpStream) -> io::Result<()> {
        self.passing.lock().expect("no panic").extend([client.try_clone()?, server.try_clone()?]);
        for (from, to) in [(client, server), (server, client)] {
            let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
            thread::spawn(move || {
                // However it ends, it has ended.
                drop(io::copy(&mut from, &mut to));
                drop(to.shutdown(Shutdown::Both));
            });
        }
        Ok(())
    }
}
