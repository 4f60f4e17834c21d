//! Counts and lists all products that match: in one statement, and in another one for histograms.

use super::filter::{is_named, keys, keyword_column, number_column, restrictions};
use super::parameters::{Parameters, SqlValue};
use super::state::ReadState;
use crate::database::{Call, get, query};
use crate::error::{Failure, SYSTEM};
use crate::names::Names;
use crate::store::{product_id, row_limit};
use crate::text::{escape, unescape};
use akin_entities::{FacetField, NumberField, OrderField, WordRule, tag_key_value};
use akin_ports::{
    FacetCounts, FacetQuery, MatchPage, MatchQuery, Matches, Matching, NearRule, NumberCounts,
    Relation,
};
use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use std::collections::BTreeSet;

/// Answers a query about all products that match.
pub(crate) struct CountMatches<'a>(pub(crate) &'a MatchQuery);

/// The columns of an entry that are counted, filtered and sorted by. They are read from an index alone.
const COLUMNS: &str = "akin_key, akin_main_category, akin_sub_category, akin_brand, akin_price,
    akin_rating, akin_discounted";

/// The numbers of the parts of the answer besides the facets, which are numbered from 0.
const TOTAL: i32 = -1;
const PAGE: i32 = -2;

#[async_trait]
impl Call for CountMatches<'_> {
    type Answer = Matches;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<Matches, Failure> {
        if let Some(vector) = self.0.matching.vector() {
            let state = ReadState.run(connection, names).await?;
            state.active_fingerprint().map_or(Ok(()), |held| vector.check(SYSTEM, held))?;
        }
        let mut parameters = Parameters::after(0);
        let found = self.found(&mut parameters);
        let mut parts = vec![self.total(&mut parameters)];
        for (number, facet) in (0..).zip(&self.0.facets) {
            parts.push(self.facet(number, facet, &mut parameters));
        }
        parts.extend(self.0.page.as_ref().map(|page| self.page(page, &mut parameters)));
        let sql = format!("{found} {} ORDER BY part, position", parts.join(" UNION ALL "));
        let statement = parameters.bind(query(names.fill(&sql)));
        let rows = statement.fetch_all(&mut *connection).await?;
        let mut matches = self.read(&rows)?;
        self.count_intervals(connection, names, &mut matches.facets).await?;
        Ok(matches)
    }
}

impl CountMatches<'_> {
    /// Names the products that match, before any filter, `found`.
    fn found(&self, parameters: &mut Parameters) -> String {
        let entries = format!("SELECT {COLUMNS} FROM {{entries}} WHERE akin_text_hash IS NOT NULL");
        match &self.0.matching {
            Matching::Everything => format!("WITH found AS ({entries})"),
            Matching::Some { words, also, near } => {
                let mut parts = vec![format!("SELECT unnest({}) AS key", keys(also, parameters))];
                parts.extend(words.as_ref().map(|rule| by_words(rule, parameters)));
                parts.extend(near.as_ref().map(|rule| by_both(rule, parameters)));
                let parts = parts.join(" UNION ");
                format!(
                    "WITH matched AS MATERIALIZED ({parts}),
                     found AS MATERIALIZED ({entries} AND akin_key IN (SELECT key FROM matched))"
                )
            }
        }
    }

    fn total(&self, parameters: &mut Parameters) -> String {
        let restrictions = restrictions(&self.0.filter, parameters);
        format!(
            "SELECT {TOTAL} AS part, NULL::text AS text, NULL::double precision AS low,
                 NULL::double precision AS high, count(*) AS position
             FROM found WHERE true{restrictions}"
        )
    }

    /// Selects the values of a facet with their counts, or its least and greatest number.
    fn facet(&self, number: i32, facet: &FacetQuery, parameters: &mut Parameters) -> String {
        let counted = self.counted(facet, parameters);
        match &facet.field {
            FacetField::Keyword(field) => {
                let column = keyword_column(*field);
                format!(
                    "SELECT {number}, held.value, NULL, NULL, counted.products
                     FROM (SELECT {column} AS id, count(*) AS products FROM {counted}
                         GROUP BY {column}) AS counted
                     JOIN {{values}} held ON held.id = counted.id WHERE held.value <> ''"
                )
            }
            FacetField::Number(field) => {
                let column = number_column(*field);
                format!("SELECT {number}, NULL, min({column}), max({column}), 0 FROM {counted}")
            }
            FacetField::Tag(name) | FacetField::TagNumbers(name) => {
                let is_named = is_named(name, "tag", parameters);
                format!(
                    "SELECT {number}, tag, NULL, NULL, count(*)
                     FROM (SELECT akin_key FROM {counted}) AS counted
                     JOIN {{tags}} tags ON tags.key = counted.akin_key
                     CROSS JOIN LATERAL unnest(tags.written) AS tag
                     WHERE {is_named} GROUP BY tag"
                )
            }
        }
    }

    /// Returns the products that a facet counts, as the rest of a statement after `FROM`.
    fn counted(&self, facet: &FacetQuery, parameters: &mut Parameters) -> String {
        let restrictions = restrictions(&facet.filter, parameters);
        if facet.also.is_empty() || self.0.matching == Matching::Everything {
            return format!("found WHERE true{restrictions}");
        }
        let also = keys(&facet.also, parameters);
        format!(
            "(SELECT {COLUMNS} FROM found UNION SELECT {COLUMNS} FROM {{entries}}
                 WHERE akin_text_hash IS NOT NULL AND akin_key = ANY ({also})) AS all_found
             WHERE true{restrictions}"
        )
    }

    /// Selects the products of a page. Ids are read for those only that may be on it, or on a page
    /// before.
    fn page(&self, page: &MatchPage, parameters: &mut Parameters) -> String {
        let mut restrictions = restrictions(&self.0.filter, parameters);
        if !page.without.is_empty() {
            let without = keys(&page.without, parameters);
            restrictions += &[" AND akin_key <> ALL (", &without, ")"].concat();
        }
        let number = order(page, parameters);
        let direction = if page.order.descending { "DESC" } else { "ASC" };
        let (offset, limit) = (row_limit(page.offset), row_limit(page.limit));
        let last = parameters.add(SqlValue::Whole(offset.saturating_add(limit)));
        let offset = parameters.add(SqlValue::Whole(offset));
        format!(
            "SELECT * FROM (
                 SELECT {PAGE}, entry.product_id::text, NULL::double precision,
                     NULL::double precision, row_number() OVER (
                         ORDER BY number {direction} NULLS LAST, entry.product_id::text COLLATE \"C\"
                     ) AS position
                 FROM (SELECT akin_key, {number} AS number FROM found WHERE true{restrictions}
                     ORDER BY number {direction} NULLS LAST FETCH FIRST ({last}) ROWS WITH TIES
                 ) AS first
                 JOIN {{entries}} entry ON entry.akin_key = first.akin_key
                     AND entry.akin_text_hash IS NOT NULL
             ) AS listed WHERE position > {offset} AND position <= {last}"
        )
    }

    fn read(&self, rows: &[PgRow]) -> Result<Matches, Failure> {
        let facets = self.0.facets.iter().map(|facet| match facet.field {
            FacetField::Number(_) => FacetCounts::Number(None),
            FacetField::Keyword(_) | FacetField::Tag(_) | FacetField::TagNumbers(_) => {
                FacetCounts::Keyword(Vec::new())
            }
        });
        let mut matches = Matches { facets: facets.collect(), ..Matches::default() };
        matches.relation = Relation::Exact;
        for row in rows {
            let part: i32 = get(row, 0)?;
            let text: Option<String> = get(row, 1)?;
            let count = get::<i64>(row, 4)?.unsigned_abs();
            match part {
                TOTAL => matches.total = count,
                PAGE => matches.page.push(product_id(text.unwrap_or_default())?),
                facet => {
                    let at = usize::try_from(facet).unwrap_or(usize::MAX);
                    let text = unescape(text.unwrap_or_default());
                    match matches.facets.get_mut(at) {
                        Some(FacetCounts::Keyword(values)) => {
                            let is_key = !matches!(self.0.facets[at].field, FacetField::Keyword(_));
                            let value = if is_key { tag_key_value(&text).to_owned() } else { text };
                            values.push((value, count));
                        }
                        Some(FacetCounts::Number(counts)) => {
                            let (low, high): (Option<f64>, Option<f64>) =
                                (get(row, 2)?, get(row, 3)?);
                            *counts = low.zip(high).map(|(low, high)| NumberCounts::new(low, high));
                        }
                        None => {}
                    }
                }
            }
        }
        Ok(matches)
    }

    /// Counts the numbers in each interval of the facets that have some.
    async fn count_intervals(
        &self,
        connection: &mut PgConnection,
        names: &Names,
        facets: &mut [FacetCounts],
    ) -> Result<(), Failure> {
        let mut parameters = Parameters::after(0);
        let found = self.found(&mut parameters);
        let mut parts = Vec::new();
        for (number, (facet, counts)) in (0..).zip(self.0.facets.iter().zip(&*facets)) {
            if let (FacetField::Number(field), FacetCounts::Number(Some(counts))) =
                (&facet.field, counts)
            {
                parts.push(self.intervals(number, facet, *field, counts, &mut parameters));
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let sql = format!("{found} {}", parts.join(" UNION ALL "));
        let statement = parameters.bind(query(names.fill(&sql)));
        for row in statement.fetch_all(connection).await? {
            let (facet, interval): (i32, i32) = (get(&row, 0)?, get(&row, 1)?);
            let facet = usize::try_from(facet).ok().and_then(|at| facets.get_mut(at));
            if let Some(FacetCounts::Number(Some(counts))) = facet {
                let place = usize::try_from(interval).unwrap_or_default().max(1) - 1;
                let place = place.min(counts.counts.len() - 1);
                counts.counts[place] += get::<i64>(&row, 2)?.unsigned_abs();
            }
        }
        Ok(())
    }

    fn intervals(
        &self,
        number: i32,
        facet: &FacetQuery,
        field: NumberField,
        counts: &NumberCounts,
        parameters: &mut Parameters,
    ) -> String {
        let column = number_column(field);
        let counted = self.counted(facet, parameters);
        let bounds = parameters.add(SqlValue::Numbers(counts.bounds.clone()));
        format!(
            "SELECT {number}, width_bucket({column}, {bounds}) AS place, count(*) FROM {counted}
                 AND {column} IS NOT NULL GROUP BY place"
        )
    }
}

/// Returns what a page is sorted by, of each of the products found.
fn order(page: &MatchPage, parameters: &mut Parameters) -> String {
    match &page.order.field {
        OrderField::Number(field) => number_column(*field).to_owned(),
        OrderField::Tag(name) => {
            let is_named = is_named(name, "number", parameters);
            let best = if page.order.descending { "max" } else { "min" };
            format!(
                "(SELECT {best}(number COLLATE \"C\") FROM {{tags}} tags
                  CROSS JOIN LATERAL unnest(tags.numbers) AS number
                  WHERE tags.key = found.akin_key AND {is_named})"
            )
        }
    }
}

/// Selects the keys of the products that `rule` admits.
fn by_both(rule: &NearRule, parameters: &mut Parameters) -> String {
    let words = by_words(&rule.words, parameters);
    let vector = parameters.add(SqlValue::Vector(rule.vector.embedding.as_slice().to_vec()));
    let least = parameters.add(SqlValue::Number(rule.least.get().into()));
    format!(
        "SELECT akin_key FROM {{entries}} WHERE akin_text_hash IS NOT NULL
             AND akin_key = ANY (ARRAY({words})) AND -(embedding <#> {vector}) >= {least}"
    )
}

/// Selects the keys of the products that `rule` admits.
fn by_words(rule: &WordRule, parameters: &mut Parameters) -> String {
    if rule.terms.iter().any(|term| !term.alternatives.is_empty()) {
        return by_choices(rule, parameters);
    }
    let weight = |weight: u32| i32::try_from(weight).unwrap_or(i32::MAX);
    let terms = rule.terms.iter();
    let texts = terms.clone().map(|term| escape(&term.text).into_owned()).collect();
    let texts = parameters.add(SqlValue::Texts(texts));
    let anywhere = terms.clone().map(|term| weight(term.anywhere)).collect();
    let anywhere = parameters.add(SqlValue::Integers(anywhere));
    let named = parameters.add(SqlValue::Integers(terms.map(|term| weight(term.named)).collect()));
    let least = parameters.add(SqlValue::Whole(rule.least.max(1).into()));
    format!(
        "SELECT held.key FROM unnest({texts}, {anywhere}, {named}) AS asked(term, anywhere, named)
         JOIN {{terms}} known ON known.term = asked.term
         JOIN {{postings}} held ON held.term = known.id
         GROUP BY held.key
         HAVING sum(asked.anywhere + CASE WHEN held.in_name THEN asked.named ELSE 0 END) >= {least}"
    )
}

/// Selects the keys of the products that `rule` admits, if terms have alternatives. Of each term, a
/// product holds the choices all of whose terms it holds; the weights count once.
fn by_choices(rule: &WordRule, parameters: &mut Parameters) -> String {
    let whole = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let weight = |weight: u32| i32::try_from(weight).unwrap_or(i32::MAX);
    let (mut texts, mut columns) = (Vec::new(), [const { Vec::new() }; 5]);
    for (place, term) in rule.terms.iter().enumerate() {
        for (choice, terms) in term.choices().enumerate() {
            let distinct: BTreeSet<_> = terms.iter().collect();
            for text in &distinct {
                texts.push(escape(text).into_owned());
                let values = [whole(place), whole(choice), whole(distinct.len())];
                let values = values.into_iter().chain([weight(term.anywhere), weight(term.named)]);
                columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
        }
    }
    let texts = parameters.add(SqlValue::Texts(texts));
    let columns = columns.map(|column| parameters.add(SqlValue::Integers(column))).join(", ");
    let least = parameters.add(SqlValue::Whole(rule.least.max(1).into()));
    format!(
        "SELECT key FROM (
             SELECT key, max(anywhere) + max(named) AS weight FROM (
                 SELECT held.key, asked.place, asked.anywhere,
                     CASE WHEN bool_and(held.in_name) THEN asked.named ELSE 0 END AS named
                 FROM unnest({texts}, {columns})
                     AS asked(term, place, choice, terms, anywhere, named)
                 JOIN {{terms}} known ON known.term = asked.term
                 JOIN {{postings}} held ON held.term = known.id
                 GROUP BY held.key, asked.place, asked.choice, asked.terms, asked.anywhere, asked.named
                 HAVING count(*) = asked.terms
             ) AS choices GROUP BY key, place
         ) AS places GROUP BY key HAVING sum(weight) >= {least}"
    )
}
