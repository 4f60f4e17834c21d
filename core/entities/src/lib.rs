//! The values of the domain: products, prices, embeddings, queries, filters, statistics.
//!
//! No entity does I/O, reads a clock, awaits or serializes.
//!
//! Prices are exact: minor units of a currency, read as shops write them.
//!
//! ```
//! use akin_entities::{Currency, Price};
//!
//! let price = Price::parse("₹1,24,999.50", Currency::new("INR")?)?;
//! assert_eq!((price.minor(), price.currency().code()), (12_499_950, "INR"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod analysis;
mod analyzed;
pub mod bm25;
mod change;
mod currency;
mod details;
mod embedding;
mod field;
mod filter;
mod folding;
mod hash;
mod histogram;
mod html;
mod html_names;
mod language;
mod newest;
mod phrase;
mod price;
mod price_phrase;
mod price_text;
mod price_words;
mod product;
mod query;
mod rate;
mod statistics;
mod tag_keys;
mod tags;
mod text;
mod word_rule;

pub use analysis::Analysis;
pub use analyzed::{AnalyzedText, TextField};
pub use change::{Change, Timestamp, Version};
pub use currency::{Currency, InvalidCurrency};
pub use details::{Availability, DetailField, Details, InvalidAvailability};
pub use embedding::{Embedding, Fingerprint, InvalidEmbedding, Similarity};
pub use field::{FacetField, FlagField, KeywordField, NumberField, OrderField};
pub use filter::{FacetValues, Filter, NumberRange};
pub use folding::folded_value;
pub use hash::{ContentHash, TextHash, hash_parts};
pub use histogram::histogram_bounds;
pub use language::{Language, UnknownLanguage};
pub use newest::newest_of_each;
pub use phrase::PhraseCondition;
pub use price::{InvalidPrice, Price};
pub use product::{InvalidProductId, InvalidRating, Product, ProductId, ProductRecord, Rating};
pub use query::{InvalidQuery, Query, SearchMode};
pub use rate::{ExchangeRate, InvalidExchangeRate};
pub use statistics::{CountedStatistics, Statistics};
pub use tag_keys::tag_key_value;
pub use tags::{TagCondition, TagName, Tags, attribute_text, attribute_values, tag_number};
pub use text::clean_text;
pub use word_rule::{WeightedTerm, WordRule};
