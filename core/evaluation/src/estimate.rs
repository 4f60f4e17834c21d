/// The number of resamples of the bootstrap and of the randomization test.
const RESAMPLES: usize = 10_000;

/// The seed of the random numbers: the same values give the same interval every time.
const SEED: u64 = 0x5EED;

/// A mean over queries with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanEstimate {
    /// The mean.
    pub mean: f64,
    /// The lower bound of the interval.
    pub low: f64,
    /// The upper bound of the interval.
    pub high: f64,
    /// The number of queries.
    pub queries: usize,
}

/// The difference between two searches over the same queries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// The mean of the differences; above 0 if the second search is better.
    pub mean: MeanEstimate,
    /// The probability of a mean difference at least this large, in either direction, by chance
    /// alone: 0 to 1.
    pub p_value: f64,
}

/// Returns the mean of `values` with its 95 % percentile bootstrap interval (Efron, 1979; 10,000
/// resamples); `None` for no values.
pub fn bootstrap_mean(values: &[f64]) -> Option<MeanEstimate> {
    if values.is_empty() {
        return None;
    }
    let mut random = Random(SEED);
    let mut means: Vec<_> = (0..RESAMPLES)
        .map(|_| mean(values.iter().map(|_| values[random.below(values.len())])))
        .collect();
    means.sort_by(f64::total_cmp);
    let (low, high) = (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]);
    Some(MeanEstimate { mean: mean(values.iter().copied()), low, high, queries: values.len() })
}

/// Returns the sum of the first numbers of `counts` divided by the sum of the second, with its 95 %
/// percentile bootstrap interval over resampled pairs. Pairs whose second number is 0 are left out;
/// `None` if there are no others.
pub fn bootstrap_ratio(counts: &[(usize, usize)]) -> Option<MeanEstimate> {
    let counts: Vec<_> = counts.iter().copied().filter(|(_, whole)| *whole > 0).collect();
    let (mean, mut random) = (ratio(counts.iter().copied())?, Random(SEED));
    let resample = |_| ratio(counts.iter().map(|_| counts[random.below(counts.len())]));
    let mut ratios: Vec<_> = (0..RESAMPLES).filter_map(resample).collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[RESAMPLES / 40], ratios[RESAMPLES - 1 - RESAMPLES / 40]);
    Some(MeanEstimate { mean, low, high, queries: counts.len() })
}

/// Summarizes the `differences` between pairs, second minus first: their mean with its interval, and
/// the p-value of a paired randomization test (signs flipped at random 10,000 times; Smucker et
/// al., 2007). `None` for no differences.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn paired_difference(differences: &[f64]) -> Option<PairedDifference> {
    let observed = bootstrap_mean(differences)?;
    let mut random = Random(SEED);
    // The order of a sum changes its last bits, so equal means may differ by that much.
    let threshold = observed.mean.abs() - 1e-12;
    let as_large = (0..RESAMPLES).filter(|_| {
        let flipped =
            differences.iter().map(|value| if random.below(2) == 0 { *value } else { -value });
        mean(flipped).abs() >= threshold
    });
    // The observed signs count as one of the draws, so the p-value is never 0.
    let p_value = (as_large.count() + 1) as f64 / (RESAMPLES + 1) as f64;
    Some(PairedDifference { mean: observed, p_value })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    values.sum::<f64>() / count as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn ratio(counts: impl Iterator<Item = (usize, usize)>) -> Option<f64> {
    let (part, whole) = counts.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The `SplitMix64` generator of random numbers (Steele et al., 2014).
struct Random(u64);

impl Random {
    /// Returns a number below `end`, which must be above 0.
    #[expect(clippy::cast_possible_truncation, reason = "the product's upper half is below `end`")]
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * end as u128) >> 64) as usize
    }
}
