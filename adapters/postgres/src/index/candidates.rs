//! Finds candidates: the best by words and the nearest by meaning, in two statements.

use super::facets;
use super::filter::condition;
use super::graph::MAX_DIMENSION;
use super::parameters::Parameters;
use super::state::{STATE, STATE_COLUMNS, State, missing_state};
use crate::database::{Call, get, query};
use crate::error::{Failure, SYSTEM};
use crate::names::Names;
use crate::store::{product_id, row_limit};
use crate::text::{escape, unescape};
use akin_entities::{AnalyzedText, Similarity, bm25};
use akin_ports::{Candidate, CandidateQuery};
use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

/// Answers a query that has terms or a vector.
pub(crate) struct Candidates<'a> {
    pub(crate) query: &'a CandidateQuery,
    /// The maximum number of products that are compared one by one.
    pub(crate) exact_rows: u32,
}

/// The plan of a search.
struct SearchPlan {
    state: State,
    /// The ids of the query's terms that the index contains, and the weight of each.
    terms: Vec<i32>,
    weights: Vec<f64>,
    /// The plan for the nearest products.
    near: VectorSearch,
}

/// The plan for finding the nearest products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VectorSearch {
    /// Not at all: the query has no vector.
    Skip,
    /// By comparing with every product that the filter admits.
    Exact,
    /// By the graph over embeddings of this dimension, which returns up to `limit` products.
    Graph { dimension: usize, limit: i64 },
}

#[async_trait]
impl Call for Candidates<'_> {
    type Answer = Vec<Candidate>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let plan = self.plan(connection, names).await?;
        if plan.state.products == 0 || (plan.terms.is_empty() && plan.near == VectorSearch::Skip) {
            return Ok(Vec::new());
        }
        let (candidates, found) = self.find(connection, names, &plan).await?;
        match plan.near {
            // The graph search ended among products that the filter rejects.
            VectorSearch::Graph { limit, .. } if found < limit => {
                let plan = SearchPlan { near: VectorSearch::Exact, ..plan };
                Ok(self.find(connection, names, &plan).await?.0)
            }
            _ => Ok(candidates),
        }
    }
}

impl Candidates<'_> {
    /// Returns up to how many admitted products are compared one by one. A graph needs more
    /// products to choose from than it is asked for.
    fn exact_limit(&self) -> i64 {
        i64::from(self.exact_rows)
            .max(row_limit(self.query.depth).saturating_mul(4))
            .saturating_add(16)
    }

    async fn plan(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<SearchPlan, Failure> {
        let mut parameters = Parameters::after(3);
        let sql = format!(
            "SELECT {STATE},
                 ARRAY(SELECT id FROM {{terms}} WHERE term = ANY ($1::text[]) AND documents > 0
                     ORDER BY id),
                 ARRAY(SELECT documents FROM {{terms}} WHERE term = ANY ($1::text[])
                     AND documents > 0 ORDER BY id),
                 CASE WHEN $3 AND products > $2 THEN (SELECT count(*) FROM (
                     SELECT FROM {{entries}} WHERE {} LIMIT $2 + 1) AS admitted)
                 ELSE products END
             FROM {{state}}",
            condition(&self.query.filter, &mut parameters)
        );
        let terms: Vec<_> = self.query.terms.iter().map(|term| escape(term)).collect();
        let must_count = self.query.vector.is_some() && !self.query.filter.is_empty();
        let statement =
            query(names.fill(&sql)).bind(terms).bind(self.exact_limit()).bind(must_count);
        let row = parameters.bind(statement).fetch_optional(connection).await?;
        let row = row.ok_or_else(missing_state)?;
        let state = State::from_row(&row)?;
        let frequencies: Vec<i64> = get(&row, STATE_COLUMNS + 1)?;
        let weights = frequencies
            .into_iter()
            .map(|found| bm25::idf(state.products, found.unsigned_abs()))
            .collect();
        let near = self.near(&state, get(&row, STATE_COLUMNS + 2)?)?;
        Ok(SearchPlan { terms: get(&row, STATE_COLUMNS)?, weights, near, state })
    }

    /// Decides how to find the nearest among `admitted` products.
    fn near(&self, state: &State, admitted: i64) -> Result<VectorSearch, Failure> {
        let Some(vector) = &self.query.vector else { return Ok(VectorSearch::Skip) };
        let Some(model) = state.active_fingerprint() else { return Ok(VectorSearch::Exact) };
        vector.check(SYSTEM, model)?;
        let dimension = model.dimension;
        if admitted <= self.exact_limit() || dimension > MAX_DIMENSION {
            return Ok(VectorSearch::Exact);
        }
        // A few more than requested: the graph compares rounded vectors, and the nearest of its
        // results are then chosen exactly.
        let depth = row_limit(self.query.depth);
        Ok(VectorSearch::Graph { dimension, limit: depth + depth / 8 + 8 })
    }

    /// Returns the candidates, and how many products the vector search found before the threshold.
    async fn find(
        &self,
        connection: &mut PgConnection,
        names: &Names,
        plan: &SearchPlan,
    ) -> Result<(Vec<Candidate>, i64), Failure> {
        let mut parameters = Parameters::after(5);
        let condition = condition(&self.query.filter, &mut parameters);
        let by_words =
            if plan.terms.is_empty() { NO_KEYS.into() } else { by_words(self.query, &condition) };
        let (proposed, nearest) = nearest(self.query, plan.near, &condition);
        let cosine = if plan.near == VectorSearch::Skip {
            "NULL"
        } else {
            "-(e.embedding <#> $1::real[]::vector)"
        };
        let with_facets = self.query.with_facets;
        let facets = if with_facets { format!(", {}", facets::COLUMNS) } else { String::new() };
        let values = if with_facets { facets::JOIN } else { "" };
        let sql = format!(
            "WITH by_words AS MATERIALIZED ({by_words}), named AS MATERIALIZED ({proposed}),
             near AS ({nearest}), chosen AS (SELECT key FROM by_words UNION SELECT key FROM near)
             SELECT count, e.product_id::text, t.text, {cosine}::double precision{facets}
             FROM (SELECT count(*) FROM named) AS counted LEFT JOIN (
                 chosen JOIN {{entries}} e ON e.akin_key = chosen.key
                     AND e.akin_text_hash IS NOT NULL
                 JOIN {{texts}} t ON t.key = chosen.key {values}
             ) ON true"
        );
        let statement = query(names.fill(&sql))
            .bind(self.query.vector.as_ref().map(|vector| vector.embedding.as_slice().to_vec()))
            .bind(row_limit(self.query.depth))
            .bind(self.query.threshold.map_or(f64::MIN, |threshold| f64::from(threshold.get())))
            .bind(&plan.terms)
            .bind(&plan.weights);
        let rows = parameters.bind(statement).fetch_all(connection).await?;
        let count = rows.first().map_or(Ok(0), |row| get(row, 0))?;
        let candidates = rows.iter().filter_map(|row| candidate(row, with_facets).transpose());
        Ok((candidates.collect::<Result<_, _>>()?, count))
    }
}

/// Selects no rows.
const NO_KEYS: &str = "SELECT NULL::integer AS key, NULL::double precision AS cosine WHERE false";

/// Selects the keys of the best products by words.
fn by_words(query: &CandidateQuery, condition: &str) -> String {
    let admitted = if query.filter.is_empty() {
        String::new()
    } else {
        format!("WHERE held.key IN (SELECT akin_key FROM {{entries}} WHERE {condition})")
    };
    format!(
        "SELECT held.key FROM unnest($4::integer[], $5::double precision[]) AS asked(term, weight)
         JOIN {{postings}} held ON held.term = asked.term {admitted}
         GROUP BY held.key ORDER BY sum(weight * share) DESC, held.key LIMIT $2"
    )
}

/// Returns two statements: one that finds the products that may be nearest, and one that selects
/// among them.
fn nearest(query: &CandidateQuery, near: VectorSearch, condition: &str) -> (String, &'static str) {
    const CHOOSE: &str =
        "SELECT key FROM named WHERE cosine >= $3 ORDER BY cosine DESC, key LIMIT $2";
    let exactly = "akin_key AS key, -(embedding <#> $1::real[]::vector) AS cosine FROM {entries}";
    let named = match near {
        VectorSearch::Skip => return (NO_KEYS.to_owned(), "SELECT key FROM named"),
        VectorSearch::Exact if query.filter.is_empty() => {
            format!("SELECT {exactly} WHERE {condition} ORDER BY cosine DESC, key LIMIT $2")
        }
        // The filter uses its own index, so that only admitted vectors are read.
        VectorSearch::Exact => format!(
            "SELECT {exactly} WHERE akin_text_hash IS NOT NULL AND akin_key = ANY (ARRAY(
                 SELECT akin_key FROM {{entries}} WHERE {condition}))
             ORDER BY cosine DESC, key LIMIT $2"
        ),
        VectorSearch::Graph { dimension, limit } => format!(
            "SELECT {exactly} WHERE {condition}
             ORDER BY embedding::halfvec({dimension}) <#> $1::real[]::vector::halfvec({dimension})
             LIMIT {limit}"
        ),
    };
    (named, CHOOSE)
}

/// Parses the candidate of a row; `None` for a row that contains only the count.
fn candidate(row: &PgRow, with_facets: bool) -> Result<Option<Candidate>, Failure> {
    let Some(id) = get::<Option<String>>(row, 1)? else { return Ok(None) };
    let cosine: Option<f64> = get(row, 3)?;
    #[expect(clippy::cast_possible_truncation, reason = "the server computed it as an f32")]
    let cosine = cosine.map(|cosine| cosine as f32);
    if let Some(cosine) = cosine.filter(|cosine| cosine.is_nan() || cosine.abs() > 1.001) {
        return Err(Failure::corrupt(format!("the cosine of {id} is {cosine}")));
    }
    let text = AnalyzedText::from_stream(unescape(get(row, 2)?));
    let facets = with_facets.then(|| facets::from_row(row, 4).map(Box::new)).transpose()?;
    let cosine = cosine.map(Similarity::from_cosine);
    Ok(Some(Candidate { id: product_id(id)?, cosine, text, facets }))
}
