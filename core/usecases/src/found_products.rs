//! The products of a page before they are fetched: candidates, the rest of the set, pinned products.

use crate::explanation::ExplainedSearch;
use crate::facet_answers::facet_answer;
use crate::ranked::Ranked;
use crate::relevance::Pin;
use crate::{SearchAnswer, SearchRequest, Sort, Timings};
use akin_entities::{ProductId, Similarity};
use akin_ports::{MatchPage, Matches};
use akin_ranking::Score;
use std::ops::Range;

/// The result of a search whose products have not been fetched.
#[derive(Clone, Debug)]
pub struct FoundProducts {
    /// The hits of the requested page.
    pub(crate) page: Vec<FoundProduct>,
    /// The answer, without hits.
    pub(crate) answer: SearchAnswer,
    /// What explains the hits, if that was asked for.
    pub(crate) explained: Option<Box<ExplainedSearch>>,
}

/// A hit whose product has not been fetched.
#[derive(Clone, Debug)]
pub(crate) struct FoundProduct {
    pub(crate) id: ProductId,
    pub(crate) cosine: Option<Similarity>,
    pub(crate) score: Option<Score>,
}

impl FoundProducts {
    /// Returns the number of products that were found, on all pages.
    pub fn total(&self) -> usize {
        self.answer.total
    }

    /// Iterates over the products of the page, in its order.
    pub fn ids(&self) -> impl Iterator<Item = &ProductId> {
        self.page.iter().map(|found| &found.id)
    }

    /// Returns the number of products to fetch.
    pub fn count(&self) -> usize {
        self.page.len()
    }
}

impl FoundProducts {
    /// Lists products that do not fit, best first, since none does but those that are pinned.
    pub(crate) fn list_closest(
        &mut self,
        request: &SearchRequest,
        closest: &[Ranked<'_>],
        pinned: &[(Pin, FoundProduct)],
    ) {
        let is_pinned =
            |one: &&Ranked<'_>| pinned.iter().any(|(pin, _)| pin.id == one.candidate.id);
        let others = closest.iter().filter(|one| !is_pinned(one)).map(FoundProduct::from);
        let others: Vec<_> = others.collect();
        self.page = with_pins(request, 0, others.len(), &others, pinned);
        self.answer.closest = !others.is_empty();
        self.explained.iter_mut().for_each(|explained| explained.is_closest = true);
    }
}

impl From<&Ranked<'_>> for FoundProduct {
    fn from(ranked: &Ranked<'_>) -> Self {
        let candidate = ranked.candidate;
        Self { id: candidate.id.clone(), cosine: candidate.cosine, score: Some(ranked.score) }
    }
}

/// Returns the part of the page that the index lists: in another order than relevance all of it, else
/// what comes after the candidates. Pinned products are listed apart.
pub(crate) fn match_page(
    request: &SearchRequest,
    hits: &[Ranked<'_>],
    pins: &[Pin],
) -> Option<MatchPage> {
    let order = request.sort.order();
    if request.sort != Sort::Relevance {
        let places = request.paging.places();
        let (offset, limit) = (places.start, places.len());
        return Some(MatchPage { order, without: Vec::new(), offset, limit });
    }
    let places = unpinned_places(request, pins);
    let offset = places.start.saturating_sub(hits.len());
    let limit = places.end.saturating_sub(hits.len().max(places.start));
    let without = hits.iter().map(|hit| &hit.candidate.id).chain(pins.iter().map(|pin| &pin.id));
    let without = without.cloned().collect();
    (limit > 0).then_some(MatchPage { order, without, offset, limit })
}

/// Returns the places among all products that are not pinned of those that may be on the page.
fn unpinned_places(request: &SearchRequest, pins: &[Pin]) -> Range<usize> {
    let places = request.paging.places();
    places.start.saturating_sub(pins.len())..places.end
}

/// Returns the hits at some places.
fn hits_at<'a, 'c>(places: Range<usize>, hits: &'a [Ranked<'c>]) -> &'a [Ranked<'c>] {
    let start = places.start.min(hits.len());
    &hits[start..places.end.min(hits.len()).max(start)]
}

/// Puts the answer together: `hits` are the candidates that fit, best first, `pinned` those products among
/// all that are pinned.
pub(crate) fn found(
    request: &SearchRequest,
    matches: Matches,
    hits: &[Ranked<'_>],
    pinned: &[(Pin, FoundProduct)],
) -> FoundProducts {
    let total = usize::try_from(matches.total).unwrap_or(usize::MAX);
    let by_relevance = request.sort == Sort::Relevance;
    let pins: Vec<_> = pinned.iter().map(|(pin, _)| pin.clone()).collect();
    let places = unpinned_places(request, &pins);
    let mut page: Vec<FoundProduct> = Vec::new();
    if by_relevance {
        page.extend(hits_at(places.clone(), hits).iter().map(FoundProduct::from));
    }
    page.extend(matches.page.into_iter().map(|id| {
        let ranked = hits.iter().find(|hit| hit.candidate.id == id);
        ranked.map_or(FoundProduct { id, cosine: None, score: None }, FoundProduct::from)
    }));
    if by_relevance && !pinned.is_empty() {
        page = with_pins(request, places.start, total.saturating_sub(pinned.len()), &page, pinned);
    }
    let facets = request.facets.iter().cloned().zip(matches.facets);
    let answer = SearchAnswer {
        hits: Vec::new(),
        total,
        relation: matches.relation,
        good: false,
        closest: false,
        corrections: Vec::new(),
        facets: facets
            .map(|(field, counts)| {
                let answer = facet_answer(&field, counts);
                (field, answer)
            })
            .collect(),
        timings: Timings::default(),
    };
    FoundProducts { page, answer, explained: None }
}

/// Puts pinned products at their positions, or after the last of the others. `others` are those of the
/// `count` other products that begin at `first`.
fn with_pins(
    request: &SearchRequest,
    first: usize,
    count: usize,
    others: &[FoundProduct],
    pinned: &[(Pin, FoundProduct)],
) -> Vec<FoundProduct> {
    let places = request.paging.places();
    let (mut pins, mut other) = (pinned.iter().peekable(), 0);
    let mut page = Vec::new();
    for place in 0..places.end {
        let is_pin = pins.peek().is_some_and(|(pin, _)| pin.position <= place + 1);
        let pin = if is_pin || other >= count { pins.next() } else { None };
        if pin.is_none() && other >= count {
            break;
        }
        let found = if let Some((_, product)) = pin {
            Some(product.clone())
        } else {
            other += 1;
            (other > first).then(|| others.get(other - 1 - first).cloned()).flatten()
        };
        page.extend(found.filter(|_| places.contains(&place)));
    }
    page
}
