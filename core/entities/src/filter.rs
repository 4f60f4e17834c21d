use crate::Product;

/// A filter of products. An empty list or `None` admits all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The admitted main categories.
    pub main_category: Vec<String>,
    /// The admitted subcategories.
    pub sub_category: Vec<String>,
    /// The admitted brands.
    pub brand: Vec<String>,
    /// The range of prices, in whole currency units; a bounded range excludes products without a
    /// price.
    pub price: NumberRange,
    /// The minimum rating in stars; it excludes products without a rating.
    pub min_rating: Option<f64>,
    /// Admits only discounted products, or only products that are not discounted.
    pub discounted: Option<bool>,
}

/// A range of numbers, bounds included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NumberRange {
    /// The lower bound, if any.
    pub min: Option<f64>,
    /// The upper bound, if any.
    pub max: Option<f64>,
}

/// The fields of a product that are filtered and counted, as an index stores them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FacetValues {
    /// The main category; empty if it has none.
    pub main_category: String,
    /// The subcategory; empty if it has none.
    pub sub_category: String,
    /// The brand; empty if it has none.
    pub brand: String,
    /// The current price, in whole currency units.
    pub price: Option<f64>,
    /// The rating in stars.
    pub rating: Option<f64>,
    /// True if the product is discounted.
    pub discounted: bool,
}

impl From<&Product> for FacetValues {
    fn from(product: &Product) -> Self {
        Self {
            main_category: product.main_category.clone(),
            sub_category: product.sub_category.clone(),
            brand: product.brand.clone(),
            price: product.price().map(crate::Price::amount),
            rating: product.rating.map(crate::Rating::stars),
            discounted: product.is_discounted(),
        }
    }
}

impl NumberRange {
    /// Returns true if the range has no bounds, so that it contains even a missing value.
    pub fn is_unbounded(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    /// Returns true if `value` is in the range; a missing value is only in an unbounded range.
    pub fn contains(&self, value: Option<f64>) -> bool {
        match value {
            None => self.is_unbounded(),
            Some(value) => {
                self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
            }
        }
    }
}

impl Filter {
    /// Returns true if the filter admits every product.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns true if a product with these values may be found. Every engine filters by this rule.
    pub fn admits(&self, facets: &FacetValues) -> bool {
        let is_listed = |list: &[String], value: &String| list.is_empty() || list.contains(value);
        let stars = NumberRange { min: self.min_rating, max: None };
        is_listed(&self.main_category, &facets.main_category)
            && is_listed(&self.sub_category, &facets.sub_category)
            && is_listed(&self.brand, &facets.brand)
            && self.price.contains(facets.price)
            && stars.contains(facets.rating)
            && self.discounted.is_none_or(|discounted| discounted == facets.discounted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_price_is_only_in_an_unbounded_range() {
        assert!(NumberRange::default().contains(None));
        assert!(!NumberRange { min: Some(0.0), max: None }.contains(None));
        assert!(NumberRange { min: Some(1.0), max: Some(2.0) }.contains(Some(2.0)));
    }

    #[test]
    fn a_product_must_match_every_part_of_a_filter() {
        let facets =
            FacetValues { brand: "Pebble".into(), rating: Some(4.0), ..FacetValues::default() };
        let brand = Filter { brand: vec!["Pebble".into(), "Lumo".into()], ..Filter::default() };
        assert!(brand.admits(&facets));
        assert!(!Filter { min_rating: Some(4.5), ..brand.clone() }.admits(&facets));
        assert!(!Filter { discounted: Some(true), ..brand }.admits(&facets));
    }
}
