//! The loops that scans spend their time in: plain Rust, and AVX2 or AVX-512 where the processor has
//! it. The results are the same, bit for bit.
#![allow(unsafe_code, reason = "intrinsics take pointers, and run only where they are proven to")]
#![allow(
    clippy::inline_always,
    reason = "plain loops take the processor's features from the function that they are inlined into"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use bytemuck::NoUninit;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// Coordinates of an 8-bit row are padded with zeros to a multiple of so many.
pub(crate) const WIDTH: usize = 32;

/// How many rows ahead memory is asked for: rows that were picked lie anywhere.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 8;

/// The dot product of `query` with each of `rows` of `codes`, which has `query.len()` coordinates
/// a row. Coordinates are -127 to 127.
pub(crate) fn dots(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    {
        if avx512::multiplies() {
            // SAFETY: the processor has what that asks for.
            return unsafe { avx512::dots(codes, query, rows, out) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2::dots(codes, query, rows, out) };
        }
    }
    dots_plain(codes, query, rows, out);
}

fn dots_plain(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    for (&row, out) in rows.iter().zip(out) {
        let code = &codes[row as usize * query.len()..][..query.len()];
        *out = code.iter().zip(query).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum();
    }
}

/// Asks for memory that is read soon. What lies anywhere comes in time only if it was asked for.
#[inline]
pub(crate) fn prefetch<T: NoUninit>(memory: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytemuck::cast_slice::<T, i8>(memory).chunks(64) {
        // SAFETY: a hint, which reads nothing; the address lies within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = memory;
}

/// Asks for the number at `place`; beyond the last one there is nothing to ask for.
#[inline]
pub(crate) fn prefetch_at<T: NoUninit>(numbers: &[T], place: usize) {
    if let Some(number) = numbers.get(place) {
        prefetch(std::slice::from_ref(number));
    }
}

/// Rows whose codes stand together in a block.
pub(crate) const TOGETHER: usize = 32;

/// What four bits cost, by those bits.
pub(crate) type Table = [u8; 16];

/// The sum of the costs of each row's bits. `codes` are blocks of [`TOGETHER`] rows, which
/// [`crate::quantized::set_code`] tells of; there are tables for each four bits of a row, a multiple of
/// four, of at most 60 each and at most 65,535 all together.
pub(crate) fn distances(codes: &[u8], tables: &[Table], out: &mut [u16]) {
    #[cfg(target_arch = "x86_64")]
    {
        if avx512::handles_bytes() {
            // SAFETY: the processor has what that asks for.
            return unsafe { avx512::distances(codes, tables, out) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2::distances(codes, tables, out) };
        }
    }
    distances_plain(codes, tables, out);
}

/// Sixteen rows side by side, which the compiler keeps in vector registers: it does not look costs up
/// there, but adds what each bit changes.
fn distances_plain(codes: &[u8], tables: &[Table], out: &mut [u16]) {
    for (block, out) in blocks(codes, tables).zip(out.chunks_mut(TOGETHER)) {
        let mut sums = [[0_u16; TOGETHER / 2]; 2];
        for (bytes, table) in block.as_chunks::<{ TOGETHER / 2 }>().0.iter().zip(tables) {
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

/// The blocks of `codes`, which have sixteen bytes for each of `tables`.
#[inline(always)]
fn blocks<'a>(codes: &'a [u8], tables: &[Table]) -> std::slice::ChunksExact<'a, u8> {
    codes.chunks_exact(tables.as_flattened().len().max(1))
}

/// A bit for each of up to 64 distances: whether it is at most `most`. Takes no branch.
pub(crate) fn within(distances: &[u16], most: u16) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let (true, Some(distances)) = (avx512::handles_bytes(), distances.as_array()) {
        // SAFETY: the processor has what that asks for.
        return unsafe { avx512::within(distances, most) };
    }
    within_plain(distances, most)
}

fn within_plain(distances: &[u16], most: u16) -> u64 {
    let mut bits = 0;
    for (place, eight) in distances.chunks(8).enumerate() {
        let mut bytes = [0_u8; 8];
        for (byte, distance) in bytes.iter_mut().zip(eight) {
            *byte = u8::from(*distance <= most);
        }
        // The product gathers the lowest bit of each byte in the highest byte.
        let gathered = u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (8 * place);
    }
    bits
}

/// The dot product of two vectors; the same bits on every processor.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { dot_avx2(a, b) };
    }
    dot_plain(a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
    dot_plain(a, b)
}

/// Thirty-two sums side by side, which the compiler keeps in vector registers.
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_bit_products_are_those_of_plain_rust(
            parts in 1_usize..9,
            bytes in prop::collection::vec(-127_i8..=127, 9 * WIDTH * 12),
            rows in prop::collection::vec(0_u32..11, 0..40),
        ) {
            let width = parts * WIDTH;
            let (query, codes) = bytes.split_at(width);
            let (mut fast, mut plain) = (vec![0; rows.len()], vec![0; rows.len()]);
            dots(codes, query, &rows, &mut fast);
            dots_plain(codes, query, &rows, &mut plain);
            prop_assert_eq!(&fast, &plain);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                fast.fill(0);
                // SAFETY: the processor has AVX2, which it is not asked for where it has more.
                unsafe { avx2::dots(codes, query, &rows, &mut fast) };
                prop_assert_eq!(&fast, &plain);
            }
        }

        #[test]
        fn distances_are_what_the_bits_cost_one_by_one(
            fours in 1_usize..8,
            rows in 0_usize..100,
            weights in prop::collection::vec((0_u8..16, any::<bool>()), 16 * 8),
            bytes in prop::collection::vec(any::<u8>(), 64 * 8 * 4),
        ) {
            let groups = 4 * fours;
            let bit = |bits: usize, place: usize| bits >> place & 1 == 1;
            let cost = |group: usize, bits: usize| -> u8 {
                let four = weights[4 * group..][..4].iter().enumerate();
                four.map(|(at, (weight, side))| weight * u8::from(bit(bits, at) != *side)).sum()
            };
            let tables: Vec<Table> =
                (0..groups).map(|group| std::array::from_fn(|bits| cost(group, bits))).collect();
            let codes = &bytes[..rows.div_ceil(TOGETHER) * groups * 16];
            let bits = |row: usize, group: usize| {
                let byte = codes[(row / TOGETHER * groups + group) * 16 + row % 16];
                usize::from(if row % TOGETHER < 16 { byte & 15 } else { byte >> 4 })
            };
            let distance =
                |row| (0..groups).map(|group| u16::from(cost(group, bits(row, group)))).sum();
            let wanted: Vec<u16> = (0..rows).map(distance).collect();
            let mut found = vec![0; rows];
            distances(codes, &tables, &mut found);
            prop_assert_eq!(&found, &wanted);
            found.fill(0);
            distances_plain(codes, &tables, &mut found);
            prop_assert_eq!(&found, &wanted);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                found.fill(0);
                // SAFETY: the processor has AVX2, which it is not asked for where it has more.
                unsafe { avx2::distances(codes, &tables, &mut found) };
                prop_assert_eq!(&found, &wanted);
            }
        }

        #[test]
        fn a_bit_says_whether_a_distance_is_small_enough(
            distances in prop::collection::vec(0_u16..400, 0..=64),
            most in 0_u16..400,
        ) {
            let bits = (0..64).filter(|&at| distances.get(at).is_some_and(|d| *d <= most));
            let bits = bits.fold(0, |bits, at| bits | 1_u64 << at);
            prop_assert_eq!(within(&distances, most), bits);
            prop_assert_eq!(within_plain(&distances, most), bits);
        }

        #[test]
        fn a_dot_product_has_the_same_bits_with_and_without_avx2(
            numbers in prop::collection::vec(-1.0_f32..1.0, 0..400),
        ) {
            let (a, b) = numbers.split_at(numbers.len() / 2);
            prop_assert_eq!(dot(a, b).to_bits(), dot_plain(a, b).to_bits());
        }
    }

    #[test]
    fn the_greatest_costs_do_not_overflow() {
        let tables = vec![[60; 16]; 1_092];
        let mut found = [0; 40];
        distances(&vec![0xff; 2 * 16 * tables.len()], &tables, &mut found);
        assert_eq!(found, [65_520; 40]);
    }

    #[test]
    fn the_greatest_coordinates_do_not_overflow() {
        let query = [127_i8; 2 * WIDTH];
        let codes: Vec<i8> = [[127_i8; 2 * WIDTH], [-127; 2 * WIDTH]].concat();
        let mut out = [0; 2];
        dots(&codes, &query, &[0, 1], &mut out);
        assert_eq!(out, [127 * 127 * 64, -127 * 127 * 64]);
    }
}
