//! A query, ready for the index.

use crate::ranked::{Ranked, rank};
use crate::relevance::Steering;
use crate::{Scope, SearchRequest};
use akin_ports::{Candidate, CandidateQuery};
use akin_ranking::{BeyondRule, FitClause, FitRule, Floors, QueryTerms};

/// A query, analyzed and embedded.
pub(crate) struct PreparedQuery<'a> {
    pub(crate) request: &'a SearchRequest,
    pub(crate) steering: &'a Steering,
    pub(crate) terms: QueryTerms,
    pub(crate) candidates: CandidateQuery,
    pub(crate) floors: Floors,
    /// True if whatever the filter admits fits.
    pub(crate) fits_all: bool,
}

impl PreparedQuery<'_> {
    /// Returns the rule that decides which products fit.
    pub(crate) fn rule(&self) -> FitRule<'_> {
        FitRule {
            mode: self.request.mode,
            query: &self.terms,
            floors: self.floors,
            threshold: self.request.threshold,
        }
    }

    /// Scores and judges the candidates. Also returns the rule for products beyond them.
    pub(crate) fn rank<'c>(
        &self,
        candidates: &'c [Candidate],
    ) -> (Vec<Ranked<'c>>, Option<BeyondRule>) {
        let (mut ranked, beyond) = rank(&self.rule(), &self.steering.boosts, candidates);
        for one in ranked.iter_mut().filter(|_| self.fits_all) {
            (one.fits, one.is_good) = (Some(FitClause::Phrase), true);
        }
        (ranked, beyond)
    }

    /// Returns true if a candidate is in the set of hits.
    pub(crate) fn is_hit(&self, candidate: &Ranked<'_>) -> bool {
        candidate.fits.is_some() || self.request.scope == Scope::Candidates
    }
}
