use crate::error::Error;
use crate::input::Input;
use crate::reader::{Options, Reader};
use crate::record::Batch;
use std::thread;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The number of batches that wait to be taken.
const BATCHES_AHEAD: usize = 2;

/// Reads an input on its own thread, a few batches ahead of the consumer. Dropping it stops the
/// thread.
#[derive(Debug)]
pub struct ReadAhead {
    messages: Receiver<Message>,
    is_ended: bool,
}

#[derive(Debug)]
enum Message {
    Batch(Batch),
    End(Result<(), Error>),
}

impl ReadAhead {
    /// Starts the thread, which opens and reads the input.
    pub fn start(input: Input, options: Options) -> Result<Self, Error> {
        let (sender, messages) = channel(BATCHES_AHEAD);
        let work = move || {
            let end = send_batches(input, &options, &sender);
            // Fails if the consumer is gone, which needs no answer.
            drop(sender.blocking_send(Message::End(end)));
        };
        thread::Builder::new().name("feed".to_owned()).spawn(work).map_err(Error::Thread)?;
        Ok(Self { messages, is_ended: false })
    }

    /// Returns the next records, as [`Reader::next_batch`] does.
    pub async fn next_batch(&mut self) -> Result<Option<Batch>, Error> {
        if self.is_ended {
            return Ok(None);
        }
        let message = self.messages.recv().await;
        if let Some(Message::Batch(batch)) = message {
            return Ok(Some(batch));
        }
        self.is_ended = true;
        match message {
            Some(Message::End(end)) => end.map(|()| None),
            _ => Err(Error::Panicked),
        }
    }
}

/// Sends all batches until the consumer is gone.
fn send_batches(input: Input, options: &Options, sender: &Sender<Message>) -> Result<(), Error> {
    let mut reader = Reader::open(input, options)?;
    while let Some(batch) = reader.next_batch()? {
        if sender.blocking_send(Message::Batch(batch)).is_err() {
            break;
        }
    }
    Ok(())
}
