use crate::error::ApiError;
use akin_entities::{Filter, NumberRange};
use serde::Deserialize;

/// The filters of a search request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filters {
    pub(crate) main_category: Vec<String>,
    pub(crate) sub_category: Vec<String>,
    pub(crate) brand: Vec<String>,
    pub(crate) price: PriceRange,
    pub(crate) min_rating: Option<f64>,
    pub(crate) discounted: Option<bool>,
}

/// A range of prices, in whole currency units.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PriceRange {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// The maximum number of values in one filter.
const MAX_VALUES: usize = 100;

impl TryFrom<Filters> for Filter {
    type Error = ApiError;

    fn try_from(filters: Filters) -> Result<Self, ApiError> {
        let lists = [&filters.main_category, &filters.sub_category, &filters.brand];
        if lists.iter().any(|list| list.len() > MAX_VALUES) {
            return Err(ApiError::invalid(format!(
                "a filter may list at most {MAX_VALUES} values"
            )));
        }
        let bounds = [filters.price.min, filters.price.max, filters.min_rating];
        if bounds.into_iter().flatten().any(|bound| !bound.is_finite()) {
            return Err(ApiError::invalid("price and min_rating must be finite numbers"));
        }
        Ok(Self {
            main_category: filters.main_category,
            sub_category: filters.sub_category,
            brand: filters.brand,
            price: NumberRange { min: filters.price.min, max: filters.price.max },
            min_rating: filters.min_rating,
            discounted: filters.discounted,
        })
    }
}
