//! Measures the speed of analysis, spelling correction and scoring: `cargo run --release -p akin-ranking --example ranking_speed`.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use akin_entities::{AnalyzedText, CountedStatistics, Language, Product, ProductId, SearchMode};
use akin_ranking::{CandidateFeatures, QueryTerms, analyze_product, score_candidates};
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

const PRODUCTS: usize = 20_000;
const WORDS: usize = 100_000;
const CANDIDATES: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = (0..WORDS).map(word).collect();
    let products =
        (0..PRODUCTS).map(|seed| product(seed, &words)).collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let analyzed: Vec<_> =
        products.iter().map(|product| analyze_product(product, Language::English)).collect();
    let took = start.elapsed();
    let terms: usize =
        analyzed.iter().map(|product| product.text.as_stream().split_whitespace().count()).sum();
    println!("analysis: {PRODUCTS} products of {} terms in {took:?}", terms / PRODUCTS);

    let mut statistics = CountedStatistics::default();
    for product in &analyzed {
        statistics.add(&product.text, &product.words);
    }
    // Every word is in two products at least, so that it may replace a misspelled one.
    let all = words.join(" ");
    statistics.add(&AnalyzedText::default(), &all);
    statistics.add(&AnalyzedText::default(), &all);
    let misspelled = format!("{}q", words[7]);
    let took = fastest(|| {
        drop(black_box(QueryTerms::analyze(&misspelled, Language::English, &statistics)));
    });
    println!("correction: one word among {WORDS} in {took:?}");

    let query = QueryTerms::analyze(&products[3].name, Language::English, &statistics);
    let bytes: usize =
        analyzed[..CANDIDATES].iter().map(|product| product.text.as_stream().len()).sum();
    let features: Vec<_> = analyzed[..CANDIDATES]
        .iter()
        .map(|product| CandidateFeatures { text: &product.text, cosine: Some(0.5) })
        .collect();
    let took = fastest(|| drop(black_box(score_candidates(SearchMode::Hybrid, &query, &features))));
    let terms = query.distinct().count();
    println!(
        "scoring: {CANDIDATES} candidates of {} bytes, {terms} terms in {took:?}",
        bytes / CANDIDATES
    );
    Ok(())
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let times = (0..100).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// Returns a distinct word for each number. [`product`] prefers small numbers, so that frequencies
/// fall as in a natural language.
fn word(number: usize) -> String {
    let mut rest = hash_to_26_bits(number) | 1 << 26;
    let syllables = [
        "ba", "co", "di", "fu", "ge", "ha", "li", "mo", "nu", "pe", "ra", "so", "ti", "vu", "we",
        "zo",
    ];
    let mut word = String::new();
    while rest > 0 && word.len() < 4 + number % 9 {
        word.push_str(syllables[rest % 16]);
        rest /= 16;
    }
    word
}

fn product(seed: usize, words: &[String]) -> Result<Product, akin_entities::InvalidProductId> {
    let text = |from: usize, count: usize| {
        let chosen = (from..from + count).map(|at| {
            let drawn = hash_to_26_bits(seed * 64 + at) % (WORDS * 100);
            &*words[drawn * drawn / (WORDS * 10_000) % WORDS]
        });
        chosen.collect::<Vec<_>>().join(" ")
    };
    let category = words[seed % 50].clone();
    Ok(Product {
        main_category: category.clone(),
        sub_category: category,
        brand: words[seed % 500].clone(),
        description: format!("{} TN-{seed}", text(4, 36)),
        ..Product::new(ProductId::new(seed.to_string())?, text(0, 4))
    })
}

/// Hashes a number to 26 bits.
fn hash_to_26_bits(number: usize) -> usize {
    let number = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((number ^ (number >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)) >> 38
}
