//! The embedding server: sentences per second as a share of the encoder alone, and memory when three times
//! as much is sent as it can embed. Its clients run on the same cores.

use crate::Bench;
use crate::client::Connection;
use crate::harness::Latency;
use crate::process::Server;
use crate::report::{Table, Wanted, figure};
use anyhow::{Context, Result, anyhow, ensure};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The number of tokens of a text, special ones included.
const TOKENS: usize = 32;

/// The number of clients, each of which waits for its answer.
const CLIENTS: usize = 64;

/// The numbers of texts in a request.
const BATCHES: [usize; 2] = [1, 16];

/// The overload: clients, texts in a request, and times the capacity.
const FLOOD_CLIENTS: usize = 192;
const FLOOD_TEXTS: usize = 64;
const FLOOD: f64 = 3.0;

/// The format with the smallest answers, which clients of `OpenAI` use.
const ROUTE: &str = "/v1/embeddings";

/// Measures the server.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let texts = texts(bench)?;
    let (rounds, count) = if bench.settings.quick { (1, 1_000) } else { (3, 8_000) };
    let server = bench.akin()?.listen("serve-embeddings", &["--model", "int8"])?;
    let mut alone = 0.0_f64;
    let mut best: Loads = [None; BATCHES.len()];
    for _ in 0..rounds {
        let all: Vec<&str> = texts.iter().cycle().take(count).map(String::as_str).collect();
        let began = Instant::now();
        bench.embed(&all);
        alone = alone.max(count as f64 / began.elapsed().as_secs_f64());
        for (batch, best) in BATCHES.into_iter().zip(&mut best) {
            let found = load(&server, &texts, count, batch)?;
            if best.is_none_or(|best| found.0 > best.0) {
                *best = Some(found);
            }
        }
    }
    tell_load(bench, alone, &best)?;
    flood(bench, &server, &texts, alone)
}

/// The best rate, in texts per second, and its latency, for each of [`BATCHES`].
type Loads = [Option<(f64, Latency)>; BATCHES.len()];

fn tell_load(bench: &mut Bench, alone: f64, loads: &Loads) -> Result<()> {
    let title = format!("Embedding server: texts of {TOKENS} tokens, {CLIENTS} clients");
    let header = ["server", "texts a request", "sentences/s", "share", "p50, ms", "p99, ms"];
    let mut table = Table::new(title, &header);
    let dash = || "—".to_owned();
    table.row(["`sbert-cpu` alone".to_owned(), dash(), figure(alone), figure(1.0), dash(), dash()]);
    for (batch, found) in BATCHES.into_iter().zip(loads) {
        let (rate, latency) = found.as_ref().context("nothing was measured")?;
        let [share, p50, p99] = [rate / alone, latency.median, latency.p99].map(figure);
        let server = "`akin serve-embeddings`".to_owned();
        table.row([server, batch.to_string(), figure(*rate), share, p50, p99]);
        let what = format!("embedding server, {batch} texts a request: share of `sbert-cpu` alone");
        bench.report.goal(what, Wanted::AtLeast(0.9), rate / alone);
    }
    bench.add(table)
}

/// Returns texts of exactly [`TOKENS`] tokens, made of the words of products.
fn texts(bench: &Bench) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut text = String::new();
    for product in &bench.corpus.products {
        for word in product.embedded_text().split_whitespace() {
            text.push_str(word);
            text.push(' ');
            match bench.encoder.tokenize(&text).len() {
                TOKENS => texts.push(std::mem::take(&mut text)),
                tokens if tokens > TOKENS => text.clear(),
                _ => {}
            }
        }
    }
    ensure!(texts.len() > 100, "the products make only {} texts", texts.len());
    Ok(texts)
}

fn body(texts: &[String], first: usize, count: usize) -> String {
    let chosen: Vec<_> = texts.iter().cycle().skip(first % texts.len()).take(count).collect();
    serde_json::json!({ "input": chosen, "encoding_format": "base64" }).to_string()
}

/// Sends `count` texts; returns texts per second, and the latency of requests.
fn load(server: &Server, texts: &[String], count: usize, batch: usize) -> Result<(f64, Latency)> {
    let bodies: Vec<_> =
        (0..count / batch).map(|request| body(texts, request * batch, batch)).collect();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let times = thread::scope(|scope| {
        let ask = || -> Result<Vec<f64>> {
            let mut connection = Connection::open(server.address)?;
            let mut times = Vec::new();
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let began = Instant::now();
                connection.post(ROUTE, body)?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
            Ok(times)
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.join().map_err(|_| anyhow!("a client ended"))??);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    let rate = (bodies.len() * batch) as f64 / began.elapsed().as_secs_f64();
    Ok((rate, Latency::of(times)))
}

/// What happened to the requests of an overload.
#[derive(Debug, Default)]
struct Flood {
    answered: AtomicU64,
    refused: AtomicU64,
    other: AtomicU64,
    is_over: AtomicBool,
}

/// Sends three times what the server can embed for two minutes, and watches its memory.
fn flood(bench: &mut Bench, server: &Server, texts: &[String], capacity: f64) -> Result<()> {
    let length = Duration::from_secs(if bench.settings.quick { 10 } else { 120 });
    let pause = Duration::from_secs_f64((FLOOD_CLIENTS * FLOOD_TEXTS) as f64 / (capacity * FLOOD));
    let at_start = server.resident()?;
    let flood = Flood::default();
    let memory = thread::scope(|scope| {
        let clients: Vec<_> = (0..FLOOD_CLIENTS)
            .map(|client| {
                let flood = &flood;
                scope.spawn(move || send(server, flood, &body(texts, client, FLOOD_TEXTS), pause))
            })
            .collect();
        let memory = watch(server, length);
        flood.is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().map_err(|_| anyhow!("a client ended"))??;
        }
        memory
    })?;
    tell_flood(bench, &flood, length)?;
    tell_memory(bench, at_start, &memory)
}

fn tell_flood(bench: &mut Bench, flood: &Flood, length: Duration) -> Result<()> {
    let counters = [&flood.answered, &flood.refused, &flood.other];
    let [answered, refused, other] = counters.map(|counter| counter.load(Ordering::Relaxed));
    let seconds = length.as_secs();
    let title = format!("Embedding server: {FLOOD} times its capacity for {seconds} s");
    let mut table = Table::new(title, &["requests", "answered", "429 or 503", "others"]);
    let all = answered + refused + other;
    table.row([all, answered, refused, other].map(|number| number.to_string()));
    let what = "embedding server: requests of an overload that failed otherwise than by 429 or 503";
    bench.report.goal(what, Wanted::AtMost(0.0), other as f64);
    bench.add(table)
}

fn tell_memory(bench: &mut Bench, at_start: f64, memory: &[f64]) -> Result<()> {
    let early = *memory.get(memory.len() / 4).context("no second has passed")?;
    let late = *memory.last().context("no second has passed")?;
    let most = memory.iter().copied().fold(0.0, f64::max);
    let title = "Memory of the embedding server in the overload, MB resident";
    let mut table = Table::new(title, &["at start", "after a quarter", "at its end", "most"]);
    table.row([at_start, early, late, most].map(figure));
    let what = "embedding server: memory at the end of an overload, times that after a quarter";
    bench.report.goal(what, Wanted::AtMost(1.1), late / early);
    bench.add(table)
}

/// Sends a request each `pause` until the flood is over.
fn send(server: &Server, flood: &Flood, body: &str, pause: Duration) -> Result<()> {
    let mut connection = Connection::open(server.address)?;
    while !flood.is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let (answer, _) = connection.exchange(ROUTE, body)?;
        let counter = match answer.status {
            200 => &flood.answered,
            429 | 503 => &flood.refused,
            _ => &flood.other,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        thread::sleep(pause.saturating_sub(began.elapsed()));
    }
    Ok(())
}

/// Returns the memory in each second.
fn watch(server: &Server, length: Duration) -> Result<Vec<f64>> {
    let began = Instant::now();
    let mut memory = Vec::new();
    while began.elapsed() < length {
        thread::sleep(Duration::from_secs(1));
        memory.push(server.resident()?);
    }
    Ok(memory)
}
