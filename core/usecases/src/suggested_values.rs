//! The values of the catalogue's fields, ready to be suggested.

use crate::facet_answers::facet_answer;
use crate::{FacetAnswer, FacetCount, SuggestedCategory};
use akin_entities::{FacetField, Filter, KeywordField, Statistics};
use akin_ports::{FacetQuery, MatchQuery, Matching, PortResult, ProductIndex};
use akin_ranking::{ValuePattern, folded_words};
use futures::lock::Mutex;
use std::sync::{Arc, Weak};

/// The values of one state of a catalogue.
#[derive(Debug, Default)]
pub(crate) struct SuggestedValues(Vec<SuggestedValue>);

/// A value with the number of its products; those with most come first.
#[derive(Debug)]
struct SuggestedValue {
    field: KeywordField,
    value: String,
    /// What is compared with what was typed.
    words: String,
    count: usize,
}

/// The values of the last state that was asked for. To count them takes longer than to suggest them.
#[derive(Debug, Default)]
pub(crate) struct ValueCache(Mutex<Option<CachedValues>>);

/// A state is known by its statistics, which never change. They are not kept: files of an old state would
/// stay open.
#[derive(Debug)]
struct CachedValues {
    statistics: Weak<dyn Statistics>,
    values: Arc<SuggestedValues>,
}

impl ValueCache {
    /// Returns the values of `index`, whose statistics are these.
    pub(crate) async fn of(
        &self,
        index: &dyn ProductIndex,
        statistics: &Arc<dyn Statistics>,
    ) -> PortResult<Arc<SuggestedValues>> {
        let mut cached = self.0.lock().await;
        if let Some(cached) = &*cached
            && std::ptr::addr_eq(cached.statistics.as_ptr(), Arc::as_ptr(statistics))
        {
            return Ok(Arc::clone(&cached.values));
        }
        let values = Arc::new(SuggestedValues::count(index).await?);
        let statistics = Arc::downgrade(statistics);
        *cached = Some(CachedValues { statistics, values: Arc::clone(&values) });
        Ok(values)
    }
}

impl SuggestedValues {
    async fn count(index: &dyn ProductIndex) -> PortResult<Self> {
        let facet = |field| FacetQuery {
            field: FacetField::Keyword(field),
            filter: Filter::default(),
            also: Vec::new(),
        };
        let query = MatchQuery {
            matching: Matching::Everything,
            filter: Filter::default(),
            facets: KeywordField::ALL.map(facet).into(),
            page: None,
        };
        let counts = index.matches(&query).await?.facets;
        let mut values = Vec::new();
        for (field, counts) in KeywordField::ALL.into_iter().zip(counts) {
            let facet = FacetField::Keyword(field);
            let FacetAnswer::Values(counts) = facet_answer(&facet, counts) else { continue };
            values.extend(counts.into_iter().map(|FacetCount { value, count }| {
                let words = folded_words(&value);
                SuggestedValue { field, value, words, count }
            }));
        }
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        Ok(Self(values))
    }

    /// Returns the first `limit` categories that match one of the patterns.
    pub(crate) fn categories(
        &self,
        patterns: &[ValuePattern],
        limit: usize,
    ) -> Vec<SuggestedCategory> {
        let found = self.matching(patterns, limit, |field| {
            matches!(field, KeywordField::MainCategory | KeywordField::SubCategory)
        });
        let category = |found: &SuggestedValue| SuggestedCategory {
            value: found.value.clone(),
            field: found.field,
            count: found.count,
        };
        found.into_iter().map(category).collect()
    }

    /// Returns the first `limit` brands that match one of the patterns.
    pub(crate) fn brands(&self, patterns: &[ValuePattern], limit: usize) -> Vec<FacetCount> {
        let found = self.matching(patterns, limit, |field| field == KeywordField::Brand);
        let brand =
            |found: &SuggestedValue| FacetCount { value: found.value.clone(), count: found.count };
        found.into_iter().map(brand).collect()
    }

    /// Returns the best values of some fields: those that begin as typed, then those with most products.
    fn matching(
        &self,
        patterns: &[ValuePattern],
        limit: usize,
        is_wanted: impl Fn(KeywordField) -> bool,
    ) -> Vec<&SuggestedValue> {
        let rank = |value: &SuggestedValue| {
            patterns.iter().filter_map(|pattern| pattern.rank(&value.words)).min()
        };
        let wanted = self.0.iter().filter(|value| is_wanted(value.field));
        let mut found = [const { Vec::new() }; 2];
        for value in wanted {
            if let Some(rank) = rank(value) {
                let of_rank = &mut found[usize::from(rank > 0)];
                if of_rank.len() < limit {
                    of_rank.push(value);
                }
            }
            if found[0].len() >= limit {
                break;
            }
        }
        found.into_iter().flatten().take(limit).collect()
    }
}
