use crate::simd::{LANES, V};

/// The bias of a head's scores by the distance of query and key.
///
/// A row has the biases of all distances, ordered by query minus key, so that those of one key and the
/// queries of a vector's lanes are adjacent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bias<'a> {
    row: &'a [f32],
    /// The index of the distance 0.
    center: usize,
}

impl<'a> Bias<'a> {
    /// Returns the length of a row for texts of up to `longest` tokens. The lanes of the last queries' vectors
    /// reach beyond the text.
    pub(crate) fn row(longest: usize) -> usize {
        2 * longest + 2 * LANES
    }

    /// Returns how many tokens the key is after its query at an index of such a row.
    pub(crate) fn distance(longest: usize, place: usize) -> isize {
        longest as isize - place as isize
    }

    /// Returns the bias of a head from the rows of all heads.
    pub(crate) fn of_head(rows: &'a [f32], head: usize, longest: usize) -> Self {
        let size = Self::row(longest);
        Self { row: &rows[head * size..][..size], center: longest }
    }

    /// Returns the biases of a key and the queries from `query` on.
    #[inline(always)]
    pub(crate) fn of(self, query: usize, key: usize) -> &'a V {
        let begin = self.center + query - key;
        self.row[begin..].first_chunk().unwrap_or(&[0.0; LANES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_of_every_key_has_the_bias_of_its_distance() {
        let longest = 40;
        let row: Vec<f32> =
            (0..Bias::row(longest)).map(|place| Bias::distance(longest, place) as f32).collect();
        let bias = Bias::of_head(&row, 0, longest);
        for key in 0..longest {
            for query in (0..longest + LANES).step_by(LANES) {
                for (lane, number) in bias.of(query, key).iter().enumerate() {
                    let distance = key as f32 - (query + lane) as f32;
                    assert!((number - distance).abs() < 0.5, "{number}, not {distance}");
                }
            }
        }
    }
}
