/// What a shopper is looking for, in the shopper's own words: never blank, and of bounded length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query(String);

/// How products are found and ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SearchMode {
    /// By words and by meaning together.
    #[default]
    Hybrid,
    /// By meaning alone: falling cosine.
    Semantic,
    /// By words alone.
    Lexical,
}

/// The text is no query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// It says nothing.
    #[error("the query is empty")]
    Empty,
    /// It is no shopper's question.
    #[error("the query is longer than {} characters", Query::MAX_CHARS)]
    TooLong,
}

impl Query {
    /// The longest query; a model reads some 1,000 characters at the most.
    pub const MAX_CHARS: usize = 4_000;

    /// A query for `text`, which must say something; blanks around it do not count.
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

    /// The shopper's words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SearchMode {
    /// Every mode, the default first.
    pub const ALL: [Self; 3] = [Self::Hybrid, Self::Semantic, Self::Lexical];

    /// Its name in settings and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Semantic => "semantic",
            Self::Lexical => "lexical",
        }
    }

    /// The mode of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}
