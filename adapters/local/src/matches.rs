//! Counts and lists the products that match, in the search files.

use crate::columns;
use crate::snapshot::SearchSnapshot;
use akin_entities::{
    FacetField, NumberField, OrderField, ProductId, TagName, WeightedTerm, WordRule, tag_number,
};
use akin_ports::{
    FacetCounts, FacetQuery, MatchPage, MatchQuery, Matches, Matching, NearRule, NumberCounts,
    Relation,
};
use flat_index::{DocumentOrder, DocumentSet, IndexFileError, RuleTerm, Snapshot, TermRule};

impl SearchSnapshot {
    /// Answers `query`.
    pub(crate) fn matches(&self, query: &MatchQuery) -> Result<Matches, IndexFileError> {
        if self.len() == 0 {
            return Ok(empty(query));
        }
        let documents = self.documents();
        let matching = matching(documents, &query.matching)?;
        let found = matching.clone().filtered(&columns::filter(&query.filter, documents))?;
        let facet = |facet: &FacetQuery| {
            if facet.filter == query.filter && facet.also.is_empty() {
                return Ok(count(&facet.field, &found));
            }
            let all = matching.clone().union(&keyed(documents, &facet.also));
            let filter = columns::filter(&facet.filter, documents);
            Ok(count(&facet.field, &all.filtered(&filter)?))
        };
        let facets = query.facets.iter().map(facet).collect::<Result<_, _>>()?;
        let total = found.len() as u64;
        let page = query.page.as_ref().map_or_else(Vec::new, |page| list(documents, found, page));
        Ok(Matches { total, facets, page, relation: Relation::Exact })
    }
}

fn matching<'a>(
    documents: &'a Snapshot,
    matching: &Matching,
) -> Result<DocumentSet<'a>, IndexFileError> {
    let Matching::Some { words, also, near } = matching else { return Ok(documents.all()) };
    let mut found = keyed(documents, also);
    if let Some(rule) = words {
        found = by_words(documents, rule).union(&found);
    }
    if let Some(NearRule { words, vector, least }) = near {
        let others = by_words(documents, words).without(&found);
        found = found.union(&others.near(vector.embedding.as_slice(), least.get())?);
    }
    Ok(found)
}

fn by_words<'a, 'r>(documents: &'a Snapshot, rule: &'r WordRule) -> DocumentSet<'a> {
    let lists = |term: &'r WeightedTerm| {
        let texts = |terms: &'r Vec<String>| terms.iter().map(String::as_str).collect();
        term.alternatives.iter().map(texts).collect::<Vec<Vec<&str>>>()
    };
    let lists: Vec<_> = rule.terms.iter().map(lists).collect();
    let terms = rule.terms.iter().zip(&lists).map(|(term, alternatives)| RuleTerm {
        text: &term.text,
        anywhere: term.anywhere,
        heading: term.named,
        alternatives,
    });
    let terms: Vec<_> = terms.collect();
    documents.matching(&TermRule { terms: &terms, least: rule.least })
}

fn keyed<'a>(documents: &'a Snapshot, ids: &[ProductId]) -> DocumentSet<'a> {
    documents.keyed(ids.iter().map(ProductId::as_str))
}

fn count(field: &FacetField, found: &DocumentSet<'_>) -> FacetCounts {
    let owned = |(value, count): (&str, u64)| (value.to_owned(), count);
    match field {
        FacetField::Keyword(field) => {
            let counts = found.keyword_counts(columns::keyword_column(*field)).into_iter();
            let counts = counts.filter(|(value, _)| !value.is_empty());
            FacetCounts::Keyword(counts.map(owned).collect())
        }
        FacetField::Number(field) => FacetCounts::Number(distribution(*field, found)),
        FacetField::Tag(name) | FacetField::TagNumbers(name) => {
            let counts = found.tag_counts(name.as_str()).into_iter();
            FacetCounts::Keyword(counts.map(owned).collect())
        }
    }
}

fn distribution(field: NumberField, found: &DocumentSet<'_>) -> Option<NumberCounts> {
    let column = columns::number_column(field);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    found.visit_numbers(column, |number| (min, max) = (min.min(number), max.max(number)));
    if min > max {
        return None;
    }
    let mut counts = NumberCounts::new(min, max);
    found.visit_numbers(column, |number| counts.add(number));
    Some(counts)
}

fn list<'a>(documents: &'a Snapshot, found: DocumentSet<'a>, page: &MatchPage) -> Vec<ProductId> {
    let descending = page.order.descending;
    let found = found.without(&keyed(documents, &page.without));
    let keys = match &page.order.field {
        OrderField::Number(field) => {
            let order = DocumentOrder { column: columns::number_column(*field), descending };
            found.list(order, page.offset, page.limit)
        }
        OrderField::Tag(name) => {
            let order = (TagName::as_str(name), descending);
            found.list_by_tag(order, tag_number, page.offset, page.limit)
        }
    };
    let keys = keys.into_iter();
    // Every key was a product id when it was written.
    keys.filter_map(|key| ProductId::new(key).ok()).collect()
}

/// Returns the answer of an index without products.
fn empty(query: &MatchQuery) -> Matches {
    let facet = |facet: &FacetQuery| match facet.field {
        FacetField::Number(_) => FacetCounts::Number(None),
        FacetField::Keyword(_) | FacetField::Tag(_) | FacetField::TagNumbers(_) => {
            FacetCounts::Keyword(Vec::new())
        }
    };
    Matches { facets: query.facets.iter().map(facet).collect(), ..Matches::default() }
}
