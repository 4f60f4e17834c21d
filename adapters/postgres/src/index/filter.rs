//! Filters as SQL conditions on the entries.

use super::tables::digest;
use crate::database::SqlQuery;
use akin_entities::Filter;

/// Returns the condition for rows that are searchable and pass `filter`, as a template whose first
/// seven parameters are the filter's.
pub(crate) fn condition(filter: &Filter) -> String {
    let mut condition = "akin_text_hash IS NOT NULL".to_owned();
    let among = [
        (&filter.main_category, "akin_main_category", "$1"),
        (&filter.sub_category, "akin_sub_category", "$2"),
        (&filter.brand, "akin_brand", "$3"),
    ];
    for (wanted, column, parameter) in among {
        if !wanted.is_empty() {
            let ids = "SELECT id FROM {values} WHERE digest = ANY";
            let among = [" AND ", column, " = ANY (ARRAY(", ids, " (", parameter, "::bytea[])))"];
            condition.push_str(&among.concat());
        }
    }
    let bounds = [
        (filter.price.min.is_some(), "akin_price >= $4::double precision"),
        (filter.price.max.is_some(), "akin_price <= $5::double precision"),
        (filter.min_rating.is_some(), "akin_rating >= $6::double precision"),
        (filter.discounted.is_some(), "akin_discounted = $7::boolean"),
    ];
    for (_, bound) in bounds.iter().filter(|(is_set, _)| *is_set) {
        condition.push_str(" AND ");
        condition.push_str(bound);
    }
    condition
}

/// Binds the parameters of [`condition`].
pub(crate) fn bind(query: SqlQuery, filter: &Filter) -> SqlQuery {
    let digests = |values: &[String]| values.iter().map(|value| digest(value)).collect::<Vec<_>>();
    query
        .bind(digests(&filter.main_category))
        .bind(digests(&filter.sub_category))
        .bind(digests(&filter.brand))
        .bind(filter.price.min)
        .bind(filter.price.max)
        .bind(filter.min_rating)
        .bind(filter.discounted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::NumberRange;

    #[test]
    fn a_condition_contains_only_what_the_filter_sets() {
        assert_eq!(condition(&Filter::default()), "akin_text_hash IS NOT NULL");
        let price = NumberRange { min: None, max: Some(9.0) };
        let filter = Filter { brand: vec!["'; --".into()], price, ..Filter::default() };
        let condition = condition(&filter);
        assert!(condition.contains("akin_brand") && condition.contains("akin_price <= $5"));
        assert!(!condition.contains("akin_price >=") && !condition.contains("--"));
    }
}
