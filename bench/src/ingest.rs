//! Ingestion of a feed, the first time and again: the akin command and a Python program.

use crate::Bench;
use crate::harness::Contest;
use crate::process::Finished;
use crate::report::{Table, Wanted, figure, times};
use akin_entities::Product;
use akin_native::{ModelPrecision, NativeEmbedder, NativeModelFiles, SentenceEncoder};
use akin_ports::Embedder as _;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::num::NonZeroUsize;

/// The number of rows of a feed that is embedded.
const EMBEDDED: usize = 2_000;

/// The number of rows of a feed that is only compared.
const COMPARED: usize = 200_000;

/// Measures ingestion.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    embedded(bench)?;
    end_to_end(bench)?;
    compared(bench)
}

fn embedded(bench: &mut Bench) -> Result<()> {
    let rows = if bench.settings.quick { EMBEDDED / 4 } else { EMBEDDED };
    let feed = bench.feed(rows)?;
    let (akin, python) = (bench.akin()?, bench.python_service()?);
    let title = format!("Ingestion of {rows} rows, embedded");
    let mut table = Table::new(title, &["program", "run", "seconds", "rows/s", "peak, MB", "akin"]);
    for run in ["first", "again"] {
        let ours = akin.run(&["ingest", "--json", &feed])?;
        let theirs = python.run(&["ingest", &feed])?;
        if run == "again" {
            let embedded = count(&ours, "embedded")?;
            bench.report.goal("second ingestion: products embedded", Wanted::AtMost(0.0), embedded);
        }
        let names = ["`akin ingest`", "Python: ONNX Runtime int8, SQLite"];
        for (name, done) in names.into_iter().zip([&ours, &theirs]) {
            let rate = figure(rows as f64 / done.seconds);
            let better = times(done.seconds / ours.seconds);
            let cells = [figure(done.seconds), rate, figure(done.peak), better];
            table.row([name.to_owned(), run.to_owned()].into_iter().chain(cells));
        }
    }
    bench.add(table)
}

/// Returns the share of the embedder's rate that remains when products are also read, stored, analyzed
/// and indexed.
fn end_to_end(bench: &mut Bench) -> Result<()> {
    let rows = if bench.settings.quick { EMBEDDED / 4 } else { EMBEDDED };
    let feed = bench.feed(rows)?;
    let texts: Vec<_> = bench.products(rows)?.iter().map(Product::embedded_text).collect();
    let threads = NonZeroUsize::new(bench.cores).context("no core")?;
    let files = NativeModelFiles::Packed(bench.model_file(ModelPrecision::Int8)?);
    let embedder = NativeEmbedder::start(SentenceEncoder::open(&files)?, threads)?;
    let mut contest = Contest::default();
    contest.enter("`akin ingest`, from process start", |_| {
        bench.akin()?.run(&["ingest", "--json", &feed]).map(drop)
    });
    contest.enter("its embedder alone", |_| {
        let embedded = bench.block_on(embedder.embed(&texts))?;
        ensure!(embedded.embeddings.len() == rows, "an embedding for each text");
        Ok(())
    });
    let seconds = contest.seconds(bench.settings.rounds())?;
    drop(contest);
    let title = format!("Ingestion of {rows} rows beside embedding their texts");
    let mut table = Table::new(title, &["what", "seconds", "products/s"]);
    for (name, seconds) in &seconds {
        table.row([name.clone(), figure(*seconds), figure(rows as f64 / seconds)]);
    }
    if let [(_, all), (_, alone)] = &*seconds {
        let what = "products/s end to end: share of the embedder's alone";
        bench.report.goal(what, Wanted::AtLeast(0.9), alone / all);
    }
    bench.add(table)
}

fn compared(bench: &mut Bench) -> Result<()> {
    let rows = if bench.settings.quick { COMPARED / 10 } else { COMPARED };
    let feed = bench.feed(rows)?;
    let (akin, python) = (bench.akin()?, bench.python_service()?);
    let title = format!("Ingestion of {rows} rows, not embedded");
    let mut table = Table::new(title, &["program", "run", "seconds", "rows/s", "peak, MB", "akin"]);
    let mut best: Option<f64> = None;
    for name in ["first", "again", "once more"] {
        let ours = akin.run(&["ingest", "--json", "--no-embed", &feed])?;
        let theirs = python.run(&["ingest", "--no-embed", &feed])?;
        if name != "first" {
            // The whole process, including its start.
            let rate = rows as f64 / ours.seconds;
            best = Some(best.map_or(rate, |best| best.max(rate)));
            let written = count(&ours, "changed")? + count(&ours, "inserted")?;
            bench.report.goal(
                format!("{rows} unchanged rows, read {name}: rows written"),
                Wanted::AtMost(0.0),
                written,
            );
        }
        let names = ["`akin ingest --no-embed`", "Python: csv, SQLite"];
        for (program, done) in names.into_iter().zip([&ours, &theirs]) {
            let rate = figure(rows as f64 / done.seconds);
            let better = times(done.seconds / ours.seconds);
            let cells = [figure(done.seconds), rate, figure(done.peak), better];
            table.row([program.to_owned(), name.to_owned()].into_iter().chain(cells));
        }
    }
    let rate = best.context("nothing was compared")?;
    let what = format!("an unchanged feed of {rows} rows: rows/s compared");
    bench.report.goal(what, Wanted::AtLeast(150_000.0), rate);
    bench.add(table)
}

fn count(done: &Finished, name: &str) -> Result<f64> {
    let summary: Value = serde_json::from_str(&done.output)?;
    summary[name].as_f64().with_context(|| format!("the summary lacks {name:?}"))
}
