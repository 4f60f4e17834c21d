use crate::error::FeedError;
use akin_ports::{FeedItem, FeedProgress, FeedRow, PortResult, ProductFeed, RefusedRow};
use async_trait::async_trait;
use std::thread;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many rows a batch has, unless their bytes are more than [`BATCH_BYTES`].
const BATCH_ROWS: usize = 1_000;
/// How many bytes of the source a batch spans, and how many its rows hold, give or take a row: a
/// few bytes of a Parquet file may be the text of many rows.
const BATCH_BYTES: usize = 2 << 20;
/// How many batches wait for whoever takes them.
const BATCHES_AHEAD: usize = 2;

/// Parses a format, row by row, on a thread that may block.
pub(crate) trait Rows {
    /// The next row; `None` at the end.
    fn next(&mut self) -> Result<Option<FeedItem>, FeedError>;

    /// How many bytes of the source were passed.
    fn passed(&self) -> u64;
}

/// A [`ProductFeed`] that is parsed ahead of whoever takes its rows.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    name: String,
    progress: FeedProgress,
    messages: Receiver<Message>,
    ended: bool,
}

#[derive(Debug)]
enum Message {
    Batch { items: Vec<FeedItem>, passed: u64 },
    End(Result<(), FeedError>),
}

impl ReadAhead {
    /// Starts the thread; `open` makes the rows there, because already that may block.
    pub(crate) fn start(
        name: String,
        total: Option<u64>,
        open: impl FnOnce() -> Result<Box<dyn Rows>, FeedError> + Send + 'static,
    ) -> Result<Self, FeedError> {
        let (sender, messages) = channel(BATCHES_AHEAD);
        let work = move || {
            let end = open().and_then(|rows| send_batches(rows, &sender));
            // Nobody is left to hear it if the feed was dropped.
            drop(sender.blocking_send(Message::End(end)));
        };
        thread::Builder::new()
            .name("feed".to_owned())
            .spawn(work)
            .map_err(|cause| FeedError::Thread { name: name.clone(), cause })?;
        Ok(Self { name, progress: FeedProgress { read: 0, total }, messages, ended: false })
    }
}

#[async_trait]
impl ProductFeed for ReadAhead {
    fn name(&self) -> &str {
        &self.name
    }

    async fn next_batch(&mut self) -> PortResult<Option<Vec<FeedItem>>> {
        if self.ended {
            return Ok(None);
        }
        let message = self.messages.recv().await;
        if let Some(Message::Batch { items, passed }) = message {
            self.progress.read = passed;
            return Ok(Some(items));
        }
        self.ended = true;
        match message {
            Some(Message::End(end)) => end?,
            _ => return Err(FeedError::Lost(self.name.clone()).into()),
        }
        self.progress.read = self.progress.total.unwrap_or(self.progress.read);
        Ok(None)
    }

    fn progress(&self) -> FeedProgress {
        self.progress
    }
}

/// Sends all rows, until the feed is dropped.
fn send_batches(mut rows: Box<dyn Rows>, sender: &Sender<Message>) -> Result<(), FeedError> {
    loop {
        let (items, end) = next_batch(&mut *rows);
        let passed = rows.passed();
        let is_dropped =
            !items.is_empty() && sender.blocking_send(Message::Batch { items, passed }).is_err();
        match end {
            Some(end) => return end,
            None if is_dropped => return Ok(()),
            None => {}
        }
    }
}

/// The next rows, and how the rows end if they do. Those before an error count.
fn next_batch(rows: &mut dyn Rows) -> (Vec<FeedItem>, Option<Result<(), FeedError>>) {
    let begin = rows.passed();
    let mut items = Vec::with_capacity(BATCH_ROWS);
    let mut held = 0;
    while items.len() < BATCH_ROWS
        && rows.passed() - begin < BATCH_BYTES as u64
        && held < BATCH_BYTES
    {
        match rows.next() {
            Ok(Some(item)) => {
                held += item.as_ref().map_or_else(RefusedRow::size, FeedRow::size);
                items.push(item);
            }
            Ok(None) => return (items, Some(Ok(()))),
            Err(error) => return (items, Some(Err(error))),
        }
    }
    (items, None)
}
