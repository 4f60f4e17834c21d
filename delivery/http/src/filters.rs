use crate::error::ApiError;
use akin_entities::{Filter, FlagField, KeywordField, NumberField, NumberRange, ProductId};
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
    pub(crate) ids: Vec<String>,
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
        let Filters { main_category, sub_category, brand, price, min_rating, discounted, ids } =
            filters;
        let lists = [&main_category, &sub_category, &brand, &ids];
        if lists.iter().any(|list| list.len() > MAX_VALUES) {
            return Err(ApiError::invalid(format!(
                "a filter may list at most {MAX_VALUES} values"
            )));
        }
        let bounds = [price.min, price.max, min_rating];
        if bounds.into_iter().flatten().any(|bound| !bound.is_finite()) {
            return Err(ApiError::invalid("price and min_rating must be finite numbers"));
        }
        let id = |id: String| {
            let named = format!("ids: {id:?} is no product id");
            ProductId::new(id).map_err(|error| ApiError::invalid(format!("{named}: {error}")))
        };
        let rating = NumberRange { min: min_rating, max: None };
        let mut filter = Self::default()
            .with_any_of(KeywordField::MainCategory, main_category)
            .with_any_of(KeywordField::SubCategory, sub_category)
            .with_any_of(KeywordField::Brand, brand)
            .with_range(NumberField::Price, NumberRange { min: price.min, max: price.max })
            .with_range(NumberField::Rating, rating)
            .with_ids(ids.into_iter().map(id).collect::<Result<Vec<_>, _>>()?);
        if let Some(discounted) = discounted {
            filter = filter.with_flag(FlagField::Discounted, discounted);
        }
        Ok(filter)
    }
}
