//! Vectors quantized to 8 bits or 1 bit per coordinate.

use crate::simd::{CostTable, ROWS_PER_BLOCK, WIDTH};

/// The maximum weight of a bit; the sum of four groups of four bits still fits 8 bits.
const MAX_WEIGHT: u16 = 15;

/// Returns the number of groups of four dimensions in a code, padded so that [a block](set_code)
/// can be read 64 bytes at a time.
pub(crate) fn code_groups(dimension: usize) -> usize {
    dimension.div_ceil(16) * 4
}

/// Returns the size of a block of codes in bytes.
pub(crate) fn block_bytes(dimension: usize) -> usize {
    code_groups(dimension) * size_of::<CostTable>()
}

/// Returns the padded number of coordinates of an 8-bit row.
pub(crate) fn width(dimension: usize) -> usize {
    dimension.next_multiple_of(WIDTH)
}

/// Appends `vector` in 8 bits and returns the value of one step. Each vector has its own step, so
/// that the range of one vector does not cost another precision.
pub(crate) fn quantize(vector: &[f32], codes: &mut Vec<i8>) -> f32 {
    let greatest = vector.iter().fold(0.0_f32, |greatest, x| greatest.max(x.abs()));
    let step = if greatest > 0.0 { greatest / 127.0 } else { 1.0 };
    let begin = codes.len();
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and within -127 to 127")]
    codes.extend(vector.iter().map(|x| (x / step).round() as i8));
    codes.resize(begin + width(vector.len()), 0);
    step
}

/// Writes the one-bit code of `vector` at a row's place in a block of [`ROWS_PER_BLOCK`] rows. A bit is
/// set if the coordinate exceeds that of `mean`. A block has sixteen bytes for each four dimensions:
/// the low halves hold the bits of its first sixteen rows, the high halves those of the others, so
/// that one instruction looks up four dimensions of many rows in a table.
pub(crate) fn set_code(
    block: &mut [u8],
    place: usize,
    vector: impl Iterator<Item = f32>,
    mean: &[f32],
) {
    let half = ROWS_PER_BLOCK / 2;
    let (row, high) = (place % half, 4 * (place / half));
    for (dimension, (x, mean)) in vector.zip(mean).enumerate() {
        block[dimension / 4 * half + row] |= u8::from(x > *mean) << (dimension % 4 + high);
    }
}

/// Returns the costs of differing from `vector` in the bits of four dimensions, a table by their bits
/// for each four (Quick ADC: André, Kermarrec and Le Scouarnec 2015). A differing bit costs as much as
/// the coordinate is far from zero, so that bits with a small query coordinate hardly count.
pub(crate) fn costs(vector: &[f32]) -> Vec<CostTable> {
    let greatest = vector.iter().fold(0.0_f32, |greatest, x| greatest.max(x.abs()));
    let dimension = u16::try_from(vector.len()).unwrap_or(u16::MAX).max(1);
    // The sum of all weights has to fit 16 bits.
    let most = f32::from(MAX_WEIGHT.min(u16::MAX / dimension));
    let step = if greatest > 0.0 { greatest / most } else { 1.0 };
    let mut tables = vec![CostTable::default(); code_groups(vector.len())];
    for (four, table) in vector.chunks(4).zip(&mut tables) {
        for (bits, cost) in table.iter_mut().enumerate() {
            for (place, x) in four.iter().enumerate() {
                let differs = (bits >> place & 1 == 1) != (*x > 0.0);
                #[expect(clippy::cast_possible_truncation, reason = "rounded, and at most 15")]
                #[expect(clippy::cast_sign_loss, reason = "not negative")]
                let weight = (x.abs() / step).round() as u8;
                *cost += if differs { weight } else { 0 };
            }
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_approximate_a_coordinate_to_half_a_step() {
        let vector = [0.5, -0.25, 0.001, 0.0];
        let mut codes = Vec::new();
        let step = quantize(&vector, &mut codes);
        assert_eq!(codes.len(), WIDTH);
        assert_eq!(codes[0], 127);
        for (x, code) in vector.iter().zip(&codes) {
            assert!((x - f32::from(*code) * step).abs() <= step / 2.0);
        }
        assert!((quantize(&[0.0; 3], &mut codes) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_bit_is_set_for_a_coordinate_above_the_mean() {
        let mut vector = vec![0.0; 70];
        (vector[1], vector[69]) = (1.0, 0.5);
        let mean = vec![0.25; 70];
        let mut block = vec![0; block_bytes(70)];
        assert_eq!(block.len(), 20 * 16);
        set_code(&mut block, 3, vector.iter().copied(), &mean);
        set_code(&mut block, 19, vector.iter().copied(), &mean);
        let mut expected = vec![0; block.len()];
        (expected[3], expected[17 * 16 + 3]) = (0b0010_0010, 0b0010_0010);
        assert_eq!(block, expected);
    }

    #[test]
    fn a_differing_bit_costs_the_weight_of_its_coordinate() {
        let tables = costs(&[1.0, -0.6, 0.01, 0.0, 0.2]);
        assert_eq!(tables.len(), 4);
        // The query is above zero only in the first dimension.
        assert_eq!((tables[0][0b0001], tables[0][0b1101]), (0, 0));
        assert_eq!((tables[0][0b0000], tables[0][0b0011], tables[0][0b0010]), (15, 9, 24));
        assert_eq!((tables[1][0], tables[1][1], tables[2]), (3, 0, [0; 16]));
        assert!(costs(&[0.0; 16]).concat().iter().all(|cost| *cost == 0));
        assert_eq!(costs(&vec![-1.0; 60_000])[0][0b1111], 4, "the sum fits 16 bits");
    }
}
