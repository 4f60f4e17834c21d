//! Sentences per second and latency of one query: akin's encoder and ONNX Runtime, with the same tokens
//! on the same cores.

use crate::Bench;
use crate::harness::{Contest, Latency};
use crate::onnx_runtime::OnnxModel;
use crate::report::{Table, Wanted, figure, times};
use crate::vectors::dot;
use akin_native::ModelPrecision;
use anyhow::{Context, Result};
use sbert_cpu::Encoder;
use std::cell::RefCell;

/// The batch size of ONNX Runtime: texts of similar length, for little padding.
const BATCH: usize = 32;

/// The maximum number of texts in a bulk pass.
const MOST_TEXTS: usize = 2_000;

/// The number of single queries in a round.
const QUERIES: usize = 200;

type Tokens = Vec<Vec<u32>>;

/// The names of the encoders in the tables, akin's first.
const PAIRS: [(&str, &str); 3] = [
    ("akin int8", "ONNX Runtime int8"),
    ("akin bf16", "ONNX Runtime fp32"),
    ("akin fp32", "ONNX Runtime fp32"),
];

/// Measures the encoder.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let encoders = ModelPrecision::ALL
        .map(|precision| Ok((precision, Encoder::open(&bench.model_file(precision)?)?)))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let texts = tokens(bench, &encoders[0].1);
    let query = six_tokens(&texts)?;
    let exact = reference(bench, &texts)?;
    let bulk = bulk(bench, &encoders, &texts, &exact)?;
    let single = single(bench, &encoders, &query)?;
    promise(bench, &bulk, &single)?;
    tell_bulk(bench, &bulk, texts.len())?;
    tell_single(bench, &single)
}

/// Returns the embeddings by ONNX Runtime in fp32, one at a time to avoid padding.
fn reference(bench: &Bench, texts: &Tokens) -> Result<Vec<f32>> {
    let mut model = bench.onnx("fp32", bench.cores)?;
    let mut exact = Vec::new();
    for text in texts {
        exact.extend(model.embed(std::iter::once(&**text))?);
    }
    Ok(exact)
}

fn promise(bench: &mut Bench, bulk: &Bulk, single: &Single) -> Result<()> {
    let (ours, theirs) = (find(bulk, "akin int8")?, find(bulk, "ONNX Runtime int8")?);
    let what = "encoder int8 in bulk: times ONNX Runtime int8";
    bench.report.goal(what, Wanted::AtLeast(1.7), ours.0 / theirs.0);
    bench.report.goal("encoder int8: mean cosine to fp32", Wanted::AtLeast(0.998), ours.1);
    let median = |name| find(single, name).map(|latency| latency.median);
    let least = f64::min(median("ONNX Runtime int8")?, median("ONNX Runtime int8, 1 thread")?);
    let what = "encoder int8, one query of 6 tokens: share of ONNX Runtime int8's time";
    bench.report.goal(what, Wanted::AtMost(0.5), median("akin int8")? / least);
    Ok(())
}

fn tell_bulk(bench: &mut Bench, bulk: &Bulk, texts: usize) -> Result<()> {
    let title = format!("Encoder: {texts} texts in bulk, {} cores", bench.cores);
    let header = ["engine", "sentences/s", "akin", "cosine to fp32, mean", "least"];
    let mut table = Table::new(title, &header);
    for (name, (rate, mean, least)) in bulk {
        let akin = akin_for(name).map(|akin| find(bulk, akin)).transpose()?;
        let better = akin.map_or("—".to_owned(), |akin| times(akin.0 / rate));
        table.row([name.clone(), figure(*rate), better, cosine_text(*mean), cosine_text(*least)]);
    }
    bench.add(table)
}

fn tell_single(bench: &mut Bench, single: &Single) -> Result<()> {
    let header = ["engine", "median, ms", "p99, ms", "akin"];
    let mut table = Table::new("Encoder: one query of 6 tokens", &header);
    for (name, latency) in single {
        let akin = akin_for(name).map(|akin| find(single, akin)).transpose()?;
        let better = akin.map_or("—".to_owned(), |akin| times(latency.median / akin.median));
        table.row([name.clone(), figure(latency.median), figure(latency.p99), better]);
    }
    bench.add(table)
}

/// Sentences per second, and mean and minimum cosine to fp32, by encoder.
type Bulk = Vec<(String, (f64, f64, f64))>;

/// The latency of one query, by encoder.
type Single = Vec<(String, Latency)>;

fn bulk(
    bench: &Bench,
    encoders: &[(ModelPrecision, Encoder)],
    texts: &Tokens,
    exact: &[f32],
) -> Result<Bulk> {
    let found: RefCell<Vec<(String, Vec<f32>)>> = RefCell::default();
    let keep = |name: &str, vectors| {
        let mut found = found.borrow_mut();
        if !found.iter().any(|(known, _)| known == name) {
            found.push((name.to_owned(), vectors));
        }
    };
    let mut contest = Contest::default();
    for (precision, encoder) in encoders {
        let name = format!("akin {precision}");
        contest.enter(name.clone(), move |_| {
            keep(&name, encoder.embed_tokens(texts, bench.cores)?);
            Ok(())
        });
    }
    for precision in ["int8", "fp32"] {
        let (name, mut model) =
            (format!("ONNX Runtime {precision}"), bench.onnx(precision, bench.cores)?);
        contest.enter(name.clone(), move |_| {
            keep(&name, in_batches(&mut model, texts)?);
            Ok(())
        });
    }
    let seconds = contest.seconds(bench.settings.rounds())?;
    drop(contest);
    let found = found.into_inner();
    let row = |(name, seconds): (String, f64)| {
        let (mean, least) = cosines(find(&found, &name)?, exact);
        Ok((name, (texts.len() as f64 / seconds, mean, least)))
    };
    seconds.into_iter().map(row).collect()
}

fn single(bench: &Bench, encoders: &[(ModelPrecision, Encoder)], query: &[u32]) -> Result<Single> {
    let texts = [query.to_vec()];
    let mut contest = Contest::default();
    for (precision, encoder) in encoders {
        let texts = &texts;
        contest.enter(format!("akin {precision}"), move |_| {
            std::hint::black_box(encoder.embed_tokens(texts, bench.cores)?);
            Ok(())
        });
    }
    let threads = [("", bench.cores), (", 1 thread", 1)];
    for (precision, (suffix, threads)) in
        ["int8", "fp32"].into_iter().flat_map(|name| threads.map(|threads| (name, threads)))
    {
        let mut model = bench.onnx(precision, threads)?;
        contest.enter(format!("ONNX Runtime {precision}{suffix}"), move |_| {
            std::hint::black_box(model.embed(std::iter::once(query))?);
            Ok(())
        });
    }
    contest.latencies(bench.settings.rounds(), QUERIES)
}

/// Embeds all texts in batches of similar length; returns one row for each, in the order of `texts`.
fn in_batches(model: &mut OnnxModel, texts: &Tokens) -> Result<Vec<f32>> {
    let mut order: Vec<_> = (0..texts.len()).collect();
    order.sort_by_key(|&text| texts[text].len());
    let mut all = Vec::new();
    for batch in order.chunks(BATCH) {
        let vectors = model.embed(batch.iter().map(|&text| &*texts[text]))?;
        let dimension = vectors.len() / batch.len();
        all.resize(texts.len() * dimension, 0.0);
        for (row, text) in vectors.chunks_exact(dimension).zip(batch) {
            all[text * dimension..][..dimension].copy_from_slice(row);
        }
    }
    Ok(all)
}

fn tokens(bench: &Bench, encoder: &Encoder) -> Tokens {
    let texts = bench.corpus.products.iter().take(MOST_TEXTS);
    texts.map(|product| encoder.tokenize(&product.embedded_text())).collect()
}

/// Returns the first text of at least six tokens, cut to six including the special tokens at both ends.
fn six_tokens(texts: &Tokens) -> Result<Vec<u32>> {
    let text = texts.iter().find(|text| text.len() >= 6).context("no text has six tokens")?;
    Ok([&text[..5], &text[text.len() - 1..]].concat())
}

/// Returns the mean and minimum cosine between rows of unit vectors.
fn cosines(found: &[f32], exact: &[f32]) -> (f64, f64) {
    let rows = found.chunks_exact(crate::DIMENSION).zip(exact.chunks_exact(crate::DIMENSION));
    let cosines: Vec<_> = rows.map(|(a, b)| f64::from(dot(a, b))).collect();
    let least = cosines.iter().copied().fold(1.0, f64::min);
    (cosines.iter().sum::<f64>() / cosines.len() as f64, least)
}

/// Returns the encoder of akin that a peer is compared with.
fn akin_for(peer: &str) -> Option<&'static str> {
    let peer = peer.split(',').next()?;
    PAIRS.iter().rev().find(|(_, of)| *of == peer).map(|(akin, _)| *akin)
}

fn find<'a, T>(rows: &'a [(String, T)], name: &str) -> Result<&'a T> {
    let row = rows.iter().find(|(known, _)| known == name);
    row.map(|(_, value)| value).with_context(|| format!("{name} was not measured"))
}

fn cosine_text(cosine: f64) -> String {
    format!("{cosine:.5}")
}
