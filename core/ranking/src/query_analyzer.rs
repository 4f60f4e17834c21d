//! Turns a query into terms: analyzed, corrected, completed.

use crate::QueryTerms;
use crate::characters::{CharacterClass, class, is_letter};
use crate::chunks::{Term, visit_terms};
use crate::completions::CompletedWord;
use crate::correction::{Correction, correct_words, misspelled_words};
use crate::folding::fold;
use crate::identifiers::known_identifier;
use crate::query_terms::QueryTerm;
use crate::stems::stem;
use crate::stop_words::is_stop_word;
use crate::synonyms::Synonyms;
use akin_entities::{Language, Statistics, TextField, WeightedTerm, bm25};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

/// The maximum number of terms in all alternatives of a query: servers limit the clauses of a request.
const MAX_ALTERNATIVES: usize = 256;

/// Analyzes one query against the statistics of a catalogue.
#[derive(Clone, Debug)]
pub struct QueryAnalyzer<'a> {
    query: &'a str,
    language: Language,
    statistics: &'a dyn Statistics,
    completed: Option<CompletedWord>,
    synonyms: Option<&'a Synonyms>,
}

/// The terms of a query that is being analyzed.
struct AnalyzedQuery<'a> {
    language: Language,
    statistics: &'a dyn Statistics,
    terms: Vec<AnalyzedTerm>,
    /// The number of terms in all alternatives.
    alternatives: usize,
}

struct AnalyzedTerm {
    /// The word before stemming.
    word: String,
    stem: String,
    /// The number of products that contain it; with alternatives, that of the most frequent.
    frequency: u64,
    is_stop_word: bool,
    /// True if the catalogue writes it as part of a joined word, or does not join it.
    is_covered: bool,
    /// True if a joined word that the catalogue contains takes its place.
    is_part: bool,
    /// The number of terms before it that it stands for, if it is joined.
    parts: usize,
    /// What may stand in its place, known to the catalogue.
    alternatives: Vec<Vec<String>>,
}

impl AnalyzedQuery<'_> {
    fn push(&mut self, term: Term<'_>) {
        let (word, parts) = match term {
            Term::Written(word) => (word, 0),
            Term::Joined { term, parts } => (term, parts),
        };
        let stem = stem(word, self.language);
        let frequency = self.statistics.document_frequency(&stem);
        if parts > 0 {
            let is_repeated = self.terms.last().is_some_and(|last| last.stem == stem);
            if frequency == 0 || is_repeated {
                return;
            }
        }
        self.push_word(word, stem, frequency, parts);
    }

    /// Adds a word; if it is joined, in the place of as many terms before it as it has `parts`.
    fn push_word(&mut self, word: &str, stem: String, frequency: u64, parts: usize) {
        let first = self.terms.len().saturating_sub(parts);
        for part in &mut self.terms[first..] {
            (part.is_covered, part.is_part) = (true, true);
        }
        self.terms.push(AnalyzedTerm {
            word: word.to_owned(),
            stem,
            frequency,
            is_stop_word: is_stop_word(word, self.language),
            is_covered: parts > 0,
            is_part: false,
            parts,
            alternatives: Vec::new(),
        });
    }

    /// Lets any of `alternatives` stand in the place of the term at `place`, as far as the catalogue knows
    /// them and their number is not too large.
    fn add_alternatives(&mut self, place: usize, alternatives: &[Vec<String>]) {
        for terms in alternatives {
            let frequency = |term: &String| self.statistics.document_frequency(term);
            let frequency = terms.iter().map(frequency).min().unwrap_or_default();
            let Some(term) = self.terms.get_mut(place) else { return };
            let is_full = term.alternatives.len() == WeightedTerm::MAX_ALTERNATIVES
                || self.alternatives + terms.len() > MAX_ALTERNATIVES;
            let is_known = matches!(&**terms, [only] if *only == term.stem)
                || term.alternatives.contains(terms);
            if is_full || is_known || frequency == 0 {
                continue;
            }
            self.alternatives += terms.len();
            term.frequency = term.frequency.max(frequency);
            term.alternatives.push(terms.clone());
        }
    }

    /// Lets the synonyms of words and phrases stand in their places. Phrases do not overlap.
    fn add_synonyms(&mut self, synonyms: &Synonyms) {
        let written = |(place, term): (usize, &AnalyzedTerm)| (term.parts == 0).then_some(place);
        let written: Vec<_> = self.terms.iter().enumerate().filter_map(written).collect();
        let mut at = 0;
        while at < written.len() {
            let stems: Vec<_> =
                written[at..].iter().map(|place| self.terms[*place].stem.as_str()).collect();
            let Some((length, alternatives)) = synonyms.find(&stems) else {
                at += 1;
                continue;
            };
            let (first, last) = (written[at], written[at + length - 1]);
            let follows = |place: &usize| {
                self.terms
                    .get(*place)
                    .is_some_and(|term| term.parts > 0 && place.saturating_sub(term.parts) >= first)
            };
            let joined = (last + 1..self.terms.len()).take_while(follows).count();
            for place in first..=last + joined {
                self.add_alternatives(place, alternatives);
            }
            at += length;
        }
    }

    /// Completes the last word, whose last part begins with the term at `place`.
    fn complete(&mut self, completed: &CompletedWord, place: usize) {
        let stem = stem(&completed.word, self.language);
        if completed.parts.len() > 1 && self.terms.last().is_none_or(|last| last.stem != stem) {
            // The catalogue has only what begins so.
            self.push_word(&completed.word, stem, 0, completed.parts.len().min(self.terms.len()));
        } else if completed.parts.len() == 1 && self.terms.len() != place + 1 {
            return;
        }
        let Some(place) = self.terms.len().checked_sub(1) else { return };
        let has_content = self.terms[..place].iter().any(|term| !term.is_stop_word);
        let term = &mut self.terms[place];
        if term.frequency > 0 && !completed.is_unfinished {
            return;
        }
        // "the" may become "thermos", but hides nothing beside other words.
        term.is_stop_word &= has_content;
        let alternatives: Vec<_> = completed.terms.iter().map(|term| vec![term.clone()]).collect();
        self.add_alternatives(place, &alternatives);
    }
}

impl<'a> QueryAnalyzer<'a> {
    /// Creates an analyzer of `query`, words of `language`.
    ///
    /// The last word is completed by the words of the catalogue that begin with it: if `is_unfinished`
    /// says that the shopper is still typing it, beside itself from two letters; otherwise in its place,
    /// from four letters, if the catalogue has nothing of that name or spelling.
    pub fn new(
        query: &'a str,
        is_unfinished: bool,
        language: Language,
        statistics: &'a dyn Statistics,
    ) -> Self {
        let completed = CompletedWord::of(query, is_unfinished, language, statistics);
        Self { completed, ..Self::of_whole_words(query, language, statistics) }
    }

    /// Creates an analyzer that does not complete the last word.
    pub(crate) fn of_whole_words(
        query: &'a str,
        language: Language,
        statistics: &'a dyn Statistics,
    ) -> Self {
        Self { query, language, statistics, completed: None, synonyms: None }
    }

    /// Lets words and phrases of the query also be met by their synonyms. The longest phrases count.
    #[must_use]
    pub fn with_synonyms(self, synonyms: &'a Synonyms) -> Self {
        Self { synonyms: Some(synonyms), ..self }
    }

    /// Returns the analyzer without completing the last word: it stands as it is written.
    #[must_use]
    pub fn uncompleted(self) -> Self {
        Self { completed: None, ..self }
    }

    /// Returns the words to correct: see [`misspelled_words`]. A word that the shopper is still typing
    /// is not among them if others begin with it.
    pub fn misspelled(&self) -> Vec<String> {
        let mut words = misspelled_words(self.query, self.language, self.statistics);
        if let Some(completed) = self.completed.as_ref().filter(|word| word.is_unfinished) {
            words.retain(|word| !completed.parts.contains(word));
        }
        if let Some(synonyms) = self.synonyms {
            words.retain(|word| !synonyms.contains(&stem(word, self.language)));
        }
        words
    }

    /// Analyzes the query with its corrections: a word is corrected if the catalogue contains neither it
    /// nor its stem.
    pub fn analyze(&self) -> QueryTerms {
        self.with_corrections(&correct_words(&self.misspelled(), self.statistics, &|| false))
    }

    /// Analyzes the query with `corrections`, which [`correct_words`] found. Terms that the catalogue
    /// still lacks are counted and left out.
    pub fn with_corrections(&self, corrections: &[Correction]) -> QueryTerms {
        let (language, statistics) = (self.language, self.statistics);
        let mut made = Vec::new();
        let mut analyzed =
            AnalyzedQuery { language, statistics, terms: Vec::new(), alternatives: 0 };
        let (visited, last) = (Cell::new(0), Cell::new(None));
        let replace = |part| {
            last.set(Some((part, visited.get())));
            let correction = corrections.iter().find(|correction| correction.from == part);
            let Some(correction) = correction else { return Cow::Borrowed(part) };
            made.push(correction.clone());
            last.set(None);
            Cow::Owned(correction.to.clone())
        };
        let folded = fold(self.query);
        visit_terms(&folded, replace, |term| {
            analyzed.push(term);
            visited.set(analyzed.terms.len());
        });
        if let Some(synonyms) = self.synonyms {
            analyzed.add_synonyms(synonyms);
        }
        if let (Some((part, place)), Some(completed)) = (last.get(), &self.completed)
            && completed.parts.last().is_some_and(|last| last == part)
        {
            analyzed.complete(completed, place);
        }
        self.terms(analyzed.terms, made)
    }

    fn terms(&self, analyzed: Vec<AnalyzedTerm>, corrections: Vec<Correction>) -> QueryTerms {
        let (query, statistics) = (self.query, self.statistics);
        let has_content = analyzed.iter().any(|term| !term.is_stop_word);
        let has_letters = |word: &&str| word.chars().any(char::is_alphanumeric);
        let written_words =
            query.split_whitespace().filter(has_letters).collect::<HashSet<_>>().len();
        let letters: Vec<_> = fold(query).chars().filter(|c| is_letter(*c)).map(class).collect();
        let is_foreign = !letters.is_empty() && !letters.contains(&CharacterClass::Latin);
        let documents = statistics.documents();
        let lacking =
            |term: &&AnalyzedTerm| term.frequency == 0 && !term.is_covered && !term.is_stop_word;
        let lacking = analyzed.iter().filter(lacking).map(|term| term.stem.as_str());
        let unknown_content = lacking.collect::<HashSet<_>>().len();
        let known = analyzed.into_iter().filter(|term| term.frequency > 0);
        let terms = known.map(|term| QueryTerm {
            idf: bm25::idf(documents, term.frequency),
            text: term.stem,
            word: term.word,
            is_stop_word: term.is_stop_word,
            is_part: term.is_part,
            is_identifier: false,
            alternatives: term.alternatives,
        });
        // It is no evidence beside the words: whatever it finds comes first.
        let identifier = known_identifier(query, statistics).map(|text| QueryTerm {
            text,
            word: query.to_owned(),
            is_identifier: true,
            ..QueryTerm::default()
        });
        QueryTerms {
            has_content,
            documents,
            average_lengths: TextField::ALL.map(|field| statistics.average_length(field)),
            corrections,
            terms: terms.chain(identifier).collect(),
            unknown_content,
            written_words,
            is_foreign,
        }
    }
}
