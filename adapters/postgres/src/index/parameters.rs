//! The parameters of statements that are put together from parts.

use crate::database::SqlQuery;

/// The values of a statement's last parameters, in order.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// The number of parameters before the first of these.
    before: usize,
    values: Vec<SqlValue>,
}

/// The value of a parameter.
#[derive(Debug)]
pub(crate) enum SqlValue {
    Digests(Vec<Vec<u8>>),
    Texts(Vec<String>),
    Text(String),
    Integers(Vec<i32>),
    Numbers(Vec<f64>),
    Number(f64),
    Whole(i64),
    Flag(bool),
    Vector(Vec<f32>),
}

impl Parameters {
    /// Returns no parameters, to follow `before` others.
    pub(crate) fn after(before: usize) -> Self {
        Self { before, values: Vec::new() }
    }

    /// Adds a value, and returns the parameter as the statement refers to it.
    pub(crate) fn add(&mut self, value: SqlValue) -> String {
        let name = match value {
            SqlValue::Digests(_) => "bytea[]",
            SqlValue::Texts(_) => "text[]",
            SqlValue::Text(_) => "text",
            SqlValue::Integers(_) => "integer[]",
            SqlValue::Numbers(_) => "double precision[]",
            SqlValue::Number(_) => "double precision",
            SqlValue::Whole(_) => "bigint",
            SqlValue::Flag(_) => "boolean",
            SqlValue::Vector(_) => "real[]::vector",
        };
        self.values.push(value);
        format!("${}::{name}", self.before + self.values.len())
    }

    /// Binds the values.
    pub(crate) fn bind(self, query: SqlQuery) -> SqlQuery {
        self.values.into_iter().fold(query, |query, value| match value {
            SqlValue::Digests(values) => query.bind(values),
            SqlValue::Texts(values) => query.bind(values),
            SqlValue::Text(value) => query.bind(value),
            SqlValue::Integers(values) => query.bind(values),
            SqlValue::Numbers(values) => query.bind(values),
            SqlValue::Number(value) => query.bind(value),
            SqlValue::Whole(value) => query.bind(value),
            SqlValue::Flag(value) => query.bind(value),
            SqlValue::Vector(value) => query.bind(value),
        })
    }
}
