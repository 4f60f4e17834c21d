use crate::bm25;
use bytestring::ByteString;

/// A searchable text field of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextField {
    /// The name.
    Title,
    /// The description.
    Description,
    /// The main category and the subcategory.
    Category,
    /// The brand.
    Brand,
    /// All other attributes.
    Attributes,
}

/// A product's analyzed text as an index stores it: the terms of each field separated by spaces,
/// the fields by newlines, in the order of [`TextField::ALL`].
///
/// It is one string, so that any engine can store it as text. The string is shared, so that an
/// engine that holds it in memory passes it to a candidate without copying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalyzedText(ByteString);

impl TextField {
    /// Every field, in the order of an [`AnalyzedText`].
    pub const ALL: [Self; 5] =
        [Self::Title, Self::Description, Self::Category, Self::Brand, Self::Attributes];

    /// Returns the weight of a term in this field.
    pub fn weight(self) -> f32 {
        match self {
            Self::Title | Self::Description => 1.0,
            Self::Category | Self::Brand | Self::Attributes => 0.3,
        }
    }

    /// Returns true for the fields that name a product: its title and its brand.
    pub fn is_name(self) -> bool {
        matches!(self, Self::Title | Self::Brand)
    }

    /// Returns what each occurrence of a term in this field adds to the term's frequency:
    /// weight / (1 - b + b * length / average), with `length` the number of terms in the field and
    /// `average` that number's mean over the catalogue (BM25F).
    #[inline]
    pub fn norm(self, length: f64, average: f64) -> f64 {
        // Statistics may be older than the first product that has this field.
        let relative = if average > 0.0 { length / average } else { 1.0 };
        f64::from(self.weight()) / (1.0 - bm25::B + bm25::B * relative)
    }

    /// Returns the index of the field in [`TextField::ALL`].
    pub fn position(self) -> usize {
        self as usize
    }
}

impl AnalyzedText {
    /// Joins the terms of each field. A term must not contain white space, as the analyzer guarantees: it
    /// consists of letters with their marks, digits and `_`.
    pub fn new<'a, F>(fields: [F; TextField::ALL.len()]) -> Self
    where
        F: IntoIterator<Item = &'a str>,
    {
        let mut stream = String::new();
        for (position, terms) in fields.into_iter().enumerate() {
            if position > 0 {
                stream.push('\n');
            }
            for (index, term) in terms.into_iter().enumerate() {
                if index > 0 {
                    stream.push(' ');
                }
                stream.push_str(term);
            }
        }
        Self(stream.into())
    }

    /// Restores a text that an engine stored. Missing fields are empty.
    pub fn from_stream(stream: impl Into<ByteString>) -> Self {
        Self(stream.into())
    }

    /// Returns the text as one string, for an engine to store.
    pub fn as_stream(&self) -> &str {
        &self.0
    }

    /// Iterates over the fields with their terms, joined by spaces.
    pub fn fields(&self) -> impl Iterator<Item = (TextField, &str)> {
        let streams = self.0.split('\n').chain(std::iter::repeat(""));
        TextField::ALL.into_iter().zip(streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_back_in_order() {
        let text =
            AnalyzedText::new([vec!["tripod"], vec!["for", "phone"], vec![], vec![], vec![]]);
        assert_eq!(text.as_stream(), "tripod\nfor phone\n\n\n");
        let fields: Vec<_> = text.fields().collect();
        assert_eq!(fields[1], (TextField::Description, "for phone"));
        assert_eq!(fields.len(), 5);
        assert_eq!(AnalyzedText::default().fields().count(), 5);
    }

    #[test]
    fn a_field_has_the_position_of_its_order() {
        for (position, field) in TextField::ALL.into_iter().enumerate() {
            assert_eq!(field.position(), position);
        }
    }
}
