use super::*;
use serde_json::json;

/// Returns a record as S3 sends it.
fn record(name: &str, key: &str, sequencer: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z", "eventName": name,
        "userIdentity": {"principalId": "A"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "feeds",
            "bucket": {"name": "shop", "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::shop"},
            "object": {"key": key, "size": 1024, "eTag": "d41d8cd9", "sequencer": sequencer}
        }
    })
}

fn object(key: &str, sequencer: &str) -> ObjectEvent {
    let [bucket, key, sequencer] = ["shop", key, sequencer].map(str::to_owned);
    ObjectEvent { bucket, key, sequencer }
}

fn read(event: Value) -> IngestEvent {
    IngestEvent::read(event).unwrap()
}

#[test]
fn each_object_is_named_once_by_its_newest_event() {
    let event = json!({"Records": [
        record("ObjectCreated:Put", "feeds/a.csv", "0055AED6DCD90281E5"),
        record("ObjectCreated:CompleteMultipartUpload", "b.csv", "01"),
        record("ObjectCreated:Put", "feeds/a.csv", "0055AED6DCD90281E6"),
        record("ObjectCreated:Copy", "feeds/a.csv", "0055AED6DCD90281E4"),
        record("ObjectRemoved:Delete", "c.csv", "02"),
    ]});
    let expected = vec![object("feeds/a.csv", "0055AED6DCD90281E6"), object("b.csv", "01")];
    assert_eq!(read(event), IngestEvent::Objects(expected));
}

#[test]
fn keys_of_notifications_are_decoded_and_those_of_event_bridge_are_not_encoded() {
    for (encoded, key) in [
        ("feeds/red+shoes.csv", "feeds/red shoes.csv"),
        ("a%2Bb%25.csv", "a+b%.csv"),
        ("%E7%81%AF.csv", "灯.csv"),
        ("plain", "plain"),
    ] {
        let event = json!({"Records": [record("ObjectCreated:Put", encoded, "1")]});
        assert_eq!(read(event), IngestEvent::Objects(vec![object(key, "1")]), "{encoded}");
    }
    for encoded in ["%", "%4", "%zz", "%FF"] {
        let event = json!({"Records": [record("ObjectCreated:Put", encoded, "1")]});
        assert_eq!(IngestEvent::read(event).unwrap_err().kind, "InvalidEvent", "{encoded}");
    }
    let bridged = |kind: &str| {
        json!({
            "version": "0", "id": "17793124", "detail-type": kind, "source": "aws.s3",
            "detail": {
                "version": "0", "bucket": {"name": "shop"}, "reason": "PutObject",
                "object": {"key": "a+b %41.csv", "size": 5, "etag": "b1", "sequencer": "00617F08299329D189"}
            }
        })
    };
    let expected = vec![object("a+b %41.csv", "00617F08299329D189")];
    assert_eq!(read(bridged("Object Created")), IngestEvent::Objects(expected));
    assert_eq!(read(bridged("Object Deleted")), IngestEvent::Nothing);
}

#[test]
fn a_test_of_the_connection_and_removals_are_nothing() {
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "shop"});
    assert_eq!(read(test), IngestEvent::Nothing);
    let folder = json!({"Records": [record("ObjectCreated:Put", "feeds/", "1")]});
    assert_eq!(read(folder), IngestEvent::Nothing);
    let removed = json!({"Records": [record("ObjectRemoved:Delete", "a", "1")]});
    assert_eq!(read(removed), IngestEvent::Nothing);
}

#[test]
fn any_other_event_means_run_now() {
    for event in [
        json!({}),
        json!(null),
        json!("now"),
        json!([]),
        json!({"Records": []}),
        json!({"Records": "x"}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
        json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
    ] {
        assert_eq!(read(event.clone()), IngestEvent::Run, "{event}");
    }
}

#[test]
fn an_event_of_s3_without_an_object_is_an_error_that_says_so() {
    for event in [
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}),
        json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {}}}),
    ] {
        let error = IngestEvent::read(event).unwrap_err();
        assert!(error.message.contains("missing field"), "{error}");
    }
}

#[test]
fn a_sequencer_orders_the_events_of_one_object() {
    let event = |sequencer: &str| object("a.csv", sequencer);
    let done = event("0055AED6DCD9").run_name();
    for (sequencer, is_covered) in [
        ("0055AED6DCD9", true),
        ("0055aed6dcd9", true),
        ("0055AED6DCD8FF", true),
        ("0055AED6DCD90", true),
        ("0055AED6DCD901", false),
        ("0055AED6DCDA", false),
        ("", false),
    ] {
        assert_eq!(event(sequencer).is_covered_by(&done), is_covered, "{sequencer}");
    }
    assert!(!object("b.csv", "00").is_covered_by(&done));
    assert!(!event("00").is_covered_by(&event("").run_name()));
}
