use crate::{FacetValues, TagName};
use std::borrow::Cow;

/// A field of a product whose value is a text: it can be filtered by values and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeywordField {
    /// The main category.
    MainCategory,
    /// The subcategory.
    SubCategory,
    /// The brand.
    Brand,
}

/// A field of a product whose value is a number: it can be filtered by ranges, counted and sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NumberField {
    /// The current price, in whole currency units.
    Price,
    /// The rating in stars.
    Rating,
}

/// A field of a product that is true or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlagField {
    /// True if the product is discounted.
    Discounted,
}

/// A field whose values are counted over all products that a search finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FacetField {
    /// Counts each value.
    Keyword(KeywordField),
    /// Counts the numbers in each interval between the least and the greatest.
    Number(NumberField),
    /// Counts each value of a field that products have by name.
    Tag(TagName),
    /// Counts its numbers in each interval between the least and the greatest.
    TagNumbers(TagName),
}

/// The number that a list of products is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// That of a field.
    Number(NumberField),
    /// That of a field that products have by name: the least of several, the greatest in a descending
    /// order.
    Tag(TagName),
}

/// Follows the name of a field whose numbers are counted in intervals.
const HISTOGRAM: &str = ":histogram";

impl KeywordField {
    /// Every field.
    pub const ALL: [Self; 3] = [Self::MainCategory, Self::SubCategory, Self::Brand];

    /// Returns the name of the field in settings and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::MainCategory => "main_category",
            Self::SubCategory => "sub_category",
            Self::Brand => "brand",
        }
    }
}

impl NumberField {
    /// Every field.
    pub const ALL: [Self; 2] = [Self::Price, Self::Rating];

    /// Returns the name of the field in settings and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Rating => "rating",
        }
    }
}

impl FlagField {
    /// Every field.
    pub const ALL: [Self; 1] = [Self::Discounted];

    /// Returns the name of the field in settings and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discounted => "discounted",
        }
    }
}

impl FacetField {
    /// Every field that has a name of its own.
    pub const FIXED: [Self; 5] = [
        Self::Keyword(KeywordField::MainCategory),
        Self::Keyword(KeywordField::SubCategory),
        Self::Keyword(KeywordField::Brand),
        Self::Number(NumberField::Price),
        Self::Number(NumberField::Rating),
    ];

    /// Returns the name of the field in settings and responses.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Keyword(field) => field.name().into(),
            Self::Number(field) => field.name().into(),
            Self::Tag(name) => name.as_str().into(),
            Self::TagNumbers(name) => format!("{}{HISTOGRAM}", name.as_str()).into(),
        }
    }

    /// Returns the field with that name: a fixed one, `attributes.width`, or `attributes.width:histogram`.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(field) = Self::FIXED.into_iter().find(|field| field.name() == name) {
            return Some(field);
        }
        match name.strip_suffix(HISTOGRAM) {
            Some(name) => TagName::parse(name).map(Self::TagNumbers),
            None => TagName::parse(name).map(Self::Tag),
        }
    }
}

impl From<NumberField> for OrderField {
    fn from(field: NumberField) -> Self {
        Self::Number(field)
    }
}

impl FacetValues {
    /// Returns the text in `field`; empty if the product has none.
    pub fn keyword(&self, field: KeywordField) -> &str {
        match field {
            KeywordField::MainCategory => &self.main_category,
            KeywordField::SubCategory => &self.sub_category,
            KeywordField::Brand => &self.brand,
        }
    }

    /// Returns the number in `field`, if the product has one.
    pub fn number(&self, field: NumberField) -> Option<f64> {
        match field {
            NumberField::Price => self.price,
            NumberField::Rating => self.rating,
        }
    }

    /// Returns the number to sort the product by.
    pub fn order_number(&self, field: &OrderField, descending: bool) -> Option<f64> {
        match field {
            OrderField::Number(field) => self.number(*field),
            OrderField::Tag(name) => self.tags.sort_number(name, descending),
        }
    }

    /// Returns whether the product has the property `field`.
    pub fn flag(&self, field: FlagField) -> bool {
        match field {
            FlagField::Discounted => self.discounted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_facet_is_parsed_from_its_name() {
        let width = TagName::attribute("width").unwrap();
        let tags = [FacetField::Tag(width.clone()), FacetField::TagNumbers(width)];
        for field in FacetField::FIXED.into_iter().chain(tags) {
            assert_eq!(FacetField::parse(&field.name()), Some(field));
        }
        for name in ["Brand", "attributes.", "attributes", "width", "price:histogram"] {
            assert_eq!(FacetField::parse(name), None, "{name}");
        }
    }
}
