use akin_entities::{FacetValues, Filter, Query, SearchMode, Similarity};
use std::cmp::Ordering;
use std::ops::Range;

/// A search and its options.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// The shopper's words.
    pub query: Query,
    /// The search mode.
    pub mode: SearchMode,
    /// The products that may be found.
    pub filter: Filter,
    /// The minimum cosine of a product that is found by meaning alone.
    pub threshold: Option<Similarity>,
    /// The requested page.
    pub paging: Paging,
    /// The order of the hits.
    pub sort: Sort,
    /// The facets to count over all hits.
    pub facets: Vec<Facet>,
    /// The number of candidates by words, and the number by meaning.
    pub depth: usize,
}

/// A page of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The page number, counted from 1.
    pub page: usize,
    /// The number of hits on a page.
    pub size: usize,
}

/// The order of the hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Best score first.
    #[default]
    Relevance,
    /// Cheapest first; products without a price last.
    PriceAscending,
    /// Most expensive first; products without a price last.
    PriceDescending,
    /// Best rated first; products without a rating last.
    Rating,
}

/// A field whose values can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facet {
    /// The main category.
    MainCategory,
    /// The subcategory.
    SubCategory,
    /// The brand.
    Brand,
}

impl Paging {
    /// Returns the positions of its hits in the whole answer, counted from 0.
    pub(crate) fn places(self) -> Range<usize> {
        let start = self.page.saturating_sub(1).saturating_mul(self.size);
        start..start.saturating_add(self.size)
    }
}

impl SearchRequest {
    /// The default number of candidates of either kind.
    pub const DEFAULT_DEPTH: usize = 200;

    /// Creates a search for `query` with default options.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            mode: SearchMode::default(),
            filter: Filter::default(),
            threshold: None,
            paging: Paging { page: 1, size: 24 },
            sort: Sort::default(),
            facets: Vec::new(),
            depth: Self::DEFAULT_DEPTH,
        }
    }

    /// Returns whether the answer counts facets or sorts by a field.
    pub(crate) fn looks_at_facets(&self) -> bool {
        self.sort != Sort::Relevance || !self.facets.is_empty()
    }
}

impl Sort {
    /// Every order, with its name in settings and answers.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("relevance", Self::Relevance),
        ("price_asc", Self::PriceAscending),
        ("price_desc", Self::PriceDescending),
        ("rating", Self::Rating),
    ];

    /// Returns the order of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, sort)| *sort)
    }

    /// Compares two products. The sort is stable: equal products stay in order of relevance.
    pub(crate) fn compare(self, a: &FacetValues, b: &FacetValues) -> Ordering {
        let falling = |a: &f64, b: &f64| b.total_cmp(a);
        match self {
            Self::Relevance => Ordering::Equal,
            Self::PriceAscending => missing_last(a.price, b.price, f64::total_cmp),
            Self::PriceDescending => missing_last(a.price, b.price, falling),
            Self::Rating => missing_last(a.rating, b.rating, falling),
        }
    }
}

impl Facet {
    /// Every facet, with its name in settings and answers.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("main_category", Self::MainCategory),
        ("sub_category", Self::SubCategory),
        ("brand", Self::Brand),
    ];

    /// The facet of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, facet)| *facet)
    }

    /// Its name in settings and answers.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, facet)| *facet == self).map_or("", |(name, _)| name)
    }

    pub(crate) fn value(self, facets: &FacetValues) -> &str {
        match self {
            Self::MainCategory => &facets.main_category,
            Self::SubCategory => &facets.sub_category,
            Self::Brand => &facets.brand,
        }
    }
}

fn missing_last(
    a: Option<f64>,
    b: Option<f64>,
    compare: impl Fn(&f64, &f64) -> Ordering,
) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(&a, &b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
