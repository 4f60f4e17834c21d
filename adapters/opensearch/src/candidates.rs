//! Finds candidates: by words and by meaning in parallel, one request each.

use crate::connection::{Request, RetryPolicy};
use crate::error::{self, SYSTEM};
use crate::session::IndexSession;
use crate::{facets, get, schema, scoring};
use akin_entities::{AnalyzedText, Embedding, Fingerprint, Similarity, Statistics, bm25};
use akin_ports::{Candidate, CandidateQuery, PortResult, QueryVector};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// The maximum number of terms; the server accepts 1,024 clauses. Beyond that, the rarest are used.
const MAX_TERMS: usize = 1_000;

/// The factor of `depth` for the neighbors collected from each segment's graph. With few, the search
/// of the graph stops too early and misses some of the nearest.
const OVERSAMPLING: usize = 2;

/// The minimum number of neighbors collected from each segment's graph.
const MIN_NEIGHBORS: usize = 200;

/// The factor of `depth` for the hits requested by words. Frequencies were normalized by the average
/// lengths at the time of writing; the best by the current averages are among these.
const RESCORING_MARGIN: usize = 3;

/// The name of the clause that scores a keyword hit's cosine.
const COSINE: &str = "cosine";

#[derive(Deserialize)]
struct CandidateHit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_score")]
    score: Option<f32>,
    #[serde(default)]
    fields: StoredFields,
    #[serde(default)]
    matched_queries: HashMap<String, f32>,
}

#[derive(Default, Deserialize)]
struct StoredFields {
    #[serde(default, deserialize_with = "text")]
    text: AnalyzedText,
    #[serde(default)]
    facets: Vec<String>,
}

/// Parses a stored field, which arrives as a list.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AnalyzedText, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(AnalyzedText::from_stream(texts.into_iter().next().unwrap_or_default()))
}

impl IndexSession {
    /// See [`akin_ports::ProductIndex::candidates`].
    pub(crate) async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        let Some(model) = self.model(RetryPolicy::Search).await? else { return Ok(Vec::new()) };
        if !self.check_query(query, &model).await? {
            return Ok(Vec::new());
        }
        let (by_words, nearest) = tokio::try_join!(
            self.find_by_words(query, &model),
            self.find_by_meaning(query, &model)
        )?;
        union(query, by_words, nearest)
    }

    /// Returns `false` if the index is empty; an error if the query does not fit the index.
    async fn check_query(&self, query: &CandidateQuery, model: &Fingerprint) -> PortResult<bool> {
        if query.depth > schema::MAX_HITS {
            let (max, depth) = (schema::MAX_HITS, query.depth);
            let what = format!("at most {max} candidates can be requested, not {depth}");
            return Err(error::refused(what));
        }
        let Some(vector) = &query.vector else { return Ok(true) };
        match vector.check(SYSTEM, model) {
            Ok(()) => Ok(true),
            // An index without embeddings accepts queries of any model.
            Err(_) if self.count_products(Some(model), RetryPolicy::Search).await? == 0 => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn find_by_words(
        &self,
        query: &CandidateQuery,
        model: &Fingerprint,
    ) -> PortResult<Vec<CandidateHit>> {
        let terms = terms(query);
        if terms.is_empty() || query.depth == 0 {
            return Ok(Vec::new());
        }
        let statistics = self.statistics().await?;
        let terms = weigh(&terms, &*statistics);
        let hits = self.search(&by_words(query, &terms, model)).await?;
        Ok(best(hits, query.depth, &terms, &*statistics))
    }

    async fn find_by_meaning(
        &self,
        query: &CandidateQuery,
        model: &Fingerprint,
    ) -> PortResult<Vec<CandidateHit>> {
        match &query.vector {
            Some(vector) if query.depth > 0 => {
                self.search(&by_meaning(query, &vector.embedding, model)).await
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn search(&self, body: &Value) -> PortResult<Vec<CandidateHit>> {
        let path = format!(
            "{}/_search?allow_partial_search_results=false&include_named_queries_score=true\
             &filter_path=hits.hits._id,hits.hits._score,hits.hits.fields,hits.hits.matched_queries",
            self.alias
        );
        self.connection.hits(&Request::post(path, body)).await
    }
}

/// Returns the distinct terms that a document can contain: letters and digits only.
fn terms(query: &CandidateQuery) -> Vec<&str> {
    let mut seen = HashSet::new();
    let terms = query.terms.iter().map(String::as_str);
    terms.filter(|term| !term.is_empty() && !term.contains('.') && seen.insert(*term)).collect()
}

/// Returns each term with its boost; if there are too many, the rarest.
fn weigh<'a>(terms: &[&'a str], statistics: &dyn Statistics) -> Vec<(&'a str, f64)> {
    let documents = statistics.documents();
    let weigh =
        |term: &&'a str| (*term, scoring::boost(documents, statistics.document_frequency(term)));
    let mut weighed: Vec<_> = terms.iter().map(weigh).collect();
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    weighed.truncate(MAX_TERMS);
    weighed
}

/// Returns the `depth` best hits by the current statistics.
fn best(
    mut hits: Vec<CandidateHit>,
    depth: usize,
    terms: &[(&str, f64)],
    statistics: &dyn Statistics,
) -> Vec<CandidateHit> {
    if hits.len() > depth {
        hits.sort_by_cached_key(|hit| {
            let score = scoring::text_score(&hit.fields.text, terms, statistics);
            // The score is never negative, so its bits sort like its value.
            (Reverse(score.to_bits()), hit.id.clone())
        });
        hits.truncate(depth);
    }
    hits
}

/// Builds a search. Ties are ordered by id, so that they are always cut alike.
fn search(query: &CandidateQuery, depth: usize, clause: &Value) -> Value {
    json!({
        "size": depth,
        "track_total_hits": false,
        "track_scores": true,
        "_source": false,
        "stored_fields": if query.with_facets { &["text", "facets"][..] } else { &["text"] },
        "sort": [{"_score": "desc"}, {"id": "asc"}],
        "query": clause,
    })
}

/// Builds the keyword search: each term's saturated frequency times its boost. The `post_filter`
/// computes exact cosines: it matches everything, and its named query is scored only for the
/// returned hits.
fn by_words(query: &CandidateQuery, terms: &[(&str, f64)], model: &Fingerprint) -> Value {
    let should: Vec<_> = terms.iter().map(|(term, idf)| clause(term, *idf)).collect();
    let mut body = search(
        query,
        (RESCORING_MARGIN * query.depth).min(schema::MAX_HITS),
        &json!({"bool": {
            "should": should,
            "minimum_should_match": 1,
            "filter": filter(query, model),
        }}),
    );
    if let Some(QueryVector { embedding, .. }) = &query.vector {
        body["post_filter"] = json!({"script_score": {
            "_name": COSINE,
            "query": {"match_all": {}},
            "script": cosine_script(embedding, model),
        }});
    }
    body
}

/// Builds the script whose score is (1 + cosine) / 2.
pub(crate) fn cosine_script(embedding: &Embedding, model: &Fingerprint) -> Value {
    json!({
        "lang": "knn",
        "source": "knn_score",
        "params": {
            "field": schema::embedding_field(model.dimension),
            "query_value": coordinates(embedding),
            "space_type": "cosinesimil",
        },
    })
}

fn clause(term: &str, idf: f64) -> Value {
    json!({"rank_feature": {
        "field": format!("shares.{term}"),
        "boost": idf,
        "saturation": {"pivot": bm25::K1},
    }})
}

fn by_meaning(query: &CandidateQuery, embedding: &Embedding, model: &Fingerprint) -> Value {
    let neighbors = (OVERSAMPLING * query.depth).clamp(MIN_NEIGHBORS, schema::MAX_HITS);
    let knn = json!({"knn": {schema::embedding_field(model.dimension): {
        "vector": coordinates(embedding),
        "k": neighbors,
        "filter": {"bool": {"filter": filter(query, model)}},
    }}});
    search(query, query.depth, &knn)
}

/// Returns the clauses for products of this model that pass the query's filter.
fn filter(query: &CandidateQuery, model: &Fingerprint) -> Vec<Value> {
    let mut clauses = vec![json!({"term": {"fingerprint": model.to_string()}})];
    clauses.extend(facets::clauses(&query.filter));
    clauses
}

/// Returns the coordinates as the `f64`s with the shortest decimal form that identifies each `f32`.
fn coordinates(embedding: &Embedding) -> Vec<f64> {
    let short = |x: &f32| x.to_string().parse().unwrap_or_else(|_| f64::from(*x));
    embedding.as_slice().iter().map(short).collect()
}

/// Merges both lists by product. Products found only by meaning must reach the threshold.
fn union(
    query: &CandidateQuery,
    by_words: Vec<CandidateHit>,
    nearest: Vec<CandidateHit>,
) -> PortResult<Vec<Candidate>> {
    let min_cosine = query.threshold.map_or(-1.0, Similarity::get);
    let mut candidates = HashMap::with_capacity(by_words.len() + nearest.len());
    for hit in by_words {
        let score = hit.matched_queries.get(COSINE).copied();
        let cosine = query.vector.as_ref().map(|_| cosine(&hit.id, score)).transpose()?;
        let candidate = candidate(hit, cosine)?;
        candidates.insert(candidate.id.clone(), candidate);
    }
    for hit in nearest {
        let cosine = cosine(&hit.id, hit.score)?;
        let candidate = candidate(hit, Some(cosine))?;
        if cosine.get() >= min_cosine {
            candidates.entry(candidate.id.clone()).or_insert(candidate);
        }
    }
    Ok(candidates.into_values().collect())
}

fn candidate(hit: CandidateHit, cosine: Option<Similarity>) -> PortResult<Candidate> {
    let facets =
        hit.fields.facets.first().map(|text| facets::read(text).map(Box::new)).transpose()?;
    Ok(Candidate { id: get::product_id(&hit.id)?, cosine, text: hit.fields.text, facets })
}

/// Converts a score, which is (1 + cosine) / 2, to the cosine.
fn cosine(id: &str, score: Option<f32>) -> PortResult<Similarity> {
    match score.map(|score| 2.0 * score - 1.0) {
        Some(cosine) if cosine.abs() < 1.001 => Ok(Similarity::from_cosine(cosine)),
        other => Err(error::corrupt(format!("the cosine of {id:?} is {other:?}"))),
    }
}
