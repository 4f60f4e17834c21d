//! Candidates: both parts of a query at the same time, each in one trip.

use crate::connection::{Request, Urgency};
use crate::index::Engine;
use crate::{SYSTEM, error, facets, formula, get, schema};
use akin_entities::{AnalyzedText, Embedding, Fingerprint, Similarity, Statistics, bm25};
use akin_ports::{Candidate, CandidateQuery, PortResult, QueryVector};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// How many terms are searched for: the server takes 1,024 clauses. Of more, those that tell most.
const MOST_TERMS: usize = 1_000;

/// Each segment's graph is searched for so many times the nearest that are asked for, and for so
/// many at least: asked for few, it stops too early, and the nearest of all are not among them.
const REACH: usize = 2;
const LEAST_REACH: usize = 200;

/// So many times as many are asked for by words: they were weighed by the averages of the moment
/// when they were written, and the best by those of now are among them.
const MARGIN: usize = 3;

/// The name under which a hit found by words carries its cosine.
const COSINE: &str = "cosine";

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_score")]
    score: Option<f32>,
    #[serde(default)]
    fields: Fields,
    #[serde(default)]
    matched_queries: HashMap<String, f32>,
}

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "text")]
    text: AnalyzedText,
    #[serde(default)]
    facets: Vec<String>,
}

/// A stored field comes as a list.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AnalyzedText, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(AnalyzedText::from_stream(texts.into_iter().next().unwrap_or_default()))
}

impl Engine {
    /// See [`akin_ports::ProductIndex::candidates`].
    pub(crate) async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        let Some(model) = self.model(Urgency::Read).await? else { return Ok(Vec::new()) };
        if !self.fits(query, &model).await? {
            return Ok(Vec::new());
        }
        let (words, meaning) = tokio::try_join!(
            self.found_by_words(query, &model),
            self.found_by_meaning(query, &model)
        )?;
        union(query, words, meaning)
    }

    /// Whether anything can be found; an error if the query is not for this index.
    async fn fits(&self, query: &CandidateQuery, model: &Fingerprint) -> PortResult<bool> {
        if query.depth > schema::DEEPEST {
            let (most, depth) = (schema::DEEPEST, query.depth);
            let what = format!("it brings at most {most} candidates, not {depth}");
            return Err(error::refused(what));
        }
        let Some(vector) = &query.vector else { return Ok(true) };
        match vector.check(SYSTEM, model) {
            Ok(()) => Ok(true),
            // What holds no embedding can be asked by any model.
            Err(_) if self.count_products(Some(model), Urgency::Read).await? == 0 => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn found_by_words(
        &self,
        query: &CandidateQuery,
        model: &Fingerprint,
    ) -> PortResult<Vec<Hit>> {
        let terms = terms(query);
        if terms.is_empty() || query.depth == 0 {
            return Ok(Vec::new());
        }
        let statistics = self.statistics().await?;
        let terms = weigh(&terms, &*statistics);
        let found = self.search(&by_words(query, &terms, model)).await?;
        Ok(best(found, query.depth, &terms, &*statistics))
    }

    async fn found_by_meaning(
        &self,
        query: &CandidateQuery,
        model: &Fingerprint,
    ) -> PortResult<Vec<Hit>> {
        match &query.vector {
            Some(vector) if query.depth > 0 => {
                self.search(&by_meaning(query, &vector.embedding, model)).await
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn search(&self, body: &Value) -> PortResult<Vec<Hit>> {
        let path = format!(
            "{}/_search?allow_partial_search_results=false&include_named_queries_score=true\
             &filter_path=hits.hits._id,hits.hits._score,hits.hits.fields,hits.hits.matched_queries",
            self.alias
        );
        self.connection.hits(&Request::post(path, body)).await
    }
}

/// Each term once. None that a stored word could be holds anything but letters and digits.
fn terms(query: &CandidateQuery) -> Vec<&str> {
    let mut seen = HashSet::new();
    let terms = query.terms.iter().map(String::as_str);
    terms.filter(|term| !term.is_empty() && !term.contains('.') && seen.insert(*term)).collect()
}

/// Each term and its inverse document frequency; of too many those that tell most.
fn weigh<'a>(terms: &[&'a str], statistics: &dyn Statistics) -> Vec<(&'a str, f64)> {
    let documents = statistics.documents();
    let weigh =
        |term: &&'a str| (*term, formula::idf(documents, statistics.document_frequency(term)));
    let mut weighed: Vec<_> = terms.iter().map(weigh).collect();
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    weighed.truncate(MOST_TERMS);
    weighed
}

/// The best `depth` of those that were found.
fn best(
    mut found: Vec<Hit>,
    depth: usize,
    terms: &[(&str, f64)],
    statistics: &dyn Statistics,
) -> Vec<Hit> {
    if found.len() > depth {
        found.sort_by_cached_key(|hit| {
            let l = formula::l(&hit.fields.text, terms, statistics);
            // L is never negative, so its bits are in its order.
            (Reverse(l.to_bits()), hit.id.clone())
        });
        found.truncate(depth);
    }
    found
}

/// What both parts have in common. Equals are ordered by id, so that the same are cut each time.
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

/// The formula's L: each term's weight in the document, saturated, times its inverse document
/// frequency. The cosines of those that are found are computed when they are fetched, exactly, and
/// of no others: the filter behind the query costs nothing but its name is scored then.
fn by_words(query: &CandidateQuery, terms: &[(&str, f64)], model: &Fingerprint) -> Value {
    let should: Vec<_> = terms.iter().map(|(term, idf)| clause(term, *idf)).collect();
    let mut body = search(
        query,
        (MARGIN * query.depth).min(schema::DEEPEST),
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
            "script": {
                "lang": "knn",
                "source": "knn_score",
                "params": {
                    "field": schema::embedding_field(model.dimension),
                    "query_value": coordinates(embedding),
                    "space_type": "cosinesimil",
                },
            },
        }});
    }
    body
}

fn clause(term: &str, idf: f64) -> Value {
    json!({"rank_feature": {
        "field": format!("shares.{term}"),
        "boost": idf,
        "saturation": {"pivot": bm25::K1},
    }})
}

fn by_meaning(query: &CandidateQuery, embedding: &Embedding, model: &Fingerprint) -> Value {
    let reach = (REACH * query.depth).clamp(LEAST_REACH, schema::DEEPEST);
    let knn = json!({"knn": {schema::embedding_field(model.dimension): {
        "vector": coordinates(embedding),
        "k": reach,
        "filter": {"bool": {"filter": filter(query, model)}},
    }}});
    search(query, query.depth, &knn)
}

/// Products of this model that pass the query's filter.
fn filter(query: &CandidateQuery, model: &Fingerprint) -> Vec<Value> {
    let mut clauses = vec![json!({"term": {"fingerprint": model.to_string()}})];
    clauses.extend(facets::clauses(&query.filter));
    clauses
}

/// The coordinates in as few digits as tell them apart.
fn coordinates(embedding: &Embedding) -> Vec<f64> {
    let short = |x: &f32| x.to_string().parse().unwrap_or_else(|_| f64::from(*x));
    embedding.as_slice().iter().map(short).collect()
}

/// Each product once. Those found by meaning alone must reach the threshold.
fn union(query: &CandidateQuery, words: Vec<Hit>, meaning: Vec<Hit>) -> PortResult<Vec<Candidate>> {
    let least = query.threshold.map_or(-1.0, Similarity::get);
    let mut found = HashMap::with_capacity(words.len() + meaning.len());
    for hit in words {
        let score = hit.matched_queries.get(COSINE).copied();
        let asked = query.vector.is_some();
        let cosine = if asked { Some(cosine(&hit.id, score)?) } else { None };
        let candidate = candidate(hit, cosine)?;
        found.insert(candidate.id.clone(), candidate);
    }
    for hit in meaning {
        let cosine = cosine(&hit.id, hit.score)?;
        let candidate = candidate(hit, Some(cosine))?;
        if cosine.get() >= least {
            found.entry(candidate.id.clone()).or_insert(candidate);
        }
    }
    Ok(found.into_values().collect())
}

fn candidate(hit: Hit, cosine: Option<Similarity>) -> PortResult<Candidate> {
    let facets =
        hit.fields.facets.first().map(|text| facets::read(text).map(Box::new)).transpose()?;
    Ok(Candidate { id: get::product_id(&hit.id)?, cosine, text: hit.fields.text, facets })
}

/// The cosine whose score is (1 + cosine) / 2.
fn cosine(id: &str, score: Option<f32>) -> PortResult<Similarity> {
    match score.map(|score| 2.0 * score - 1.0) {
        Some(cosine) if cosine.abs() < 1.001 => Ok(Similarity::from_cosine(cosine)),
        other => Err(error::corrupt(format!("the cosine of {id:?} is {other:?}"))),
    }
}
