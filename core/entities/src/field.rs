use crate::FacetValues;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FacetField {
    /// Counts each value.
    Keyword(KeywordField),
    /// Counts the numbers in each interval between the least and the greatest.
    Number(NumberField),
}

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
    /// Every field.
    pub const ALL: [Self; 5] = [
        Self::Keyword(KeywordField::MainCategory),
        Self::Keyword(KeywordField::SubCategory),
        Self::Keyword(KeywordField::Brand),
        Self::Number(NumberField::Price),
        Self::Number(NumberField::Rating),
    ];

    /// Returns the name of the field in settings and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyword(field) => field.name(),
            Self::Number(field) => field.name(),
        }
    }

    /// Returns the field with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
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
        for field in FacetField::ALL {
            assert_eq!(FacetField::parse(field.name()), Some(field));
        }
        assert_eq!(FacetField::parse("Brand"), None);
    }
}
