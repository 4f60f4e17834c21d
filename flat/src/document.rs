use crate::Error;

/// What every document of an index has.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Values in a vector.
    pub dimension: usize,
    /// The weight of each text field in a document's score by words.
    pub text_fields: Vec<f32>,
    /// BM25's saturation; positive.
    pub k1: f32,
    /// BM25's length normalisation, 0..=1.
    pub b: f32,
    /// Names of the columns of words.
    pub keyword_columns: Vec<String>,
    /// Names of the columns of numbers.
    pub number_columns: Vec<String>,
}

impl Schema {
    pub(crate) fn checksum(&self) -> u32 {
        crc32fast::hash(format!("{self:?}").as_bytes())
    }
}

/// One document to be indexed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Names the document; a later document of the same key replaces it.
    pub key: String,
    /// A unit vector of the schema's dimension.
    pub vector: Option<Vec<f32>>,
    /// Analysed terms, space-joined; fields are separated by `\n`.
    pub text: String,
    /// Distinct unstemmed words, space-joined.
    pub surface: String,
    /// The values of each keyword column.
    pub keywords: Vec<Vec<String>>,
    /// The value of each number column.
    pub numbers: Vec<Option<f64>>,
}

impl Document {
    pub(crate) fn check(&self, schema: &Schema) -> Result<(), Error> {
        let refuse = |reason| Err(Error::Document { key: self.key.clone(), reason });
        if let Some(vector) = &self.vector {
            if vector.len() != schema.dimension {
                return refuse("the vector has another dimension than the schema");
            }
            if !vector.iter().all(|value| value.is_finite()) {
                return refuse("the vector holds a value that is not finite");
            }
        }
        if self.text.split('\n').count() > schema.text_fields.len().max(1) {
            return refuse("the text has more fields than the schema");
        }
        if self.keywords.len() != schema.keyword_columns.len()
            || self.numbers.len() != schema.number_columns.len()
        {
            return refuse("the columns are not those of the schema");
        }
        Ok(())
    }
}
