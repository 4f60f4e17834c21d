//! Phrases as SQL conditions on the entries: by postings, and by texts where terms must be adjacent.

use super::parameters::{Parameters, SqlValue};
use crate::text::escape;
use akin_entities::PhraseCondition;

/// Returns the restriction of a condition, after an ` AND `. It names the entry's column `akin_key`, which
/// no other table has.
pub(crate) fn restriction(condition: &PhraseCondition, parameters: &mut Parameters) -> String {
    let verb = if condition.held { "EXISTS" } else { "NOT EXISTS" };
    let (words, phrases): (Vec<_>, Vec<_>) =
        condition.possible().partition(|terms| terms.len() == 1);
    let mut parts = Vec::new();
    if !words.is_empty() {
        let words = words.concat().iter().map(|word| escape(word).into_owned()).collect();
        let words = parameters.add(SqlValue::Texts(words));
        parts.push(format!(
            "SELECT held.key FROM {{postings}} held
             WHERE held.term = ANY (ARRAY(SELECT id FROM {{terms}} WHERE term = ANY ({words})))"
        ));
    }
    parts.extend(phrases.into_iter().map(|terms| holders(terms, parameters)));
    if parts.is_empty() {
        return format!(" AND {}", !condition.held);
    }
    let holders = parts.join(" UNION ALL ");
    format!(" AND {verb} (SELECT FROM ({holders}) AS phrase WHERE phrase.key = akin_key)")
}

/// Selects the keys of the products that hold `terms`. Of those with the rarest term, the texts are read.
fn holders(terms: &[String], parameters: &mut Parameters) -> String {
    let escaped: Vec<_> = terms.iter().map(|term| escape(term).into_owned()).collect();
    let phrase = parameters.add(SqlValue::Text(format!(" {} ", escaped.join(" "))));
    let terms = parameters.add(SqlValue::Texts(escaped));
    format!(
        "SELECT held.key FROM {{postings}} held JOIN {{texts}} stored ON stored.key = held.key
         WHERE held.term = (
                 SELECT id FROM {{terms}} WHERE term = ANY ({terms}) ORDER BY documents, id LIMIT 1
             ) AND strpos(' ' || replace(stored.text, E'\\n', E' \\n ') || ' ', {phrase}) > 0"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_without_a_possible_spelling_is_decided_without_a_search() {
        let mut parameters = Parameters::after(0);
        let none = PhraseCondition { spellings: vec![Vec::new()], held: true };
        assert_eq!(restriction(&none, &mut parameters), " AND false");
        let none = PhraseCondition { held: false, ..none };
        assert_eq!(restriction(&none, &mut parameters), " AND true");
    }

    #[test]
    fn terms_are_parameters() {
        let mut parameters = Parameters::after(1);
        let spelling = |terms: &[&str]| terms.iter().map(|term| (*term).to_owned()).collect();
        let spellings = vec![spelling(&["'; --"]), spelling(&["red", "tripod"])];
        let sql = restriction(&PhraseCondition { spellings, held: false }, &mut parameters);
        assert!(sql.contains("NOT EXISTS") && !sql.contains("--") && !sql.contains("tripod"));
        assert!(sql.contains("$2::text[]") && sql.contains("$3::text)"), "{sql}");
    }
}
