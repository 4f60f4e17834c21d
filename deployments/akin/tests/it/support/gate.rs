//! Stands between a process and a server, and can be closed, fall silent, or cut what passes.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A port that leads to a server for as long as the gate is open.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) port: u16,
    passage: Arc<Passage>,
}

#[derive(Debug)]
struct Passage {
    is_open: AtomicBool,
    /// Connections are made and stay, but nothing passes.
    is_silent: AtomicBool,
    /// How many bytes pass before their connection is cut; less than 0: all.
    cut_after: AtomicI64,
    cuts: AtomicU64,
    entered: AtomicU64,
    passing: Mutex<HashMap<u64, [TcpStream; 2]>>,
}

impl Gate {
    /// An open gate to the server at `address`.
    pub(crate) fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let passage = Arc::new(Passage {
            is_open: AtomicBool::new(true),
            is_silent: AtomicBool::new(false),
            cut_after: AtomicI64::new(-1),
            cuts: AtomicU64::new(0),
            entered: AtomicU64::new(0),
            passing: Mutex::default(),
        });
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
        for streams in self.passage.passing.lock().expect("no panic").values() {
            end(streams);
        }
    }

    pub(crate) fn open(&self) {
        self.passage.is_open.store(true, Ordering::SeqCst);
    }

    /// Lets nothing pass, of old connections and of new ones, or all again.
    pub(crate) fn silence(&self, is_silent: bool) {
        self.passage.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// Cuts a connection once so many more bytes have passed, either way; `None` cuts none.
    pub(crate) fn cut_after(&self, bytes: Option<u32>) {
        self.passage.cut_after.store(bytes.map_or(-1, i64::from), Ordering::SeqCst);
    }

    /// How many connections were cut so.
    pub(crate) fn cuts(&self) -> u64 {
        self.passage.cuts.load(Ordering::SeqCst)
    }

    /// Whether there is a connection.
    pub(crate) fn is_used(&self) -> bool {
        !self.passage.passing.lock().expect("no panic").is_empty()
    }
}

impl Passage {
    fn lead(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) -> io::Result<()> {
        let number = self.entered.fetch_add(1, Ordering::SeqCst);
        let streams = [client.try_clone()?, server.try_clone()?];
        self.passing.lock().expect("no panic").insert(number, streams);
        for (from, to) in [(client, server), (server, client)] {
            let (from, to, known) = (from.try_clone()?, to.try_clone()?, Arc::clone(self));
            thread::spawn(move || {
                // However it ends, it has ended.
                drop(known.pass(&from, &to));
                end(&[from, to]);
                known.passing.lock().expect("no panic").remove(&number);
            });
        }
        Ok(())
    }

    /// Hands on what comes, until it ends or is cut.
    fn pass(&self, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let count = from.read(&mut buffer)?;
            while self.is_silent.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            if count == 0 || self.is_cut(count) {
                return Ok(());
            }
            to.write_all(&buffer[..count])?;
        }
    }

    /// Whether the connection ends before these bytes; one is cut for each time of asking.
    fn is_cut(&self, count: usize) -> bool {
        let count = i64::try_from(count).expect("a buffer is small");
        let rest = |left: i64| (left >= 0).then(|| (left - count).max(-1));
        let before = self.cut_after.fetch_update(Ordering::SeqCst, Ordering::SeqCst, rest);
        let is_cut = before.is_ok_and(|left| left < count);
        self.cuts.fetch_add(is_cut.into(), Ordering::SeqCst);
        is_cut
    }
}

/// Ends both; what has ended already is no failure.
fn end(streams: &[TcpStream; 2]) {
    for stream in streams {
        drop(stream.shutdown(Shutdown::Both));
    }
}
