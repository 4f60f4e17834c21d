use crate::body;
use crate::error::ApiError;
use crate::openapi::schemas;
use akin_entities::{
    Availability, Filter, FlagField, KeywordField, NumberField, NumberRange, ProductId,
    TagCondition, TagName,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The filters of a search request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filters {
    #[schema(max_items = 100)]
    pub(crate) main_category: Vec<String>,
    #[schema(max_items = 100)]
    pub(crate) sub_category: Vec<String>,
    #[schema(max_items = 100)]
    pub(crate) brand: Vec<String>,
    #[serde(deserialize_with = "body::object")]
    pub(crate) price: PriceRange,
    pub(crate) min_rating: Option<f64>,
    pub(crate) discounted: Option<bool>,
    #[schema(schema_with = schemas::product_ids)]
    pub(crate) ids: Vec<String>,
    #[schema(schema_with = schemas::attributes)]
    pub(crate) attributes: BTreeMap<String, AttributeFilter>,
    /// `in stock`, `out of stock`, `preorder` or `backorder`, any of which may match.
    pub(crate) availability: Vec<String>,
    /// Categories at any depth with what is below them, `Home > Kitchen`, any of which may match.
    pub(crate) category: Vec<String>,
    /// The things of which variants are found.
    pub(crate) item_group_id: Vec<String>,
}

/// The admitted values of an attribute: some of them, or a range of numbers.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AttributeFilter {
    Values(Vec<String>),
    Range(#[serde(deserialize_with = "body::object")] PriceRange),
}

/// A range of numbers; prices are in whole currency units.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PriceRange {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// The maximum number of values in one filter.
const MAX_VALUES: usize = 100;

/// The maximum number of attributes in a filter.
const MAX_ATTRIBUTES: usize = 50;

impl Filters {
    /// Adds a parameter of a link: `attributes.color=red`, which may be repeated, `attributes.width_min=20`.
    pub(crate) fn add_attribute(&mut self, name: &str, value: String) -> Result<(), ApiError> {
        let plain = name.strip_prefix("attributes.").unwrap_or(name);
        let bounds = [plain.strip_suffix("_min"), plain.strip_suffix("_max")];
        let Some(attribute) = bounds.into_iter().flatten().next() else {
            let none = AttributeFilter::Values(Vec::new());
            return match self.attributes.entry(plain.to_owned()).or_insert(none) {
                AttributeFilter::Values(values) => {
                    values.push(value);
                    Ok(())
                }
                AttributeFilter::Range(_) => Err(both(plain)),
            };
        };
        let number = value
            .parse::<f64>()
            .map_err(|_| ApiError::invalid(format!("{name} must be a number, not {value:?}")))?;
        let all = AttributeFilter::Range(PriceRange::default());
        match self.attributes.entry(attribute.to_owned()).or_insert(all) {
            AttributeFilter::Range(range) => {
                let bound = if bounds[0].is_some() { &mut range.min } else { &mut range.max };
                *bound = Some(number);
                Ok(())
            }
            AttributeFilter::Values(_) => Err(both(attribute)),
        }
    }
}

fn both(name: &str) -> ApiError {
    ApiError::invalid(format!("attributes.{name} is filtered by values and by a range: use one"))
}

/// Reads the condition of an attribute.
fn condition(name: &str, filter: AttributeFilter) -> Result<(TagName, TagCondition), ApiError> {
    let tag = TagName::attribute(name).ok_or_else(|| {
        ApiError::invalid(format!("filters.attributes: {name:?} is no name of an attribute"))
    })?;
    let condition = match filter {
        AttributeFilter::Values(values) if values.len() > MAX_VALUES => return Err(too_many()),
        AttributeFilter::Values(values) => TagCondition::AnyOf(values),
        AttributeFilter::Range(PriceRange { min, max }) => {
            if [min, max].into_iter().flatten().any(|bound| !bound.is_finite()) {
                let what = format!("filters.attributes.{name}: min and max must be finite numbers");
                return Err(ApiError::invalid(what));
            }
            TagCondition::Within(NumberRange { min, max })
        }
    };
    Ok((tag, condition))
}

fn availability_name(text: &str) -> Result<String, ApiError> {
    let availability = Availability::parse(text);
    let availability = availability.map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(availability.name().to_owned())
}

fn too_many() -> ApiError {
    ApiError::invalid(format!("a filter may list at most {MAX_VALUES} values"))
}

impl TryFrom<Filters> for Filter {
    type Error = ApiError;

    fn try_from(filters: Filters) -> Result<Self, ApiError> {
        let Filters { main_category, sub_category, brand, price, .. } = filters;
        let Filters { min_rating, discounted, ids, attributes, .. } = filters;
        let Filters { availability, category, item_group_id, .. } = filters;
        let lists =
            [&main_category, &sub_category, &brand, &ids, &availability, &category, &item_group_id];
        if lists.iter().any(|list| list.len() > MAX_VALUES) {
            return Err(too_many());
        }
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(ApiError::invalid(format!(
                "a filter may name at most {MAX_ATTRIBUTES} attributes"
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
        let availability = availability.iter().map(|text| availability_name(text));
        let named = [
            ("availability", availability.collect::<Result<_, _>>()?),
            ("category", category),
            ("item_group_id", item_group_id),
        ];
        for (name, values) in named {
            if let Some(name) = TagName::parse(name) {
                filter = filter.with_tag(name, TagCondition::AnyOf(values));
            }
        }
        for (name, attribute) in attributes {
            let (name, condition) = condition(&name, attribute)?;
            filter = filter.with_tag(name, condition);
        }
        Ok(filter)
    }
}
