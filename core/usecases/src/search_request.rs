use akin_entities::{
    FacetField, Filter, InvalidQuery, NumberField, OrderField, Query, SearchMode, Similarity,
    TagName,
};
use akin_ports::MatchOrder;
use std::ops::Range;

/// A search and its options.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// The shopper's words; `None` browses: it finds every product that the filter admits.
    pub query: Option<Query>,
    /// True if the shopper is still typing the last word, which then also stands for the words that begin
    /// with it.
    pub unfinished: bool,
    /// The search mode.
    pub mode: SearchMode,
    /// The products that may be found.
    pub filter: Filter,
    /// The products that are hits.
    pub scope: Scope,
    /// The minimum cosine of a product that is found by meaning alone, in place of the model's own floor.
    /// In a semantic search, products below it are not found by their words either.
    pub threshold: Option<Similarity>,
    /// The requested page.
    pub paging: Paging,
    /// The order of the hits.
    pub sort: Sort,
    /// The fields to count over all products found.
    pub facets: Vec<FacetField>,
    /// True to explain each hit.
    pub explain: bool,
    /// The number of candidates by words, and the number by meaning.
    pub depth: usize,
}

/// The products that are hits of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Products that fit the query, whatever their number.
    #[default]
    Fitting,
    /// All candidates of the index, whatever they are worth: to measure a ranking, and for clients that
    /// ask for as many products as they can get.
    Candidates,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Best score first. Products that fit but were no candidates follow in the order of
    /// [`Sort::Rating`], which is also the order of browsing: shoppers who ask for nothing in particular
    /// are shown what others liked.
    #[default]
    Relevance,
    /// Cheapest first; products without a price last. As in every order, ties are sorted by id.
    PriceAscending,
    /// Most expensive first; products without a price last.
    PriceDescending,
    /// Best rated first; products without a rating last.
    Rating,
    /// Last stored for the first time first.
    Newest,
    /// By the number in a field that products have by name; products without one last.
    Tag {
        /// The field.
        name: TagName,
        /// True if the greatest comes first.
        descending: bool,
    },
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
        Self { query: Some(query), ..Self::browse() }
    }

    /// Creates a search for `text` with default options; a blank text and `*` browse.
    pub fn for_text(text: &str) -> Result<Self, InvalidQuery> {
        match Query::new(text) {
            Ok(query) if query.as_str() != "*" => Ok(Self::new(query)),
            Ok(_) | Err(InvalidQuery::Empty) => Ok(Self::browse()),
            Err(error) => Err(error),
        }
    }

    /// Creates a search for `text` as a shopper types it: unless white space follows it, the last word is
    /// unfinished.
    pub fn while_typing(text: &str) -> Result<Self, InvalidQuery> {
        let unfinished = !text.ends_with(char::is_whitespace);
        Ok(Self { unfinished, ..Self::for_text(text)? })
    }

    /// Creates a request for all products with default options.
    pub fn browse() -> Self {
        Self {
            query: None,
            unfinished: false,
            scope: Scope::default(),
            mode: SearchMode::default(),
            filter: Filter::default(),
            threshold: None,
            paging: Paging { page: 1, size: 24 },
            sort: Sort::default(),
            facets: Vec::new(),
            explain: false,
            depth: Self::DEFAULT_DEPTH,
        }
    }
}

impl Sort {
    /// Every order that has a name of its own, in settings and requests.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("relevance", Self::Relevance),
        ("price_asc", Self::PriceAscending),
        ("price_desc", Self::PriceDescending),
        ("rating", Self::Rating),
        ("newest", Self::Newest),
    ];

    /// Returns the order of this name: a fixed one, or `attributes.width:asc` and `attributes.width:desc`.
    pub fn parse(name: &str) -> Option<Self> {
        let fixed = Self::NAMES.into_iter().find(|(known, _)| *known == name);
        fixed.map(|(_, sort)| sort).or_else(|| {
            let (name, direction) = name.rsplit_once(':')?;
            let descending = match direction {
                "asc" => false,
                "desc" => true,
                _ => return None,
            };
            Some(Self::Tag { name: TagName::parse(name)?, descending })
        })
    }

    /// Returns the order of products that have no relevance to be sorted by, or are not to be.
    pub(crate) fn order(&self) -> MatchOrder {
        let (field, descending) = match self {
            Self::Tag { name, descending } => {
                let field = OrderField::Tag(name.clone());
                return MatchOrder { field, descending: *descending };
            }
            Self::Newest => {
                let field = OrderField::Tag(TagName::created());
                return MatchOrder { field, descending: true };
            }
            Self::PriceAscending => (NumberField::Price, false),
            Self::PriceDescending => (NumberField::Price, true),
            Self::Relevance | Self::Rating => (NumberField::Rating, true),
        };
        MatchOrder { field: field.into(), descending }
    }
}
