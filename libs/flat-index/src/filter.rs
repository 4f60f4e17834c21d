use crate::rows::Rows;
use crate::segment::Segment;
use crate::{IndexFileError, PhraseFilter, Schema};

/// Conditions that a document must all meet; the default admits every document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DocumentFilter {
    /// Column names, each with the values of which the document must have one.
    pub keywords: Vec<(String, Vec<String>)>,
    /// Column names, each with an inclusive minimum and maximum; a missing value never matches.
    pub numbers: Vec<(String, f64, f64)>,
    /// Names of fields that documents have by name, each with the values of which the document must have
    /// one.
    pub tags: Vec<(String, Vec<String>)>,
    /// The keys of which the document must have one; an empty list admits all.
    pub keys: Vec<String>,
    /// The phrases that the document must hold, and those that it must not.
    pub phrases: Vec<PhraseFilter>,
    /// The keys of documents that do not match.
    pub without_keys: Vec<String>,
}

/// A filter with column names resolved to indexes.
#[derive(Debug)]
pub(crate) struct ResolvedFilter<'a> {
    keywords: Vec<(usize, &'a [String])>,
    numbers: Vec<(usize, f64, f64)>,
    tags: &'a [(String, Vec<String>)],
    keys: &'a [String],
    phrases: &'a [PhraseFilter],
    without_keys: &'a [String],
}

impl DocumentFilter {
    pub(crate) fn resolve(&self, schema: &Schema) -> Result<ResolvedFilter<'_>, IndexFileError> {
        let keywords = self
            .keywords
            .iter()
            .map(|(name, values)| Ok((column(&schema.keyword_columns, name)?, values.as_slice())));
        let numbers = self.numbers.iter().map(|(name, least, greatest)| {
            Ok((column(&schema.number_columns, name)?, *least, *greatest))
        });
        Ok(ResolvedFilter {
            keywords: keywords.collect::<Result<_, _>>()?,
            numbers: numbers.collect::<Result<_, _>>()?,
            tags: &self.tags,
            keys: &self.keys,
            phrases: &self.phrases,
            without_keys: &self.without_keys,
        })
    }
}

fn column(columns: &[String], name: &str) -> Result<usize, IndexFileError> {
    let index = columns.iter().position(|column| column == name);
    index.ok_or(IndexFileError::Request("the filter names a column that the schema lacks"))
}

impl ResolvedFilter<'_> {
    pub(crate) fn admits_all(&self) -> bool {
        self.keywords.is_empty()
            && self.numbers.is_empty()
            && self.tags.is_empty()
            && self.keys.is_empty()
            && self.phrases.is_empty()
            && self.without_keys.is_empty()
    }

    /// Removes from `rows` those that do not match the filter.
    pub(crate) fn apply(&self, segment: &Segment, rows: &mut Rows) {
        for (column, values) in &self.keywords {
            let mut allowed: Vec<u32> =
                values.iter().filter_map(|value| segment.value(*column, value)).collect();
            allowed.sort_unstable();
            let values = segment.keywords(*column);
            match allowed[..] {
                [one] => rows.retain(values, |value| value == one),
                _ => rows.retain(values, |value| allowed.binary_search(&value).is_ok()),
            }
        }
        for (column, least, greatest) in &self.numbers {
            // NaN marks a missing value and lies in no range.
            rows.retain(segment.numbers(*column), |x| x >= *least && x <= *greatest);
        }
        for (name, values) in self.tags {
            let mut tagged = Rows::none(segment.rows());
            segment.add_tagged(name, values, &mut tagged);
            rows.intersect(&tagged);
        }
        let listed = |keys: &[String]| {
            let mut listed = Rows::none(segment.rows());
            keys.iter().filter_map(|key| segment.row(key)).for_each(|row| listed.insert(row));
            listed
        };
        if !self.keys.is_empty() {
            rows.intersect(&listed(self.keys));
        }
        if !self.without_keys.is_empty() {
            rows.subtract(&listed(self.without_keys));
        }
        // Last, since texts are read of the rows that are left.
        for phrase in self.phrases {
            phrase.apply(segment, rows);
        }
    }
}
