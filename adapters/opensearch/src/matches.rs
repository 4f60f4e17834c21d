//! Counts and lists all products that match: in one request, and in another one for histograms.

use crate::connection::{Request, RetryPolicy};
use crate::session::IndexSession;
use crate::{aggregations, candidates, error, facets, get, schema};
use akin_entities::{
    FacetField, Filter, Fingerprint, KeywordField, OrderField, ProductId, WeightedTerm, WordRule,
    tag_key_value,
};
use akin_ports::{
    FacetCounts, FacetQuery, MatchPage, MatchQuery, Matches, Matching, NearRule, NumberCounts,
    PortResult, Relation,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The maximum number of values of a facet: the server returns at most as many buckets in total. A
/// facet with more has counts that are exact, but not all of its values.
const MAX_VALUES: usize = 60_000;

#[derive(Deserialize)]
struct MatchResponse {
    hits: MatchedHits,
    #[serde(default)]
    aggregations: Map<String, Value>,
}

#[derive(Deserialize)]
struct MatchedHits {
    total: aggregations::TotalHits,
    #[serde(default)]
    hits: Vec<MatchedHit>,
}

#[derive(Deserialize)]
struct MatchedHit {
    #[serde(rename = "_id")]
    id: String,
}

impl IndexSession {
    /// See [`akin_ports::ProductIndex::matches`].
    pub(crate) async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        query.page.as_ref().map_or(Ok(()), |page| page.check(error::SYSTEM))?;
        let Some(model) = self.model(RetryPolicy::Search).await? else { return Ok(empty(query)) };
        query.matching.vector().map_or(Ok(()), |vector| vector.check(error::SYSTEM, &model))?;
        let response = self.ask(&body(query, &model)).await?;
        let counted = response.aggregations.get("total").map(|total| &total["doc_count"]);
        let page = response.hits.hits.iter().map(|hit| get::product_id(&hit.id));
        let mut matches = Matches {
            total: counted.and_then(Value::as_u64).unwrap_or(response.hits.total.value),
            page: page.collect::<Result<_, _>>()?,
            ..empty(query)
        };
        for (number, facet) in query.facets.iter().enumerate() {
            let result = response.aggregations.get(&name(number)).unwrap_or(&Value::Null);
            let (counts, is_complete) = read(result, &facet.field)?;
            matches.facets[number] = counts;
            if !is_complete {
                matches.relation = Relation::AtLeast;
            }
        }
        self.count_intervals(query, &model, &mut matches.facets).await?;
        Ok(matches)
    }

    /// See [`akin_ports::ProductIndex::name_counts`].
    pub(crate) async fn name_counts(
        &self,
        all: &[String],
        terms: &[String],
    ) -> PortResult<Vec<u64>> {
        let model = self.model(RetryPolicy::Search).await?.filter(|_| !terms.is_empty());
        let Some(model) = model else { return Ok(vec![0; terms.len()]) };
        let mut filter = vec![json!({"term": {"fingerprint": model.to_string()}})];
        filter.extend(all.iter().map(|term| json!({"term": {"name_terms": term}})));
        let counted =
            json!({"terms": {"field": "name_terms", "include": terms, "size": terms.len()}});
        let body = json!({
            "size": 0,
            "query": {"bool": {"filter": filter}},
            "aggs": {"total": {"filter": {"match_all": {}}, "aggs": {"counted": counted}}},
        });
        let response = self.ask(&body).await?;
        let result = response.aggregations.get("total").unwrap_or(&Value::Null);
        let (counts, _) = read(result, &FacetField::Keyword(KeywordField::Brand))?;
        let FacetCounts::Keyword(counts) = counts else { return Ok(vec![0; terms.len()]) };
        let counts: HashMap<_, _> = counts.into_iter().collect();
        Ok(terms.iter().map(|term| counts.get(term).copied().unwrap_or_default()).collect())
    }

    /// Counts the numbers in each interval of the facets that have some.
    async fn count_intervals(
        &self,
        query: &MatchQuery,
        model: &Fingerprint,
        facets: &mut [FacetCounts],
    ) -> PortResult<()> {
        let mut aggregations = Map::new();
        for (number, (facet, counts)) in query.facets.iter().zip(&*facets).enumerate() {
            if let FacetCounts::Number(Some(counts)) = counts {
                let intervals = intervals(&facet.field.name(), counts);
                aggregations.insert(name(number), within(query, facet, &intervals, model));
            }
        }
        if aggregations.is_empty() {
            return Ok(());
        }
        let everything = everything(query, model);
        let body = json!({"size": 0, "query": everything, "aggs": aggregations});
        let response = self.ask(&body).await?;
        for (number, counts) in facets.iter_mut().enumerate() {
            if let FacetCounts::Number(Some(counts)) = counts {
                let result = response.aggregations.get(&name(number)).unwrap_or(&Value::Null);
                let buckets = &result["counted"]["buckets"];
                for (place, count) in counts.counts.iter_mut().enumerate() {
                    *count = buckets[place]["doc_count"].as_u64().unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    async fn ask(&self, body: &Value) -> PortResult<MatchResponse> {
        let path = format!("{}/_search?allow_partial_search_results=false", self.alias);
        self.connection.call(&Request::post(path, body)).await
    }
}

/// Returns the name of a facet's aggregation.
fn name(number: usize) -> String {
    format!("facet{number}")
}

/// Builds the request. Filters apply to the hits after the query, and to each facet by itself.
fn body(query: &MatchQuery, model: &Fingerprint) -> Value {
    let facets = query.facets.iter().enumerate();
    let aggregations: Map<_, _> = facets
        .map(|(number, facet)| (name(number), within(query, facet, &counted(&facet.field), model)))
        .collect();
    let mut body = json!({
        "size": 0,
        "track_total_hits": true,
        "_source": false,
        "query": everything(query, model),
        "post_filter": {"bool": {"filter": clauses(&query.matching, &query.filter, model)}},
        "aggs": aggregations,
    });
    if let Some(page) = &query.page {
        list(&mut body, query, page, model);
    }
    body
}

/// Returns the clause for every product that the hits or a facet may count.
fn everything(query: &MatchQuery, model: &Fingerprint) -> Value {
    let also = query.facets.iter().flat_map(|facet| facet.also.iter().cloned());
    let all = with_others(&query.matching, also);
    let mut clauses = vec![json!({"term": {"fingerprint": model.to_string()}})];
    clauses.extend(clause(&all, model));
    json!({"bool": {"filter": clauses}})
}

/// Returns `matching` with other products that match whatever their words are.
fn with_others(matching: &Matching, others: impl Iterator<Item = ProductId>) -> Matching {
    let mut matching = matching.clone();
    if let Matching::Some { also, .. } = &mut matching {
        also.extend(others);
    }
    matching
}

/// Returns the clauses for products that match and pass `filter`.
fn clauses(matching: &Matching, filter: &Filter, model: &Fingerprint) -> Vec<Value> {
    let mut clauses = facets::clauses(filter);
    clauses.extend(clause(matching, model));
    clauses
}

/// Returns the clause for products that match; `None` if all do.
fn clause(matching: &Matching, model: &Fingerprint) -> Option<Value> {
    let Matching::Some { words, also, near } = matching else { return None };
    let ids: Vec<_> = also.iter().map(ProductId::as_str).collect();
    let mut either = vec![json!({"terms": {"id": ids}})];
    either.extend(words.as_ref().map(by_words));
    either.extend(near.as_ref().map(|rule| by_both(rule, model)));
    Some(json!({"bool": {"should": either, "minimum_should_match": 1}}))
}

/// Returns the clause for the products that `rule` admits. A score is (1 + cosine) / 2.
fn by_both(rule: &NearRule, model: &Fingerprint) -> Value {
    json!({"script_score": {
        "query": by_words(&rule.words),
        "script": candidates::cosine_script(&rule.vector.embedding, model),
        "min_score": f64::midpoint(1.0, rule.least.get().into()).max(0.0),
    }})
}

/// Returns the clause for the products that `rule` admits: constant scores are added up, and compared
/// with the least. They are whole numbers, which the server adds exactly.
fn by_words(rule: &WordRule) -> Value {
    let constant = |field: &str, term: &WeightedTerm, weight: u32| json!({"constant_score": {"filter": held(field, term), "boost": weight}});
    let clauses = |term: &WeightedTerm| {
        let weights = [("terms", term.anywhere), ("name_terms", term.named)];
        let counted = weights.into_iter().filter(|(_, weight)| *weight > 0);
        counted.map(|(field, weight)| constant(field, term, weight)).collect::<Vec<_>>()
    };
    let should: Vec<_> = rule.terms.iter().flat_map(clauses).collect();
    if should.is_empty() {
        return json!({"match_none": {}});
    }
    json!({"function_score": {
        "query": {"bool": {"should": should, "minimum_should_match": 1}},
        "min_score": rule.least.max(1),
    }})
}

/// Returns the clause for products whose `field` holds a term or all terms of one of its alternatives.
fn held(field: &str, term: &WeightedTerm) -> Value {
    if term.alternatives.is_empty() {
        return json!({"term": {field: term.text}});
    }
    let (single, several): (Vec<_>, Vec<_>) =
        term.choices().filter(|terms| !terms.is_empty()).partition(|terms| terms.len() == 1);
    let mut either = vec![json!({"terms": {field: single.concat()}})];
    for terms in several {
        let all: Vec<_> = terms.iter().map(|text| json!({"term": {field: text}})).collect();
        either.push(json!({"bool": {"filter": all}}));
    }
    json!({"bool": {"should": either, "minimum_should_match": 1}})
}

/// Adds the list of a page to the request.
fn list(body: &mut Value, query: &MatchQuery, page: &MatchPage, model: &Fingerprint) {
    let order = if page.order.descending { "desc" } else { "asc" };
    body["from"] = json!(page.offset);
    body["size"] = json!(page.limit.min(schema::MAX_HITS - page.offset.min(schema::MAX_HITS)));
    let by_number = match &page.order.field {
        OrderField::Number(field) => json!({field.name(): {"order": order, "missing": "_last"}}),
        OrderField::Tag(name) => facets::tag_order(name, page.order.descending),
    };
    body["sort"] = json!([by_number, {"id": "asc"}]);
    if !page.without.is_empty() {
        // What the list leaves out still counts in the total, so that the aggregation counts it.
        let without: Vec<_> = page.without.iter().map(ProductId::as_str).collect();
        let filter = clauses(&query.matching, &query.filter, model);
        let total = json!({"filter": {"bool": {"filter": filter}}});
        body["aggs"]["total"] = total;
        body["post_filter"]["bool"]["must_not"] = json!([{"terms": {"id": without}}]);
    }
}

/// Returns the aggregation `counted` over the products of a facet.
fn within(query: &MatchQuery, facet: &FacetQuery, counted: &Value, model: &Fingerprint) -> Value {
    let matching = with_others(&query.matching, facet.also.iter().cloned());
    json!({
        "filter": {"bool": {"filter": clauses(&matching, &facet.filter, model)}},
        "aggs": {"counted": counted},
    })
}

fn counted(field: &FacetField) -> Value {
    match field {
        FacetField::Tag(name) | FacetField::TagNumbers(name) => {
            let include = facets::key_pattern(name);
            json!({"terms": {"field": "tags", "include": include, "size": MAX_VALUES}})
        }
        FacetField::Keyword(field) => {
            json!({"terms": {"field": field.name(), "size": MAX_VALUES}})
        }
        FacetField::Number(field) => json!({"stats": {"field": field.name()}}),
    }
}

/// Counts in intervals that contain their lower bound, the last one its upper bound as well.
fn intervals(field: &str, counts: &NumberCounts) -> Value {
    let last = counts.counts.len() - 1;
    let ranges: Vec<_> = counts
        .bounds
        .windows(2)
        .enumerate()
        .map(|(place, pair)| {
            if place == last {
                json!({"from": pair[0]})
            } else {
                json!({"from": pair[0], "to": pair[1]})
            }
        })
        .collect();
    json!({"range": {"field": field, "ranges": ranges}})
}

/// Reads the counts of a facet, and whether they are of all its values.
fn read(result: &Value, field: &FacetField) -> PortResult<(FacetCounts, bool)> {
    let result = &result["counted"];
    let unreadable = || error::corrupt("a response lacks the counts of a facet");
    match field {
        FacetField::Keyword(_) | FacetField::Tag(_) | FacetField::TagNumbers(_) => {
            let is_key = !matches!(field, FacetField::Keyword(_));
            let buckets = result["buckets"].as_array().ok_or_else(unreadable)?;
            let value = |bucket: &Value| {
                let key = bucket["key"].as_str()?;
                let value = if is_key { tag_key_value(key) } else { key };
                Some((value.to_owned(), bucket["doc_count"].as_u64()?))
            };
            let values = buckets.iter().map(|bucket| value(bucket).ok_or_else(unreadable));
            let mut values = values.collect::<PortResult<Vec<_>>>()?;
            values.retain(|(value, _)| !value.is_empty());
            Ok((FacetCounts::Keyword(values), result["sum_other_doc_count"] == 0))
        }
        FacetField::Number(_) => {
            // Of no numbers, the least and the greatest are null.
            let bounds = result["min"].as_f64().zip(result["max"].as_f64());
            let counts = bounds.map(|(min, max)| NumberCounts::new(min, max));
            Ok((FacetCounts::Number(counts), true))
        }
    }
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
