//! The hot loops of scans in plain Rust, AVX2 and AVX-512, with the same results bit for bit.
#![allow(
    unsafe_code,
    reason = "intrinsics take pointers and need CPU features, which `Kernels` proves"
)]
#![allow(
    clippy::inline_always,
    reason = "plain loops get CPU features from the function that they are inlined into"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use bytemuck::NoUninit;
use instruction_set::InstructionSet;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// The multiple to which 8-bit rows are padded with zeros.
pub(crate) const WIDTH: usize = 32;

/// The number of rows ahead of the current one that are prefetched, because picked rows lie anywhere.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 8;

/// The loops in the instructions of one set, which the CPU supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kernels(InstructionSet);

impl Kernels {
    /// Returns the kernels of `instruction_set`, or `None` if the CPU does not support it.
    pub(crate) fn new(instruction_set: InstructionSet) -> Option<Self> {
        instruction_set.is_available().then_some(Self(instruction_set))
    }

    /// Returns the kernels of the set that this process uses, which the CPU supports.
    pub(crate) fn selected() -> Self {
        Self(InstructionSet::selected())
    }

    pub(crate) fn instruction_set(self) -> InstructionSet {
        self.0
    }

    /// Computes the dot product of `query` with each of `rows` of `codes`, which has `query.len()`
    /// coordinates a row. Coordinates are -127 to 127.
    pub(crate) fn dots(self, codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
        match self.0 {
            // SAFETY: the CPU supports AVX-512 with VNNI.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => unsafe { avx512::dots(codes, query, rows, out) },
            // SAFETY: the CPU supports AVX2.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => unsafe { avx2::dots(codes, query, rows, out) },
            _ => dots_plain(codes, query, rows, out),
        }
    }

    /// Sums the costs of each row's bits. `codes` are blocks of [`ROWS_PER_BLOCK`] rows, as
    /// [`crate::quantized::set_code`] lays them out; there is a table for each four bits of a row, a
    /// multiple of four tables, of at most 60 each and at most 65,535 in total.
    pub(crate) fn distances(self, codes: &[u8], tables: &[CostTable], out: &mut [u16]) {
        match self.0 {
            // SAFETY: the CPU supports AVX-512 F and BW.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => unsafe { avx512::distances(codes, tables, out) },
            // SAFETY: the CPU supports AVX2.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => unsafe { avx2::distances(codes, tables, out) },
            _ => distances_plain(codes, tables, out),
        }
    }

    /// Returns a bit for each of up to 64 distances, set if it is at most `most`. Does not branch on them.
    pub(crate) fn within(self, distances: &[u16], most: u16) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if let (InstructionSet::Avx512, Some(distances)) = (self.0, distances.as_array()) {
            // SAFETY: the CPU supports AVX-512 F and BW.
            return unsafe { avx512::within(distances, most) };
        }
        within_plain(distances, most)
    }

    /// Returns the dot product of two vectors: the same bits with every instruction set.
    pub(crate) fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        match self.0 {
            // SAFETY: the CPU supports AVX2, which is a part of the set AVX-512, too.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 | InstructionSet::Avx2 => unsafe { dot_avx2(a, b) },
            _ => dot_plain(a, b),
        }
    }
}

fn dots_plain(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    for (&row, out) in rows.iter().zip(out) {
        let code = &codes[row as usize * query.len()..][..query.len()];
        *out = code.iter().zip(query).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum();
    }
}

/// Prefetches memory that is read soon, at addresses that the CPU cannot predict.
#[inline]
pub(crate) fn prefetch<T: NoUninit>(memory: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytemuck::cast_slice::<T, i8>(memory).chunks(64) {
        // SAFETY: a prefetch is a hint and reads nothing; the address lies within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = memory;
}

/// Prefetches the number at `place`, if there is one.
#[inline]
pub(crate) fn prefetch_at<T: NoUninit>(numbers: &[T], place: usize) {
    if let Some(number) = numbers.get(place) {
        prefetch(std::slice::from_ref(number));
    }
}

/// Rows whose one-bit codes are interleaved in one block.
pub(crate) const ROWS_PER_BLOCK: usize = 32;

/// The cost of each value of four bits.
pub(crate) type CostTable = [u8; 16];

/// Handles sixteen rows side by side, which the compiler keeps in vector registers. It does not look costs
/// up in the tables, but adds the change that each bit makes.
fn distances_plain(codes: &[u8], tables: &[CostTable], out: &mut [u16]) {
    for (block, out) in blocks(codes, tables).zip(out.chunks_mut(ROWS_PER_BLOCK)) {
        let mut sums = [[0_u16; ROWS_PER_BLOCK / 2]; 2];
        for (bytes, table) in block.as_chunks::<{ ROWS_PER_BLOCK / 2 }>().0.iter().zip(tables) {
            for (half, sums) in sums.iter_mut().enumerate() {
                for (byte, sum) in bytes.iter().zip(sums) {
                    let mut cost = table[0];
                    for bit in 0..4 {
                        let change = table[1 << bit].wrapping_sub(table[0]);
                        let is_set = byte >> (4 * half + bit) & 1;
                        cost = cost.wrapping_add(is_set.wrapping_neg() & change);
                    }
                    *sum += u16::from(cost);
                }
            }
        }
        out.copy_from_slice(&sums.as_flattened()[..out.len()]);
    }
}

/// Splits `codes` into blocks, which have sixteen bytes for each of `tables`.
#[inline(always)]
fn blocks<'a>(codes: &'a [u8], tables: &[CostTable]) -> std::slice::ChunksExact<'a, u8> {
    codes.chunks_exact(tables.as_flattened().len().max(1))
}

fn within_plain(distances: &[u16], most: u16) -> u64 {
    let mut bits = 0;
    for (place, eight) in distances.chunks(8).enumerate() {
        let mut bytes = [0_u8; 8];
        for (byte, distance) in bytes.iter_mut().zip(eight) {
            *byte = u8::from(*distance <= most);
        }
        // The product gathers the lowest bits of all bytes in the highest byte.
        let gathered = u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (8 * place);
    }
    bits
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
    dot_plain(a, b)
}

/// Keeps thirty-two sums, which the compiler holds in vector registers.
#[inline(always)]
fn dot_plain(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 32];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
impl Kernels {
    /// Returns the kernels of every instruction set that the CPU supports.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        InstructionSet::available().filter_map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns the bits of a row in one block of codes, in the group of four dimensions.
    fn code_of(codes: &[u8], groups: usize, row: usize, group: usize) -> usize {
        let byte = codes[(row / ROWS_PER_BLOCK * groups + group) * 16 + row % 16];
        usize::from(if row % ROWS_PER_BLOCK < 16 { byte & 15 } else { byte >> 4 })
    }

    proptest! {
        #[test]
        fn eight_bit_products_are_exact_with_every_instruction_set(
            parts in 1_usize..9,
            bytes in prop::collection::vec(-127_i8..=127, 9 * WIDTH * 12),
            rows in prop::collection::vec(0_u32..11, 0..40),
        ) {
            let width = parts * WIDTH;
            let (query, codes) = bytes.split_at(width);
            let product = |&row: &u32| {
                let code = &codes[row as usize * width..][..width];
                code.iter().zip(query).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum::<i32>()
            };
            let expected: Vec<i32> = rows.iter().map(product).collect();
            for kernels in Kernels::available() {
                let mut products = vec![0; rows.len()];
                kernels.dots(codes, query, &rows, &mut products);
                prop_assert_eq!(&products, &expected, "{:?}", kernels);
            }
        }

        #[test]
        fn distances_are_the_sums_of_the_costs_of_single_bits(
            fours in 1_usize..12,
            rows in 0_usize..100,
            weights in prop::collection::vec((0_u8..16, any::<bool>()), 16 * 12),
            bytes in prop::collection::vec(any::<u8>(), 64 * 12 * 4),
        ) {
            let groups = 4 * fours;
            let bit = |bits: usize, place: usize| bits >> place & 1 == 1;
            let cost = |group: usize, bits: usize| -> u8 {
                let four = weights[4 * group..][..4].iter().enumerate();
                four.map(|(at, (weight, side))| weight * u8::from(bit(bits, at) != *side)).sum()
            };
            let tables: Vec<CostTable> =
                (0..groups).map(|group| std::array::from_fn(|bits| cost(group, bits))).collect();
            let codes = &bytes[..rows.div_ceil(ROWS_PER_BLOCK) * groups * 16];
            let distance = |row| {
                let costs = (0..groups).map(|group| cost(group, code_of(codes, groups, row, group)));
                costs.map(u16::from).sum()
            };
            let expected: Vec<u16> = (0..rows).map(distance).collect();
            for kernels in Kernels::available() {
                let mut distances = vec![0; rows];
                kernels.distances(codes, &tables, &mut distances);
                prop_assert_eq!(&distances, &expected, "{:?}", kernels);
            }
        }

        #[test]
        fn a_bit_is_set_for_each_distance_that_is_small_enough(
            distances in prop::collection::vec(prop_oneof![0_u16..400, any::<u16>()], 0..=64),
            full in prop::collection::vec(prop_oneof![0_u16..400, any::<u16>()], 64),
            most in prop_oneof![0_u16..400, any::<u16>()],
        ) {
            for distances in [&distances, &full] {
                let bits = (0..64).filter(|&at| distances.get(at).is_some_and(|d| *d <= most));
                let bits = bits.fold(0, |bits, at| bits | 1_u64 << at);
                for kernels in Kernels::available() {
                    prop_assert_eq!(kernels.within(distances, most), bits, "{:?}", kernels);
                }
            }
        }

        #[test]
        fn a_dot_product_has_the_same_bits_with_every_instruction_set(
            numbers in prop::collection::vec(-1.0_f32..1.0, 0..400),
        ) {
            let (a, b) = numbers.split_at(numbers.len() / 2);
            for kernels in Kernels::available() {
                let product = kernels.dot(a, b);
                prop_assert_eq!(product.to_bits(), dot_plain(a, b).to_bits(), "{:?}", kernels);
            }
        }
    }

    #[test]
    fn the_greatest_costs_do_not_overflow() {
        let tables = vec![[60; 16]; 1_092];
        for kernels in Kernels::available() {
            let mut distances = [0; 40];
            kernels.distances(&vec![0xff; 2 * 16 * tables.len()], &tables, &mut distances);
            assert_eq!(distances, [65_520; 40], "{kernels:?}");
        }
    }

    #[test]
    fn the_greatest_coordinates_do_not_overflow() {
        // 96 and 4,096 coordinates: with and without a rest behind the vectors of AVX-512.
        for width in [WIDTH, 2 * WIDTH, 3 * WIDTH, 128 * WIDTH] {
            let codes: Vec<i8> = [vec![127; width], vec![-127; width]].concat();
            let expected = 127 * 127 * i32::try_from(width).unwrap();
            for kernels in Kernels::available() {
                let mut products = [0; 2];
                kernels.dots(&codes, &vec![127; width], &[0, 1], &mut products);
                assert_eq!(products, [expected, -expected], "{kernels:?}");
                kernels.dots(&codes, &vec![-127; width], &[0, 1], &mut products);
                assert_eq!(products, [-expected, expected], "{kernels:?}");
            }
        }
    }

    #[test]
    fn nothing_is_read_or_written_without_rows() {
        for kernels in Kernels::available() {
            kernels.dots(&[], &[1; WIDTH], &[], &mut []);
            kernels.distances(&[], &[[1; 16]; 4], &mut []);
            assert_eq!(kernels.within(&[], 9), 0);
            assert!(kernels.dot(&[], &[]).to_bits() == 0);
        }
    }
}
