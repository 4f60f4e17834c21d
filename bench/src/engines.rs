//! The same searches on each engine: the time to fill it, and its latency.

use crate::client::Connection;
use crate::corpus::made_up_queries;
use crate::harness::Latency;
use crate::process::{Program, Server};
use crate::report::{Table, figure, times};
use crate::{Bench, note};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The number of products.
const PRODUCTS: usize = 20_000;

/// The engines, the embedded one first; the others are copies of it.
const ENGINES: [&str; 3] = ["local", "postgres", "opensearch"];

const MODES: [&str; 3] = ["hybrid", "semantic", "lexical"];

/// The latency of an engine in one mode.
#[derive(Clone, Copy, Debug)]
struct Answers {
    latency: Latency,
    /// The share of the time spent on embedding the query.
    embedder: f64,
}

/// Fills every engine with the same products and searches them in turns.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let products = if bench.settings.quick { PRODUCTS / 10 } else { PRODUCTS };
    let feed = bench.feed(products)?;
    let akin = akin(bench)?;
    load(bench, &akin, &feed, products)?;
    let engines = ENGINES.map(|engine| ["--engine", engine]);
    let server = akin.serve_with(engines.as_flattened())?;
    let title = format!("Engines: one search at a time over HTTP, {products} products");
    let header = ["engine", "mode", "p50, ms", "p99, ms", "of it embedding", "akin"];
    let mut table = Table::new(title, &header);
    let measured = ask(bench, &server)?;
    for (position, answers) in measured.iter().enumerate() {
        let (engine, mode) = (ENGINES[position / MODES.len()], MODES[position % MODES.len()]);
        let ours = measured[position % MODES.len()].latency.median;
        table.row([
            engine.to_owned(),
            mode.to_owned(),
            figure(answers.latency.median),
            figure(answers.latency.p99),
            format!("{:.0} %", answers.embedder * 100.0),
            times(answers.latency.median / ours),
        ]);
    }
    bench.add(table)
}

/// Starts akin with every engine. `tools/with-services.sh` sets the addresses of the servers in the
/// environment; they are empty and used by no other process.
fn akin(bench: &Bench) -> Result<Program> {
    let of = |name: &str| {
        std::env::var(name).with_context(|| {
            format!("{name} is not set: the subject `engines` is measured by bench/run alone")
        })
    };
    let postgres = of("AKIN_TEST_POSTGRES")?;
    let parts = postgres.strip_prefix("postgres://").and_then(|rest| {
        let (user, rest) = rest.split_once('@')?;
        let (user, password) = user.split_once(':')?;
        let (host, database) = rest.split_once('/')?;
        let (host, port) = host.split_once(':')?;
        Some([user, password, host, port, database].map(PathBuf::from))
    });
    let [user, password, host, port, database] =
        parts.context("AKIN_TEST_POSTGRES is no postgres://USER:PASSWORD@HOST:PORT/DATABASE")?;
    let mut environment = vec![
        ("AKIN_STORE", "local".into()),
        ("POSTGRES_USER", user),
        ("POSTGRES_PASSWORD", password),
        ("POSTGRES_HOST", host),
        ("POSTGRES_PORT", port),
        ("POSTGRES_DB", database),
        ("POSTGRES_SSLMODE", "disable".into()),
        ("OPENSEARCH_ENDPOINT", of("AKIN_TEST_OPENSEARCH")?.into()),
    ];
    environment.extend(bench.settings.models.iter().map(|folder| ("AKIN_MODELS", folder.clone())));
    Program::new(vec![bench.settings.akin.clone()], environment)
}

/// Embeds the products once and copies them to every other engine.
fn load(bench: &mut Bench, akin: &Program, feed: &str, products: usize) -> Result<()> {
    let title = format!("Engines: bringing in {products} products");
    let mut table = Table::new(title, &["engine", "how", "seconds", "products/s"]);
    for engine in ENGINES {
        note(&format!("filling {engine}"));
        let (how, done) = if engine == ENGINES[0] {
            ("`akin ingest`, embedding them", akin.run(&["ingest", "--json", feed])?)
        } else {
            let copy = ["copy", "--json", "--from", ENGINES[0], "--to", engine];
            ("`akin copy`, embeddings and all", akin.run(&copy)?)
        };
        let rate = products as f64 / done.seconds;
        table.row([engine.to_owned(), how.to_owned(), figure(done.seconds), figure(rate)]);
    }
    bench.add(table)
}

/// Returns the best round of each engine in each mode. The engines take turns, and no query is repeated.
fn ask(bench: &Bench, server: &Server) -> Result<Vec<Answers>> {
    let mut connection = Connection::open(server.address)?;
    let mut queries = made_up_queries(&bench.corpus.products, 11);
    let mut best: Vec<Option<Answers>> = vec![None; ENGINES.len() * MODES.len()];
    for _ in 0..bench.settings.rounds() {
        for (position, best) in best.iter_mut().enumerate() {
            let (engine, mode) = (ENGINES[position / MODES.len()], MODES[position % MODES.len()]);
            let queries = queries.by_ref().take(bench.settings.query_count());
            let answers = ask_one(&mut connection, engine, mode, queries)?;
            if best.is_none_or(|best| answers.latency.median < best.latency.median) {
                *best = Some(answers);
            }
        }
    }
    best.into_iter().map(|best| best.context("an engine was not asked")).collect()
}

fn ask_one(
    connection: &mut Connection,
    engine: &str,
    mode: &str,
    queries: impl Iterator<Item = String>,
) -> Result<Answers> {
    let (mut times, mut embedding) = (Vec::new(), 0.0);
    for query in queries {
        let engine = format!("{engine}+native");
        let body = serde_json::json!({ "query": query, "mode": mode, "engine": engine });
        let body = body.to_string();
        let began = std::time::Instant::now();
        let answer = connection.post("/api/search", &body)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
        embedding += answer.spent("embed").context("an answer without timings")?;
    }
    let embedder = embedding / times.iter().sum::<f64>();
    Ok(Answers { latency: Latency::of(times), embedder })
}
