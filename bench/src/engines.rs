//! The same searches on each engine: the time to fill it, and its latency.

use crate::client::Connection;
use crate::corpus::made_up_queries;
use crate::harness::Latency;
use crate::process::{Program, Server};
use crate::report::{Table, figure, times};
use crate::{Bench, note};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The number of products, unless others are named.
const PRODUCTS: usize = 20_000;

/// The engines, the embedded one first; the others are copies of it.
const ENGINES: [&str; 3] = ["local", "postgres", "opensearch"];

/// The ways to ask.
const ASKS: [Ask; 6] = [
    Ask { name: "hybrid", ..HYBRID },
    Ask { name: "semantic", mode: "semantic", ..HYBRID },
    Ask { name: "lexical", mode: "lexical", ..HYBRID },
    Ask { name: "hybrid, all facets", facets: true, ..HYBRID },
    Ask { name: "hybrid, by price", sort: "price_asc", ..HYBRID },
    Ask { name: "browse, all facets", facets: true, browses: true, ..HYBRID },
];

/// A way to ask.
#[derive(Clone, Copy, Debug)]
struct Ask {
    name: &'static str,
    mode: &'static str,
    sort: &'static str,
    facets: bool,
    browses: bool,
}

const HYBRID: Ask =
    Ask { name: "hybrid", mode: "hybrid", sort: "relevance", facets: false, browses: false };

const FACETS: [&str; 5] = ["main_category", "sub_category", "brand", "price", "rating"];

/// The latency of an engine, asked in one way.
#[derive(Clone, Copy, Debug)]
struct Answers {
    latency: Latency,
    /// The share of the time spent on embedding the query.
    embedder: f64,
}

/// Fills every engine with the same products and searches them in turns.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let usual = if bench.settings.quick { PRODUCTS / 10 } else { PRODUCTS };
    let named = bench.settings.named_sizes().to_vec();
    let sizes = if named.is_empty() { vec![usual] } else { named };
    sizes.into_iter().try_for_each(|products| run_size(bench, products))
}

fn run_size(bench: &mut Bench, products: usize) -> Result<()> {
    let feed = bench.feed(products)?;
    let akin = akin(bench, products)?;
    load(bench, &akin, &feed, products)?;
    let engines = ENGINES.map(|engine| ["--engine", engine]);
    let server = akin.serve_with(engines.as_flattened())?;
    let title = format!("Engines: one search at a time over HTTP, {products} products");
    let header = ["engine", "ask", "p50, ms", "p99, ms", "of it embedding", "akin"];
    let mut table = Table::new(title, &header);
    let measured = ask(bench, &server)?;
    for (position, answers) in measured.iter().enumerate() {
        let (engine, ask) = (ENGINES[position / ASKS.len()], ASKS[position % ASKS.len()]);
        let ours = measured[position % ASKS.len()].latency.median;
        table.row([
            engine.to_owned(),
            ask.name.to_owned(),
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
fn akin(bench: &Bench, products: usize) -> Result<Program> {
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
        ("POSTGRES_RAW_PRODUCT_TABLE_NAME", format!("bench_{products}").into()),
        ("POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME", format!("bench_{products}_embedded").into()),
        ("OPENSEARCH_ENDPOINT", of("AKIN_TEST_OPENSEARCH")?.into()),
        ("OPENSEARCH_INDEX_NAME", format!("bench-{products}").into()),
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

/// Returns the best round of each engine and ask. The engines take turns, and no query is repeated.
fn ask(bench: &Bench, server: &Server) -> Result<Vec<Answers>> {
    let mut connection = Connection::open(server.address)?;
    let mut queries = made_up_queries(&bench.corpus.products, 11);
    let mut best: Vec<Option<Answers>> = vec![None; ENGINES.len() * ASKS.len()];
    for _ in 0..bench.settings.rounds() {
        for (position, best) in best.iter_mut().enumerate() {
            let (engine, ask) = (ENGINES[position / ASKS.len()], ASKS[position % ASKS.len()]);
            let queries = queries.by_ref().take(bench.settings.query_count());
            let answers = ask_one(&mut connection, engine, ask, queries)?;
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
    ask: Ask,
    queries: impl Iterator<Item = String>,
) -> Result<Answers> {
    let (mut times, mut embedding) = (Vec::new(), 0.0);
    for query in queries {
        let engine = format!("{engine}+native");
        let facets = if ask.facets { FACETS.as_slice() } else { &[] };
        let body = serde_json::json!({
            "query": if ask.browses { "" } else { &query },
            "mode": ask.mode,
            "engine": engine,
            "sort": ask.sort,
            "facets": facets,
        });
        let body = body.to_string();
        let began = std::time::Instant::now();
        let answer = connection.post("/api/search", &body)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
        embedding += answer.spent("embed").context("an answer without timings")?;
    }
    let embedder = embedding / times.iter().sum::<f64>();
    Ok(Answers { latency: Latency::of(times), embedder })
}
