use super::{Index, keep, remove};
use crate::sample::{Numbers, titled};
use akin_entities::{AnalyzedText, CountedStatistics, Statistics, TextField};
use akin_ports::{EntryEmbedding, IndexEntry};
use std::collections::BTreeMap;

const TERMS: [&str; 7] = ["tripod", "phone", "größe", "電話", "1080p", "x", "trip"];
const WORDS: [&str; 7] = ["tripods", "phones", "größen", "電話", "1080p", "\u{20bb7}", "trip"];

/// Creates entry `number` with some of the terms and words.
fn random(number: usize, version: i64, numbers: &mut Numbers) -> IndexEntry {
    let fields = [(); TextField::ALL.len()].map(|()| {
        let count = numbers.below(5);
        (0..count).map(|_| TERMS[numbers.below(TERMS.len())]).collect::<Vec<_>>()
    });
    let words: Vec<_> =
        WORDS.into_iter().filter(|_| numbers.below(3) == 0).map(str::to_owned).collect();
    let text = AnalyzedText::new(fields);
    IndexEntry { text, words: words.join(" "), ..titled(&number.to_string(), version, "", 0.0) }
}

fn counted<'a>(entries: impl IntoIterator<Item = &'a IndexEntry>) -> CountedStatistics {
    let mut statistics = CountedStatistics::default();
    entries.into_iter().for_each(|entry| statistics.add(&entry.text, &entry.words));
    statistics
}

fn visited(statistics: &dyn Statistics, initial: char) -> BTreeMap<String, u64> {
    let mut words = BTreeMap::new();
    statistics.visit_words(initial, &mut |word, count| {
        assert!(count > 0, "{word} is in no product");
        assert_eq!(words.insert(word.to_owned(), count), None, "{word} is visited twice");
    });
    words
}

async fn assert_counted(index: &Index, expected: &CountedStatistics) {
    let found = index.statistics().await.unwrap();
    assert_eq!(found.documents(), expected.documents());
    for term in TERMS.into_iter().chain(["tri", "unheard", "", "tripod phone"]) {
        let frequency = found.document_frequency(term);
        assert_eq!(frequency, expected.document_frequency(term), "of the term {term:?}");
    }
    for word in WORDS.into_iter().chain(["tripo", "unheard", ""]) {
        let frequency = found.word_frequency(word);
        assert_eq!(frequency, expected.word_frequency(word), "of the word {word:?}");
    }
    for field in TextField::ALL {
        super::assert_close(found.average_length(field), expected.average_length(field));
    }
    for initial in ['t', 'p', 'g', '電', '1', '\u{20bb7}', 'z', 'T'] {
        assert_eq!(visited(&*found, initial), visited(expected, initial));
    }
}

/// They comprise documents, document frequencies, average lengths and the vocabulary.
pub async fn the_statistics_match_a_count_of_the_products(index: &Index) {
    let mut numbers = Numbers(5);
    let count = index.size().min(300);
    let entries: Vec<_> = (0..count).map(|number| random(number, 1, &mut numbers)).collect();
    keep(index, &entries).await;
    assert_counted(index, &counted(&entries)).await;
}

/// This includes changes of the text that keep the embedding.
pub async fn the_statistics_follow_changes_and_removals(index: &Index) {
    let mut numbers = Numbers(6);
    let mut held: Vec<_> = (0..60).map(|number| random(number, 1, &mut numbers)).collect();
    keep(index, &held).await;
    for (number, held) in held.iter_mut().enumerate().take(20) {
        *held = random(number, 2, &mut numbers);
        if number.is_multiple_of(2) {
            held.embedding = EntryEmbedding::Unchanged;
        }
    }
    keep(index, &held[..20]).await;
    assert_counted(index, &counted(&held)).await;
    remove(index, &[("0", 3), ("30", 3), ("59", 3)]).await;
    let late: Vec<_> = [0, 1].map(|number| random(number, 1, &mut numbers)).into();
    keep(index, &late).await;
    let gone = ["0", "30", "59"];
    let rest = held.iter().filter(|entry| !gone.contains(&entry.id.as_str()));
    assert_counted(index, &counted(rest)).await;
}

/// A search scores all of its candidates with the same statistics.
pub async fn statistics_do_not_change_once_returned(index: &Index) {
    keep(index, &[titled("a", 1, "red tripod", 0.0), titled("b", 1, "lamp", 0.0)]).await;
    let taken = index.statistics().await.unwrap();
    let before = (taken.documents(), taken.document_frequency("tripod"));
    keep(index, &[titled("c", 1, "tripod", 0.0), titled("a", 2, "cup", 0.0)]).await;
    remove(index, &[("b", 2)]).await;
    assert_eq!((taken.documents(), taken.document_frequency("tripod")), before);
    assert_eq!((taken.word_frequency("lamp"), taken.word_frequency("cup")), (1, 0));
    super::assert_close(taken.average_length(TextField::Title), 1.5);
}

/// Words that no product contains any longer are not visited.
pub async fn every_word_is_visited_by_its_first_letter(index: &Index) {
    let words = |words: &str, name| IndexEntry { words: words.into(), ..titled(name, 1, "x", 0.0) };
    keep(index, &[words("tripod trip phone", "a"), words("tripod 電話 gone", "b")]).await;
    keep(index, &[IndexEntry { version: akin_entities::Version(2), ..words("tripod 電話", "b") }])
        .await;
    let statistics = index.statistics().await.unwrap();
    let expected = [("trip".to_owned(), 1), ("tripod".to_owned(), 2)].into();
    assert_eq!(visited(&*statistics, 't'), expected);
    assert_eq!(visited(&*statistics, '電'), [("電話".to_owned(), 1)].into());
    assert!(visited(&*statistics, 'g').is_empty());
}
