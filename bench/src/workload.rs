//! A catalogue of one size, its index, and the queries for it.

use crate::catalogue::Catalogue;
use crate::exact::Words;
use crate::{Bench, DIMENSION};
use akin_entities::{
    AnalyzedText, FacetValues, Filter, Language, NumberField, NumberRange, TextField,
};
use anyhow::{Context, Result};
use flat_index::{
    Base, BaseBuilder, FoundDocument, IndexDocument, Schema, Snapshot, TextFieldSchema,
};
use std::collections::HashMap;
use std::fs;
use std::time::Instant;

/// The shares of the catalogue that the filters admit; the first admits all of it.
pub(crate) const SHARES: [f64; 4] = [1.0, 0.5, 0.05, 0.002];

/// The data of all searches of one size.
#[derive(Debug)]
pub(crate) struct Workload {
    /// The products and their vectors.
    pub(crate) catalogue: Catalogue,
    /// The analyzed text of each product.
    pub(crate) texts: Vec<AnalyzedText>,
    /// The unstemmed words of each product.
    pub(crate) surfaces: Vec<String>,
    /// The filtered fields of each product.
    pub(crate) facets: Vec<FacetValues>,
    /// The queries.
    pub(crate) queries: Vec<String>,
    /// The distinct analyzed terms of each query.
    pub(crate) terms: Vec<Vec<String>>,
    /// The embeddings of the queries.
    pub(crate) query_vectors: Vec<Vec<f32>>,
    /// The share of L of every product.
    pub(crate) words: Words,
    /// akin's flat index.
    pub(crate) flat: Snapshot,
    /// The cost of the index.
    pub(crate) cost: Cost,
    positions: HashMap<String, usize>,
}

/// The cost of building and opening akin's flat index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// The seconds to build and write the base.
    pub(crate) build: f64,
    /// The milliseconds to open it.
    pub(crate) open: f64,
    /// The size of its file, in megabytes.
    pub(crate) megabytes: f64,
}

impl Workload {
    /// Grows a catalogue of `size` products and builds its index.
    pub(crate) fn create(bench: &Bench, size: usize) -> Result<Self> {
        crate::note(&format!("growing a catalogue of {size} products"));
        let catalogue = Catalogue::grow(&bench.corpus, size)?;
        let analyzed = catalogue
            .products
            .iter()
            .map(|product| akin_ranking::analyze_product(product, Language::English));
        let (texts, surfaces): (Vec<_>, Vec<_>) =
            analyzed.map(|analyzed| (analyzed.text, analyzed.words)).unzip();
        let facets: Vec<_> = catalogue.products.iter().map(FacetValues::from).collect();
        let words = Words::of(&texts);
        let documents = (0..size).map(|position| {
            document(&catalogue, position, &texts[position], &surfaces[position], &facets[position])
        });
        let (flat, cost) = build(documents.collect())?;
        let queries = bench.queries();
        let query_texts: Vec<_> = queries.iter().map(String::as_str).collect();
        let query_vectors = bench.embed(&query_texts);
        let ids = catalogue.products.iter().map(|product| product.id.as_str().to_owned());
        Ok(Self {
            flat,
            cost,
            positions: ids.zip(0..).collect(),
            terms: queries.iter().map(|query| terms(query)).collect(),
            query_vectors: query_vectors.chunks_exact(DIMENSION).map(<[f32]>::to_vec).collect(),
            catalogue,
            texts,
            surfaces,
            facets,
            queries,
            words,
        })
    }

    /// Returns a filter by price that admits about `share` of the products.
    pub(crate) fn filter(&self, share: f64) -> Filter {
        if share >= 1.0 {
            return Filter::default();
        }
        let mut prices: Vec<_> = self.facets.iter().filter_map(|facets| facets.price).collect();
        prices.sort_by(f64::total_cmp);
        let last = ((self.facets.len() as f64 * share) as usize).saturating_sub(1);
        let max = prices.get(last).or(prices.last()).copied();
        Filter::default().with_range(NumberField::Price, NumberRange { min: None, max })
    }

    /// Returns the products that `filter` admits, by position.
    pub(crate) fn kept(&self, filter: &Filter) -> Vec<bool> {
        let range = filter.numbers.get(&NumberField::Price).copied().unwrap_or_default();
        self.facets.iter().map(|facets| range.contains(facets.price)).collect()
    }

    /// Returns the positions of the hits of each answer.
    pub(crate) fn positions(&self, answers: &[Vec<FoundDocument<'_>>]) -> Result<Vec<Vec<usize>>> {
        let position = |found: &FoundDocument<'_>| {
            let position = self.positions.get(&*found.key).copied();
            position.with_context(|| format!("no product has the id {}", found.key))
        };
        answers.iter().map(|found| found.iter().map(position).collect()).collect()
    }
}

fn document(
    catalogue: &Catalogue,
    position: usize,
    text: &AnalyzedText,
    surface: &str,
    facets: &FacetValues,
) -> IndexDocument {
    let FacetValues { main_category, sub_category, brand, price, rating, .. } = facets;
    IndexDocument {
        key: catalogue.products[position].id.as_str().to_owned(),
        vector: catalogue.vector(position).to_vec(),
        text: text.as_stream().to_owned(),
        surface: surface.to_owned(),
        keywords: vec![main_category.clone(), sub_category.clone(), brand.clone()],
        numbers: vec![*price, *rating],
        tags: Vec::new(),
    }
}

/// Converts `filter` for the flat index; the benchmark filters by price only.
pub(crate) fn flat_filter(filter: &Filter) -> flat_index::DocumentFilter {
    let most = filter
        .numbers
        .get(&NumberField::Price)
        .and_then(|range| range.max)
        .map(|max| ("price".to_owned(), f64::NEG_INFINITY, max));
    flat_index::DocumentFilter {
        numbers: most.into_iter().collect(),
        ..flat_index::DocumentFilter::default()
    }
}

/// Returns the distinct analyzed terms of a query.
fn terms(query: &str) -> Vec<String> {
    let mut terms = akin_ranking::analyze(query, Language::English);
    let mut seen = std::collections::HashSet::new();
    terms.retain(|term| seen.insert(term.clone()));
    terms
}

/// The layout of the flat index in `adapters/local`.
fn schema() -> Schema {
    Schema {
        dimension: DIMENSION,
        text_fields: TextField::ALL
            .map(|field| TextFieldSchema { weight: field.weight(), is_heading: field.is_name() })
            .to_vec(),
        k1: 0.5,
        b: 0.75,
        keyword_columns: ["main_category", "sub_category", "brand"].map(str::to_owned).to_vec(),
        number_columns: ["price", "rating"].map(str::to_owned).to_vec(),
    }
}

fn build(mut documents: Vec<IndexDocument>) -> Result<(Snapshot, Cost)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bench.flat");
    documents.sort_by(|a, b| a.key.cmp(&b.key));
    let began = Instant::now();
    let mut builder = BaseBuilder::create(&file, &schema())?;
    documents.iter().try_for_each(|document| builder.push(document))?;
    builder.finish(1)?;
    let build = began.elapsed().as_secs_f64();
    let began = Instant::now();
    // A mapped file stays readable after it is deleted.
    let snapshot = Snapshot::new(schema(), Some(&Base::open(&file, &schema())?))?;
    let open = began.elapsed().as_secs_f64() * 1e3;
    let megabytes = fs::metadata(&file)?.len() as f64 / 1e6;
    Ok((snapshot, Cost { build, open, megabytes }))
}
