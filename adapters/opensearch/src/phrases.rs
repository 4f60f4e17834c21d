//! Phrases as clauses: by terms, and by texts where terms must be adjacent.

use akin_entities::PhraseCondition;
use serde_json::{Value, json};

/// Tells whether a text contains a phrase. The stored text is read for products alone that hold all of its
/// terms. A script that scores can read it, one that filters cannot. Its texts have no line breaks.
const SCRIPT: &str = "String text = params._fields['text'].value.replace(params.end, params.spaced_end); \
                      return (' ' + text + ' ').contains(params.phrase) ? 1 : 0";

/// Returns the clause that a document must satisfy to meet `condition`.
pub(crate) fn clause(condition: &PhraseCondition) -> Value {
    let spellings: Vec<_> = condition.possible().map(holds).collect();
    let any = if spellings.is_empty() {
        json!({"match_none": {}})
    } else {
        json!({"bool": {"should": spellings, "minimum_should_match": 1}})
    };
    if condition.held { any } else { json!({"bool": {"must_not": [any]}}) }
}

fn holds(terms: &[String]) -> Value {
    let term = |term: &String| json!({"term": {"terms": term}});
    if let [one] = terms {
        return term(one);
    }
    let terms_held: Vec<_> = terms.iter().map(term).collect();
    json!({"script_score": {
        "query": {"bool": {"filter": terms_held}},
        "script": {
            "lang": "painless",
            "source": SCRIPT,
            "params": {
                "phrase": format!(" {} ", terms.join(" ")),
                "end": "\n",
                "spaced_end": " \n ",
            },
        },
        "min_score": 1,
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_terms_alone_need_the_text() {
        let terms = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let spellings = vec![terms("tshirt"), terms("t shirt"), Vec::new()];
        let clause = clause(&PhraseCondition { spellings, held: false });
        let held = &clause["bool"]["must_not"][0]["bool"]["should"];
        assert_eq!(held[0], json!({"term": {"terms": "tshirt"}}));
        assert_eq!(held[1]["script_score"]["script"]["params"]["phrase"], " t shirt ");
        assert_eq!(held.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn a_condition_without_a_spelling_matches_nothing_or_everything() {
        let none = PhraseCondition { spellings: Vec::new(), held: true };
        assert!(clause(&none)["match_none"].is_object());
        let none = PhraseCondition { held: false, ..none };
        assert!(clause(&none)["bool"]["must_not"][0]["match_none"].is_object());
    }
}
