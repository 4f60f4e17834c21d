/// A shopper's query: never blank, at most [`Query::MAX_CHARS`] characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query(String);

/// The way in which products are found and ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SearchMode {
    /// By keywords and embeddings together.
    #[default]
    Hybrid,
    /// By embeddings alone, in descending order of the cosine.
    Semantic,
    /// By keywords alone.
    Lexical,
}

/// The error for a text that is not a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// The text is blank.
    #[error("the query is empty")]
    Empty,
    /// The text is too long.
    #[error("the query is longer than {} characters", Query::MAX_CHARS)]
    TooLong,
}

impl Query {
    /// The maximum length of a query, in characters; a model reads about 1,000.
    pub const MAX_CHARS: usize = 4_000;

    /// Creates a query from `text` without surrounding whitespace.
    pub fn new(text: &str) -> Result<Self, InvalidQuery> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidQuery::Empty);
        }
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(InvalidQuery::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text of the query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SearchMode {
    /// All modes, the default first.
    pub const ALL: [Self; 3] = [Self::Hybrid, Self::Semantic, Self::Lexical];

    /// Returns the name of the mode in settings and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Semantic => "semantic",
            Self::Lexical => "lexical",
        }
    }

    /// Returns the mode with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}
