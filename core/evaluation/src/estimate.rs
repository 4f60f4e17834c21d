/// How often chance is asked.
const RESAMPLES: usize = 10_000;

/// Where chance begins: the same figures give the same interval every time.
const SEED: u64 = 0x5EED;

/// A mean over queries, and the interval that holds it with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// How many queries it is the mean of.
    pub queries: usize,
}

/// How two ways of searching differ over the same queries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of the differences, and its interval; above 0 if the second way is better.
    pub estimate: Estimate,
    /// How often chance alone gives a mean difference this large or larger, either way: 0 to 1.
    pub p: f64,
}

/// The mean of `values` with its 95 % percentile bootstrap interval (Efron, 1979; 10,000
/// resamples); `None` if there are none.
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    if values.is_empty() {
        return None;
    }
    let mut chance = Chance(SEED);
    let mut means: Vec<_> = (0..RESAMPLES)
        .map(|_| mean(values.iter().map(|_| values[chance.below(values.len())])))
        .collect();
    means.sort_by(f64::total_cmp);
    let (low, high) = (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]);
    Some(Estimate { mean: mean(values.iter().copied()), low, high, queries: values.len() })
}

/// What `differences` between pairs say, second minus first: mean, interval, and the p of a paired
/// randomization test (signs flipped at random 10,000 times; Smucker et al., 2007). `None` if
/// there are none.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn difference(differences: &[f64]) -> Option<Difference> {
    let estimate = estimate(differences)?;
    let mut chance = Chance(SEED);
    // Sums in another order differ in their last bits, which is no difference.
    let reached = estimate.mean.abs() - 1e-12;
    let as_large = (0..RESAMPLES).filter(|_| {
        let flipped =
            differences.iter().map(|value| if chance.below(2) == 0 { *value } else { -value });
        mean(flipped).abs() >= reached
    });
    // What was observed is one of the draws, so p is never 0.
    let p = (as_large.count() + 1) as f64 / (RESAMPLES + 1) as f64;
    Some(Difference { estimate, p })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    values.sum::<f64>() / count as f64
}

/// `SplitMix64` (Steele et al., 2014).
struct Chance(u64);

impl Chance {
    /// A number below `end`, which is above 0.
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
