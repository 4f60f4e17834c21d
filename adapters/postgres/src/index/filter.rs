//! Filters as SQL conditions on the entries. This is the one place that knows which field is in which
//! column, besides those that write and read rows.

use super::parameters::{Parameters, SqlValue};
use super::phrases;
use super::tables::digest;
use crate::text::escape;
use akin_entities::{
    Filter, FlagField, KeywordField, NumberField, NumberRange, ProductId, TagCondition, TagName,
    folded_value,
};

/// Returns the column that holds the id of a field's value.
pub(crate) fn keyword_column(field: KeywordField) -> &'static str {
    match field {
        KeywordField::MainCategory => "akin_main_category",
        KeywordField::SubCategory => "akin_sub_category",
        KeywordField::Brand => "akin_brand",
    }
}

/// Returns the column of a number.
pub(crate) fn number_column(field: NumberField) -> &'static str {
    match field {
        NumberField::Price => "akin_price",
        NumberField::Rating => "akin_rating",
    }
}

/// Returns the column of a flag.
pub(crate) fn flag_column(field: FlagField) -> &'static str {
    match field {
        FlagField::Discounted => "akin_discounted",
    }
}

/// Returns the condition for rows that are searchable and pass `filter`, as a template. Its values are
/// added to `parameters`.
pub(crate) fn condition(filter: &Filter, parameters: &mut Parameters) -> String {
    format!("akin_text_hash IS NOT NULL{}", restrictions(filter, parameters))
}

/// Returns what [`condition`] demands of rows that are searchable: each restriction after an ` AND `.
pub(crate) fn restrictions(filter: &Filter, parameters: &mut Parameters) -> String {
    let mut parts = String::new();
    for (field, values) in filter.lists() {
        let digests = values.iter().map(|value| digest(&folded_value(value))).collect();
        let digests = parameters.add(SqlValue::Digests(digests));
        let ids = "SELECT id FROM {values} WHERE folded = ANY";
        parts += &[" AND ", keyword_column(field), " = ANY (ARRAY(", ids, " (", &digests, ")))"]
            .concat();
    }
    for (field, range) in filter.ranges() {
        for (bound, comparison) in [(range.min, ">="), (range.max, "<=")] {
            let Some(bound) = bound else { continue };
            let bound = parameters.add(SqlValue::Number(bound));
            parts += &[" AND ", number_column(field), " ", comparison, " ", &bound].concat();
        }
    }
    for (field, flag) in &filter.flags {
        let flag = parameters.add(SqlValue::Flag(*flag));
        parts += &[" AND ", flag_column(*field), " = ", &flag].concat();
    }
    for (name, condition) in &filter.tags {
        let keys = tagged(name, condition, parameters);
        parts += &[" AND akin_key IN (", &keys, ")"].concat();
    }
    if !filter.ids.is_empty() {
        parts += &[" AND akin_key = ANY (", &keys(&filter.ids, parameters), ")"].concat();
    }
    for phrase in &filter.phrases {
        parts += &phrases::restriction(phrase, parameters);
    }
    if !filter.without_ids.is_empty() {
        let without = keys(&filter.without_ids, parameters);
        parts += &[" AND akin_key <> ALL (", &without, ")"].concat();
    }
    parts
}

/// Selects the keys of products with a value of `name` that meets the condition.
fn tagged(name: &TagName, condition: &TagCondition, parameters: &mut Parameters) -> String {
    match condition {
        TagCondition::AnyOf(values) => {
            let folded = values.iter().map(|value| escape(&name.folded_key(value)).into_owned());
            let folded = parameters.add(SqlValue::Texts(folded.collect()));
            format!("SELECT key FROM {{tags}} WHERE folded && {folded}")
        }
        TagCondition::Within(NumberRange { min, max }) => {
            let bound = |bound: &Option<f64>, none: f64| name.number_key(bound.unwrap_or(none));
            let min = parameters.add(SqlValue::Text(bound(min, f64::NEG_INFINITY)));
            let max = parameters.add(SqlValue::Text(bound(max, f64::INFINITY)));
            format!(
                "SELECT key FROM {{tags}} CROSS JOIN LATERAL unnest(numbers) AS number
                 WHERE number COLLATE \"C\" >= {min} AND number COLLATE \"C\" <= {max}"
            )
        }
    }
}

/// Returns the condition for keys of `name` in `column`.
pub(crate) fn is_named(name: &TagName, column: &str, parameters: &mut Parameters) -> String {
    let [least, beyond] =
        name.key_bounds().map(|bound| parameters.add(SqlValue::Text(escape(&bound).into_owned())));
    format!("{column} COLLATE \"C\" >= {least} AND {column} COLLATE \"C\" < {beyond}")
}

/// Returns the array of the keys of the searchable products among `ids`.
pub(crate) fn keys(ids: &[ProductId], parameters: &mut Parameters) -> String {
    let ids = ids.iter().map(|id| escape(id.as_str()).into_owned()).collect();
    let ids = parameters.add(SqlValue::Texts(ids));
    let found = "SELECT akin_key FROM {entries} WHERE akin_text_hash IS NOT NULL";
    [r"ARRAY(", found, r#" AND product_id::text COLLATE "C" = ANY ("#, &ids, "))"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::NumberRange;

    #[test]
    fn a_condition_contains_only_what_the_filter_sets() {
        let mut parameters = Parameters::after(2);
        let all = condition(&Filter::default(), &mut parameters);
        assert_eq!(all, "akin_text_hash IS NOT NULL");
        let filter = Filter::default()
            .with_any_of(KeywordField::Brand, ["'; --"])
            .with_range(NumberField::Price, NumberRange::at_most(9.0));
        let condition = condition(&filter, &mut parameters);
        assert!(condition.contains("akin_brand = ANY") && condition.contains("$3::bytea[]"));
        assert!(condition.contains("akin_price <= $4") && !condition.contains("akin_price >="));
        assert!(!condition.contains("--"));
    }
}
