//! The log of requests.

use crate::support::Shop;
use akin_ports::ErrorKind;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Captures what every test of this process logs: a subscriber of one thread alone would race with the
/// other threads, which register the same log statements without it.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log
});

#[tokio::test]
async fn a_failure_is_logged_once_with_the_request_and_every_cause() {
    let log = &*LOG;
    let shop = Shop::open().await;
    shop.store.break_after(0, ErrorKind::Corrupt);
    let answer = shop.get("/api/search?q=lamp").await;
    let id = answer.header("x-request-id");
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains(id)).collect();
    assert_eq!(lines.len(), 1, "{text}");
    for part in
        ["ERROR", "FETCH_SIMILAR_PRODUCTS_FAILED", "memory gave a corrupt answer", "told to fail"]
    {
        assert!(lines[0].contains(part), "{part:?} is missing: {text}");
    }
}
