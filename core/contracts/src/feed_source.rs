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
