//! Symmetric 8-bit quantization of weights, with a scale for each row.

/// The largest weight in units of the scale.
const LARGEST: f32 = 127.0;

/// Returns the quantization step of a row.
///
/// CPUs without a dot product of bytes (AVX2) multiply unsigned activations by signed weights and add the
/// products of two neighbors in 16 bits with silent saturation: 255 (127 + 127) does not fit. The step is
/// therefore chosen so that two neighbors of one sign never exceed 128 in total. This costs about 0.4
/// bits, whereas halving the range of all weights (`reduce_range` elsewhere) costs one, and the result
/// is the same on every CPU.
pub(crate) fn scale(row: &[f32]) -> f32 {
    let alone = row.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let pairs = row.chunks(2).map(|pair| {
        let sum = |sign: f32| pair.iter().map(|weight| (sign * weight).max(0.0)).sum::<f32>();
        sum(1.0).max(sum(-1.0))
    });
    // Each of a pair may be rounded up by a half: the sum stays at 128.
    let most = pairs.fold(alone, f32::max);
    positive(most / LARGEST)
}

/// Returns the finest step, for a row that is never multiplied.
pub(crate) fn fine_scale(row: &[f32]) -> f32 {
    positive(row.iter().fold(0.0_f32, |most, weight| most.max(weight.abs())) / LARGEST)
}

/// Returns the scale, or 1 for rows of zeros or values too small for a normal step.
fn positive(scale: f32) -> f32 {
    if scale.is_normal() { scale } else { 1.0 }
}

/// Returns the row in units of the scale.
pub(crate) fn quantize(row: &[f32], scale: f32) -> impl Iterator<Item = i8> {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    row.iter().map(move |weight| (weight / scale).round() as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> impl Iterator<Item = f32> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            f32::from(i16::try_from(state % 20_001).unwrap() - 10_000) / 10_000.0
        })
    }

    #[test]
    fn the_products_of_two_neighbors_fit_into_16_bits() {
        let mut numbers = numbers();
        let mut near = 0;
        for length in (1..400).cycle().take(4_000) {
            let row: Vec<f32> = numbers.by_ref().take(length).collect();
            let bytes: Vec<i8> = quantize(&row, scale(&row)).collect();
            for pair in bytes.chunks(2) {
                let sum = |keep: fn(&i8) -> bool| -> i32 {
                    pair.iter().copied().filter(keep).map(|byte| 255 * i32::from(byte)).sum()
                };
                let (most, least) = (sum(|&byte| byte > 0), sum(|&byte| byte < 0));
                assert!(i16::try_from(most).is_ok() && i16::try_from(least).is_ok(), "{pair:?}");
                near += u32::from(most > 255 * 120);
            }
        }
        assert!(near > 1_000, "the range is not used");
    }

    #[test]
    fn the_error_of_a_weight_is_at_most_half_a_step() {
        let row: Vec<f32> = numbers().take(1_000).collect();
        for scale in [scale(&row), fine_scale(&row)] {
            for (byte, weight) in quantize(&row, scale).zip(&row) {
                assert!((f32::from(byte) * scale - weight).abs() <= scale * 0.501);
            }
        }
        assert!(fine_scale(&row) <= scale(&row));
    }

    #[test]
    fn rows_of_zeros_and_tiny_numbers_become_zeros() {
        for row in [[0.0, 0.0], [1e-44, -1e-44], [f32::MIN_POSITIVE, 0.0]] {
            assert!(quantize(&row, scale(&row)).all(|byte| byte == 0), "{row:?}");
            assert!(quantize(&row, fine_scale(&row)).all(|byte| byte == 0), "{row:?}");
        }
        assert_eq!(quantize(&[1.0, -1.0], scale(&[1.0, -1.0])).collect::<Vec<_>>(), [127, -127]);
    }
}
