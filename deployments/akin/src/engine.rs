//! The names of engines, INDEX[+EMBEDDER], of stores and of queues.

use std::fmt;
use std::str::FromStr;

/// An index and an embedder, as settings name them: `local+native`, or `local` for short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    pub(crate) index: IndexName,
    pub(crate) embedder: EmbedderName,
}

/// What finds the products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexName {
    /// The embedded store.
    Local,
    /// Postgres with pgvector.
    Postgres,
    /// OpenSearch with its k-NN plugin.
    OpenSearch,
}

/// What keeps the products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    /// The embedded store.
    Local,
    /// Postgres.
    Postgres,
}

/// What hands changes to workers: a table of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueName(pub(crate) StoreName);

/// What embeds texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EmbedderName {
    /// The model, executed directly.
    #[default]
    Native,
    /// An exported ONNX model.
    Onnx,
}

impl Engine {
    /// What serves unless another is named.
    pub(crate) const DEFAULT: Self =
        Self { index: IndexName::Local, embedder: EmbedderName::Native };
}

impl IndexName {
    const ALL: [Self; 3] = [Self::Local, Self::Postgres, Self::OpenSearch];

    fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Postgres => "postgres",
            Self::OpenSearch => "opensearch",
        }
    }

    /// The store beside it; `None` if it has none.
    pub(crate) fn own_store(self) -> Option<StoreName> {
        match self {
            Self::Local => Some(StoreName::Local),
            Self::Postgres => Some(StoreName::Postgres),
            Self::OpenSearch => None,
        }
    }
}

impl StoreName {
    const ALL: [Self; 2] = [Self::Local, Self::Postgres];

    fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Postgres => "postgres",
        }
    }
}

impl EmbedderName {
    const ALL: [Self; 2] = [Self::Native, Self::Onnx];

    fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Onnx => "onnx",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.index.name(), self.embedder.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (index, embedder) = match text.split_once('+') {
            Some((index, embedder)) => (index, Some(embedder)),
            None => (text, None),
        };
        let index = index.parse()?;
        let embedder = match embedder {
            Some(name) => chosen("embedder", name, &EmbedderName::ALL, EmbedderName::name)?,
            None => EmbedderName::default(),
        };
        Ok(Self { index, embedder })
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for IndexName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        chosen("index", text, &Self::ALL, Self::name)
    }
}

impl FromStr for StoreName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        chosen("store", text, &Self::ALL, Self::name)
    }
}

impl FromStr for QueueName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        chosen("queue", text, &StoreName::ALL, StoreName::name).map(Self)
    }
}

fn chosen<T: Copy>(
    kind: &str,
    text: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    all.iter().copied().find(|one| name(*one) == text).ok_or_else(|| {
        let names = all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ");
        format!("{text:?} is no {kind}; this build has {names}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_an_index_with_an_embedder_or_with_the_default_one() {
        let read = |text: &str| text.parse::<Engine>().map(|engine| engine.to_string());
        assert_eq!(read("local").as_deref(), Ok("local+native"));
        assert_eq!(read("local+onnx").as_deref(), Ok("local+onnx"));
        assert_eq!(Engine::DEFAULT.to_string().parse(), Ok(Engine::DEFAULT));
    }

    #[test]
    fn a_name_that_is_none_is_told_which_there_are() {
        for (text, named) in [("x", "\"x\" is no index"), ("local+x", "\"x\" is no embedder")] {
            let error = text.parse::<Engine>().unwrap_err();
            assert!(error.contains(named) && error.contains("this build has"), "{error}");
        }
        for text in ["", "+native", "local+", "local+native+native", "Local"] {
            assert!(text.parse::<Engine>().is_err(), "{text:?}");
        }
    }
}
