//! Counts the products whose names hold several terms.

use super::parameters::{Parameters, SqlValue};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};

/// Counts the products whose names hold all of some terms and one of others.
pub(crate) struct CountNames<'a> {
    pub(crate) all: &'a [String],
    pub(crate) terms: &'a [String],
}

#[async_trait]
impl Call for CountNames<'_> {
    type Answer = Vec<u64>;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<Vec<u64>, Failure> {
        let mut parameters = Parameters::after(0);
        let holders = self.holders(&mut parameters);
        let terms = parameters.add(SqlValue::Texts(distinct(self.terms)));
        let sql = format!(
            "SELECT known.term, count(*) FROM {{terms}} known
             JOIN {{postings}} held ON held.term = known.id
             WHERE held.in_name AND known.term = ANY ({terms}){holders} GROUP BY known.term"
        );
        let statement = parameters.bind(query(names.fill(&sql)));
        let mut counts = HashMap::new();
        for row in statement.fetch_all(connection).await? {
            counts.insert(unescape(get(&row, 0)?), get::<i64>(&row, 1)?.unsigned_abs());
        }
        Ok(self.terms.iter().map(|term| counts.get(term).copied().unwrap_or_default()).collect())
    }
}

impl CountNames<'_> {
    /// Restricts the counted products to those with all terms.
    fn holders(&self, parameters: &mut Parameters) -> String {
        let all = distinct(self.all);
        if all.is_empty() {
            return String::new();
        }
        let count = parameters.add(SqlValue::Whole(i64::try_from(all.len()).unwrap_or(i64::MAX)));
        let all = parameters.add(SqlValue::Texts(all));
        format!(
            " AND held.key IN (SELECT other.key FROM {{postings}} other
                 WHERE other.in_name AND other.term = ANY (ARRAY(SELECT id FROM {{terms}} WHERE term = ANY ({all})))
                 GROUP BY other.key HAVING count(*) = {count})"
        )
    }
}

fn distinct(terms: &[String]) -> Vec<String> {
    let distinct: HashSet<_> = terms.iter().map(|term| escape(term).into_owned()).collect();
    distinct.into_iter().collect()
}
