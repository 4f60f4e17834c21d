//! Explains what a text holds of a query.

use crate::QueryTerms;
use akin_entities::{AnalyzedText, TextField};

/// A term of a query, and where a text holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermExplanation {
    /// The word of the query, folded; if it was corrected, the correction.
    pub word: String,
    /// The word that was corrected, if any.
    pub corrected_from: Option<String>,
    /// The analyzed term.
    pub term: String,
    /// What the term is to the query.
    pub role: TermRole,
    /// The fields that hold the term.
    pub fields: Vec<TextField>,
    /// The alternatives that the text holds, with the fields that hold any of their terms.
    pub alternatives: Vec<(Vec<String>, Vec<TextField>)>,
}

/// What a term is to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermRole {
    /// A word that a product must hold to fit by its words.
    Content,
    /// A word that says nothing about a product.
    StopWord,
    /// A part of a word that the catalogue also writes joined.
    Part,
    /// The whole query, as an identifier.
    Identifier,
}

impl QueryTerms {
    /// Returns each term of the query, in its order, with the fields of `text` that hold it.
    pub fn explain(&self, text: &AnalyzedText) -> Vec<TermExplanation> {
        let explained = self.terms.iter().map(|term| {
            let correction = self.corrections.iter().find(|correction| correction.to == term.word);
            let whole =
                |terms: &&Vec<String>| terms.iter().all(|one| !fields(one, text).is_empty());
            let held = term.alternatives.iter().filter(whole);
            TermExplanation {
                word: term.word.clone(),
                corrected_from: correction.map(|correction| correction.from.clone()),
                term: term.text.clone(),
                role: match term {
                    _ if term.is_identifier => TermRole::Identifier,
                    _ if term.is_part => TermRole::Part,
                    _ if term.is_stop_word => TermRole::StopWord,
                    _ => TermRole::Content,
                },
                fields: fields(&term.text, text),
                alternatives: held
                    .map(|terms| (terms.clone(), fields_of_any(terms, text)))
                    .collect(),
            }
        });
        explained.collect()
    }
}

/// Returns the fields of `text` that hold `term`.
fn fields(term: &str, text: &AnalyzedText) -> Vec<TextField> {
    let holds = |stream: &str| stream.split_ascii_whitespace().any(|word| word == term);
    text.fields().filter(|(_, stream)| holds(stream)).map(|(field, _)| field).collect()
}

fn fields_of_any(terms: &[String], text: &AnalyzedText) -> Vec<TextField> {
    let held: Vec<_> = terms.iter().flat_map(|term| fields(term, text)).collect();
    TextField::ALL.into_iter().filter(|field| held.contains(field)).collect()
}
