//! Sums square roots on one thread and on all, and prints the time that each takes:
//! `cargo run --release -p compute-pool --example sum`.
#![allow(clippy::print_stdout, reason = "this program prints")]

use compute_pool::ReservedThreads;
use std::hint::black_box;
use std::time::Instant;

fn sum(numbers: &[f64]) -> f64 {
    numbers.iter().map(|number| number.sqrt()).sum()
}

fn sum_on_all_threads(numbers: &[f64]) -> f64 {
    let mut threads = ReservedThreads::reserve(compute_pool::cores() - 1);
    let shares: Vec<_> = numbers.chunks(numbers.len().div_ceil(threads.count() + 1)).collect();
    let (own, others) = threads.run(|| sum(shares[0]), |index| sum(shares[index]));
    own + others.iter().sum::<f64>()
}

fn main() {
    let numbers: Vec<f64> = (0..1_000_000).map(f64::from).collect();
    for (name, sum) in [("one thread", sum as fn(&[f64]) -> f64), ("all", sum_on_all_threads)] {
        let start = Instant::now();
        for _ in 0..100 {
            black_box(sum(black_box(&numbers)));
        }
        println!("{name}: {:.3} ms a sum", start.elapsed().as_secs_f64() * 10.0);
    }
}
