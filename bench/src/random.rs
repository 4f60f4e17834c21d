//! Pseudorandom numbers, the same in every run (`SplitMix64`).

/// The state of the generator.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Creates a generator from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// Returns an integer from 0 to below `end`, which must be positive.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Returns a number from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns an approximately standard normal number: a sum of twelve.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// Returns an integer below `end`, which must be positive, by Zipf's law: the n-th is about 1/n as
    /// frequent as the first.
    pub(crate) fn zipf(&mut self, end: usize) -> usize {
        ((end as f64 + 1.0).powf(self.unit()) as usize).saturating_sub(1).min(end - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_ranks_are_more_frequent() {
        let mut random = Random::new(1);
        let mut counts = [0; 100];
        for _ in 0..100_000 {
            counts[random.zipf(100)] += 1;
        }
        assert!(counts[0] > 4 * counts[9] && counts[9] > 4 * counts[90], "{counts:?}");
        assert!(counts.iter().all(|count| *count > 0));
    }

    #[test]
    fn normal_numbers_have_a_mean_of_nought_and_a_variance_of_one() {
        let mut random = Random::new(2);
        let numbers: Vec<f64> = (0..10_000).map(|_| random.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 10_000.0;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
