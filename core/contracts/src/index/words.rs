use super::{Index, for_words, ids, keep, query};
use crate::sample::titled;
use akin_entities::AnalyzedText;
use akin_ports::{CandidateQuery, IndexEntry};

/// One term is enough, in title, description, categories, brand or attributes.
pub async fn any_term_may_match_in_any_field(index: &Index) {
    for place in 0..5 {
        let mut fields = [const { Vec::new() }; 5];
        fields[place] = vec!["first", "tripod", "last"];
        let text = AnalyzedText::new(fields);
        keep(index, &[IndexEntry { text, ..titled(&place.to_string(), 1, "", 0.0) }]).await;
    }
    keep(index, &[titled("other", 1, "lamp", 0.0)]).await;
    for terms in ["tripod", "first", "last", "unheard tripod", "last first"] {
        assert_eq!(ids(index, &for_words(terms)).await, ["0", "1", "2", "3", "4"], "{terms}");
    }
}

/// With a depth of one, the product with all terms is returned.
pub async fn a_product_with_more_of_the_terms_is_found_first(index: &Index) {
    let entries = [
        titled("1", 1, "red lamp", 0.0),
        titled("2", 1, "red tripod", 0.0),
        titled("3", 1, "blue tripod", 0.0),
        titled("4", 1, "green cup", 0.0),
    ];
    keep(index, &entries).await;
    let best = CandidateQuery { depth: 1, ..for_words("red tripod") };
    assert_eq!(ids(index, &best).await, ["2"]);
    assert_eq!(ids(index, &for_words("red tripod")).await, ["1", "2", "3"]);
}

/// The core has analyzed them. An engine neither stems nor folds, and has no stop words.
pub async fn terms_match_whole_and_unchanged(index: &Index) {
    let titles =
        ["tripod", "tripods", "tri", "größe", "grosse", "the", "not", "1080p", "1080", "電話"];
    let entries: Vec<_> = titles.iter().map(|title| titled(title, 1, title, 0.0)).collect();
    keep(index, &entries).await;
    for title in titles {
        assert_eq!(ids(index, &for_words(title)).await, [title]);
    }
    assert!(ids(index, &for_words("trip pod 108 電")).await.is_empty());
    let strange = ["tripod OR lamp", "trip*", "", " ", "'", "tripod\u{0}", "-tripod"];
    let terms = strange.map(str::to_owned).to_vec();
    assert!(ids(index, &CandidateQuery { terms, ..query() }).await.is_empty());
}

/// The answer equals that of the known terms.
pub async fn unknown_and_repeated_terms_change_nothing(index: &Index) {
    keep(index, &[titled("a", 1, "red tripod", 0.0), titled("b", 1, "lamp", 0.0)]).await;
    assert!(ids(index, &for_words("unheard of")).await.is_empty());
    assert_eq!(ids(index, &for_words("tripod unheard tripod tripod")).await, ["a"]);
}
