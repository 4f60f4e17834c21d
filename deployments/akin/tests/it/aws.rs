//! The command with queues in SQS, feeds in S3 and secrets in Secrets Manager, emulated.

use crate::support::aws::Aws;
use crate::support::shop::Shop;
use crate::support::{FEED, rows};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Returns a shop whose queue is in SQS, with the URLs of the queue and the dead-letter queue.
fn with_queue(aws: &Aws, shop: Shop) -> (Shop, [String; 2]) {
    let urls = aws.create_queue();
    let shop = aws.settings(shop).with_variable("AKIN_QUEUE", "sqs");
    let shop = shop.with_variable("AWS_SQS_WAIT", "1");
    (shop.with_variable("AWS_SQS_SUBSCRIBED_QUEUE_URL", &urls[0]), urls)
}

fn counts(shop: &Shop) -> [u64; 3] {
    shop.run("queue --json").succeeds().counts(["waiting", "in_flight", "dead"])
}

#[test]
#[ignore = "needs the model and emulated AWS: make test"]
fn changes_travel_through_sqs_to_a_worker() {
    let aws = Aws::new();
    let (shop, _) = with_queue(&aws, Shop::local());
    shop.sandbox.write("chairs.csv", rows(25, "CH", "Chair"));
    let ingested = shop.json("ingest --no-embed chairs.csv");
    assert_eq!(ingested["inserted"], 25);
    assert_eq!(counts(&shop), [25, 0, 0]);
    assert_eq!(shop.json("status")["waiting"], 25);
    let worked = shop.json("worker --once");
    assert_eq!((&worked["received"], &worked["embedded"]), (&json!(25), &json!(25)));
    assert_eq!(counts(&shop), [0, 0, 0]);
    assert_eq!(shop.json("status")["indexed"], 25);

    let again = shop.json("ingest --no-embed chairs.csv");
    assert_eq!(again["changed"], 0);
    assert_eq!(counts(&shop), [0, 0, 0], "nothing is sent");
    shop.run("ingest feed.csv").succeeds();
    shop.finds_the_tripod("local");
}

#[test]
#[ignore = "needs the model, Postgres and emulated AWS: make test"]
fn changes_of_a_store_in_postgres_travel_through_sqs() {
    let aws = Aws::new();
    let shop = Shop::in_postgres().with_variable("AKIN_ENGINES", "postgres");
    let (shop, _) = with_queue(&aws, shop);
    shop.json("ingest --no-embed feed.csv");
    assert_eq!(counts(&shop), [4, 0, 0]);
    assert_eq!(shop.json("worker --once")["embedded"], 4);
    shop.finds_the_tripod("postgres");
}

#[test]
#[ignore = "needs the model and emulated AWS: make test"]
fn dead_letters_in_sqs_are_listed_and_redriven() {
    let aws = Aws::new();
    let (shop, [queue, dead]) = with_queue(&aws, Shop::local());
    shop.json("ingest --no-embed feed.csv");
    while let Some(body) = aws.take(&queue) {
        aws.send(&dead, &body);
    }
    assert_eq!(counts(&shop), [0, 0, 4]);
    assert_eq!(shop.json("worker --once")["received"], 0);
    let letters = shop.json("queue dead");
    let letters = letters.as_array().unwrap();
    let ids: BTreeSet<_> = letters.iter().map(|one| one["product_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["PH-1", "PH-2", "HO-1", "HO-2"].into());
    assert!(letters.iter().all(|letter| letter["reason"] == Value::Null));
    assert_eq!(shop.json("queue redrive")["redriven"], 4);
    assert_eq!(shop.json("worker --once")["embedded"], 4);
    assert_eq!(counts(&shop), [0, 0, 0]);
}

#[test]
#[ignore = "needs the model and emulated AWS: make test"]
fn a_message_that_is_no_change_is_named_and_left_to_the_redrive_policy() {
    let aws = Aws::new();
    let (shop, [queue, _]) = with_queue(&aws, Shop::local());
    aws.send(&queue, "poison");
    shop.json("ingest --no-embed feed.csv");
    let worked = shop.run("worker --once").succeeds();
    assert!(worked.stdout.contains("4 received"), "{worked}");
    assert!(worked.stderr.contains("a message is not a change"), "{worked}");
    let [waiting, in_flight, dead] = counts(&shop);
    assert_eq!(waiting + in_flight + dead, 1, "it is not lost");
}

#[test]
#[ignore = "needs emulated AWS: make test"]
fn settings_of_sqs_are_reported_at_once_and_a_missing_queue_by_name() {
    let aws = Aws::new();
    let shop = aws.settings(Shop::local()).with_variable("AKIN_QUEUE", "sqs");
    let unset = shop.run("ingest --no-embed feed.csv").fails_with(2);
    assert!(unset.stderr.contains("AWS_SQS_SUBSCRIBED_QUEUE_URL is not set"), "{unset}");
    let bad = shop.run("queue --sqs-wait 0 --sqs-time-zone Atlantis").fails_with(2);
    assert!(bad.stderr.contains("AWS_SQS_WAIT") && bad.stderr.contains("AWS_SQS_TIME_ZONE"));
    let url = "http://127.0.0.1:1/000000000000/none";
    let shop = shop.with_variable("AWS_SQS_SUBSCRIBED_QUEUE_URL", url);
    let missing = shop.run("queue").fails_with(2);
    assert!(missing.stderr.contains("check AWS_SQS_SUBSCRIBED_QUEUE_URL"), "{missing}");
    assert!(!missing.stderr.contains("hidden-key"), "{missing}");
}

#[test]
#[ignore = "needs the model and emulated AWS: make test"]
fn a_feed_in_s3_is_ingested_like_a_file_and_an_unchanged_one_is_not_read_again() {
    let aws = Aws::new();
    let bucket = aws.create_bucket();
    let shop = aws.settings(Shop::local());
    aws.put("feeds/feed.csv", FEED);
    let feed = format!("s3://{bucket}/feeds/feed.csv");
    let first = shop.json(&format!("ingest {feed}"));
    assert_eq!((&first["inserted"], &first["quarantined"]), (&json!(4), &json!(1)));
    shop.finds_the_tripod("local");
    let second = shop.json(&format!("ingest --complete {feed}"));
    assert_eq!((&second["removed"], &second["embedded"]), (&json!(0), &json!(0)));

    aws.put("feeds/more.csv", &rows(3, "CH", "Chair"));
    let both = shop.json(&format!("ingest s3://{bucket}/feeds/*.csv"));
    assert_eq!((&both["inserted"], &both["embedded"]), (&json!(3), &json!(3)));
    let quarantine = shop.run("quarantine").succeeds().stdout;
    assert!(quarantine.contains("s3://"), "{quarantine}");
}

#[test]
#[ignore = "needs emulated AWS: make test"]
fn a_feed_that_is_not_in_s3_is_named() {
    let aws = Aws::new();
    let bucket = aws.create_bucket();
    let shop = aws.settings(Shop::local());
    let missing = shop.run(&format!("ingest s3://{bucket}/none.csv")).fails_with(2);
    assert!(missing.stderr.contains("there is no such object"), "{missing}");
    let bad = shop.run("ingest s3://nothing none.csv").fails_with(2);
    assert!(bad.stderr.contains("s3://BUCKET/KEY") && bad.stderr.contains("none.csv"), "{bad}");
}

#[test]
#[ignore = "needs Postgres and emulated AWS: make test"]
fn the_credentials_of_postgres_come_from_a_secret() {
    let aws = Aws::new();
    let mut shop = aws.settings(Shop::in_postgres());
    let mut secret = json!({"engine": "postgres", "readerHost": "", "readerPort": ""});
    for (name, key) in [
        ("POSTGRES_HOST", "host"),
        ("POSTGRES_PORT", "port"),
        ("POSTGRES_USER", "username"),
        ("POSTGRES_PASSWORD", "password"),
    ] {
        secret[key] = shop.setting(name).into();
        shop.set_variable(name, "");
    }
    aws.create_secret(&secret);
    let shop = shop.with_variable("POSTGRES_SECRETS_MANAGER_NAME", &aws.name);
    let shop = shop.with_variable("AWS_SESSION_TOKEN", "hidden-token");
    let logged = shop.run("migrate --log-level trace").succeeds().stderr;
    assert!(logged.contains("GetSecretValue"), "calls are logged");
    for hidden in ["hidden-key", "hidden-token", secret["password"].as_str().unwrap()] {
        assert!(!logged.contains(hidden), "a secret is logged");
    }
    let stored = shop.json("ingest --engine postgres --no-embed feed.csv");
    assert_eq!(stored["inserted"], 4);
    let shop = shop.with_variable("POSTGRES_SECRETS_MANAGER_NAME", "none");
    let missing = shop.run("status --engine postgres").fails_with(2);
    assert!(missing.stderr.contains("the secret \"none\" cannot be read"), "{missing}");
}
