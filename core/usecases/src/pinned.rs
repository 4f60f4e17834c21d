//! Pinned products: which of them the filter admits, apart from the other hits.

use crate::found_products::FoundProduct;
use crate::ranked::Ranked;
use crate::relevance::Pin;
use crate::{SearchProducts, SearchRequest, Sort};
use akin_ports::{MatchPage, MatchQuery, Matching, PortResult};

impl SearchProducts {
    /// Returns those of `pins` whose products the filter admits.
    pub(crate) async fn admitted(
        &self,
        request: &SearchRequest,
        pins: &[Pin],
    ) -> PortResult<Vec<Pin>> {
        if pins.is_empty() {
            return Ok(Vec::new());
        }
        let also: Vec<_> = pins.iter().map(|pin| pin.id.clone()).collect();
        let page = MatchPage {
            order: request.sort.order(),
            without: Vec::new(),
            offset: 0,
            limit: also.len(),
        };
        let query = MatchQuery {
            matching: Matching::Some { words: None, also, near: None },
            filter: request.filter.clone(),
            facets: Vec::new(),
            page: Some(page),
        };
        let admitted = self.index.matches(&query).await?.page;
        Ok(pins.iter().filter(|pin| admitted.contains(&pin.id)).cloned().collect())
    }
}

/// Takes the pinned products out of `hits`, unless they are sorted by another order.
pub(crate) fn apart<'a>(
    pins: Vec<Pin>,
    mut hits: Vec<Ranked<'a>>,
    request: &SearchRequest,
) -> (Vec<(Pin, FoundProduct)>, Vec<Ranked<'a>>) {
    let pinned: Vec<_> = pins
        .into_iter()
        .map(|pin| {
            let ranked = hits.iter().find(|hit| hit.candidate.id == pin.id);
            let unranked = FoundProduct { id: pin.id.clone(), cosine: None, score: None };
            let found = ranked.map_or(unranked, FoundProduct::from);
            (pin, found)
        })
        .collect();
    if request.sort == Sort::Relevance {
        hits.retain(|hit| pinned.iter().all(|(pin, _)| pin.id != hit.candidate.id));
    }
    (pinned, hits)
}
