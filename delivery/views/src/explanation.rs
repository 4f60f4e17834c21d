use akin_entities::TextField;
use akin_usecases::{
    Explanation, FitClause, HitReason, ScoreParts, TermExplanation, TermRole, WordEvidence,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a product is a hit, as `/api/search` writes it with `explain`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationView {
    /// Why it is in the set.
    reason: &'static str,
    /// The minimum that it reached, of a reason that has one: a similarity, or a share of the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<f32>,
    terms: Vec<TermView>,
    /// The parts of the score; `null` if the product was not found as a candidate.
    #[schema(required)]
    score: Option<PartsView>,
    /// What the text holds of the content words, likewise.
    #[schema(required)]
    words: Option<WordsView>,
    /// The factor by which boosts changed the sum of the parts.
    boost: f32,
    /// The position at which it is pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExplainedTerm)]
struct TermView {
    word: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected_from: Option<String>,
    term: String,
    role: &'static str,
    fields: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<AlternativeView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alternative)]
struct AlternativeView {
    terms: Vec<String>,
    fields: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreParts)]
struct PartsView {
    words: f64,
    coverage: f64,
    adjacency: f64,
    identifier: f64,
    meaning: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WordEvidence)]
struct WordsView {
    coverage: f32,
    title_coverage: f32,
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> Self {
        let (reason, floor) = reason(explanation.reason);
        Self {
            reason,
            floor: floor.filter(|floor| floor.is_finite()),
            terms: explanation.terms.into_iter().map(TermView::from).collect(),
            score: explanation.parts.map(PartsView::from),
            words: explanation.words.map(WordsView::from),
            boost: explanation.boost,
            pinned: explanation.pinned,
        }
    }
}

fn reason(reason: HitReason) -> (&'static str, Option<f32>) {
    match reason {
        HitReason::Listed => ("listed", None),
        HitReason::Pinned => ("pinned", None),
        HitReason::Candidate => ("candidate", None),
        HitReason::Closest => ("closest", None),
        HitReason::Fits(FitClause::Identifier) => ("identifier", None),
        HitReason::Fits(FitClause::Words) => ("words", None),
        HitReason::Fits(FitClause::Phrase) => ("phrase", None),
        HitReason::Fits(FitClause::Similarity { floor }) => ("similarity", Some(floor)),
        HitReason::Fits(FitClause::Beyond { floor }) => ("words_and_similarity", Some(floor)),
        HitReason::Fits(FitClause::Coverage { floor }) => ("coverage", Some(floor)),
    }
}

impl From<TermExplanation> for TermView {
    fn from(term: TermExplanation) -> Self {
        let alternative =
            |(terms, fields): (_, Vec<_>)| AlternativeView { terms, fields: names(&fields) };
        Self {
            word: term.word,
            corrected_from: term.corrected_from,
            term: term.term,
            role: match term.role {
                TermRole::Content => "content",
                TermRole::StopWord => "stop_word",
                TermRole::Part => "part",
                TermRole::Identifier => "identifier",
            },
            fields: names(&term.fields),
            alternatives: term.alternatives.into_iter().map(alternative).collect(),
        }
    }
}

fn names(fields: &[TextField]) -> Vec<&'static str> {
    let name = |field: &TextField| match field {
        TextField::Title => "title",
        TextField::Description => "description",
        TextField::Category => "category",
        TextField::Brand => "brand",
        TextField::Attributes => "attributes",
    };
    fields.iter().map(name).collect()
}

impl From<ScoreParts> for PartsView {
    fn from(parts: ScoreParts) -> Self {
        let ScoreParts { words, coverage, adjacency, identifier, meaning } = parts;
        Self { words, coverage, adjacency, identifier, meaning }
    }
}

impl From<WordEvidence> for WordsView {
    fn from(words: WordEvidence) -> Self {
        Self { coverage: words.coverage, title_coverage: words.title }
    }
}
