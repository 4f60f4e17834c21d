use crate::Error;

/// What every document of an index has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Coordinates of a vector.
    pub dimension: usize,
    /// The weight of each text field in a document's score by words.
    pub text_fields: Vec<f32>,
    /// BM25's saturation; positive.
    pub k1: f32,
    /// BM25's length normalization, 0..=1.
    pub b: f32,
    /// Names of the columns of words.
    pub keyword_columns: Vec<String>,
    /// Names of the columns of numbers.
    pub number_columns: Vec<String>,
}

/// One document to be indexed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexDocument {
    /// Names the document; a later document of the same key replaces it.
    pub key: String,
    /// A unit vector of the schema's dimension.
    pub vector: Vec<f32>,
    /// Analyzed terms, space-joined; fields are separated by `\n`.
    pub text: String,
    /// Distinct unstemmed words, space-joined.
    pub surface: String,
    /// The value in each keyword column.
    pub keywords: Vec<String>,
    /// The value in each number column.
    pub numbers: Vec<Option<f64>>,
}

impl Schema {
    /// Tells files of one schema from those of another.
    pub(crate) fn checksum(&self) -> u32 {
        crc32fast::hash(format!("{self:?}").as_bytes())
    }

    /// Says what of `document` does not fit.
    pub(crate) fn check(&self, document: &IndexDocument) -> Result<(), Error> {
        let refuse = |reason| Err(Error::Document { key: document.key.clone(), reason });
        if document.vector.len() != self.dimension {
            return refuse("the vector has another dimension than the schema");
        }
        if !document.vector.iter().all(|coordinate| coordinate.is_finite()) {
            return refuse("the vector holds a coordinate that is not finite");
        }
        if document.text.split('\n').count() > self.text_fields.len().max(1) {
            return refuse("the text has more fields than the schema");
        }
        if document.keywords.len() != self.keyword_columns.len()
            || document.numbers.len() != self.number_columns.len()
        {
            return refuse("the columns are not those of the schema");
        }
        Ok(())
    }
}

/// How many terms each field of `text` has.
pub(crate) fn field_lengths(text: &str) -> impl Iterator<Item = u64> {
    text.split('\n').map(|field| field.split_ascii_whitespace().count() as u64)
}
