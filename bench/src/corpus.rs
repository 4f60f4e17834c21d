//! The real products of the feeds, their real embeddings, and queries about them.

use crate::DIMENSION;
use crate::random::Random;
use akin_entities::{Currency, Product, ProductId};
use akin_ports::FeedSource;
use anyhow::{Context, Result, ensure};
use sbert_cpu::Encoder;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The number of texts in a batch.
const BATCH: usize = 1_024;

/// The minimum number of products with enough variety to grow a catalogue and to make queries.
const FEWEST: usize = 100;

/// Products with their embeddings.
#[derive(Debug)]
pub(crate) struct Corpus {
    /// The products, with distinct ids.
    pub(crate) products: Vec<Product>,
    /// One row of [`DIMENSION`] numbers for each product.
    pub(crate) vectors: Vec<f32>,
}

impl Corpus {
    /// Reads the feeds and embeds their texts, unless `cache` contains the embeddings.
    pub(crate) async fn read(paths: &[PathBuf], encoder: &Encoder, cache: &Path) -> Result<Self> {
        let pricing = akin_usecases::Pricing::unconverted(Currency::USD);
        let mut products = Vec::new();
        let mut seen: HashSet<ProductId> = HashSet::new();
        for path in paths {
            let source = akin_files::FeedFile::new(path.clone(), None);
            let mut reader = akin_usecases::RowReader::new(akin_usecases::ColumnMap::default());
            let mut feed = source.open(&reader.column_filter(), None).await?.into_feed()?;
            while let Some(batch) = feed.next_batch().await? {
                let rows = reader.read(&batch)?.into_iter().flatten();
                let read = rows.filter_map(|row| akin_usecases::normalize(row, &pricing).ok());
                products.extend(read.filter(|product| seen.insert(product.id.clone())));
            }
        }
        ensure!(products.len() >= FEWEST, "the feeds hold fewer than {FEWEST} products");
        let texts: Vec<_> = products.iter().map(Product::embedded_text).collect();
        let vectors = embedded(&texts, encoder, cache)?;
        Ok(Self { products, vectors })
    }

    /// Returns the embedding of the product at `position`.
    pub(crate) fn vector(&self, position: usize) -> &[f32] {
        &self.vectors[position * DIMENSION..][..DIMENSION]
    }
}

fn embedded(texts: &[String], encoder: &Encoder, cache: &Path) -> Result<Vec<f32>> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(encoder.sha256().as_bytes()).update(encoder.precision().name().as_bytes());
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let name = format!("embeddings-{}.f32", &hasher.finalize().to_hex()[..16]);
    let file = cache.join(name);
    if let Ok(bytes) = fs::read(&file)
        && bytes.len() == texts.len() * DIMENSION * 4
    {
        return Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect());
    }
    crate::note(&format!("embedding {} texts", texts.len()));
    let threads = crate::cores();
    let mut vectors = Vec::new();
    for batch in texts.chunks(BATCH) {
        let batch: Vec<_> = batch.iter().map(String::as_str).collect();
        vectors.extend(encoder.embed(&batch, threads).vectors);
    }
    fs::create_dir_all(cache)?;
    let bytes: Vec<_> = vectors.iter().flat_map(|number| number.to_le_bytes()).collect();
    fs::write(&file, bytes)?;
    Ok(vectors)
}

/// Reads the queries from the column `query` of a CSV file.
pub(crate) fn read_queries(path: &Path) -> Result<Vec<String>> {
    let mut reader = csv::Reader::from_path(path)?;
    let column = reader.headers()?.iter().position(|name| name == "query");
    let column = column.with_context(|| format!("{} has no column `query`", path.display()))?;
    let text = |row: csv::Result<csv::StringRecord>| {
        row.map(|row| row.get(column).unwrap_or_default().to_owned())
    };
    Ok(reader.records().map(text).collect::<csv::Result<_>>()?)
}

/// Generates endless distinct queries: one to four adjacent words of a product's name, and mostly one
/// or two of its description.
pub(crate) fn made_up_queries(products: &[Product], seed: u64) -> impl Iterator<Item = String> {
    let mut random = Random::new(seed);
    let mut made = HashSet::new();
    std::iter::repeat_with(move || {
        let product = &products[random.below(products.len())];
        let mut words = some_words(&product.name, 1 + random.below(4), &mut random);
        words.extend(some_words(&product.description, random.below(3), &mut random));
        words.join(" ").to_lowercase()
    })
    .filter(move |query| query.len() > 2 && made.insert(query.clone()))
}

/// Returns `count` adjacent words of `text`, or all words if it has fewer.
fn some_words<'a>(text: &'a str, count: usize, random: &mut Random) -> Vec<&'a str> {
    let words: Vec<_> = text.split_whitespace().collect();
    let from = random.below(words.len().saturating_sub(count) + 1);
    words.into_iter().skip(from).take(count).collect()
}
