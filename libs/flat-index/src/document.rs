use crate::{IndexFileError, Tag};

/// The fields of every document in an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The dimension of the vectors.
    pub dimension: usize,
    /// The text fields.
    pub text_fields: Vec<TextFieldSchema>,
    /// The term saturation of BM25; positive.
    pub k1: f32,
    /// The length normalization of BM25, 0..=1.
    pub b: f32,
    /// The names of the keyword columns.
    pub keyword_columns: Vec<String>,
    /// The names of the number columns.
    pub number_columns: Vec<String>,
}

/// A text field of every document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextFieldSchema {
    /// The weight of its terms in a document's keyword score.
    pub weight: f32,
    /// True if a [`RuleTerm`](crate::RuleTerm) may ask for terms in it and the other headings.
    pub is_heading: bool,
}

/// The caller's state that a file or a snapshot reflects.
///
/// A sequence number alone does not identify a state: a caller that restores a backup counts the same
/// numbers again for other documents. The token tells the two apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The sequence number of the last change that is included.
    pub sequence: u64,
    /// The caller's token of that change; 0 if sequence numbers are never reused.
    pub token: u64,
}

impl From<u64> for Stamp {
    fn from(sequence: u64) -> Self {
        Self { sequence, token: 0 }
    }
}

/// A document to index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexDocument {
    /// The document's key; a later document with the same key replaces it.
    pub key: String,
    /// A unit vector with the schema's dimension.
    pub vector: Vec<f32>,
    /// Analyzed terms, separated by spaces; fields are separated by `\n`.
    pub text: String,
    /// Distinct unstemmed words, separated by spaces.
    pub surface: String,
    /// The value in each keyword column.
    pub keywords: Vec<String>,
    /// The value in each number column.
    pub numbers: Vec<Option<f64>>,
    /// The values in fields that it has by name.
    pub tags: Vec<Tag>,
}

impl Schema {
    /// Returns a checksum that identifies the schema in files.
    pub(crate) fn checksum(&self) -> u32 {
        crc32fast::hash(format!("{self:?}").as_bytes())
    }

    /// Returns an error if `document` does not match the schema.
    pub(crate) fn check(&self, document: &IndexDocument) -> Result<(), IndexFileError> {
        let refuse = |reason| Err(IndexFileError::Document { key: document.key.clone(), reason });
        if document.vector.len() != self.dimension {
            return refuse("the dimension of the vector is not that of the schema");
        }
        if !document.vector.iter().all(|coordinate| coordinate.is_finite()) {
            return refuse("the vector has a coordinate that is not finite");
        }
        if document.text.split('\n').count() > self.text_fields.len().max(1) {
            return refuse("the text has more fields than the schema");
        }
        if document.keywords.len() != self.keyword_columns.len()
            || document.numbers.len() != self.number_columns.len()
        {
            return refuse("the columns are not those of the schema");
        }
        if document.tags.iter().any(|tag| tag.name.contains('\u{1f}')) {
            return refuse("the name of a tag contains U+001F");
        }
        Ok(())
    }
}

/// Returns the number of terms in each field of `text`.
pub(crate) fn field_lengths(text: &str) -> impl Iterator<Item = u64> {
    text.split('\n').map(|field| field.split_ascii_whitespace().count() as u64)
}
