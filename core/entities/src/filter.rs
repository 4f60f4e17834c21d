use crate::{
    AnalyzedText, FlagField, KeywordField, NumberField, PhraseCondition, Product, ProductId,
    ProductRecord, TagCondition, TagName, Tags, folded_value,
};
use std::collections::BTreeMap;

/// A filter of products: a condition for each of some fields, all of which a product must meet. The
/// default admits all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The admitted values of each field, compared without regard to case and marks. An empty list
    /// admits all.
    pub keywords: BTreeMap<KeywordField, Vec<String>>,
    /// The admitted range of each field; a bounded range excludes products without a number.
    pub numbers: BTreeMap<NumberField, NumberRange>,
    /// Whether products must or must not have each property.
    pub flags: BTreeMap<FlagField, bool>,
    /// The condition of each field that products have by name, which one of its values must meet.
    pub tags: BTreeMap<TagName, TagCondition>,
    /// The admitted products; an empty list admits all.
    pub ids: Vec<ProductId>,
    /// The phrases that products must hold, and those that they must not.
    pub phrases: Vec<PhraseCondition>,
    /// Products that are not admitted.
    pub without_ids: Vec<ProductId>,
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
    /// The fields that it has by name.
    pub tags: Tags,
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
            tags: Tags::of_product(product),
        }
    }
}

impl From<&ProductRecord> for FacetValues {
    fn from(record: &ProductRecord) -> Self {
        let mut facets = Self::from(&record.product);
        facets.tags.insert(&TagName::created(), &record.created.0.to_string());
        facets
    }
}

impl NumberRange {
    /// Returns the range of numbers that are at least `min`.
    pub fn at_least(min: f64) -> Self {
        Self { min: Some(min), max: None }
    }

    /// Returns the range of numbers that are at most `max`.
    pub fn at_most(max: f64) -> Self {
        Self { min: None, max: Some(max) }
    }

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
    /// Returns the filter that also demands one of `values` in `field`; none demands nothing.
    #[must_use]
    pub fn with_any_of<V: Into<String>>(
        mut self,
        field: KeywordField,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values: Vec<_> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.keywords.insert(field, values);
        }
        self
    }

    /// Returns the filter that also demands a number within `range` in `field`.
    #[must_use]
    pub fn with_range(mut self, field: NumberField, range: NumberRange) -> Self {
        if !range.is_unbounded() {
            self.numbers.insert(field, range);
        }
        self
    }

    /// Returns the filter that also demands that products have the property `field`, or lack it.
    #[must_use]
    pub fn with_flag(mut self, field: FlagField, value: bool) -> Self {
        self.flags.insert(field, value);
        self
    }

    /// Returns the filter that also demands a value of `name` that meets the condition. An empty list and
    /// an unbounded range demand nothing.
    #[must_use]
    pub fn with_tag(mut self, name: TagName, condition: TagCondition) -> Self {
        let demands_nothing = match &condition {
            TagCondition::AnyOf(values) => values.is_empty(),
            TagCondition::Within(range) => range.is_unbounded(),
        };
        if !demands_nothing {
            self.tags.insert(name, condition);
        }
        self
    }

    /// Returns the filter that also demands one of `ids`; none demands nothing.
    #[must_use]
    pub fn with_ids(mut self, ids: impl IntoIterator<Item = ProductId>) -> Self {
        self.ids = ids.into_iter().collect();
        self
    }

    /// Returns the filter that also demands `phrases`.
    #[must_use]
    pub fn with_phrases(mut self, phrases: impl IntoIterator<Item = PhraseCondition>) -> Self {
        self.phrases.extend(phrases);
        self
    }

    /// Returns the filter that also leaves out `ids`.
    #[must_use]
    pub fn without(mut self, ids: impl IntoIterator<Item = ProductId>) -> Self {
        self.without_ids.extend(ids);
        self
    }

    /// Returns the lists of values that restrict a field.
    pub fn lists(&self) -> impl Iterator<Item = (KeywordField, &[String])> {
        let lists = self.keywords.iter().map(|(field, values)| (*field, values.as_slice()));
        lists.filter(|(_, values)| !values.is_empty())
    }

    /// Returns the ranges that restrict a field.
    pub fn ranges(&self) -> impl Iterator<Item = (NumberField, NumberRange)> {
        let ranges = self.numbers.iter().map(|(field, range)| (*field, *range));
        ranges.filter(|(_, range)| !range.is_unbounded())
    }

    /// Returns true if the filter admits every product.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
            && self.tags.is_empty()
            && self.ids.is_empty()
            && self.phrases.is_empty()
            && self.without_ids.is_empty()
            && self.lists().next().is_none()
            && self.ranges().next().is_none()
    }

    /// Returns true if the product with this id, these values and this text may be found. Every engine
    /// filters by this rule.
    pub fn admits(&self, id: &ProductId, facets: &FacetValues, text: &AnalyzedText) -> bool {
        let is_listed = |(field, list): (KeywordField, &[String])| {
            let value = folded_value(facets.keyword(field));
            list.iter().any(|listed| folded_value(listed) == value)
        };
        let is_within =
            |(field, range): (NumberField, NumberRange)| range.contains(facets.number(field));
        let is_met = |(name, condition): (&TagName, &TagCondition)| {
            facets.tags.values(name).any(|value| condition.admits(value))
        };
        self.lists().all(is_listed)
            && self.tags.iter().all(is_met)
            && self.ranges().all(is_within)
            && self.flags.iter().all(|(field, flag)| facets.flag(*field) == *flag)
            && (self.ids.is_empty() || self.ids.contains(id))
            && self.phrases.iter().all(|phrase| phrase.admits(text))
            && !self.without_ids.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ProductId {
        ProductId::new("p1").unwrap()
    }

    fn admits(filter: &Filter, facets: &FacetValues) -> bool {
        filter.admits(&id(), facets, &AnalyzedText::default())
    }

    #[test]
    fn a_missing_price_is_only_in_an_unbounded_range() {
        assert!(NumberRange::default().contains(None));
        assert!(!NumberRange::at_least(0.0).contains(None));
        assert!(NumberRange { min: Some(1.0), max: Some(2.0) }.contains(Some(2.0)));
    }

    #[test]
    fn a_product_must_match_every_part_of_a_filter() {
        let facets =
            FacetValues { brand: "Pebble".into(), rating: Some(4.0), ..FacetValues::default() };
        let brand = Filter::default().with_any_of(KeywordField::Brand, ["Pebble", "Lumo"]);
        assert!(admits(&brand, &facets));
        let rated = brand.clone().with_range(NumberField::Rating, NumberRange::at_least(4.5));
        assert!(!admits(&rated, &facets));
        assert!(!admits(&brand.clone().with_flag(FlagField::Discounted, true), &facets));
        assert!(admits(&brand.clone().with_ids([id()]), &facets));
        assert!(!admits(&brand.clone().with_ids([ProductId::new("p2").unwrap()]), &facets));
        let hidden = brand.clone().with_ids([id()]).without([id()]);
        assert!(!admits(&hidden, &facets) && !hidden.is_empty());
        let phrase = PhraseCondition { spellings: vec![vec!["red".into()]], held: true };
        assert!(!admits(&brand.with_phrases([phrase]), &facets));
    }

    #[test]
    fn a_value_is_compared_without_regard_to_case_and_marks() {
        let facets = FacetValues { brand: "Café Müller".into(), ..FacetValues::default() };
        for (value, is_admitted) in
            [("cafe muller", true), ("CAFÉ MÜLLER", true), ("café", false), ("", false)]
        {
            let filter = Filter::default().with_any_of(KeywordField::Brand, [value]);
            assert_eq!(admits(&filter, &facets), is_admitted, "{value}");
        }
    }

    #[test]
    fn conditions_that_demand_nothing_make_an_empty_filter() {
        let filter = Filter::default()
            .with_any_of(KeywordField::Brand, Vec::<String>::new())
            .with_range(NumberField::Price, NumberRange::default())
            .with_ids([]);
        assert!(filter.is_empty() && admits(&filter, &FacetValues::default()));
        assert!(!Filter::default().with_flag(FlagField::Discounted, false).is_empty());
    }
}
