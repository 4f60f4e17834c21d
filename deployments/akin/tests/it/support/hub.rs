//! A local model hub on a free port, which fails on request.

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

/// A hub that serves one model, `tests/tiny`, until the test process ends.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    pub(crate) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    files: BTreeMap<String, Vec<u8>>,
    requests: Vec<FileRequest>,
    /// The next response with this file ends after this many bytes.
    interruption: Option<(String, usize)>,
    /// An interrupted response stays open instead of closing.
    stalls: bool,
    /// This file is sent with one byte changed.
    corrupt: Option<String>,
    /// Every response has this status.
    status: Option<&'static str>,
}

/// The name of a requested file, and the offset of the first requested byte.
pub(crate) type FileRequest = (String, u64);

impl Hub {
    /// Starts a hub whose model has the files of `folder`, and some that akin does not read.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        read_files(folder, folder, &mut files);
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
                thread::spawn(move || serving.respond(&stream.unwrap()));
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

    pub(crate) fn interrupt(&self, name: &str, after: usize, stalls: bool) {
        let mut shared = self.shared.lock().unwrap();
        (shared.interruption, shared.stalls) = (Some((name.to_owned(), after)), stalls);
    }

    pub(crate) fn corrupt(&self, name: Option<&str>) {
        self.shared.lock().unwrap().corrupt = name.map(str::to_owned);
    }

    pub(crate) fn always_respond(&self, status: &'static str) {
        self.shared.lock().unwrap().status = Some(status);
    }

    /// Returns the file requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<FileRequest> {
        std::mem::take(&mut self.shared.lock().unwrap().requests)
    }

    fn respond(&self, mut stream: &TcpStream) {
        let mut lines = BufReader::new(stream).lines();
        let Some(Ok(request)) = lines.next() else { return };
        let mut offset = 0;
        for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
            if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
                offset = range.trim_end_matches('-').parse().unwrap();
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let Response { status, body, length, stalls } = self.response_to(path, offset);
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        // The client may have closed the connection.
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)));
        if stalls {
            thread::park();
        }
    }

    fn response_to(&self, path: &str, offset: u64) -> Response {
        let mut shared = self.shared.lock().unwrap();
        if let Some(status) = shared.status {
            return Response::new(status, b"{}".to_vec());
        }
        if path == "/api/models/tests/tiny/revision/main?blobs=true" {
            return Response::new("200 OK", listing(&shared.files).to_string().into_bytes());
        }
        let name = path.strip_prefix("/tests/tiny/resolve/c0ffee/").unwrap_or_default();
        let Some(mut bytes) = shared.files.get(name).cloned() else {
            return Response::new("404 Not Found", Vec::new());
        };
        shared.requests.push((name.to_owned(), offset));
        if shared.corrupt.as_deref() == Some(name) {
            bytes[0] ^= 1;
        }
        let status = if offset > 0 { "206 Partial Content" } else { "200 OK" };
        let body = bytes.split_off(usize::try_from(offset).unwrap());
        let mut response = Response::new(status, body);
        if let Some((_, after)) = shared.interruption.take_if(|(file, _)| file == name) {
            response.body.truncate(after);
            response.stalls = shared.stalls;
        }
        response
    }
}

#[derive(Debug)]
struct Response {
    status: &'static str,
    body: Vec<u8>,
    /// The length that the head declares. An interrupted body is shorter.
    length: usize,
    /// The connection stays open after the body.
    stalls: bool,
}

impl Response {
    fn new(status: &'static str, body: Vec<u8>) -> Self {
        Self { status, length: body.len(), body, stalls: false }
    }
}

fn read_files(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_files(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(path).unwrap());
        }
    }
}

/// Lists the files in the format of the public hub: large files with a SHA-256, small ones with git's hash.
fn listing(files: &BTreeMap<String, Vec<u8>>) -> Value {
    let sibling = |(name, bytes): (&String, &Vec<u8>)| {
        let size = bytes.len();
        let head = format!("blob {size}\0");
        let git_hash = hexadecimal(&Sha1::digest([head.as_bytes(), bytes].concat()));
        let mut file = json!({"rfilename": name, "size": size, "blobId": git_hash});
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
