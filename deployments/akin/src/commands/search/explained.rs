//! Explains a hit in one line.

use akin_usecases::{Explanation, FitClause, HitReason};

/// Describes why a product is a hit, which words it holds, and what its score consists of.
pub(crate) fn line(explanation: &Explanation) -> String {
    let held = explanation.terms.iter().filter_map(|term| match term.alternatives.first() {
        _ if !term.fields.is_empty() => Some(term.word.clone()),
        Some((terms, _)) => Some(format!("{} (as {})", term.word, terms.join(" "))),
        None => None,
    });
    let held: Vec<_> = held.collect();
    let mut parts = vec![reason(explanation.reason)];
    if !held.is_empty() {
        parts.push(format!("words: {}", held.join(", ")));
    }
    if let Some(score) = explanation.parts {
        parts.push(format!(
            "score: words {:.3} + coverage {:.3} + adjacency {:.3} + identifier {:.0} + meaning {:.3}, \
             times {:.2}",
            score.words,
            score.coverage,
            score.adjacency,
            score.identifier,
            score.meaning,
            explanation.boost
        ));
    }
    parts.join("; ")
}

fn reason(reason: HitReason) -> String {
    match reason {
        HitReason::Listed => "admitted by the filters".to_owned(),
        HitReason::Pinned => "pinned".to_owned(),
        HitReason::Candidate => "a candidate".to_owned(),
        HitReason::Closest => "comes closest; nothing fits".to_owned(),
        HitReason::Fits(FitClause::Identifier) => "the query is its identifier".to_owned(),
        HitReason::Fits(FitClause::Words) => "holds all words".to_owned(),
        HitReason::Fits(FitClause::Phrase) => "holds what is quoted".to_owned(),
        HitReason::Fits(FitClause::Similarity { floor }) => {
            format!("similar by at least {floor:.3}")
        }
        HitReason::Fits(FitClause::Beyond { floor }) => {
            format!("holds all words, similar by at least {floor:.3}")
        }
        HitReason::Fits(FitClause::Coverage { floor }) => {
            format!("holds at least {:.0} % of the words", floor * 100.0)
        }
    }
}
