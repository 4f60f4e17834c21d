//! The time to load a model, and to the first answer of a process.

use crate::harness::Contest;
use crate::report::{Table, Wanted, figure, times};
use crate::{Bench, SHOP};
use akin_native::ModelPrecision;
use anyhow::Result;
use sbert_cpu::Encoder;

/// The number of loads in a round.
const LOADS: usize = 5;

/// The number of processes in a round.
const PROCESSES: usize = 5;

const QUERY: &str = "something to keep my phone steady while filming";

/// Measures loading and the first answer.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    load(bench)?;
    first_answer(bench)
}

/// Measures the time until the first embedding.
fn load(bench: &mut Bench) -> Result<()> {
    let encoder = Encoder::open(&bench.model_file(ModelPrecision::Int8)?)?;
    let query = encoder.tokenize(QUERY);
    let mut contest = Contest::default();
    for precision in [ModelPrecision::Int8, ModelPrecision::Fp32] {
        let (file, query) = (bench.model_file(precision)?, [query.clone()]);
        contest.enter(format!("akin {precision}"), move |_| {
            std::hint::black_box(Encoder::open(&file)?.embed_tokens(&query, 1)?);
            Ok(())
        });
    }
    for precision in ["int8", "fp32"] {
        let (bench, query) = (&*bench, &query);
        contest.enter(format!("ONNX Runtime {precision}"), move |_| {
            let mut model = bench.onnx(precision, bench.cores)?;
            std::hint::black_box(model.embed(std::iter::once(&**query))?);
            Ok(())
        });
    }
    let latencies = contest.latencies(bench.settings.rounds(), LOADS)?;
    drop(contest);
    let mut table =
        Table::new("Model: load and embed one query", &["engine", "median, ms", "akin"]);
    for (position, (name, latency)) in latencies.iter().enumerate() {
        let akin = latencies[position % 2].1.median;
        let better = if position < 2 { "—".to_owned() } else { times(latency.median / akin) };
        table.row([name.clone(), figure(latency.median), better]);
    }
    bench.report.goal(
        "load and embed one query, int8, ms",
        Wanted::AtMost(20.0),
        latencies[0].1.median,
    );
    bench.add(table)
}

/// Measures the time from the start of a process to the end of its first answer.
fn first_answer(bench: &mut Bench) -> Result<()> {
    let shops = bench.shops()?;
    let [akin, python] = &*shops;
    let mut contest = Contest::default();
    contest.enter("`akin search`", |_| akin.run(&["search", "--json", QUERY]).map(drop));
    contest.enter("Python: ONNX Runtime int8, NumPy", |_| python.run(&["search", QUERY]).map(drop));
    let latencies = contest.latencies(bench.settings.rounds(), PROCESSES)?;
    drop(contest);
    let title = format!("A process's first answer, {SHOP} products");
    let mut table = Table::new(title, &["process", "median, ms", "akin"]);
    for (name, latency) in &latencies {
        let better = latency.median / latencies[0].1.median;
        table.row([name.clone(), figure(latency.median), times(better)]);
    }
    bench.report.goal(
        "`akin search`, process start to answer, ms",
        Wanted::AtMost(100.0),
        latencies[0].1.median,
    );
    bench.add(table)
}
