use crate::{Document, Error, Schema};

/// Conditions that all have to hold; the default keeps every document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Column name and the values of which one must be present.
    pub keywords: Vec<(String, Vec<String>)>,
    /// Column name, least and greatest value, inclusive; a missing value never matches.
    pub numbers: Vec<(String, f64, f64)>,
}

type Words<'a> = (usize, &'a [String]);

/// A filter whose column names are resolved to positions.
pub(crate) struct Resolved<'a> {
    keywords: Vec<Words<'a>>,
    numbers: Vec<(usize, f64, f64)>,
}

impl Filter {
    pub(crate) fn resolve(&self, schema: &Schema) -> Result<Resolved<'_>, Error> {
        let find = |columns: &[String], name: &str| {
            columns
                .iter()
                .position(|column| column == name)
                .ok_or(Error::Request("the filter names a column that the schema lacks"))
        };
        let mut resolved = Resolved { keywords: Vec::new(), numbers: Vec::new() };
        for (name, values) in &self.keywords {
            resolved.keywords.push((find(&schema.keyword_columns, name)?, values));
        }
        for (name, least, greatest) in &self.numbers {
            resolved.numbers.push((find(&schema.number_columns, name)?, *least, *greatest));
        }
        Ok(resolved)
    }
}

impl Resolved<'_> {
    pub(crate) fn keeps(&self, document: &Document) -> bool {
        self.keywords.iter().all(|(column, values)| {
            document.keywords[*column].iter().any(|value| values.contains(value))
        }) && self.numbers.iter().all(|(column, least, greatest)| {
            document.numbers[*column].is_some_and(|value| value >= *least && value <= *greatest)
        })
    }
}
