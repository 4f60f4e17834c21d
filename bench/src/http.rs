//! Requests per second over keep-alive connections: `akin serve` and a Python service, with the same
//! small client on the same cores.

use crate::client::Connection;
use crate::corpus::made_up_queries;
use crate::harness::Latency;
use crate::process::Server;
use crate::report::{Table, Wanted, figure, times};
use crate::{Bench, SHOP};
use anyhow::{Context, Result, anyhow};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// The number of repeated queries.
const REPEATED: usize = 100;

/// The route of the compatible API, and that of the search API.
const COMPATIBLE: &str = "/api/similar_products";
const SEARCH: &str = "/api/search";

/// The speed of a server.
#[derive(Clone, Copy, Debug)]
struct Load {
    rate: f64,
    latency: Latency,
}

/// A row of the table.
struct Case {
    server: usize,
    route: &'static str,
    distinct: bool,
    connections: usize,
}

/// Measures the servers.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let shops = bench.shops()?;
    let servers = [shops[0].serve()?, shops[1].serve()?];
    let at_start = servers[0].resident()?;
    let cases = cases();
    let loads = measure(bench, &servers, &cases)?;
    tell(bench, &cases, &loads)?;
    let (ours, theirs) = (servers[0].resident()?, servers[1].resident()?);
    let title = format!("Memory of a server of {SHOP} products");
    let header = ["server", "at start, MB", "after the requests, MB", "akin"];
    let mut table = Table::new(title, &header);
    table.row(["`akin serve`".to_owned(), figure(at_start), figure(ours), times(1.0)]);
    table.row([PYTHON.to_owned(), "—".to_owned(), figure(theirs), times(theirs / ours)]);
    let what = format!("serving {SHOP} products: MB resident after the requests");
    bench.report.goal(what, Wanted::AtMost(120.0), ours);
    bench.add(table)
}

/// Returns the best round of each case. The cases take turns.
fn measure(bench: &Bench, servers: &[Server; 2], cases: &[Case]) -> Result<Vec<Load>> {
    let mut best: Vec<Option<Load>> = vec![None; cases.len()];
    let mut queries = made_up_queries(&bench.corpus.products, 7);
    let repeated: Vec<_> = queries.by_ref().take(REPEATED).collect();
    let (rounds, count) = if bench.settings.quick { (1, 500) } else { (3, 2_000) };
    for _ in 0..rounds {
        for (case, best) in cases.iter().zip(&mut best) {
            // A slow server gets fewer requests, for about the same time.
            let count = if case.server == 0 { count } else { count / 10 };
            let asked: Vec<_> = if case.distinct {
                queries.by_ref().take(count).collect()
            } else {
                repeated.iter().cycle().take(count).cloned().collect()
            };
            let load = load(&servers[case.server], case, &asked)?;
            if best.is_none_or(|best| load.rate > best.rate) {
                *best = Some(load);
            }
        }
    }
    best.into_iter().map(|best| best.context("a case was not measured")).collect()
}

const PYTHON: &str = "Python: FastAPI, ONNX Runtime int8";

/// Alternates turns of akin and the peer.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for distinct in [true, false] {
        for connections in [1, 8] {
            for (server, route) in [(0, COMPATIBLE), (1, COMPATIBLE), (0, SEARCH)] {
                cases.push(Case { server, route, distinct, connections });
            }
        }
    }
    cases
}

/// The requests per second of the Python reference on such a machine, by connections.
const REFERENCE: [(usize, f64); 2] = [(1, 106.0), (8, 146.0)];

fn tell(bench: &mut Bench, cases: &[Case], loads: &[Load]) -> Result<()> {
    let title = format!("HTTP: {SHOP} products");
    let header =
        ["server", "route", "queries", "connections", "requests/s", "p50, ms", "p99, ms", "akin"];
    let mut table = Table::new(title, &header);
    for (position, (case, load)) in cases.iter().zip(loads).enumerate() {
        let akin = loads[position - position % 3].rate;
        let server = ["`akin serve`", PYTHON][case.server].to_owned();
        let queries = if case.distinct { "distinct" } else { "repeated" };
        let [rate, p50, p99] = [load.rate, load.latency.median, load.latency.p99].map(figure);
        let better = if case.route == SEARCH { "—".to_owned() } else { times(akin / load.rate) };
        let connections = case.connections.to_string();
        table.row([
            server,
            case.route.to_owned(),
            queries.to_owned(),
            connections,
            rate,
            p50,
            p99,
            better,
        ]);
        let reference = REFERENCE.iter().find(|(connections, _)| *connections == case.connections);
        if let Some((connections, rate)) = reference
            && (case.server, case.route, case.distinct) == (0, COMPATIBLE, true)
        {
            let what =
                format!("HTTP, distinct queries, kept connections {connections}: requests/s");
            bench.report.goal(what, Wanted::AtLeast(rate * 10.0), load.rate);
        }
    }
    bench.add(table)
}

/// Sends all `queries` over a number of connections, each of which waits for its response.
fn load(server: &Server, case: &Case, queries: &[String]) -> Result<Load> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let times = thread::scope(|scope| {
        let ask = || -> Result<Vec<f64>> {
            let mut connection = Connection::open(server.address)?;
            let mut times = Vec::new();
            while let Some(query) = queries.get(next.fetch_add(1, Ordering::Relaxed)) {
                let body = serde_json::json!({ "query": query }).to_string();
                let began = Instant::now();
                connection.post(case.route, &body)?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
            Ok(times)
        };
        let clients: Vec<_> = (0..case.connections).map(|_| scope.spawn(ask)).collect();
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.join().map_err(|_| anyhow!("a client ended"))??);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    let rate = queries.len() as f64 / began.elapsed().as_secs_f64();
    Ok(Load { rate, latency: Latency::of(times) })
}
