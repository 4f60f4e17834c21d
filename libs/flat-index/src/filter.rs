use crate::rows::Rows;
use crate::segment::Segment;
use crate::{Error, Schema};

/// Conditions that all have to hold; the default keeps every document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnFilter {
    /// Column name, and the values of which the document must have one.
    pub keywords: Vec<(String, Vec<String>)>,
    /// Column name, least and greatest value, inclusive; a missing value never matches.
    pub numbers: Vec<(String, f64, f64)>,
}

/// A filter whose column names are resolved to places.
#[derive(Debug)]
pub(crate) struct Resolved<'a> {
    keywords: Vec<(usize, &'a [String])>,
    numbers: Vec<(usize, f64, f64)>,
}

impl ColumnFilter {
    pub(crate) fn resolve(&self, schema: &Schema) -> Result<Resolved<'_>, Error> {
        let keywords = self
            .keywords
            .iter()
            .map(|(name, values)| Ok((column(&schema.keyword_columns, name)?, values.as_slice())));
        let numbers = self.numbers.iter().map(|(name, least, greatest)| {
            Ok((column(&schema.number_columns, name)?, *least, *greatest))
        });
        Ok(Resolved {
            keywords: keywords.collect::<Result<_, _>>()?,
            numbers: numbers.collect::<Result<_, _>>()?,
        })
    }
}

fn column(columns: &[String], name: &str) -> Result<usize, Error> {
    let place = columns.iter().position(|column| column == name);
    place.ok_or(Error::Request("the filter names a column that the schema lacks"))
}

impl Resolved<'_> {
    pub(crate) fn keeps_all(&self) -> bool {
        self.keywords.is_empty() && self.numbers.is_empty()
    }

    /// Takes out of `rows` what the filter does not keep.
    pub(crate) fn apply(&self, segment: &Segment, rows: &mut Rows) {
        for (column, values) in &self.keywords {
            let mut wanted: Vec<u32> =
                values.iter().filter_map(|value| segment.value(*column, value)).collect();
            wanted.sort_unstable();
            let values = segment.keywords(*column);
            match wanted[..] {
                [one] => rows.retain(values, |value| value == one),
                _ => rows.retain(values, |value| wanted.binary_search(&value).is_ok()),
            }
        }
        for (column, least, greatest) in &self.numbers {
            // NaN, which stands for a missing value, lies in no range.
            rows.retain(segment.numbers(*column), |x| x >= *least && x <= *greatest);
        }
    }
}
