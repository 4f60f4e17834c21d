//! What fits: which products a search finds, out of those that it could show.

use crate::query_terms::QueryTerm;
use crate::{QueryTerms, Score};
use akin_entities::{Fingerprint, SearchMode, Similarity, WeightedTerm, WordRule};

/// The number of nearest products that can fit by their meaning.
pub const NEAREST: usize = 200;

/// The number of written words up to which a query is a name, such as "cotton shirt", and not a
/// description.
const NAME_WORDS: usize = 2;

/// How much closer a product must be that lacks all words of a name.
const MISSING: f32 = 0.75;

/// How much less close a product may be that has all words of a description.
const COVERED: f32 = 0.5;

/// In a search by words alone, the minimum share of a description's words, and of the best share.
const LEAST_COVERAGE: f32 = 0.3;
const LEAST_OF_BEST_COVERAGE: f32 = 0.5;

/// The similarities from which products fit. They belong to the model: two models place texts that have
/// nothing in common at different similarities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floors {
    /// The floor of products that lack a word of a name in their title.
    pub name: f32,
    /// The floor of products that have none of the words of a description.
    pub description: f32,
    /// The floor if the catalogue has none of the words.
    pub unknown: f32,
    /// True if the model knows the words of Latin letters only. To it, all texts in other scripts are
    /// alike, so that their words alone decide.
    pub is_latin: bool,
}

impl Default for Floors {
    /// The floors of all-MiniLM-L6-v2, measured over 2,680 judged pairs of two catalogues.
    fn default() -> Self {
        Self { name: 0.35, description: 0.45, unknown: 0.55, is_latin: true }
    }
}

impl Floors {
    /// Returns the floors of a model for which they were measured over judged queries.
    pub fn known(model: &Fingerprint) -> Option<Self> {
        let path = model.model.split('@').next().unwrap_or_default();
        (path.rsplit('/').next() == Some("all-MiniLM-L6-v2")).then(Self::default)
    }

    /// Returns the floors of a model from the `mean` and the standard `deviation` of the similarities
    /// between queries and products that have nothing in common.
    pub fn from_background(mean: f32, deviation: f32) -> Self {
        let at = |deviations: f32| (mean + deviations * deviation).clamp(-1.0, 1.0);
        Self { name: at(3.0), description: at(4.1), unknown: at(5.2), is_latin: false }
    }
}

/// Decides which products fit a query.
///
/// A product fits if its title and brand together hold all content words, those that are not stop words.
/// Otherwise its similarity decides, if it is among the [`NEAREST`]:
///
/// - For a query of one or two written words, it must be as near as a quarter of those whose titles
///   hold the words, and nearer by what it lacks: similarity >= f + (t - f) (1 - title) + 0.75
///   (1 - coverage), with the floor f for names and t the upper quartile of their similarities.
/// - For a longer query, similarity >= floor - 0.5 coverage.
/// - If the catalogue has none of the words, similarity >= floor for unknown words.
///
/// Coverage and title are the shares of the content words' weight that any field and the title contain.
/// A product that holds all words of a name in other fields may be farther than the nearest.
/// A model number that the catalogue has must be held. If the query is an identifier, the product of that
/// identifier fits. A query of stop words alone fits nothing.
///
/// In a search by words alone, a product fits that holds all content words in any field; for a longer
/// query also one among the best by words that holds 30 % of their weight, and half of the best share.
/// Precision is .75 and recall .92 over the judged pairs of a shop of 19,406 products.
#[derive(Clone, Copy, Debug)]
pub struct FitRule<'a> {
    /// The search mode. Semantic searches find what hybrid ones find, in another order.
    pub mode: SearchMode,
    /// The terms of the query.
    pub query: &'a QueryTerms,
    /// The floors of the model.
    pub floors: Floors,
    /// The minimum similarity that a shopper set, in place of the floors. In a semantic search, words no
    /// longer decide.
    pub threshold: Option<Similarity>,
}

/// A candidate, scored.
#[derive(Clone, Copy, Debug)]
pub struct ScoredCandidate {
    /// Its score.
    pub score: Score,
    /// Its similarity, unless the search is by words alone.
    pub cosine: Option<f32>,
}

/// The reason why a product fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FitClause {
    /// The query is an identifier of the product.
    Identifier,
    /// The title and the brand hold all content words; in a search by words alone, any field does.
    Words,
    /// The product holds what is quoted, and there are no other words.
    Phrase,
    /// The product is among the nearest, and at least as similar as `floor`.
    Similarity {
        /// The minimum similarity, which depends on the words that the product holds.
        floor: f32,
    },
    /// The product holds all words of a name, and is at least as similar as `floor`, though not among the
    /// nearest.
    Beyond {
        /// The minimum similarity.
        floor: f32,
    },
    /// In a search by words alone: the product holds this share of a description's words at least.
    Coverage {
        /// The minimum share.
        floor: f32,
    },
}

/// The products that fit a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgment {
    /// Why each of the candidates fits; `None` of one that does not.
    pub fits: Vec<Option<FitClause>>,
    /// The rule for further products, which are not among the nearest.
    pub beyond: Option<BeyondRule>,
}

/// Admits products that meet a rule for words and are near enough.
#[derive(Clone, Debug, PartialEq)]
pub struct BeyondRule {
    /// The rule for words.
    pub words: WordRule,
    /// The minimum similarity.
    pub least: f32,
}

impl FitRule<'_> {
    /// Returns the rule for products that fit by their words alone, whether they are candidates or not;
    /// `None` if none does.
    pub fn words(&self) -> Option<WordRule> {
        let by_threshold = self.mode == SearchMode::Semantic && self.threshold.is_some();
        if by_threshold {
            return None;
        }
        let (anywhere, named) = if self.decides_by_words() { (1, 0) } else { (0, 1) };
        let term = |term: &QueryTerm| WeightedTerm {
            text: term.text.clone(),
            anywhere,
            named,
            alternatives: term.alternatives.clone(),
        };
        let mut terms: Vec<_> = self.query.content().map(term).collect();
        if self.query.lacks_content() {
            terms.clear();
        }
        // An identifier weighs as much as all words together.
        let least = u32::try_from(terms.len()).unwrap_or(u32::MAX).max(1);
        let identifier = self.query.identifier().map(str::to_owned);
        terms.extend(identifier.map(|text| WeightedTerm {
            text,
            anywhere: least,
            ..WeightedTerm::default()
        }));
        (!terms.is_empty()).then_some(WordRule { terms, least })
    }

    /// Returns whether words alone decide: in a lexical search, and if the model cannot read the query.
    pub fn decides_by_words(&self) -> bool {
        let is_unread = self.floors.is_latin && self.query.is_foreign();
        self.mode == SearchMode::Lexical || is_unread && self.threshold.is_none()
    }

    /// Judges the candidates of one search, as its index returned them.
    pub fn judge(&self, candidates: &[ScoredCandidate]) -> Judgment {
        if self.decides_by_words() {
            return Judgment { fits: self.by_words(candidates), beyond: None };
        }
        let nearest = least_of_nearest(candidates);
        let is_near = |one: &ScoredCandidate| one.cosine.is_some_and(|cosine| cosine >= nearest);
        let has_rule = self.words().is_some();
        let holds_words = |one: &ScoredCandidate| {
            has_rule && (one.score.words.fill_named || one.score.is_identified)
        };
        let in_title = |one: &&ScoredCandidate| one.score.words.fill_title && has_rule;
        let holders = candidates.iter().filter(|one| in_title(one) && is_near(one));
        let quartile = upper_quartile(holders.filter_map(|one| one.cosine).collect());
        let named = self.floors.name.max(quartile.unwrap_or(self.floors.name));
        let beyond = self.beyond(nearest, named);
        let is_beyond = |one: &ScoredCandidate, rule: &BeyondRule| {
            one.score.words.fill_any && one.cosine.is_some_and(|cosine| cosine >= rule.least)
        };
        let fits = |one: &ScoredCandidate| {
            let floor = self.floor(one, named);
            if holds_words(one) {
                return Some(by_words(one));
            }
            if is_near(one) && one.cosine.is_some_and(|cosine| cosine >= floor) {
                return Some(FitClause::Similarity { floor });
            }
            let rule = beyond.as_ref().filter(|rule| is_beyond(one, rule))?;
            Some(FitClause::Beyond { floor: rule.least })
        };
        Judgment { fits: candidates.iter().map(fits).collect(), beyond }
    }

    /// Returns the rule for products that hold all words of a name, though not in their title, and may be
    /// near enough without being among the nearest.
    fn beyond(&self, nearest: f32, named: f32) -> Option<BeyondRule> {
        let words = self.words().filter(|_| !self.query.lacks_content())?;
        let is_name = self.query.written_words() <= NAME_WORDS;
        if !is_name || self.threshold.is_some() || named >= nearest {
            return None;
        }
        let anywhere = |term: WeightedTerm| WeightedTerm { anywhere: 1, named: 0, ..term };
        let terms = words.terms.into_iter().map(anywhere).collect();
        Some(BeyondRule { words: WordRule { terms, ..words }, least: named })
    }

    /// Returns the similarity from which a candidate fits; `named` is that of products with none of the
    /// words of a name in their title.
    fn floor(&self, candidate: &ScoredCandidate, named: f32) -> f32 {
        if let Some(threshold) = self.threshold {
            return threshold.get();
        }
        let words = candidate.score.words;
        let Floors { name, description, unknown, .. } = self.floors;
        if !self.query.has_content() || !words.hold_model_numbers {
            f32::INFINITY
        } else if self.query.content().next().is_none() {
            unknown
        } else if self.query.written_words() <= NAME_WORDS {
            name + (named - name) * (1.0 - words.title) + MISSING * (1.0 - words.coverage)
        } else {
            description - COVERED * words.coverage
        }
    }

    fn by_words(&self, candidates: &[ScoredCandidate]) -> Vec<Option<FitClause>> {
        let coverages = candidates.iter().map(|one| one.score.words.coverage);
        let best = coverages.fold(0.0, f32::max);
        let floor = LEAST_COVERAGE.max(LEAST_OF_BEST_COVERAGE * best);
        let is_description = self.query.written_words() > NAME_WORDS;
        let fits = |one: &ScoredCandidate| {
            let words = one.score.words;
            if one.score.is_identified || self.query.has_content() && words.fill_any {
                return Some(by_words(one));
            }
            let is_covered = self.query.has_content() && is_description && words.coverage >= floor;
            is_covered.then_some(FitClause::Coverage { floor })
        };
        candidates.iter().map(fits).collect()
    }
}

/// Returns the reason of a candidate that fits by its words alone.
fn by_words(candidate: &ScoredCandidate) -> FitClause {
    if candidate.score.is_identified { FitClause::Identifier } else { FitClause::Words }
}

/// Returns the similarity of the last of the [`NEAREST`] candidates. Candidates found by words alone are
/// not nearer than it unless they are among the nearest, too.
fn least_of_nearest(candidates: &[ScoredCandidate]) -> f32 {
    let mut cosines: Vec<_> = candidates.iter().filter_map(|one| one.cosine).collect();
    if cosines.len() <= NEAREST {
        return f32::NEG_INFINITY;
    }
    let (_, least, _) = cosines.select_nth_unstable_by(NEAREST - 1, |a, b| b.total_cmp(a));
    *least
}

/// Returns the third quartile, interpolated; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "there are at most some hundred candidates")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small position")]
fn upper_quartile(mut values: Vec<f32>) -> Option<f32> {
    values.sort_unstable_by(f32::total_cmp);
    let position = 0.75 * values.len().checked_sub(1)? as f32;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    let (low, high) = (values.get(below)?, values.get(above)?);
    Some(low + (high - low) * position.fract())
}

#[cfg(test)]
mod tests;
