//! Synonyms: words and phrases that a search also finds by others.

use crate::chunks::{Term, visit_terms};
use crate::folding::fold;
use crate::stems::stem;
use crate::stop_words::is_stop_word;
use akin_entities::{Language, WeightedTerm};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Words or phrases that a query may use, and others that products may use instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SynonymRule {
    /// The words or phrases of a query, each of which also finds those of `to`.
    pub from: Vec<String>,
    /// The words or phrases of products.
    pub to: Vec<String>,
}

/// Synonyms, analyzed as words of a language.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    /// The phrases of queries by their first term, the longest first.
    phrases: HashMap<String, Vec<Phrase>>,
    /// All terms of those phrases: they are not misspelled.
    terms: HashSet<String>,
}

#[derive(Clone, Debug)]
struct Phrase {
    terms: Vec<String>,
    alternatives: Vec<Vec<String>>,
}

impl SynonymRule {
    /// Returns the rules by which each of `texts` also finds the others.
    pub fn mutual(texts: &[String]) -> Vec<Self> {
        let others = |from: &String| texts.iter().filter(|other| *other != from).cloned().collect();
        texts.iter().map(|from| Self { from: vec![from.clone()], to: others(from) }).collect()
    }
}

impl Synonyms {
    /// The maximum number of words or phrases that one finds.
    pub const MAX_ALTERNATIVES: usize = WeightedTerm::MAX_ALTERNATIVES / 2;

    /// Analyzes `rules`. Of a word that several rules name, alternatives add up.
    pub fn new(rules: &[SynonymRule], language: Language) -> Self {
        let mut synonyms = Self::default();
        for rule in rules {
            let found = rule.to.iter().flat_map(|text| forms(text, language, false));
            let alternatives: Vec<_> = found.filter(|terms| is_short(terms)).collect();
            for terms in rule.from.iter().flat_map(|text| forms(text, language, true)) {
                synonyms.add(terms, &alternatives);
            }
        }
        for phrases in synonyms.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.terms.len()));
        }
        synonyms
    }

    fn add(&mut self, terms: Vec<String>, alternatives: &[Vec<String>]) {
        let Some(first) = terms.first() else { return };
        self.terms.extend(terms.iter().cloned());
        let phrases = self.phrases.entry(first.clone()).or_default();
        match phrases.iter_mut().find(|phrase| phrase.terms == terms) {
            Some(phrase) => {
                for one in alternatives {
                    if !phrase.alternatives.contains(one) {
                        phrase.alternatives.push(one.clone());
                    }
                }
            }
            None => phrases.push(Phrase { terms, alternatives: alternatives.to_vec() }),
        }
    }

    /// Returns the longest phrase that `terms` begin with, as its number of terms and its alternatives.
    pub(crate) fn find(&self, terms: &[&str]) -> Option<(usize, &[Vec<String>])> {
        let phrases = self.phrases.get(*terms.first()?)?;
        let phrase = phrases.iter().find(|phrase| {
            terms.len() >= phrase.terms.len() && phrase.terms.iter().zip(terms).all(|(a, b)| a == b)
        })?;
        Some((phrase.terms.len(), &phrase.alternatives))
    }

    /// Returns true if a phrase of queries has the term.
    pub(crate) fn contains(&self, term: &str) -> bool {
        self.terms.contains(term)
    }
}

fn is_short(terms: &[String]) -> bool {
    terms.len() <= WeightedTerm::MAX_ALTERNATIVE_TERMS
}

/// Returns the terms of a word or phrase: as they are written, and with words joined that others write as
/// one. Stop words are left out unless `with_stop_words` or there is nothing else.
fn forms(text: &str, language: Language, with_stop_words: bool) -> Vec<Vec<String>> {
    let (mut written, mut joined) = (Vec::new(), Vec::new());
    visit_terms(&fold(text), Cow::Borrowed, |term| match term {
        Term::Written(word) => {
            let term = (stem(word, language), is_stop_word(word, language));
            written.push(term.clone());
            joined.push(term);
        }
        Term::Joined { term, parts } => {
            joined.truncate(joined.len().saturating_sub(parts));
            joined.push((stem(term, language), false));
        }
    });
    let has_content = written.iter().any(|(_, is_stop_word)| !is_stop_word);
    let kept = |terms: Vec<(String, bool)>| {
        let keep = |is_stop_word: bool| with_stop_words || !is_stop_word || !has_content;
        let kept = terms.into_iter().filter(|(_, is_stop_word)| keep(*is_stop_word));
        kept.map(|(term, _)| term).collect::<Vec<_>>()
    };
    let mut forms = vec![kept(written), kept(joined)];
    forms.dedup();
    forms.retain(|terms| !terms.is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(terms: &[&str]) -> Vec<String> {
        terms.iter().map(|term| (*term).to_owned()).collect()
    }

    #[test]
    fn the_longest_phrase_is_found_with_its_alternatives() {
        let rules = [
            SynonymRule { from: list(&["Cell Phones"]), to: list(&["mobile", "hand-set"]) },
            SynonymRule { from: list(&["cell"]), to: list(&["battery"]) },
            SynonymRule { from: list(&["cell"]), to: list(&["battery", "cup of tea"]) },
        ];
        let synonyms = Synonyms::new(&rules, Language::English);
        let mobile = stem("mobile", Language::English);
        let expected = [vec![mobile], list(&["hand", "set"]), list(&["handset"])];
        let found = synonyms.find(&["cell", "phone", "case"]).unwrap();
        assert_eq!(found, (2, &expected[..]));
        let (length, alternatives) = synonyms.find(&["cell", "case"]).unwrap();
        let battery = stem("battery", Language::English);
        assert_eq!((length, alternatives), (1, &[vec![battery], list(&["cup", "tea"])][..]));
        assert_eq!(synonyms.find(&["phone"]), None);
        assert!(synonyms.contains("phone") && !synonyms.contains("mobile"));
    }

    #[test]
    fn each_word_of_a_group_finds_all_others() {
        let rules = SynonymRule::mutual(&list(&["sofa", "couch", "settee"]));
        let synonyms = Synonyms::new(&rules, Language::Any);
        for (word, others) in [
            ("sofa", ["couch", "settee"]),
            ("couch", ["sofa", "settee"]),
            ("settee", ["sofa", "couch"]),
        ] {
            let expected = others.map(|other| vec![other.to_owned()]);
            assert_eq!(synonyms.find(&[word]).unwrap().1, expected);
        }
    }
}
