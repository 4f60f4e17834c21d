//! Explains why a hit was found, and why it is where it is.

use crate::SearchRequest;
use crate::ranked::Ranked;
use crate::relevance::Pin;
use akin_entities::{Language, Product, ProductId, Similarity, WordRule};
use akin_ports::Candidate;
use akin_ranking::{
    BeyondRule, CandidateFeatures, FitClause, FitRule, QueryTerms, ScoreParts, TermExplanation,
    WordEvidence, analyze_product, score_parts,
};

use std::collections::HashMap;

/// Why a product is a hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Why it is in the set.
    pub reason: HitReason,
    /// The terms of the query, and where the product holds them.
    pub terms: Vec<TermExplanation>,
    /// The parts of its score before boosts; `None` of a product that was found in another way than as a
    /// candidate.
    pub parts: Option<ScoreParts>,
    /// What its text holds of the content words, likewise.
    pub words: Option<WordEvidence>,
    /// The factor by which boosts changed the score.
    pub boost: f32,
    /// The position at which it is pinned, if it is.
    pub pinned: Option<usize>,
}

/// The reason why a product is in the set of hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HitReason {
    /// The filter admits it, and there is no query.
    Listed,
    /// It fits the query.
    Fits(FitClause),
    /// A rule of the shop pins it.
    Pinned,
    /// It was asked for all candidates, and it is one.
    Candidate,
    /// Nothing fits, and it comes closest.
    Closest,
}

/// What explains the hits of a search.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExplainedSearch {
    terms: QueryTerms,
    /// The rule by which products fit by their words alone.
    words: Option<WordRule>,
    /// The minimum similarity of further ones, with all words in any field.
    beyond: Option<f32>,
    candidates: HashMap<ProductId, ExplainedCandidate>,
    pins: Vec<Pin>,
    is_browsing: bool,
    pub(crate) is_closest: bool,
}

#[derive(Clone, Debug)]
struct ExplainedCandidate {
    parts: ScoreParts,
    words: WordEvidence,
    boost: f32,
    clause: Option<FitClause>,
}

impl ExplainedSearch {
    /// Keeps what explains the hits of a search without a query.
    pub(crate) fn browsing(pins: Vec<Pin>) -> Self {
        Self { pins, is_browsing: true, ..Self::default() }
    }

    /// Keeps what explains the hits of a search: `ranked` are its candidates, in their order.
    pub(crate) fn new(
        rule: &FitRule<'_>,
        beyond: Option<&BeyondRule>,
        ranked: &[Ranked<'_>],
        pins: Vec<Pin>,
    ) -> Self {
        let features = |candidate: &'_ Candidate| candidate.cosine.map(Similarity::get);
        let features: Vec<_> = ranked
            .iter()
            .map(|one| CandidateFeatures {
                text: &one.candidate.text,
                cosine: features(one.candidate),
            })
            .collect();
        let parts = score_parts(rule.mode, rule.query, &features);
        let candidates = ranked.iter().zip(parts).map(|(one, parts)| {
            let (words, boost, clause) = (one.score.words, one.boost, one.fits);
            (one.candidate.id.clone(), ExplainedCandidate { parts, words, boost, clause })
        });
        Self {
            terms: rule.query.clone(),
            words: rule.words(),
            beyond: beyond.map(|rule| rule.least),
            candidates: candidates.collect(),
            pins,
            ..Self::default()
        }
    }

    /// Explains the hit `product`.
    pub(crate) fn explain(&self, product: &Product, language: Language) -> Explanation {
        let text = analyze_product(product, language).text;
        let candidate = self.candidates.get(&product.id);
        let pin = self.pins.iter().find(|pin| pin.id == product.id);
        let by_words = || {
            if self.words.as_ref().is_some_and(|rule| rule.admits(&text)) {
                return Some(FitClause::Words);
            }
            self.beyond.map(|floor| FitClause::Beyond { floor })
        };
        let clause = match candidate {
            Some(candidate) => candidate.clause,
            None => by_words(),
        };
        let reason = match clause {
            _ if self.is_browsing => HitReason::Listed,
            _ if pin.is_some() => HitReason::Pinned,
            _ if self.is_closest => HitReason::Closest,
            Some(clause) => HitReason::Fits(clause),
            None => HitReason::Candidate,
        };
        Explanation {
            reason,
            terms: self.terms.explain(&text),
            parts: candidate.map(|candidate| candidate.parts),
            words: candidate.map(|candidate| candidate.words),
            boost: candidate.map_or(1.0, |candidate| candidate.boost),
            pinned: pin.map(|pin| pin.position),
        }
    }
}

/// Returns what explains the hits, if the request asks for it.
pub(crate) fn if_asked(
    request: &SearchRequest,
    explained: impl FnOnce() -> ExplainedSearch,
) -> Option<Box<ExplainedSearch>> {
    request.explain.then(|| Box::new(explained()))
}
