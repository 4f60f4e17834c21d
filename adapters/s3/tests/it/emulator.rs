//! A bucket of a test's own in an emulator.

use akin_ports::{FeedItem, FeedRow, FeedSource, ProductFeed};
use akin_s3::{Bucket, S3Backup, S3Location, Settings};
use akin_usecases::{ColumnMap, RowReader};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use feed_fixtures::Table;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};

/// The runtime of what a test prepares, some of it in functions that are not asynchronous.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// Runs a future from any function.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future)).join().unwrap())
}

/// A bucket, and how to reach it.
pub(crate) struct TestBucket {
    pub(crate) name: String,
    client: Client,
    /// The address of the emulator.
    pub(crate) address: String,
}

impl TestBucket {
    /// Creates a bucket in the emulator whose address is in `variable`.
    pub(crate) fn create(variable: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let address = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: run tools/with-services.sh"));
        let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("akin-{}-{time}-{number}", process::id());
        let client = wait(async {
            let client =
                Client::new(&aws_client::Settings::default().load_emulator(&address).await);
            client.create_bucket().bucket(&name).send().await.unwrap();
            client
        });
        Self { name, client, address }
    }

    /// Writes an object.
    pub(crate) fn put(&self, key: &str, bytes: Vec<u8>) {
        let request = self.client.put_object().bucket(&self.name).key(key);
        wait(async { request.body(ByteStream::from(bytes)).send().await.unwrap() });
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, key: &str) {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        wait(async { request.send().await.unwrap() });
    }

    /// Returns the adapter.
    pub(crate) fn adapter(&self) -> Bucket {
        adapter_at(&self.address)
    }

    /// Returns the source of the feed at `key`.
    pub(crate) fn source(&self, key: &str) -> Arc<dyn FeedSource> {
        let location = self.location(key);
        let adapter = self.adapter();
        let mut found = wait(adapter.find(&location, None.into())).unwrap();
        Arc::new(found.remove(0))
    }

    /// Returns the location of `key`.
    pub(crate) fn location(&self, key: &str) -> S3Location {
        S3Location::new(&self.name, key).unwrap()
    }
}

/// A place for a backup in a bucket, and a folder for its file.
pub(crate) struct TestBackup {
    pub(crate) bucket: TestBucket,
    pub(crate) folder: tempfile::TempDir,
}

impl TestBackup {
    pub(crate) fn in_bucket(bucket: TestBucket) -> Self {
        Self { bucket, folder: tempfile::tempdir().unwrap() }
    }

    /// Returns the adapter.
    pub(crate) fn adapter(&self) -> Arc<S3Backup> {
        let aws = aws_client::Settings::default();
        let config = wait(aws.load_emulator(&self.bucket.address));
        let place = self.bucket.location("backups/monday/");
        Arc::new(S3Backup::new(&config, &aws, &Settings::default(), place))
    }
}

/// Returns the adapter, which reaches the emulator at `address`.
pub(crate) fn adapter_at(address: &str) -> Bucket {
    let aws = aws_client::Settings::default();
    let config = wait(aws.load_emulator(address));
    Bucket::new(&config, &aws, &Settings::default())
}

/// Returns a table of rows with these names.
pub(crate) fn table(rows: &[FeedRow]) -> Table {
    Table {
        columns: FeedRow::COLUMNS.map(str::to_owned).to_vec(),
        rows: rows.iter().map(|row| Some(row.texts().map(str::to_owned).to_vec())).collect(),
    }
}

/// Returns rows with these names.
pub(crate) fn rows(names: &[&str]) -> Vec<FeedRow> {
    let row = |name: &&str| FeedRow { name: (*name).to_owned(), ..FeedRow::default() };
    names.iter().map(row).collect()
}

/// Reads a feed to its end, and returns the names of its rows.
pub(crate) async fn read(feed: &mut dyn ProductFeed) -> akin_ports::PortResult<Vec<String>> {
    let mut reader = RowReader::new(ColumnMap::default());
    let mut names = Vec::new();
    while let Some(batch) = feed.next_batch().await? {
        let items: Vec<FeedItem> = reader.read(&batch).unwrap();
        names.extend(items.into_iter().map(|item| item.unwrap().name));
    }
    Ok(names)
}
