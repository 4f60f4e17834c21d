use super::Place;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

/// An `akin serve` of its own. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    /// What it still has to say.
    pub(crate) remarks: BufReader<ChildStderr>,
}

impl Server {
    /// Serves the store of `place` on a free port.
    pub(crate) fn start(place: &Place, variables: &[(&str, &str)]) -> Self {
        let mut command = place.akin("serve --listen 127.0.0.1:0");
        command.envs(variables.iter().copied());
        Self::of(command)
    }

    /// The server that `command` starts.
    pub(crate) fn of(mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let remarks = BufReader::new(process.stderr.take().unwrap());
        // From here on, whatever happens ends the process.
        let mut server = Self { process, address: ([127, 0, 0, 1], 0).into(), remarks };
        server.address = server.announced();
        server
    }

    /// Reads where it listens.
    fn announced(&mut self) -> SocketAddr {
        let mut said = String::new();
        loop {
            let before = said.len();
            assert!(self.remarks.read_line(&mut said).unwrap() > 0, "no server: {said}");
            if let Some((_, address)) = said[before..].trim().split_once("on http://") {
                return address.parse().unwrap();
            }
        }
    }

    /// Sends a request, and returns the status and the headers, and the body.
    pub(crate) fn ask(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_owned(), body.to_owned())
    }

    /// What `GET path` answers; it must be a success.
    pub(crate) fn get(&self, path: &str) -> Value {
        let request = format!("GET {path} HTTP/1.1\r\nhost: akin\r\nconnection: close\r\n\r\n");
        let (head, body) = self.ask(&request);
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}\n{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What `POST path` with this body answers; it must be a success.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let length = body.len();
        let (head, body) = self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: akin\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}\n{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What it said from the start on, once it has ended.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = String::new();
        self.remarks.read_to_string(&mut rest).unwrap();
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
