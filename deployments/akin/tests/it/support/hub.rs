//! A hub of the test's own, on a free port.

use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

/// Serves one model, `tests/tiny`. It runs until the test's process ends.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    pub(crate) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    files: BTreeMap<String, Vec<u8>>,
    asked: Vec<Asked>,
    /// The next answer with this file ends after so many bytes.
    breaks: Option<(String, usize)>,
    /// It does so by waiting, not by ending.
    stalls: bool,
    /// The file is sent with one byte changed.
    corrupt: Option<String>,
    /// Every answer is this one.
    status: Option<&'static str>,
}

/// A request for a file: its name, and from which byte on.
pub(crate) type Asked = (String, u64);

impl Hub {
    /// A hub whose model has the files of `folder`, and some that akin does not read.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        read(folder, folder, &mut files);
        for name in ["pytorch_model.bin", "onnx/model.onnx", ".gitattributes"] {
            files.insert(name.to_owned(), b"for others".to_vec());
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared { files, ..Shared::default() }));
        let hub = Self { address, shared };
        let serving = hub.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                thread::spawn(move || serving.answer(&stream.unwrap()));
            }
        });
        hub
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn remove(&self, name: &str) {
        self.shared.lock().unwrap().files.remove(name).unwrap();
    }

    pub(crate) fn break_off(&self, name: &str, after: usize, stalls: bool) {
        let mut shared = self.shared.lock().unwrap();
        (shared.breaks, shared.stalls) = (Some((name.to_owned(), after)), stalls);
    }

    pub(crate) fn corrupt(&self, name: Option<&str>) {
        self.shared.lock().unwrap().corrupt = name.map(str::to_owned);
    }

    pub(crate) fn always(&self, status: &'static str) {
        self.shared.lock().unwrap().status = Some(status);
    }

    /// What was asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.lock().unwrap().asked)
    }

    fn answer(&self, mut stream: &TcpStream) {
        let mut lines = BufReader::new(stream).lines();
        let Some(Ok(first)) = lines.next() else { return };
        let mut from = 0;
        for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
            if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
                from = range.trim_end_matches('-').parse().unwrap();
            }
        }
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, body, stalls) = self.answer_to(&path, from);
        // The length of the whole, whatever is sent of it.
        let length = body.1;
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        // Who went away needs no answer.
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body.0)));
        if stalls {
            thread::park();
        }
    }

    /// The status, the bytes to send and how many it says they are, and whether it waits then.
    fn answer_to(&self, path: &str, from: u64) -> (&'static str, (Vec<u8>, usize), bool) {
        let mut shared = self.shared.lock().unwrap();
        let whole = |body: Vec<u8>| {
            let length = body.len();
            (body, length)
        };
        if let Some(status) = shared.status {
            return (status, whole(b"{}".to_vec()), false);
        }
        if path == "/api/models/tests/tiny/revision/main?blobs=true" {
            return ("200 OK", whole(listing(&shared.files).to_string().into_bytes()), false);
        }
        let name = path.strip_prefix("/tests/tiny/resolve/c0ffee/").unwrap_or_default();
        let Some(mut bytes) = shared.files.get(name).cloned() else {
            return ("404 Not Found", whole(Vec::new()), false);
        };
        shared.asked.push((name.to_owned(), from));
        if shared.corrupt.as_deref() == Some(name) {
            bytes[0] ^= 1;
        }
        let mut body = whole(bytes.split_off(usize::try_from(from).unwrap()));
        let breaks = shared.breaks.take_if(|(file, _)| file == name);
        if let Some((_, after)) = &breaks {
            body.0.truncate(*after);
        }
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        (status, body, breaks.is_some() && shared.stalls)
    }
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(path).unwrap());
        }
    }
}

/// As the public hub lists files: large ones with a SHA-256, small ones with git's hash.
fn listing(files: &BTreeMap<String, Vec<u8>>) -> Value {
    let sibling = |(name, bytes): (&String, &Vec<u8>)| {
        let size = bytes.len();
        let head = format!("blob {size}\0");
        let git = hexadecimal(&Sha1::digest([head.as_bytes(), bytes].concat()));
        let mut file = json!({"rfilename": name, "size": size, "blobId": git});
        if name.ends_with(".safetensors") {
            file["lfs"] = json!({"sha256": hexadecimal(&Sha256::digest(bytes)), "size": size, "pointerSize": 132});
        }
        file
    };
    json!({"sha": "c0ffee", "siblings": files.iter().map(sibling).collect::<Vec<_>>()})
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
