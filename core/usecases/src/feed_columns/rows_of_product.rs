//! Rows of one product that follow one another: the first names it, and the others repeat only what is theirs.

use akin_ports::FeedRow;

/// The row that names a product.
#[derive(Debug)]
pub(super) struct FirstRow {
    /// The text that all rows of the product have in common.
    group: String,
    row: FeedRow,
    /// The names of its attributes, each with its place.
    attributes: Vec<(u8, String)>,
}

impl FirstRow {
    pub(super) fn new(group: String, row: &FeedRow, attributes: Vec<(u8, String)>) -> Self {
        let FeedRow { name, main_category, sub_category, brand, description, image, link, .. } =
            row;
        let row = FeedRow {
            name: name.clone(),
            main_category: main_category.clone(),
            sub_category: sub_category.clone(),
            brand: brand.clone(),
            description: description.clone(),
            image: image.clone(),
            link: link.clone(),
            ..FeedRow::default()
        };
        Self { group, row, attributes }
    }

    /// Returns whether a row of this group belongs to the product.
    pub(super) fn is_of(&self, group: &str) -> bool {
        self.group == group
    }

    /// Fills the texts that a further row of the product lacks.
    pub(super) fn complete(&self, row: &mut FeedRow) {
        let (first, line) = (&self.row, row.line);
        let given = std::mem::take(row);
        let given = given.named_texts().filter(|(_, text)| !text.trim().is_empty());
        let texts = first.named_texts().chain(given).map(|(name, text)| (name, text.to_owned()));
        *row = FeedRow::from_texts(line, texts.collect::<Vec<_>>());
    }

    /// Returns the name of the attribute at `place`.
    pub(super) fn attribute(&self, place: u8) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes.find(|(other, _)| *other == place).map(|(_, name)| &**name)
    }
}
