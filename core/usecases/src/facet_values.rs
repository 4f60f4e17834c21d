use crate::{FacetAnswer, FacetCount, Paging, SearchError, SearchProducts, SearchRequest};
use akin_entities::FacetField;
use akin_ranking::{ValuePattern, folded_words};

/// Some of the values of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FacetValueList {
    /// The values, each with the number of its products.
    pub values: Vec<FacetCount>,
    /// The number of values that match, listed or not.
    pub total: usize,
}

impl SearchProducts {
    /// Returns the first `limit` values of `field` over all products that `request` finds, as facets count
    /// them: those whose words begin with the words of `typed`. Values that begin so themselves come first,
    /// then those with most products, ties by value.
    pub async fn facet_values(
        &self,
        request: &SearchRequest,
        field: FacetField,
        typed: &str,
        limit: usize,
    ) -> Result<FacetValueList, SearchError> {
        let facet = field;
        let paging = Paging { page: 1, size: 0 };
        let request = SearchRequest { facets: vec![facet.clone()], paging, ..request.clone() };
        let mut answer = self.run(&request).await?;
        let Some(FacetAnswer::Values(values)) = answer.facets.remove(&facet) else {
            return Ok(FacetValueList::default());
        };
        let pattern = ValuePattern::new(typed);
        let ranked = values
            .into_iter()
            .filter_map(|count| Some((pattern.rank(&folded_words(&count.value))?, count)));
        let mut ranked: Vec<_> = ranked.collect();
        // Stable: the values are in the order of a facet already.
        ranked.sort_by_key(|(rank, _)| *rank);
        let total = ranked.len();
        let values = ranked.into_iter().take(limit).map(|(_, count)| count).collect();
        Ok(FacetValueList { values, total })
    }
}
