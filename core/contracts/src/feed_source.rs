//! The contract of [`FeedSource`]: opening a feed again, and the meaning of its tokens.

use crate::feed::read;
use akin_ports::{ColumnFilter, FeedItem, FeedRow, FeedSource, FeedToken, OpenedFeed, ProductFeed};
use std::sync::Arc;

/// A place that holds a feed: a file, an object of a bucket.
pub trait FeedLocation {
    /// Replaces the feed by one with these rows.
    fn write(&self, rows: &[FeedRow]);

    /// Returns a new source for the location, as another process would create it.
    fn source(&self) -> Arc<dyn FeedSource>;
}

/// A test of each rule, against locations that `$location()` returns. The attributes go to each test.
#[macro_export]
macro_rules! feed_source_contract {
    ($location:path $(, $attribute:meta)*) => {
        $crate::rules!(
            feed_source, ($location()), [$($attribute),*],
            a_source_opens_its_feed_at_the_beginning_each_time,
            a_source_has_the_name_of_its_feed,
            selected_columns_are_read,
            the_same_content_is_unchanged_since_its_token,
            changed_content_is_opened_with_another_token,
            an_unchanged_feed_is_opened_without_a_token,
            an_unknown_token_opens_the_feed,
            content_that_changes_while_it_is_read_is_not_mixed,
            content_that_changed_since_it_was_read_has_another_token_or_none,
        );
    };
}

fn rows(names: &[&str]) -> Vec<FeedRow> {
    let row = |name: &&str| FeedRow { name: (*name).to_owned(), ..FeedRow::default() };
    names.iter().map(row).collect()
}

async fn open(
    source: &dyn FeedSource,
    known: Option<&FeedToken>,
) -> Option<(Box<dyn ProductFeed>, Option<FeedToken>)> {
    match source.open(&ColumnFilter::default(), known).await.unwrap() {
        OpenedFeed::Opened { feed, token } => Some((feed, token)),
        OpenedFeed::Unchanged => None,
    }
}

/// Opens the feed and reads it to its end; returns the names of its rows and its token.
async fn read_all(source: &dyn FeedSource) -> (Vec<String>, Option<FeedToken>) {
    let (mut feed, token) = open(source, None).await.expect("a feed");
    (names(&read(&mut *feed).await), token)
}

fn names(items: &[FeedItem]) -> Vec<String> {
    items.iter().map(|item| item.as_ref().unwrap().name.clone()).collect()
}

/// However far it was read before.
pub async fn a_source_opens_its_feed_at_the_beginning_each_time(location: &impl FeedLocation) {
    location.write(&rows(&["tripod", "lamp"]));
    let source = location.source();
    let (mut abandoned, _) = open(&*source, None).await.unwrap();
    abandoned.next_batch().await.unwrap();
    drop(abandoned);
    for _ in 0..2 {
        assert_eq!(read_all(&*source).await.0, ["tripod", "lamp"]);
    }
}

/// It is known before the feed is opened.
pub async fn a_source_has_the_name_of_its_feed(location: &impl FeedLocation) {
    location.write(&rows(&["tripod"]));
    let source = location.source();
    let (feed, _) = open(&*source, None).await.unwrap();
    assert_eq!(feed.name(), source.name());
}

/// Others may be skipped.
pub async fn selected_columns_are_read(location: &impl FeedLocation) {
    let brand = "Lumo".to_owned();
    location.write(&[FeedRow { brand, ..rows(&["tripod"]).remove(0) }]);
    let filter = ColumnFilter::new(|name| name == "name");
    let opened = location.source().open(&filter, None).await.unwrap();
    let mut feed = opened.into_feed().unwrap();
    assert_eq!(names(&read(&mut *feed).await), ["tripod"]);
}

/// Also to another source for the location.
pub async fn the_same_content_is_unchanged_since_its_token(location: &impl FeedLocation) {
    location.write(&rows(&["tripod"]));
    let (_, token) = read_all(&*location.source()).await;
    let token = token.expect("a token of a location that has not just changed");
    for _ in 0..2 {
        assert!(open(&*location.source(), Some(&token)).await.is_none());
    }
}

/// Content of the same length, too.
pub async fn changed_content_is_opened_with_another_token(location: &impl FeedLocation) {
    location.write(&rows(&["tripod"]));
    let (_, before) = read_all(&*location.source()).await;
    for name in ["tripos", "lamp"] {
        location.write(&rows(&[name]));
        let opened = open(&*location.source(), before.as_ref()).await;
        let (mut feed, after) = opened.expect("changed content");
        assert_eq!(names(&read(&mut *feed).await), [name]);
        assert_ne!(before, after);
    }
}

/// A token is a question, not a state of the source.
pub async fn an_unchanged_feed_is_opened_without_a_token(location: &impl FeedLocation) {
    location.write(&rows(&["tripod"]));
    let source = location.source();
    let (_, token) = read_all(&*source).await;
    assert!(open(&*source, token.as_ref()).await.is_none());
    assert_eq!(read_all(&*source).await, (vec!["tripod".to_owned()], token));
}

/// One that another source gave out, or a damaged one.
pub async fn an_unknown_token_opens_the_feed(location: &impl FeedLocation) {
    location.write(&rows(&["tripod"]));
    for text in ["", "\"5d41402abc4b2a76b9719d911017c592\""] {
        let token = FeedToken(text.to_owned());
        assert!(open(&*location.source(), Some(&token)).await.is_some());
    }
}

/// The rows are those that were opened, up to an error if the source cannot go on with them.
pub async fn content_that_changes_while_it_is_read_is_not_mixed(location: &impl FeedLocation) {
    // So many that they are not read ahead at once, and of the same length.
    let content = |word: &str| -> Vec<FeedRow> {
        let name = |number| format!("{word} {number:0200}");
        let row = |number| FeedRow { name: name(number), ..FeedRow::default() };
        (0..20_000).map(row).collect()
    };
    location.write(&content("tripod"));
    let (mut feed, _) = open(&*location.source(), None).await.expect("a feed");
    let mut batch = feed.next_batch().await;
    location.write(&content("hammer"));
    let mut count = 0;
    while let Ok(Some(rows)) = &batch {
        assert!(!rows.text.contains("hammer"), "after {count} rows");
        count += rows.records.len();
        batch = feed.next_batch().await;
    }
    match batch {
        Ok(_) => assert_eq!(count, 20_000, "it went on to the end"),
        Err(error) => assert!(error.is_retryable(), "{error}"),
    }
}

/// Otherwise a reader would take it for content that it has already read.
pub async fn content_that_changed_since_it_was_read_has_another_token_or_none(
    location: &impl FeedLocation,
) {
    location.write(&rows(&["tripod"]));
    let (_, before) = read_all(&*location.source()).await;
    location.write(&rows(&["hammer"]));
    let (names, now) = read_all(&*location.source()).await;
    assert_eq!(names, ["hammer"]);
    assert!(now.is_none() || now != before, "{now:?}");
}
