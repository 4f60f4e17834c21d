use crate::Product;

/// Which products may be found. An empty list or `None` lets all through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The departments to look in.
    pub main_category: Vec<String>,
    /// The shelves to look on.
    pub sub_category: Vec<String>,
    /// The makers.
    pub brand: Vec<String>,
    /// What it may cost, in whole currency units; a product without a price is left out.
    pub price: NumberRange,
    /// The fewest stars; a product without a rating is left out.
    pub min_rating: Option<f64>,
    /// Only what costs less than usual, or only what does not.
    pub discounted: Option<bool>,
}

/// An interval that includes its bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NumberRange {
    /// The least, if there is one.
    pub min: Option<f64>,
    /// The most, if there is one.
    pub max: Option<f64>,
}

/// The fields of a product that filters look at, as an index keeps them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FacetValues {
    /// The department; blank if it has none.
    pub main_category: String,
    /// The shelf; blank if it has none.
    pub sub_category: String,
    /// The maker; blank if it has none.
    pub brand: String,
    /// What a buyer pays today, in whole currency units.
    pub price: Option<f64>,
    /// Stars.
    pub rating: Option<f64>,
    /// Whether it costs less than usual.
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

    /// Whether `value` lies in it; a missing value lies only in an unbounded range.
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
    /// Whether it lets every product through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a product of these facets may be found: the meaning every engine shares.
    pub fn admits(&self, facets: &FacetValues) -> bool {
        let among = |wanted: &[String], value: &String| wanted.is_empty() || wanted.contains(value);
        let stars = NumberRange { min: self.min_rating, max: None };
        among(&self.main_category, &facets.main_category)
            && among(&self.sub_category, &facets.sub_category)
            && among(&self.brand, &facets.brand)
            && self.price.contains(facets.price)
            && stars.contains(facets.rating)
            && self.discounted.is_none_or(|wanted| wanted == facets.discounted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_price_lies_in_no_range_but_everything() {
        assert!(NumberRange::default().contains(None));
        assert!(!NumberRange { min: Some(0.0), max: None }.contains(None));
        assert!(NumberRange { min: Some(1.0), max: Some(2.0) }.contains(Some(2.0)));
    }

    #[test]
    fn all_parts_of_a_filter_must_agree() {
        let facets =
            FacetValues { brand: "Pebble".into(), rating: Some(4.0), ..FacetValues::default() };
        let brand = Filter { brand: vec!["Pebble".into(), "Lumo".into()], ..Filter::default() };
        assert!(brand.admits(&facets));
        assert!(!Filter { min_rating: Some(4.5), ..brand.clone() }.admits(&facets));
        assert!(!Filter { discounted: Some(true), ..brand }.admits(&facets));
    }
}
