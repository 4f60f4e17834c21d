//! What the contract of queues does not ask for.

use crate::emulator::{Fixture, LEASE, settings};
use akin_entities::{Change, ProductId, Version};
use akin_ports::{ChangeQueue, DeadLetters, ErrorKind, MAX_ATTEMPTS};
use akin_sqs::{Settings, SqsQueue};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use jiff::tz::TimeZone;
use std::time::Duration;

const LONG: Duration = Duration::from_hours(2);

fn change(id: &str) -> Change {
    Change { id: ProductId::new(id).unwrap(), version: Version(1_679_128_413_000_042) }
}

/// Receives all visible messages, and returns the ids of their products.
async fn receive(queue: &SqsQueue) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let deliveries = queue.receive(100).await.unwrap();
        if deliveries.is_empty() {
            ids.sort();
            return ids;
        }
        ids.extend(deliveries.into_iter().map(|delivery| delivery.change.id.to_string()));
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_message_of_the_documented_form_is_received_and_one_is_sent() {
    let fixture = Fixture::create("AKIN_TEST_AWS").await;
    fixture
        .send(r#"{"product_id": "a", "modified_date": "2023-03-18 08:33:33.000042", "more": {}}"#)
        .await;
    let delivery = fixture.queue.receive(1).await.unwrap().remove(0);
    assert_eq!(delivery.change, change("a"));
    fixture.queue.acknowledge(&[delivery.receipt]).await.unwrap();

    assert!(fixture.queue.send(&[change("b")]).await.unwrap().is_empty());
    let request = fixture.client.receive_message().queue_url(&fixture.url);
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(
        message.body.unwrap(),
        r#"{"product_id":"b","modified_date":"2023-03-18 08:33:33.000042"}"#
    );
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn dates_of_another_time_zone_are_read_as_such() {
    let fixture = Fixture::create("AKIN_TEST_AWS").await;
    let time_zone = TimeZone::get("Asia/Hong_Kong").unwrap();
    let settings = Settings { time_zone, ..settings(&fixture.url) };
    let aws = aws_client::Settings::default();
    let queue = SqsQueue::new(&fixture.config, &aws, &settings, LEASE).unwrap();
    fixture.send(r#"{"product_id": "a", "modified_date": "2023-03-18 16:33:33.000042"}"#).await;
    assert_eq!(queue.receive(1).await.unwrap()[0].change, change("a"));
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_message_that_is_no_change_dies_without_holding_others_up_and_is_redriven_unchanged() {
    for emulator in ["AKIN_TEST_AWS", "AKIN_TEST_MOTO"] {
        let fixture = Fixture::create(emulator).await;
        for number in 0..15 {
            fixture.send(&format!("poison {number}")).await;
        }
        assert!(fixture.queue.send(&[change("a")]).await.unwrap().is_empty());
        assert_eq!(receive(&fixture.queue).await, ["a"], "behind a page of poison");
        for _ in 1..MAX_ATTEMPTS {
            assert!(fixture.queue.receive(100).await.unwrap().is_empty(), "it is hidden");
            fixture.clock.pass(LONG).await;
            assert_eq!(receive(&fixture.queue).await, ["a"]);
        }
        fixture.clock.pass(LONG).await;
        assert!(receive(&fixture.queue).await.is_empty());
        let counts = fixture.queue.counts().await.unwrap();
        assert_eq!(counts.dead, 16, "{emulator}: {counts:?}");
        let page = fixture.queue.list(None, 100).await.unwrap();
        assert_eq!(page.letters.len(), 1, "only changes can be listed");
        assert_eq!(page.next, None);
        assert_eq!(fixture.queue.redrive(100).await.unwrap(), 16);
        let request = fixture.client.receive_message().queue_url(&fixture.url);
        let messages = request.max_number_of_messages(10).send().await.unwrap().messages.unwrap();
        assert!(messages.iter().any(|message| message.body().unwrap().starts_with("poison")));
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_redriven_message_keeps_its_attributes_and_large_ones_travel_alone() {
    let fixture = Fixture::create("AKIN_TEST_AWS").await;
    let trace = MessageAttributeValue::builder().data_type("String").string_value("00-1").build();
    let trace = trace.unwrap();
    for number in 0..4 {
        let body = format!("{number}{}", "x".repeat(150 * 1024));
        let request = fixture.client.send_message().queue_url(&fixture.dead_letters_url);
        let request = request.message_attributes("traceparent", trace.clone());
        request.message_body(body).send().await.unwrap();
    }
    assert_eq!(fixture.queue.redrive(usize::MAX).await.unwrap(), 4);
    let request = fixture.client.receive_message().queue_url(&fixture.url);
    let request = request.max_number_of_messages(10).message_attribute_names("All");
    let messages = request.send().await.unwrap().messages.unwrap();
    assert_eq!(messages.len(), 4);
    for message in messages {
        let attributes = message.message_attributes.unwrap();
        assert_eq!(attributes["traceparent"].string_value(), Some("00-1"));
    }
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_queue_without_a_redrive_policy_works_but_has_no_dead_letters_unless_they_are_set() {
    let fixture = Fixture::create("AKIN_TEST_AWS").await;
    let aws = aws_client::Settings::default();
    let url = &fixture.dead_letters_url;
    let bare = SqsQueue::new(&fixture.config, &aws, &settings(url), LEASE).unwrap();
    assert!(bare.send(&[change("a")]).await.unwrap().is_empty());
    assert_eq!(bare.counts().await.unwrap().dead, 0);
    let error = bare.list(None, 1).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(error.report().contains("AWS_SQS_DEAD_LETTER_QUEUE_URL"), "{}", error.report());
    assert_eq!(bare.redrive(1).await.unwrap_err().kind, ErrorKind::Misconfigured);

    let dead_letter_queue_url = Some(url.clone());
    let set = Settings { dead_letter_queue_url, ..settings(&fixture.url) };
    let set = SqsQueue::new(&fixture.config, &aws, &set, LEASE).unwrap();
    assert_eq!(set.counts().await.unwrap().dead, 1);
    assert_eq!(set.redrive(5).await.unwrap(), 1);
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_missing_queue_is_misconfigured_and_a_missing_server_unavailable() {
    for emulator in ["AKIN_TEST_AWS", "AKIN_TEST_MOTO"] {
        let fixture = Fixture::create(emulator).await;
        fixture.client.delete_queue().queue_url(&fixture.url).send().await.unwrap();
        for error in [
            fixture.queue.send(&[change("a")]).await.unwrap_err(),
            fixture.queue.receive(1).await.unwrap_err(),
            fixture.queue.counts().await.unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::Misconfigured);
            assert!(error.report().contains("AWS_SQS_SUBSCRIBED_QUEUE_URL"), "{}", error.report());
        }
    }
    let aws = aws_client::Settings { max_attempts: 1, ..aws_client::Settings::default() };
    let config = aws.load_emulator("http://127.0.0.1:1").await;
    let queue = SqsQueue::new(&config, &aws, &settings("http://127.0.0.1:1/1/q"), LEASE).unwrap();
    assert_eq!(queue.receive(1).await.unwrap_err().kind, ErrorKind::Unavailable);
}

#[tokio::test]
#[ignore = "needs emulated AWS: make test"]
async fn a_real_receive_waits_for_a_message_to_come() {
    let fixture = Fixture::create("AKIN_TEST_AWS").await;
    let aws = aws_client::Settings {
        attempt_timeout: Duration::from_millis(500),
        ..aws_client::Settings::default()
    };
    let settings = Settings { wait: Duration::from_secs(20), ..settings(&fixture.url) };
    let queue = SqsQueue::new(&fixture.config, &aws, &settings, LEASE).unwrap();
    let receiving = tokio::spawn(async move { queue.receive(1).await });
    // Longer than an attempt may take otherwise.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(fixture.queue.send(&[change("late")]).await.unwrap().is_empty());
    assert_eq!(receiving.await.unwrap().unwrap()[0].change, change("late"));
    let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let request = fixture.client.get_queue_attributes().queue_url(&fixture.url);
    let counts = request.attribute_names(name.clone()).send().await.unwrap().attributes.unwrap();
    assert_eq!(counts[&name], "1");
}
