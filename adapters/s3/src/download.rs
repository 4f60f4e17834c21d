//! The bytes of an object as a blocking stream, which survives connections that break.

use crate::S3Location;
use crate::error::{changed, is_changed, port_error};
use aws_client::{Failure, FailureKind};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use std::io::{self, Read};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The content to read.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) client: Client,
    pub(crate) location: S3Location,
    /// Names the content. An object that has another one is not read.
    pub(crate) etag: String,
    pub(crate) length: u64,
    /// The attempts of reading on without any progress.
    pub(crate) attempts: u32,
}

/// Reads an object on a thread, while a task receives it. Dropping it ends the task.
#[derive(Debug)]
pub(crate) struct Download {
    chunks: Receiver<io::Result<Bytes>>,
    chunk: Bytes,
    /// The number of bytes to come.
    left: u64,
}

/// The number of chunks that are received ahead; one is some 16 KiB.
const CHUNKS: usize = 32;

/// The pause before the second attempt without progress; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Starts to receive the object.
pub(crate) fn download(object: Object) -> Download {
    let (sender, chunks) = channel(CHUNKS);
    let left = object.length;
    tokio::spawn(async move {
        if let Err(error) = object.send_all(&sender).await {
            // The reader may be gone, which is why it failed.
            drop(sender.send(Err(error)).await);
        }
    });
    Download { chunks, chunk: Bytes::new(), left }
}

impl Object {
    /// Sends all bytes. When the connection breaks it goes on where it broke off.
    async fn send_all(&self, sender: &Sender<io::Result<Bytes>>) -> io::Result<()> {
        let (mut position, mut failures) = (0, 0);
        while position < self.length {
            let began = position;
            let interrupted = match self.get(position).await {
                Ok(body) => forward(body, &mut position, sender).await?,
                Err(failure) if failure.kind == FailureKind::Unavailable => failure.to_string(),
                Err(failure) => return Err(self.error(&failure)),
            };
            failures = if position > began { 1 } else { failures + 1 };
            if position < self.length && failures >= self.attempts {
                return Err(io::Error::other(format!(
                    "{}: {interrupted}, at byte {position} of {}",
                    self.location, self.length
                )));
            }
            if position < self.length {
                let pause = FIRST_PAUSE * 2_u32.saturating_pow(failures - 1).min(64);
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    async fn get(&self, position: u64) -> Result<ByteStream, Failure> {
        let (bucket, key) = (self.location.bucket(), self.location.key());
        let request = self.client.get_object().bucket(bucket).key(key).if_match(&self.etag);
        let range = (position > 0).then(|| format!("bytes={position}-"));
        let answer = request.set_range(range).send().await;
        Ok(answer.map_err(|error| Failure::of(&error))?.body)
    }

    fn error(&self, failure: &Failure) -> io::Error {
        if is_changed(failure) {
            return io::Error::other(changed(&self.location));
        }
        io::Error::other(port_error(&self.location, failure).report())
    }
}

/// Sends the body's bytes, and returns why it ended. The error is that nobody reads them.
async fn forward(
    mut body: ByteStream,
    position: &mut u64,
    sender: &Sender<io::Result<Bytes>>,
) -> io::Result<String> {
    loop {
        match body.next().await {
            Some(Ok(bytes)) => {
                *position += bytes.len() as u64;
                let sent = sender.send(Ok(bytes)).await;
                sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            }
            Some(Err(error)) => return Ok(format!("the connection broke ({error})")),
            None => return Ok("the connection ended".to_owned()),
        }
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.chunk = chunk?,
                None if self.left == 0 => return Ok(0),
                // The process is about to end. The feed must not look complete.
                None => return Err(io::Error::other("the download was aborted")),
            }
        }
        let count = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..count]);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
