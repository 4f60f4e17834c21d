//! The spellings of a phrase: the terms that products have which write it one way or another.

use crate::analysis::analyze;
use crate::chunks::{Chunk, chunks};
use crate::folding::fold;
use crate::identifiers::queried_identifier;
use crate::numbers::unit_of;
use crate::stems::stem;
use akin_entities::{Language, Statistics};

/// The maximum number of spellings of a phrase.
const MAX_SPELLINGS: usize = 8;

/// The maximum number of terms of a phrase that a search looks for.
const MAX_TERMS: usize = 32;

/// The maximum length of a term in bytes: engines take no longer ones.
const MAX_TERM_BYTES: usize = 1_000;

/// The minimum length of a word that may be two words to others, in bytes.
const MIN_COMPOUND: usize = 4;

/// Returns the spellings of `phrase` that a product of the catalogue may have; none if it has a word that no
/// product has, or more than 32 terms.
///
/// As analyzed, the terms of a joined word stand beside it: `red t-shirt` is `red t shirt tshirt`, but
/// `red tshirt` is `red tshirt`. So each word with a hyphen is written without it as well, each number with
/// and without a space before its unit, and a word that the catalogue has in two is written in two. Last
/// comes the term of an identifier.
pub(crate) fn spellings(
    phrase: &str,
    language: Language,
    statistics: &dyn Statistics,
) -> Vec<Vec<String>> {
    let is_possible = |terms: &Vec<String>| {
        (1..=MAX_TERMS).contains(&terms.len())
            && terms
                .iter()
                .all(|term| term.len() <= MAX_TERM_BYTES && statistics.document_frequency(term) > 0)
    };
    let folded = fold(phrase);
    let texts = variants(&folded, language, statistics);
    let written = texts.iter().map(|text| analyze(text, language));
    let identifier = queried_identifier(phrase).map(|term| vec![term]);
    let mut spellings: Vec<_> = written.chain(identifier).filter(is_possible).collect();
    // Of two, the shorter finds what the longer does.
    for place in (0..spellings.len()).rev() {
        let (terms, others) = (&spellings[place], spellings.iter().enumerate());
        let contains = |other: &Vec<String>| terms.windows(other.len()).any(|part| part == *other);
        let mut shorter = others
            .filter(|(at, other)| contains(other) && (other.len() < terms.len() || *at < place));
        if shorter.next().is_some() {
            spellings.remove(place);
        }
    }
    spellings
}

/// A part of a phrase with the other ways to write it.
struct Part {
    start: usize,
    end: usize,
    others: Vec<String>,
}

/// Returns a folded phrase as it is written, and with each of its words in another way.
fn variants(folded: &str, language: Language, statistics: &dyn Statistics) -> Vec<String> {
    let chunks: Vec<_> = chunks(folded).take(MAX_TERMS + 1).collect();
    let mut texts = vec![String::new()];
    let (mut rest, mut end) = (chunks.as_slice(), 0);
    while let [chunk, following @ ..] = rest {
        let start = chunk.start_in(folded);
        let after = |chunk: &Chunk<'_>| chunk.start_in(folded) + chunk.text().len();
        let (part, left) = match following {
            [next, left @ ..] if next.joined_to(*chunk).is_some() => {
                let others = vec![format!("{}{}", chunk.text(), next.text())];
                (Part { start, end: after(next), others }, left)
            }
            left if chunk.inches().is_some() => {
                let others = vec![format!("{}in", chunk.text())];
                (Part { start, end: after(chunk) + 1, others }, left)
            }
            left => {
                let others = rewritten(*chunk, chunks.len() > 1, language, statistics);
                (Part { start, end: after(chunk), others }, left)
            }
        };
        texts = with_part(
            &texts,
            &folded[end..part.start],
            &folded[part.start..part.end],
            &part.others,
        );
        (rest, end) = (left, part.end);
    }
    texts
}

/// Returns each of `texts` with a gap and a part, as it is written and in other ways.
fn with_part(texts: &[String], gap: &str, written: &str, others: &[String]) -> Vec<String> {
    let ways = std::iter::once(written).chain(others.iter().map(String::as_str));
    let longer = ways.flat_map(|way| texts.iter().map(move |text| format!("{text}{gap}{way}")));
    longer.take(MAX_SPELLINGS).collect()
}

/// Returns the other ways to write a chunk, which stands alone or has neighbors.
fn rewritten(
    chunk: Chunk<'_>,
    has_neighbors: bool,
    language: Language,
    statistics: &dyn Statistics,
) -> Vec<String> {
    let text = chunk.text();
    if chunk.joined().is_some() {
        let parts: Vec<_> = chunk.parts().collect();
        return vec![parts.concat(), parts.join(" ")];
    }
    if let Some((number, unit)) = unit_of(text) {
        return vec![format!("{number} {unit}")];
    }
    // Alone, it is a term of products that write it in two.
    let is_compound =
        text.len() >= MIN_COMPOUND && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if !has_neighbors || !is_compound {
        return Vec::new();
    }
    let is_known = |word: &str| statistics.document_frequency(&stem(word, language)) > 0;
    let halves = (1..text.len()).map(|at| text.split_at(at));
    let mut known =
        halves.filter(|(one, other)| other.len() > 1 && is_known(one) && is_known(other));
    known.next().map(|(one, other)| format!("{one}-{other}")).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::{AnalyzedText, CountedStatistics};

    fn terms(text: &str) -> Vec<String> {
        analyze(text, Language::English)
    }

    /// Returns the statistics of products with these names.
    fn catalogue(names: &[&str]) -> CountedStatistics {
        let mut statistics = CountedStatistics::default();
        for name in names {
            let title = terms(name);
            let title: Vec<_> = title.iter().map(String::as_str).collect();
            statistics.add(&AnalyzedText::new([title, vec![], vec![], vec![], vec![]]), "");
        }
        statistics
    }

    fn holds(name: &str, phrase: &str, statistics: &CountedStatistics) -> bool {
        let title = terms(name);
        let title: Vec<_> = title.iter().map(String::as_str).collect();
        let text = AnalyzedText::new([title, vec![], vec![], vec![], vec![]]);
        let spellings = spellings(phrase, Language::English, statistics);
        spellings.iter().any(|spelling| text.holds(spelling))
    }

    #[test]
    fn every_spelling_finds_every_other_beside_other_words() {
        for (written, others) in [
            (
                &["red t-shirt", "red tshirt", "Red T Shirt", "RED T\u{2011}SHIRTS"][..],
                "shirt red t",
            ),
            (&["wi-fi router", "wifi router", "Wi\u{2011}Fi Routers"], "wi router fi"),
            (&["lamp 10 cm high", "lamp 10cm high", "lamp 10-cm high"], "lamp 10 high"),
            (&["3.5 mm jack", "3.5mm jack", "3,5 mm jack"], "35mm jack"),
            (&["12\" x 5\" shelf", "12in x 5in shelf"], "12 x 5 shelf board"),
            (&["men's shoes", "mens shoe"], "shoes for men"),
            (&["café noir", "CAFE NOIR"], "noir cafe"),
        ] {
            let names: Vec<_> = written.iter().copied().chain([others]).collect();
            let statistics = catalogue(&names);
            for phrase in written {
                for name in written {
                    assert!(holds(name, phrase, &statistics), "{phrase} in {name}");
                }
                assert!(!holds(others, phrase, &statistics), "{phrase} in {others}");
            }
        }
    }

    #[test]
    fn a_word_alone_is_one_term_or_its_parts_side_by_side() {
        let statistics = catalogue(&["t-shirt", "wi-fi", "men's"]);
        for (phrase, term) in [("t-shirt", "tshirt"), ("Wi-Fi", "wifi"), ("tshirts", "tshirt")] {
            assert_eq!(spellings(phrase, Language::English, &statistics)[0], [term]);
        }
        let statistics = catalogue(&["noise cancelling", "noise-cancelling", "noise, then"]);
        let found = spellings("noise-cancelling", Language::English, &statistics);
        assert!(found.iter().any(|terms| terms.len() == 2), "as two words: {found:?}");
    }

    #[test]
    fn a_phrase_with_a_word_that_the_catalogue_lacks_has_no_spelling() {
        let statistics = catalogue(&["red lamp"]);
        for phrase in ["red unheard", "", "!?", &"red ".repeat(33), &"x".repeat(1_001)] {
            assert!(spellings(phrase, Language::English, &statistics).is_empty(), "{phrase}");
        }
        let many = "t-shirt wi-fi 10 cm e-mail ".repeat(6);
        let count = spellings(&many, Language::English, &catalogue(&[&many])).len();
        assert!(count <= MAX_SPELLINGS, "{count}");
    }

    #[test]
    fn an_identifier_is_a_spelling() {
        let mut statistics = catalogue(&["lamp"]);
        let text = AnalyzedText::new([vec!["lamp"], vec![], vec![], vec![], vec!["_ph006"]]);
        statistics.add(&text, "");
        assert_eq!(spellings("PH-006", Language::English, &statistics), [["_ph006"]]);
    }
}
