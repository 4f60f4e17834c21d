//! Nearest neighbors: akin's flat index and usearch, an HNSW graph of 16-bit floats.

use crate::Bench;
use crate::exact::{Keep, mean_recall, nearest_to_each};
use crate::harness::{Contest, Latency};
use crate::report::{Table, Wanted, figure, times};
use crate::workload::{SHARES, Workload, flat_filter};
use crate::{DIMENSION, cores};
use akin_entities::Filter;
use anyhow::Result;
use flat_index::{FoundDocument, Request};
use std::cell::RefCell;
use std::thread;
use std::time::Instant;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

/// The number of neighbors, with two expansions of usearch, which trade speed for recall.
const DEPTHS: [(usize, [usize; 2]); 2] = [(10, [128, 256]), (200, [256, 512])];

/// The maximum number of neighbors.
const MOST: usize = 200;

/// The size that has goals.
const PROMISED: usize = 200_000;

/// Measures nearest-neighbor search in the catalogue of `workload`.
pub(crate) fn run(bench: &mut Bench, workload: &Workload) -> Result<()> {
    let size = workload.catalogue.len();
    let (peer, peer_build) = build(workload)?;
    let header = ["index", "nearest", "kept", "median, ms", "p99, ms", "recall", "akin"];
    let mut table = Table::new(title(workload, peer_build), &header);
    let filters = SHARES.map(|share| workload.filter(share));
    let kept = filters.each_ref().map(|filter| workload.kept(filter));
    crate::note("comparing every vector, for the recall");
    let wanted = nearest_to_each(&workload.catalogue, &workload.query_vectors, &kept, MOST);
    for (depth, expansions) in DEPTHS {
        for (position, share) in SHARES.into_iter().enumerate() {
            crate::note(&format!("{depth} nearest, {} % kept", figure(share * 100.0)));
            let (filter, kept) = (&filters[position], &kept[position]);
            let case = Case { depth, expansions, filter, kept, wanted: &wanted[position] };
            let rows = measure(bench, workload, &peer, case)?;
            if size == PROMISED {
                promise(bench, depth, share, &rows[0]);
            }
            let akin = rows[0].1.median;
            let kept = format!("{} %", figure(share * 100.0));
            for (name, latency, recall) in rows {
                let [median, p99] = [latency.median, latency.p99].map(figure);
                let better = times(latency.median / akin);
                let recall = format!("{recall:.4}");
                table.row([name, depth.to_string(), kept.clone(), median, p99, recall, better]);
            }
        }
    }
    bench.add(table)
}

fn title(workload: &Workload, peer_build: f64) -> String {
    let cost =
        [workload.cost.build, workload.cost.open, workload.cost.megabytes, peer_build].map(figure);
    let [build, open, megabytes, peer_build] = cost;
    format!(
        "Vectors: {} products (akin: built in {build} s, opened in {open} ms, {megabytes} MB with \
         words and columns; usearch: built in {peer_build} s)",
        workload.catalogue.len()
    )
}

/// Computes the dot product in sixteen sums, which the compiler keeps in vector registers.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// A case, with the exact answer to each query, the nearest first.
#[derive(Clone, Copy)]
struct Case<'a> {
    depth: usize,
    expansions: [usize; 2],
    filter: &'a Filter,
    kept: &'a [bool],
    wanted: &'a [Vec<usize>],
}

type Row = (String, Latency, f64);

/// Returns the latency and mean recall of each index, akin's first.
fn measure(bench: &Bench, workload: &Workload, peer: &Index, case: Case<'_>) -> Result<Vec<Row>> {
    let (filter, queries) = (flat_filter(case.filter), workload.query_vectors.len());
    let keep = (!case.filter.is_empty()).then_some(case.kept);
    // Keys are converted to positions after the measurement.
    let akins: RefCell<Vec<Vec<FoundDocument<'_>>>> = RefCell::new(vec![Vec::new(); queries]);
    let peers = case.expansions.map(|_| RefCell::new(vec![Vec::new(); queries]));
    let mut contest = Contest::default();
    contest.enter("akin flat", |query| {
        let vector = Some(&*workload.query_vectors[query]);
        let (filter, depth) = (&filter, case.depth);
        let request = Request { terms: &[], vector, filter, depth, threshold: None };
        let found = workload.flat.search(&request)?;
        akins.borrow_mut()[query] = found;
        Ok(())
    });
    for (expansion, found) in case.expansions.into_iter().zip(&peers) {
        contest.enter(format!("usearch f16, ef {expansion}"), move |query| {
            peer.change_expansion_search(expansion);
            let positions = neighbors(peer, &workload.query_vectors[query], keep, case.depth)?;
            found.borrow_mut()[query] = positions;
            Ok(())
        });
    }
    let latencies = contest.latencies(bench.settings.rounds(), queries)?;
    drop(contest);
    let akins = workload.positions(&akins.into_inner())?;
    let found = [akins].into_iter().chain(peers.map(RefCell::into_inner));
    let row = |((name, latency), found): ((String, Latency), Vec<Vec<usize>>)| {
        (name, latency, mean_recall(&found, case.wanted, case.depth))
    };
    Ok(latencies.into_iter().zip(found).map(row).collect())
}

/// Returns the positions of the nearest products by usearch.
fn neighbors(peer: &Index, vector: &[f32], keep: Keep<'_>, depth: usize) -> Result<Vec<usize>> {
    let matches = match keep {
        None => peer.search(vector, depth)?,
        Some(keep) => peer.filtered_search(vector, depth, |key| keep[key as usize])?,
    };
    Ok(matches.keys.into_iter().map(|key| key as usize).collect())
}

fn promise(bench: &mut Bench, depth: usize, share: f64, akin: &Row) {
    let what = format!("vectors, {PROMISED} products, {depth} nearest, {} % kept", share * 100.0);
    let most = if depth == 10 { 1.0 } else { 1.5 };
    bench.report.goal(format!("{what}: median, ms"), Wanted::AtMost(most), akin.1.median);
    bench.report.goal(format!("{what}: recall"), Wanted::AtLeast(0.99), akin.2);
}

/// Builds the usearch index on all cores; returns it with the seconds that it took.
fn build(workload: &Workload) -> Result<(Index, f64)> {
    crate::note("building usearch's graph");
    let index = Index::new(&IndexOptions {
        dimensions: DIMENSION,
        metric: MetricKind::Cos,
        quantization: ScalarKind::F16,
        connectivity: 16,
        expansion_add: 128,
        expansion_search: 128,
        multi: false,
    })?;
    let (size, threads) = (workload.catalogue.len(), cores());
    index.reserve(size)?;
    let began = Instant::now();
    thread::scope(|scope| {
        let add = |first: usize| {
            let index = &index;
            move || -> Result<()> {
                for position in (first..size).step_by(threads) {
                    index.add(position as u64, workload.catalogue.vector(position))?;
                }
                Ok(())
            }
        };
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(add(first))).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow::anyhow!("a thread that built the graph ended"))?
        })
    })?;
    Ok((index, began.elapsed().as_secs_f64()))
}
