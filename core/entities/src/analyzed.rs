use crate::bm25;
use bytestring::ByteString;

/// A text field of a product, as words search it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextField {
    /// What it is called.
    Title,
    /// What the shop says about it.
    Description,
    /// Department and shelf.
    Category,
    /// Who makes it.
    Brand,
    /// Everything else.
    Attributes,
}

/// A product's text as an index keeps it: the terms of each field separated by spaces, the fields
/// by newlines, in the order of [`TextField::ALL`].
///
/// One stream, so that any engine can keep it as a text; a shared one, so that an engine which has it in
/// memory lends it to a candidate, and copies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalyzedText(ByteString);

impl TextField {
    /// Every field, in the order of an [`AnalyzedText`].
    pub const ALL: [Self; 5] =
        [Self::Title, Self::Description, Self::Category, Self::Brand, Self::Attributes];

    /// How much a word found here counts.
    pub fn weight(self) -> f32 {
        match self {
            Self::Title | Self::Description => 1.0,
            Self::Category | Self::Brand | Self::Attributes => 0.3,
        }
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

    /// Its place in [`TextField::ALL`].
    pub fn position(self) -> usize {
        self as usize
    }
}

impl AnalyzedText {
    /// The text of these terms. A term holds letters and digits only: the analyzer sees to that.
    pub fn new<'a, F>(fields: [F; TextField::ALL.len()]) -> Self
    where
        F: IntoIterator<Item = &'a str>,
    {
        let mut stream = String::new();
        for (position, terms) in fields.into_iter().enumerate() {
            if position > 0 {
                stream.push('\n');
            }
            for (place, term) in terms.into_iter().enumerate() {
                if place > 0 {
                    stream.push(' ');
                }
                stream.push_str(term);
            }
        }
        Self(stream.into())
    }

    /// The text that an engine stored. Fields that it lacks are empty.
    pub fn from_stream(stream: impl Into<ByteString>) -> Self {
        Self(stream.into())
    }

    /// The stream, for an engine to store.
    pub fn as_stream(&self) -> &str {
        &self.0
    }

    /// Each field with its terms, space-joined.
    pub fn fields(&self) -> impl Iterator<Item = (TextField, &str)> {
        let streams = self.0.split('\n').chain(std::iter::repeat(""));
        TextField::ALL.into_iter().zip(streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_comes_back_in_its_place() {
        let text =
            AnalyzedText::new([vec!["tripod"], vec!["for", "phone"], vec![], vec![], vec![]]);
        assert_eq!(text.as_stream(), "tripod\nfor phone\n\n\n");
        let fields: Vec<_> = text.fields().collect();
        assert_eq!(fields[1], (TextField::Description, "for phone"));
        assert_eq!(fields.len(), 5);
        assert_eq!(AnalyzedText::default().fields().count(), 5);
    }

    #[test]
    fn a_field_stands_where_it_says() {
        for (position, field) in TextField::ALL.into_iter().enumerate() {
            assert_eq!(field.position(), position);
        }
    }
}
