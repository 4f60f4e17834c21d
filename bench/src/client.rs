//! A small HTTP client, the same for every server.

use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The status and the headers of a response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The `Server-Timing` header; empty if it was missing.
    timing: String,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the duration of `part` on the server, in milliseconds.
    pub(crate) fn spent(&self, part: &str) -> Option<f64> {
        let parts = self.timing.split(',').filter_map(|part| part.trim().split_once(";dur="));
        parts.filter(|(name, _)| *name == part).find_map(|(_, spent)| spent.parse().ok())
    }
}

/// A keep-alive connection with the subset of HTTP/1.1 that the servers use.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), address })
    }

    /// Posts JSON and reads the whole response, which must be a success.
    pub(crate) fn post(&mut self, route: &str, body: &str) -> Result<Answer> {
        let (answer, body) = self.exchange(route, body)?;
        let said = || String::from_utf8_lossy(&body).into_owned();
        ensure!(answer.is_success(), "{route} answered {}: {}", answer.status, said());
        Ok(answer)
    }

    /// Posts JSON and reads the whole response, with any status.
    pub(crate) fn exchange(&mut self, route: &str, body: &str) -> Result<(Answer, Vec<u8>)> {
        let request = format!(
            "POST {route} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).unwrap_or_default().parse();
        let status = status.context("an answer without a status")?;
        let (mut length, mut timing) = (None, String::new());
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line)? > 0, "the server hung up");
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("server-timing") {
                value.trim().clone_into(&mut timing);
            }
        }
        let mut body = vec![0; length.context("an answer without a length")?];
        self.stream.read_exact(&mut body)?;
        Ok((Answer { status, timing }, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_timing_are_distinguished() {
        let answer = Answer { status: 200, timing: "embed;dur=2.500, rank;dur=0.1".to_owned() };
        assert_eq!(answer.spent("embed"), Some(2.5));
        assert_eq!(answer.spent("fetch"), None);
    }
}
