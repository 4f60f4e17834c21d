//! What the contract of feed sources does not ask for.

use crate::cutter::Cutter;
use crate::emulator::{TestBucket, adapter_at, read, rows, table};
use akin_ports::{ColumnFilter, ErrorKind, FeedRow, FeedSource, ProductFeed};
use feed_fixtures::{gzip, zstd};
use std::sync::atomic::Ordering;

const EMULATORS: [&str; 2] = ["AKIN_TEST_AWS", "AKIN_TEST_MOTO"];

async fn open(source: &dyn FeedSource) -> Box<dyn ProductFeed> {
    source.open(&ColumnFilter::default(), None).await.unwrap().into_feed().unwrap()
}

/// Some megabytes of rows.
fn many() -> Vec<FeedRow> {
    let name = |number| format!("tripod {number:0200}");
    (0..20_000).map(|number| FeedRow { name: name(number), ..FeedRow::default() }).collect()
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn every_format_is_read_plain_and_compressed() {
    for emulator in EMULATORS {
        let bucket = TestBucket::create(emulator);
        let table = table(&rows(&["tripod", "lamp"]));
        for (key, bytes) in [
            ("feed.csv", table.csv(b';')),
            ("feed.jsonl.gz", gzip(&table.json_lines())),
            ("feed.xml.zst", zstd(&table.rss())),
            ("feed.parquet", table.parquet()),
            ("with blanks & ümlauts?.csv", table.csv(b',')),
        ] {
            bucket.put(key, bytes);
            let source = bucket.source(key);
            assert_eq!(source.name(), format!("s3://{}/{key}", bucket.name));
            let names = read(&mut *open(&*source).await).await.unwrap();
            assert_eq!(names, ["tripod", "lamp"], "{key}");
        }
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_pattern_names_the_objects_of_one_folder_in_order() {
    for emulator in EMULATORS {
        let bucket = TestBucket::create(emulator);
        for key in ["in/b.csv", "in/a.csv", "in/c.xml", "in/old/d.csv", "in/", "other.csv"] {
            bucket.put(key, b"name\n".to_vec());
        }
        let find = async |pattern: &str| {
            let found = bucket.adapter().find(&bucket.location(pattern), None.into()).await;
            found.map(|feeds| feeds.iter().map(|feed| feed.name().to_owned()).collect::<Vec<_>>())
        };
        let names = |keys: &[&str]| -> Vec<_> {
            keys.iter().map(|key| format!("s3://{}/{key}", bucket.name)).collect()
        };
        assert_eq!(find("in/*.csv").await.unwrap(), names(&["in/a.csv", "in/b.csv"]));
        assert_eq!(find("in/*").await.unwrap().len(), 3);
        let none = find("out/*").await.unwrap_err();
        assert_eq!(none.kind, ErrorKind::Misconfigured);
        assert!(none.report().contains("no object matches"), "{}", none.report());
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn more_objects_than_one_answer_lists_are_found() {
    let bucket = TestBucket::create("AKIN_TEST_MOTO");
    for number in 0..1_050 {
        bucket.put(&format!("in/{number:04}.csv"), Vec::new());
    }
    let found = bucket.adapter().find(&bucket.location("in/*"), None.into()).await.unwrap();
    assert_eq!(found.len(), 1_050);
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_missing_object_or_bucket_is_named() {
    for emulator in EMULATORS {
        let bucket = TestBucket::create(emulator);
        let source = bucket.source("none.csv");
        let error = source.open(&ColumnFilter::default(), None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Misconfigured, "{}", error.report());
        let report = error.report();
        assert!(report.contains("none.csv") && report.contains("no such object"), "{report}");
        let missing = akin_s3::S3Location::new("akin-no-such-bucket", "*").unwrap();
        let error = bucket.adapter().find(&missing, None.into()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Misconfigured, "{}", error.report());
        assert!(error.report().contains("akin-no-such-bucket"), "{}", error.report());
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_feed_goes_on_where_a_connection_broke() {
    for emulator in EMULATORS {
        let bucket = TestBucket::create(emulator);
        let many = many();
        bucket.put("feed.csv", table(&many).csv(b','));
        let cutter = Cutter::start(&bucket.address, 5, 300_000);
        let adapter = adapter_at(&cutter.address);
        let found = adapter.find(&bucket.location("feed.csv"), None.into()).await.unwrap();
        let names = read(&mut *open(&found[0]).await).await.unwrap();
        assert_eq!(cutter.cut.load(Ordering::Relaxed), 6, "five cut, and one that went on");
        assert_eq!(names.len(), many.len());
        assert!(names.iter().zip(&many).all(|(name, row)| *name == row.name), "{emulator}");
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_feed_that_is_replaced_while_a_connection_breaks_ends_with_an_error() {
    for emulator in EMULATORS {
        let bucket = TestBucket::create(emulator);
        bucket.put("feed.csv", table(&many()).csv(b','));
        let cutter = Cutter::start(&bucket.address, u32::MAX, 300_000);
        let adapter = adapter_at(&cutter.address);
        let found = adapter.find(&bucket.location("feed.csv"), None.into()).await.unwrap();
        let mut feed = open(&found[0]).await;
        bucket.put("feed.csv", table(&rows(&["hammer"])).csv(b','));
        let error = read(&mut *feed).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.report().contains("changed while it was read"), "{}", error.report());

        bucket.delete("feed.csv");
        let gone = found[0].open(&ColumnFilter::default(), None).await.unwrap_err();
        assert_eq!(gone.kind, ErrorKind::Misconfigured);
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn an_empty_object_is_refused_like_an_empty_file() {
    let bucket = TestBucket::create("AKIN_TEST_AWS");
    bucket.put("feed.csv", Vec::new());
    let error = read(&mut *open(&*bucket.source("feed.csv")).await).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{}", error.report());
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_feed_that_is_not_read_to_its_end_holds_nothing_up() {
    let bucket = TestBucket::create("AKIN_TEST_AWS");
    bucket.put("feed.csv", table(&many()).csv(b','));
    let source = bucket.source("feed.csv");
    for _ in 0..20 {
        let mut feed = open(&*source).await;
        assert!(feed.next_batch().await.unwrap().is_some());
    }
    assert_eq!(read(&mut *open(&*source).await).await.unwrap().len(), 20_000);
}
