//! How a shop steers its searches: synonyms, curation, boosts.

use akin_entities::{
    AnalyzedText, Availability, FacetValues, Filter, Language, ProductId, Query, TagName, Timestamp,
};
use akin_ranking::{SynonymRule, Synonyms, canonical_terms};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The rules of a shop, as they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RelevanceRules {
    /// Words and phrases that find others.
    pub synonyms: Vec<SynonymRule>,
    /// What to do for which queries.
    pub curation: Vec<CurationRule>,
    /// Boosts of every search.
    pub boosts: AttributeBoosts,
}

/// What to do for some queries.
#[derive(Clone, Debug, PartialEq)]
pub struct CurationRule {
    /// The queries.
    pub occasion: Occasion,
    /// Products that come first.
    pub pins: Vec<Pin>,
    /// Products that are not found.
    pub hides: Vec<ProductId>,
    /// Products that come earlier or later.
    pub boosts: Vec<FilterBoost>,
}

/// The queries that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Every search, also without a query.
    Always,
    /// Queries with the same words in the same order, in any case and inflection.
    Query(String),
    /// Queries that contain all these words.
    Words(String),
}

/// A product at a position of the hits by relevance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The product.
    pub id: ProductId,
    /// The position, counted from 1.
    pub position: usize,
}

/// A factor for the scores of products.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterBoost {
    /// The products.
    pub filter: Filter,
    /// The factor: above 1 they come earlier, below 1 later.
    pub factor: f32,
}

/// Weights by which what a product is raises its score: by 1 + `rating` * stars / 5 + `discount` if it is
/// discounted + `availability` if it is in stock + `newness` * 0.5^(days / 30), with the days between the first
/// ingestion of the product and that of the newest candidate. 0 is off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttributeBoosts {
    /// The weight of the rating.
    pub rating: f32,
    /// The weight of a discount.
    pub discount: f32,
    /// The weight of being in stock.
    pub availability: f32,
    /// The weight of being new.
    pub newness: f32,
}

/// The rules of a shop, analyzed for a language.
#[derive(Clone, Debug, Default)]
pub struct Relevance {
    pub(crate) synonyms: Synonyms,
    rules: Vec<(AnalyzedOccasion, CurationRule)>,
    boosts: AttributeBoosts,
    language: Language,
}

#[derive(Clone, Debug)]
enum AnalyzedOccasion {
    Always,
    Query(Vec<String>),
    Words(Vec<String>),
}

/// The rules in force, which can be replaced while searches run; clones share them.
#[derive(Clone, Debug, Default)]
pub struct CurrentRelevance(Arc<RwLock<InForce>>);

#[derive(Debug, Default)]
struct InForce {
    relevance: Arc<Relevance>,
    report: Option<RelevanceReport>,
}

/// What is in force, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelevanceReport {
    /// When the rules were loaded.
    pub loaded: Timestamp,
    /// The number of synonym rules.
    pub synonyms: usize,
    /// The number of curation rules.
    pub rules: usize,
    /// Why later rules were not loaded, if they were faulty.
    pub problem: Option<String>,
}

/// What the rules do to one search.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Steering {
    /// The products that come first, by their positions counted from 1, each id and position once.
    pub(crate) pins: Vec<Pin>,
    /// The products that are not found.
    pub(crate) hidden: Vec<ProductId>,
    pub(crate) boosts: Boosts,
}

/// What changes the scores of one search.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Boosts {
    filters: Vec<FilterBoost>,
    attributes: AttributeBoosts,
}

/// The number of days after which a product is half as new.
const HALF_LIFE_DAYS: f64 = 30.0;

impl Relevance {
    /// The greatest position of a pin.
    pub const MAX_POSITION: usize = 100;

    /// The maximum number of pins of a search; further ones are left out.
    pub const MAX_PINS: usize = 100;

    /// Analyzes `rules` as words of `language`.
    pub fn new(rules: RelevanceRules, language: Language) -> Self {
        let analyzed = |rule: CurationRule| {
            let occasion = match &rule.occasion {
                Occasion::Always => AnalyzedOccasion::Always,
                Occasion::Query(text) => AnalyzedOccasion::Query(canonical_terms(text, language)),
                Occasion::Words(text) => AnalyzedOccasion::Words(canonical_terms(text, language)),
            };
            (occasion, rule)
        };
        Self {
            synonyms: Synonyms::new(&rules.synonyms, language),
            rules: rules.curation.into_iter().map(analyzed).collect(),
            boosts: rules.boosts,
            language,
        }
    }

    /// Returns the products that are not found by `query`.
    pub(crate) fn hidden(&self, query: Option<&Query>) -> Vec<ProductId> {
        self.steer(query).hidden
    }

    /// Returns what the rules do to a search for `query`. Of several rules the earlier one decides; what
    /// one hides, none can pin.
    pub(crate) fn steer(&self, query: Option<&Query>) -> Steering {
        let boosts = Boosts { filters: Vec::new(), attributes: self.boosts };
        let mut steering = Steering { boosts, ..Steering::default() };
        if self.rules.is_empty() {
            return steering;
        }
        let terms =
            query.map(|query| canonical_terms(query.as_str(), self.language)).unwrap_or_default();
        let held: HashSet<_> = terms.iter().collect();
        let applies = |occasion: &AnalyzedOccasion| match occasion {
            AnalyzedOccasion::Always => true,
            AnalyzedOccasion::Query(wanted) => !wanted.is_empty() && *wanted == terms,
            AnalyzedOccasion::Words(wanted) => {
                !wanted.is_empty() && wanted.iter().all(|term| held.contains(term))
            }
        };
        for (_, rule) in self.rules.iter().filter(|(occasion, _)| applies(occasion)) {
            steering.hidden.extend(rule.hides.iter().cloned());
            steering.boosts.filters.extend(rule.boosts.iter().cloned());
            rule.pins.iter().for_each(|pin| steering.pin(pin));
        }
        let hidden: HashSet<_> = steering.hidden.iter().collect();
        steering.pins.retain(|pin| !hidden.contains(&pin.id));
        steering.pins.sort_by_key(|pin| pin.position);
        steering
    }
}

impl Steering {
    /// Adds a pin, unless its product is pinned already, at the first free position from its own.
    fn pin(&mut self, pin: &Pin) {
        let is_known = self.pins.iter().any(|other| other.id == pin.id);
        if is_known || self.pins.len() == Relevance::MAX_PINS {
            return;
        }
        let is_free = |position: &usize| self.pins.iter().all(|other| other.position != *position);
        // One of the first hundred positions after its own is free.
        let first = pin.position.clamp(1, Relevance::MAX_POSITION);
        if let Some(position) = (first..=first + Relevance::MAX_PINS).find(is_free) {
            self.pins.push(Pin { position, ..pin.clone() });
        }
    }
}

impl Boosts {
    /// Returns true if no score changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.attributes == AttributeBoosts::default()
    }

    /// Returns the factor for the score of a product; `newest` is when the newest candidate was first ingested.
    pub(crate) fn factor(&self, id: &ProductId, facets: &FacetValues, newest: Option<f64>) -> f32 {
        let AttributeBoosts { rating, discount, availability, newness } = self.attributes;
        #[expect(clippy::cast_possible_truncation, reason = "a rating is at most 5")]
        let stars = facets.rating.unwrap_or_default() as f32;
        let discounted = f32::from(u8::from(facets.discounted));
        let in_stock = f32::from(u8::from(is_in_stock(facets)));
        let age = newest.zip(created(facets)).map(|(newest, created)| newest - created);
        let freshness = age.map_or(0.0, freshness);
        let attributes = 1.0
            + rating * stars / 5.0
            + discount * discounted
            + availability * in_stock
            + newness * freshness;
        // A filter of a rule has no phrases.
        let text = AnalyzedText::default();
        let filters = self.filters.iter().filter(|boost| boost.filter.admits(id, facets, &text));
        filters.map(|boost| boost.factor).product::<f32>() * attributes
    }
}

/// Returns when a product was first ingested, in microseconds since 1970.
pub(crate) fn created(facets: &FacetValues) -> Option<f64> {
    facets.tags.sort_number(&TagName::created(), true)
}

fn is_in_stock(facets: &FacetValues) -> bool {
    let name = TagName::parse("availability");
    name.is_some_and(|name| {
        facets.tags.values(&name).any(|value| value == Availability::InStock.name())
    })
}

/// Returns how new a product is that is older than the newest one by `microseconds`: 1 to 0.
#[expect(clippy::cast_possible_truncation, reason = "a share needs no more than f32")]
fn freshness(microseconds: f64) -> f32 {
    let half_lives = microseconds / (HALF_LIFE_DAYS * 86_400.0 * 1e6);
    0.5_f64.powf(half_lives.max(0.0)) as f32
}

/// Multiplies a score by a factor above 0. A negative score is divided, so that a greater factor is always
/// better.
pub(crate) fn boosted(score: f32, factor: f32) -> f32 {
    if score < 0.0 { score / factor } else { score * factor }
}

impl CurrentRelevance {
    /// Puts `relevance` in force.
    pub fn replace(&self, relevance: Relevance, report: RelevanceReport) {
        let relevance = Arc::new(relevance);
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = InForce { relevance, report: Some(report) };
    }

    /// Notes why later rules are not in force.
    pub fn report_problem(&self, problem: &str) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = &mut current.report {
            report.problem = Some(problem.to_owned());
        }
    }

    /// Returns what is in force, if rules were loaded.
    pub fn report(&self) -> Option<RelevanceReport> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).report.clone()
    }

    /// Returns the rules in force.
    pub fn get(&self) -> Arc<Relevance> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).relevance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ProductId {
        ProductId::new(text).unwrap()
    }

    fn rule(occasion: Occasion, pins: &[(&str, usize)], hides: &[&str]) -> CurationRule {
        let pin = |&(name, position): &(&str, usize)| Pin { id: id(name), position };
        let (pins, hides) = (pins.iter().map(pin).collect(), hides.iter().map(|h| id(h)).collect());
        CurationRule { occasion, pins, hides, boosts: Vec::new() }
    }

    #[test]
    fn the_rules_of_a_query_apply_in_their_order() {
        let curation = vec![
            rule(Occasion::Query("Phone tripods".into()), &[("a", 1), ("b", 2)], &[]),
            rule(Occasion::Words("tripod".into()), &[("c", 1), ("a", 3)], &["b"]),
            rule(Occasion::Always, &[], &["x"]),
            rule(Occasion::Query("  ".into()), &[("z", 1)], &[]),
        ];
        let rules = RelevanceRules { curation, ..RelevanceRules::default() };
        let relevance = Relevance::new(rules, Language::English);
        let steered = |text: &str| {
            let steering = relevance.steer(Query::new(text).ok().as_ref());
            let pins = steering.pins.iter().map(|pin| format!("{}{}", pin.id, pin.position));
            let hidden = steering.hidden.iter().map(ProductId::as_str);
            (pins.collect::<Vec<_>>().join(" "), hidden.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(steered("phone Tripod"), ("a1 c3".to_owned(), "b x".to_owned()));
        assert_eq!(steered("red tripod"), ("c1 a3".to_owned(), "b x".to_owned()));
        assert_eq!(steered("lamp"), (String::new(), "x".to_owned()));
        assert_eq!(steered(""), (String::new(), "x".to_owned()));
    }

    #[test]
    fn what_is_in_stock_and_new_comes_earlier() {
        let attributes =
            AttributeBoosts { availability: 0.5, newness: 0.8, ..AttributeBoosts::default() };
        let boosts = Boosts { filters: Vec::new(), attributes };
        let day = 86_400 * 1_000_000_i64;
        let facets = |availability: &str, created: i64| {
            let mut facets = FacetValues::default();
            facets.tags.insert(&TagName::parse("availability").unwrap(), availability);
            facets.tags.insert(&TagName::created(), &created.to_string());
            facets
        };
        let newest = created(&facets("in stock", 90 * day));
        for (facets, factor) in [
            (facets("in stock", 90 * day), 2.3),
            (facets("out of stock", 60 * day), 1.4),
            (facets("preorder", 30 * day), 1.2),
            (FacetValues::default(), 1.0),
        ] {
            let found = boosts.factor(&id("a"), &facets, newest);
            assert!((found - factor).abs() < 1e-5, "{found} for {factor}");
        }
    }

    #[test]
    fn factors_multiply_and_a_better_one_always_helps() {
        let brand = akin_entities::KeywordField::Brand;
        let boost = |name: &str, factor| FilterBoost {
            filter: Filter::default().with_any_of(brand, [name]),
            factor,
        };
        let boosts = Boosts {
            filters: vec![boost("Lumo", 2.0), boost("lumo", 3.0), boost("Arc", 9.0)],
            attributes: AttributeBoosts {
                rating: 0.5,
                discount: 0.25,
                ..AttributeBoosts::default()
            },
        };
        let facets = FacetValues {
            brand: "LUMO".into(),
            rating: Some(4.0),
            discounted: true,
            ..FacetValues::default()
        };
        let factor = boosts.factor(&id("a"), &facets, None);
        assert!((factor - 6.0 * 1.65).abs() < 1e-5, "{factor}");
        assert!(
            (boosts.factor(&id("b"), &FacetValues::default(), None) - 1.0).abs() < f32::EPSILON
        );
        assert!(boosted(-0.5, 2.0) > -0.5 && boosted(0.5, 2.0) > 0.5);
        assert!(Boosts::default().is_empty() && !boosts.is_empty());
    }
}
