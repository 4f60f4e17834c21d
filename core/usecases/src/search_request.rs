use akin_entities::{FacetValues, Filter, Query, SearchMode, Similarity};
use std::cmp::Ordering;
use std::ops::Range;

/// What to find, and how much of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// The shopper's words.
    pub query: Query,
    /// How to find and order.
    pub mode: SearchMode,
    /// Which products may be found.
    pub filter: Filter,
    /// The least cosine of a product that is found by meaning.
    pub threshold: Option<Similarity>,
    /// Which part of the answer.
    pub paging: Paging,
    /// How to order what was found.
    pub sort: Sort,
    /// What to count among all that was found.
    pub facets: Vec<Facet>,
    /// How many candidates by words, and how many by meaning.
    pub depth: usize,
}

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Which page, counted from 1.
    pub page: usize,
    /// How many hits it holds.
    pub size: usize,
}

/// How an answer is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The best first.
    #[default]
    Relevance,
    /// The cheapest first; what has no price comes last.
    PriceAscending,
    /// The dearest first; what has no price comes last.
    PriceDescending,
    /// The best rated first; what has no rating comes last.
    Rating,
}

/// A field whose values an answer can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facet {
    /// Departments.
    MainCategory,
    /// Shelves.
    SubCategory,
    /// Makers.
    Brand,
}

impl Paging {
    /// The places of its hits in the whole answer, counted from 0.
    pub(crate) fn places(self) -> Range<usize> {
        let start = self.page.saturating_sub(1).saturating_mul(self.size);
        start..start.saturating_add(self.size)
    }
}

impl SearchRequest {
    /// How deep to look unless told otherwise.
    pub const DEFAULT_DEPTH: usize = 200;

    /// A search for `query` with every default.
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

    /// Whether its answer counts or sorts by what the products are, and not by score alone.
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

    /// The order of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, sort)| *sort)
    }

    /// Equal products keep the order of relevance, for the sort is stable.
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
