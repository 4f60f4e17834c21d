//! Vectors in few bits: 8 a coordinate, or 1.

use crate::simd::WIDTH;

/// Words of 64 bits that hold one bit a dimension.
pub(crate) fn code_words(dimension: usize) -> usize {
    dimension.div_ceil(64)
}

/// Coordinates of an 8-bit row.
pub(crate) fn width(dimension: usize) -> usize {
    dimension.next_multiple_of(WIDTH)
}

/// Appends `vector` in 8 bits; gives what one step stands for. Each vector has a step of its own,
/// so that none loses precision to another.
pub(crate) fn quantise(vector: &[f32], codes: &mut Vec<i8>) -> f32 {
    let greatest = vector.iter().fold(0.0_f32, |greatest, x| greatest.max(x.abs()));
    let step = if greatest > 0.0 { greatest / 127.0 } else { 1.0 };
    let begin = codes.len();
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and within -127 to 127")]
    codes.extend(vector.iter().map(|x| (x / step).round() as i8));
    codes.resize(begin + width(vector.len()), 0);
    step
}

/// Which coordinates of `vector` lie above those of `mean`, a bit for each.
pub(crate) fn code(vector: impl Iterator<Item = f32>, mean: &[f32]) -> Vec<u64> {
    let mut words = vec![0; code_words(mean.len())];
    for (place, (x, mean)) in vector.zip(mean).enumerate() {
        words[place / 64] |= u64::from(x > *mean) << (place % 64);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_hold_a_coordinate_to_half_a_step() {
        let vector = [0.5, -0.25, 0.001, 0.0];
        let mut codes = Vec::new();
        let step = quantise(&vector, &mut codes);
        assert_eq!(codes.len(), WIDTH);
        assert_eq!(codes[0], 127);
        for (x, code) in vector.iter().zip(&codes) {
            assert!((x - f32::from(*code) * step).abs() <= step / 2.0);
        }
        assert!((quantise(&[0.0; 3], &mut codes) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_bit_says_on_which_side_of_the_mean_a_coordinate_lies() {
        let mut vector = vec![0.0; 70];
        (vector[1], vector[69]) = (1.0, 0.5);
        let mean = vec![0.25; 70];
        assert_eq!(code(vector.into_iter(), &mean), [0b10, 1 << 5]);
    }
}
