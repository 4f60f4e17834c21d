//! The log of requests.

use crate::support::Shop;
use akin_ports::ErrorKind;
use std::io;
use std::sync::{Arc, Mutex};
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

#[tokio::test]
async fn a_failure_is_logged_once_with_the_request_and_every_cause() {
    let shop = Shop::open().await;
    // A first failure registers the log statements: registration by the thread of another test could
    // race with the subscriber of this one.
    shop.store.break_after(0, ErrorKind::Corrupt);
    assert!(!shop.get("/api/search?q=lamp").await.status.is_success());
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let answer = shop.get("/api/search?q=lamp").await;
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let id = answer.header("x-request-id");
    for part in [
        id,
        "ERROR",
        "FETCH_SIMILAR_PRODUCTS_FAILED",
        "memory gave a corrupt answer",
        "told to fail",
    ] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}
