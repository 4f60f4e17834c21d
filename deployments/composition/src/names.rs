//! The names of engines (INDEX[+EMBEDDER]), stores and queues in settings.

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::fmt;
use std::str::FromStr;

/// The name of an engine: `local+native`, or `local` for short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineName {
    /// The index that finds products.
    pub index: IndexName,
    /// The embedder of queries and products.
    pub embedder: EmbedderName,
}

/// The engines that help and shell completion list.
const SHOWN: [&str; 12] = [
    "local",
    "local+onnx",
    "local+http",
    "local+sagemaker",
    "postgres",
    "postgres+onnx",
    "postgres+http",
    "postgres+sagemaker",
    "opensearch",
    "opensearch+onnx",
    "opensearch+http",
    "opensearch+sagemaker",
];

/// Engines that name the default embedder, which is implied.
const IMPLIED: [&str; 3] = ["local+native", "postgres+native", "opensearch+native"];

/// The name of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IndexName {
    /// The embedded store.
    Local,
    /// Postgres with pgvector.
    Postgres,
    /// OpenSearch with its k-NN plugin.
    #[value(name = "opensearch")]
    OpenSearch,
}

/// The name of a product store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreName {
    /// The embedded store.
    Local,
    /// Postgres.
    Postgres,
}

/// The name of a change queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QueueName {
    /// A table of the embedded store.
    Local,
    /// A table in Postgres.
    Postgres,
    /// A queue in Amazon SQS.
    Sqs,
}

/// The name of an embedder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EmbedderName {
    /// The model, executed directly.
    #[default]
    Native,
    /// An exported ONNX model.
    Onnx,
    /// A server behind an HTTP API: OpenAI's or TEI's.
    Http,
    /// A SageMaker endpoint.
    #[value(name = "sagemaker")]
    SageMaker,
}

impl EngineName {
    /// The engine of a deployment that names none.
    pub const DEFAULT: Self = Self { index: IndexName::Local, embedder: EmbedderName::Native };

    /// Parses engines and lists them for help, shell completion and error messages.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        let shown = SHOWN.into_iter().map(PossibleValue::new);
        let implied = IMPLIED.into_iter().map(|name| PossibleValue::new(name).hide(true));
        PossibleValuesParser::new(shown.chain(implied)).try_map(|text| text.parse::<Self>())
    }
}

impl IndexName {
    /// Returns the store that comes with the index, if one does.
    pub fn own_store(self) -> Option<StoreName> {
        match self {
            Self::Local => Some(StoreName::Local),
            Self::Postgres => Some(StoreName::Postgres),
            Self::OpenSearch => None,
        }
    }
}

impl StoreName {
    /// Returns the queue that is a table of the store.
    pub fn own_queue(self) -> QueueName {
        match self {
            Self::Local => QueueName::Local,
            Self::Postgres => QueueName::Postgres,
        }
    }
}

impl QueueName {
    /// Returns the store whose table the queue is, if it is one.
    pub fn store(self) -> Option<StoreName> {
        match self {
            Self::Local => Some(StoreName::Local),
            Self::Postgres => Some(StoreName::Postgres),
            Self::Sqs => None,
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", name(&self.index), name(&self.embedder))
    }
}

impl FromStr for EngineName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (index, embedder) = match text.split_once('+') {
            Some((index, embedder)) => (index, Some(embedder)),
            None => (text, None),
        };
        let embedder = embedder.map(|name| parse("embedder", name)).transpose()?;
        Ok(Self { index: parse("index", index)?, embedder: embedder.unwrap_or_default() })
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self))
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self))
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self))
    }
}

impl fmt::Display for EmbedderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self))
    }
}

/// Returns the value as settings write it.
fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn parse<T: ValueEnum>(kind: &str, text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let names: Vec<_> = T::value_variants().iter().map(name).collect();
        format!("{text:?} is not an {kind}: choose {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_an_index_with_an_embedder_or_with_the_default_one() {
        let read = |text: &str| text.parse::<EngineName>().map(|engine| engine.to_string());
        assert_eq!(read("local").as_deref(), Ok("local+native"));
        assert_eq!(read("local+onnx").as_deref(), Ok("local+onnx"));
        assert_eq!(EngineName::DEFAULT.to_string().parse(), Ok(EngineName::DEFAULT));
    }

    #[test]
    fn every_engine_is_listed() {
        let listed: Vec<EngineName> =
            SHOWN.iter().chain(&IMPLIED).map(|name| name.parse().unwrap()).collect();
        for index in IndexName::value_variants() {
            for embedder in EmbedderName::value_variants() {
                let engine = EngineName { index: *index, embedder: *embedder };
                assert!(listed.contains(&engine), "{engine}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_alternatives() {
        for (text, expected) in [
            ("x", "\"x\" is not an index: choose local, postgres, opensearch"),
            ("local+x", "\"x\" is not an embedder: choose native, onnx, http, sagemaker"),
        ] {
            assert_eq!(text.parse::<EngineName>().unwrap_err(), expected);
        }
        for text in ["", "+native", "local+", "local+native+native", "Local"] {
            assert!(text.parse::<EngineName>().is_err(), "{text:?}");
        }
    }
}
