//! `akin serve` as a process, and a minimal HTTP client.

use super::Sandbox;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

/// A running `akin serve`. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    /// The part of its standard error that has not been read yet.
    pub(crate) stderr: BufReader<ChildStderr>,
}

impl Server {
    /// Starts a server of the store in `sandbox`, on a free port.
    pub(crate) fn start(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Self {
        let mut command = sandbox.akin("serve --listen 127.0.0.1:0");
        command.envs(variables.iter().copied());
        Self::spawn(command)
    }

    /// Starts a server by `command`, and waits until it listens.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        // From here on, a panic kills the process too.
        let mut server = Self { process, address: ([127, 0, 0, 1], 0).into(), stderr };
        server.address = server.read_address();
        server
    }

    /// Reads the address that it announces.
    fn read_address(&mut self) -> SocketAddr {
        let mut log = String::new();
        loop {
            let before = log.len();
            assert!(
                self.stderr.read_line(&mut log).unwrap() > 0,
                "the server does not start: {log}"
            );
            if let Some((_, address)) = log[before..].trim().split_once("on http://") {
                return address.parse().unwrap();
            }
        }
    }

    /// Sends a request, and returns the head and the body of the response.
    pub(crate) fn request(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
        (head.to_owned(), body.to_owned())
    }

    /// Returns the document at `path`; any status but 200 fails the test.
    pub(crate) fn get(&self, path: &str) -> Value {
        let request = format!("GET {path} HTTP/1.1\r\nhost: akin\r\nconnection: close\r\n\r\n");
        let (head, body) = self.request(&request);
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}\n{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Posts `body` to `path` and returns the response; any status but 200 fails the test.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let length = body.len();
        let (head, body) = self.request(&format!(
            "POST {path} HTTP/1.1\r\nhost: akin\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}\n{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Returns the rest of its log, until it ends.
    pub(crate) fn remaining_log(mut self) -> String {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
