//! What may stand in the place of a query's terms, as scoring sees it.

use crate::QueryTerms;

/// What an alternative scores of the term that was asked for: products with the very word come first
/// among equals.
pub(crate) const ALTERNATIVE: f64 = 0.9;

/// The alternatives of a query's terms, as indexes among the distinct terms.
#[derive(Debug)]
pub(crate) struct Alternatives {
    /// For each term of the query, the terms of each alternative.
    of_terms: Vec<Vec<Vec<usize>>>,
    /// For each distinct term, the positions in the query where it may stand.
    places: Vec<Vec<usize>>,
}

impl Alternatives {
    /// Collects the alternatives of `query`, whose terms have these indexes. `index` returns the index of
    /// a distinct term. `None` if there are none.
    pub(crate) fn new<'a>(
        query: &'a QueryTerms,
        terms: &[usize],
        index: &mut impl FnMut(&'a str) -> usize,
    ) -> Option<Self> {
        if query.terms.iter().all(|term| term.alternatives.is_empty()) {
            return None;
        }
        let mut of_terms: Vec<Vec<Vec<usize>>> = Vec::new();
        for term in &query.terms {
            let mut of_term = Vec::new();
            for texts in &term.alternatives {
                of_term.push(texts.iter().map(|text| index(text)).collect());
            }
            of_terms.push(of_term);
        }
        let mut places: Vec<Vec<usize>> = Vec::new();
        for (place, (own, alternatives)) in terms.iter().zip(&of_terms).enumerate() {
            for &stands in std::iter::once(own).chain(alternatives.iter().flatten()) {
                if places.len() <= stands {
                    places.resize(stands + 1, Vec::new());
                }
                places[stands].push(place);
            }
        }
        Some(Self { of_terms, places })
    }

    /// Returns the frequency of the best alternative of the term at `place`: each is as frequent as its
    /// rarest term. 0 if the text holds none of them whole.
    pub(crate) fn frequency(&self, place: usize, frequencies: &[f64]) -> f64 {
        let rarest =
            |terms: &Vec<usize>| terms.iter().map(|term| frequencies[*term]).reduce(f64::min);
        self.of_terms[place].iter().filter_map(rarest).fold(0.0, f64::max)
    }

    /// Returns true if all of an alternative of the term at `place` is among those that are `held`.
    pub(crate) fn is_held_by(&self, place: usize, held: &[bool]) -> bool {
        let is_whole = |terms: &Vec<usize>| terms.iter().all(|term| held[*term]);
        self.of_terms[place].iter().any(is_whole)
    }

    /// Returns true if two terms of `adjacent` may stand at `place` and the next one.
    pub(crate) fn are_adjacent(&self, place: usize, adjacent: &[(usize, usize)]) -> bool {
        let stands = |term: usize, place: usize| {
            self.places.get(term).is_some_and(|places| places.contains(&place))
        };
        adjacent.iter().any(|&(one, next)| stands(one, place) && stands(next, place + 1))
    }
}
