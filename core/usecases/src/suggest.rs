use crate::suggested_values::{SuggestedValues, ValueCache};
use crate::{CurrentRelevance, FacetCount, SearchError};
use akin_entities::{
    Filter, KeywordField, Language, NumberField, ProductId, ProductRecord, Query, WeightedTerm,
    WordRule,
};
use akin_ports::{
    MatchOrder, MatchPage, MatchQuery, Matching, PortResult, ProductIndex, ProductStore,
};
use akin_ranking::{Completion, ParsedQuery, TypedText, ValuePattern, known_identifier};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// Suggests what a shopper is about to type: queries, categories, brands and products.
///
/// It knows nothing but the catalogue: the words of its products, and the values of its fields. Whatever it
/// suggests finds something.
#[derive(Clone, Debug)]
pub struct Suggest {
    index: Arc<dyn ProductIndex>,
    store: Arc<dyn ProductStore>,
    language: Language,
    relevance: CurrentRelevance,
    values: Arc<ValueCache>,
}

/// What a shopper may be typing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggestions {
    /// Queries, those that find most products first.
    pub queries: Vec<SuggestedQuery>,
    /// Main categories and subcategories: those that begin with what was typed first, then those with most
    /// products.
    pub categories: Vec<SuggestedCategory>,
    /// Brands, in the same order.
    pub brands: Vec<FacetCount>,
    /// Products with all words in their names, the best rated first.
    pub products: Vec<ProductRecord>,
}

/// A query that finds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedQuery {
    /// The query, folded.
    pub text: String,
    /// The number of products whose names hold all of its words.
    pub count: u64,
}

/// A category, with the field that filters by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedCategory {
    /// Its most frequent spelling.
    pub value: String,
    /// The field of its products.
    pub field: KeywordField,
    /// The number of its products.
    pub count: usize,
}

/// The maximum number of words that may be the last one.
const MAX_COMPLETIONS: usize = WeightedTerm::MAX_ALTERNATIVES;

/// The maximum number of words that are tried as the last one after others.
const MAX_TRIED: usize = 128;

/// The maximum number of words that are tried as the next one.
const MAX_FOLLOWING: usize = 12;

/// The number of completions by which values are looked for if nothing begins as typed.
const CORRECTED: usize = 3;

/// What was typed, as terms.
struct TypedTerms {
    typed: TypedText,
    /// The terms of the whole words.
    head: Vec<String>,
    /// The words that may be the last one, each with the number of names that hold it and the head.
    completions: Vec<(Completion, u64)>,
    /// The term of the identifier that was typed, if it was one.
    identifier: Option<String>,
}

impl Suggest {
    /// The maximum of suggestions of each kind.
    pub const MAX_LIMIT: usize = 20;

    /// The maximum number of products that are fetched: the names of more than are suggested tell which word
    /// comes next.
    pub const MAX_FETCHED: usize = 24;

    /// The default number of suggestions of each kind.
    pub const DEFAULT_LIMIT: usize = 6;

    /// Creates the use case for products whose texts are in `language`, of which some may be hidden by the rules
    /// of the shop.
    pub fn new(
        index: Arc<dyn ProductIndex>,
        store: Arc<dyn ProductStore>,
        language: Language,
        relevance: CurrentRelevance,
    ) -> Self {
        Self { index, store, language, relevance, values: Arc::default() }
    }

    /// Returns up to `limit` suggestions of each kind for `text`, of which the first
    /// [`TypedText::MAX_CHARS`] characters are used. For a blank text they are the categories and brands
    /// with most products.
    pub async fn run(&self, text: &str, limit: usize) -> Result<Suggestions, SearchError> {
        let limit = limit.min(Self::MAX_LIMIT);
        let statistics = self.index.statistics().await.map_err(SearchError::Index)?;
        let values = self.values.of(&*self.index, &statistics).await.map_err(SearchError::Index)?;
        let parsed = ParsedQuery::parse(text);
        let typed = TypedText::new(text, self.language, &*statistics);
        let head = typed.head_terms(&*statistics);
        // Beside other words, the word that is meant may be a rare one.
        let is_first = head.as_ref().is_none_or(Vec::is_empty);
        let tried = if is_first { MAX_COMPLETIONS } else { MAX_TRIED };
        let completions = typed.completions(tried, &*statistics);
        let mut suggestions = suggested_values(&values, &typed, &completions, limit);
        // The word that a shopper quotes or excludes is not completed.
        let head = head.filter(|_| !parsed.has_phrases() && !typed.is_blank());
        let Some(head) = head else { return Ok(suggestions) };
        let identifier = known_identifier(text, &*statistics);
        let completions = self.counted(&head, completions).await.map_err(SearchError::Index)?;
        let terms = TypedTerms { typed, head, completions, identifier };
        let hidden = self.relevance.get().hidden(Query::new(text).ok().as_ref());
        let named = self.named(&terms, hidden).await?;
        suggestions.queries = self.queries(&terms, &named).await.map_err(SearchError::Index)?;
        suggestions.queries.truncate(limit);
        suggestions.products = named.into_iter().take(limit).collect();
        Ok(suggestions)
    }

    /// Returns the completions that a name holds with all words before them, with the number of these names,
    /// the most frequent first.
    async fn counted(
        &self,
        head: &[String],
        completions: Vec<Completion>,
    ) -> PortResult<Vec<(Completion, u64)>> {
        let others = completions.into_iter().filter(|one| !head.contains(&one.term));
        let others: Vec<_> = others.collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let terms: Vec<_> = others.iter().map(|one| one.term.clone()).collect();
        let counts = self.index.name_counts(head, &terms).await?;
        let counted = others.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        let mut counted: Vec<_> = counted.collect();
        counted.sort_by_key(|(_, count)| Reverse(*count));
        counted.truncate(MAX_COMPLETIONS);
        Ok(counted)
    }

    /// Returns the completed queries, and with the words that come next in the names of products.
    async fn queries(
        &self,
        terms: &TypedTerms,
        named: &[ProductRecord],
    ) -> PortResult<Vec<SuggestedQuery>> {
        let typed = &terms.typed;
        let found = &terms.completions;
        let query = |(completion, count): &(Completion, u64)| SuggestedQuery {
            text: typed.with(&completion.word),
            count: *count,
        };
        let mut queries: Vec<_> = found.iter().map(query).collect();
        // The word after which one may come: the best completion, or the last one if it is whole.
        let (base, last) = match found.first() {
            Some((completion, _)) => (typed.with(&completion.word), Some(&completion.term)),
            None if typed.beginning().is_empty() => (typed.head().to_owned(), terms.head.last()),
            None => return Ok(queries),
        };
        let Some(last) = last else { return Ok(queries) };
        let mut all = terms.head.clone();
        if !all.contains(last) {
            all.push(last.clone());
        }
        let following = following(typed, last, named, &all);
        if following.is_empty() {
            return Ok(queries);
        }
        let next: Vec<_> = following.iter().map(|(_, term)| term.clone()).collect();
        let counts = self.index.name_counts(&all, &next).await?;
        let longer = following.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        queries.extend(
            longer
                .map(|((word, _), count)| SuggestedQuery { text: format!("{base} {word}"), count }),
        );
        queries.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        Ok(queries)
    }

    /// Returns products that were typed by their names or their id.
    async fn named(
        &self,
        terms: &TypedTerms,
        hidden: Vec<ProductId>,
    ) -> Result<Vec<ProductRecord>, SearchError> {
        let Some(words) = terms.rule() else { return Ok(Vec::new()) };
        let order = MatchOrder { field: NumberField::Rating.into(), descending: true };
        let page = MatchPage { order, without: Vec::new(), offset: 0, limit: Self::MAX_FETCHED };
        let query = MatchQuery {
            matching: Matching::Some { words: Some(words), also: Vec::new(), near: None },
            filter: Filter::default().without(hidden),
            facets: Vec::new(),
            page: Some(page),
        };
        let ids: Vec<ProductId> =
            self.index.matches(&query).await.map_err(SearchError::Index)?.page;
        let mut records = self.store.fetch(&ids).await.map_err(SearchError::Fetch)?;
        // The index may lag behind the store.
        Ok(ids.iter().filter_map(|id| records.remove(id)).collect())
    }
}

impl TypedTerms {
    /// Returns the rule for products whose names hold all words, the last one as one of its completions, or
    /// that have the identifier; `None` if none can.
    fn rule(&self) -> Option<WordRule> {
        if let Some(identifier) = &self.identifier {
            let text = identifier.clone();
            let term = WeightedTerm { text, anywhere: 1, ..WeightedTerm::default() };
            return Some(WordRule { terms: vec![term], least: 1 });
        }
        let in_name = |text: &str| WeightedTerm {
            text: text.to_owned(),
            named: 1,
            ..WeightedTerm::default()
        };
        let mut terms: Vec<_> = self.head.iter().map(|term| in_name(term)).collect();
        match self.completions.split_first() {
            Some(((best, _), others)) => {
                let others = others.iter().map(|(other, _)| vec![other.term.clone()]);
                let alternatives = others.collect();
                terms.push(WeightedTerm { alternatives, ..in_name(&best.term) });
            }
            None if self.typed.beginning().is_empty() => {}
            None => return None,
        }
        let least = u32::try_from(terms.len()).unwrap_or(u32::MAX);
        (!terms.is_empty()).then_some(WordRule { terms, least })
    }
}

/// Returns the words that come after `last` in the names of products, with their terms, the most frequent
/// first; not those that were typed, whose terms are `all`.
fn following(
    typed: &TypedText,
    last: &str,
    named: &[ProductRecord],
    all: &[String],
) -> Vec<(String, String)> {
    let mut counts: HashMap<String, (usize, String)> = HashMap::new();
    for record in named {
        for (word, term) in typed.following(last, &record.product.name) {
            if !all.contains(&term) {
                counts.entry(term).or_insert((0, word)).0 += 1;
            }
        }
    }
    let mut words: Vec<_> =
        counts.into_iter().map(|(term, (count, word))| (count, word, term)).collect();
    words.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    words.truncate(MAX_FOLLOWING);
    words.into_iter().map(|(_, word, term)| (word, term)).collect()
}

/// Suggests categories and brands: as they were typed, or else as the best completions begin.
fn suggested_values(
    values: &SuggestedValues,
    typed: &TypedText,
    completions: &[Completion],
    limit: usize,
) -> Suggestions {
    let suggest = |patterns: &[ValuePattern]| Suggestions {
        categories: values.categories(patterns, limit),
        brands: values.brands(patterns, limit),
        ..Suggestions::default()
    };
    let suggestions = suggest(&[ValuePattern::new(&typed.with(typed.beginning()))]);
    let has_slip = completions.iter().all(|one| !one.word.starts_with(typed.beginning()));
    if !suggestions.categories.is_empty() || !suggestions.brands.is_empty() || !has_slip {
        return suggestions;
    }
    let corrected = completions.iter().take(CORRECTED);
    let corrected = corrected.map(|one| ValuePattern::new(&typed.with(&one.word)));
    suggest(&corrected.collect::<Vec<_>>())
}
