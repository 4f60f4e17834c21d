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

#[cfg(target_arch = "x86_64")]
fn prefetch(codes: &[i8], begin: usize, length: usize) {
    for line in codes.get(begin..begin + length).unwrap_or_default().chunks(64) {
        // SAFETY: a hint, which reads nothing; the address lies within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr()) };
    }
}

/// In how many bits `query` and each row of `codes` differ; a row has `query.len()` words.
pub(crate) fn distances(codes: &[u64], query: &[u64], out: &mut [u16]) {
    #[cfg(target_arch = "x86_64")]
    {
        if avx512::counts_bits() {
            // SAFETY: the processor has what that asks for.
            return unsafe { avx512::distances(codes, query, out) };
        }
        if is_x86_feature_detected!("popcnt") {
            // SAFETY: the processor counts bits.
            return unsafe { distances_popcnt(codes, query, out) };
        }
    }
    distances_plain(codes, query, out);
}

/// Without AVX2, for with it the compiler counts in vectors, which takes twice as long.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn distances_popcnt(codes: &[u64], query: &[u64], out: &mut [u16]) {
    distances_plain(codes, query, out);
}

/// Unrolled for embeddings of 384, 768 and 1,024 dimensions.
#[inline(always)]
fn distances_plain(codes: &[u64], query: &[u64], out: &mut [u16]) {
    match query.len() {
        6 => distances_of::<6>(codes, query, out),
        12 => distances_of::<12>(codes, query, out),
        16 => distances_of::<16>(codes, query, out),
        words => {
            for (code, out) in codes.chunks_exact(words.max(1)).zip(out) {
                *out = distance(code, query);
            }
        }
    }
}

#[inline(always)]
fn distances_of<const WORDS: usize>(codes: &[u64], query: &[u64], out: &mut [u16]) {
    let Ok(query) = <&[u64; WORDS]>::try_from(query) else { return };
    for (code, out) in codes.as_chunks::<WORDS>().0.iter().zip(out) {
        *out = distance(code, query);
    }
}

// Loops, for an iterator's adapters may be compiled by themselves, without the processor's features.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a schema has fewer than 2^16 dimensions")]
fn distance(a: &[u64], b: &[u64]) -> u16 {
    let mut bits = 0;
    for (a, b) in a.iter().zip(b) {
        bits += (a ^ b).count_ones();
    }
    bits as u16
}

/// A bit for each of up to 64 distances: whether it is at most `most`. Takes no branch.
pub(crate) fn within(distances: &[u16], most: u16) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let (true, Some(distances)) = (avx512::compares(), distances.as_array()) {
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
        fn distances_are_counted_bit_by_bit(
            words in prop::sample::select(vec![1_usize, 2, 6, 12, 16, 17]),
            bits in prop::collection::vec(any::<u64>(), 200),
        ) {
            let (query, codes) = bits.split_at(words);
            let mut fast = vec![0; codes.len() / words];
            distances(codes, query, &mut fast);
            let bit = |words: &[u64], at: usize| words[at / 64] >> (at % 64) & 1;
            let plain = codes.chunks_exact(words).map(|code| {
                (0..64 * words).filter(|&at| bit(code, at) != bit(query, at)).count()
            });
            let plain: Vec<_> = plain.map(|count| u16::try_from(count).unwrap()).collect();
            prop_assert_eq!(&fast, &plain);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("popcnt") {
                fast.fill(0);
                // SAFETY: the processor counts bits, one word at a time where it need not.
                unsafe { distances_popcnt(codes, query, &mut fast) };
                prop_assert_eq!(&fast, &plain);
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
    fn the_greatest_coordinates_do_not_overflow() {
        let query = [127_i8; 2 * WIDTH];
        let codes: Vec<i8> = [[127_i8; 2 * WIDTH], [-127; 2 * WIDTH]].concat();
        let mut out = [0; 2];
        dots(&codes, &query, &[0, 1], &mut out);
        assert_eq!(out, [127 * 127 * 64, -127 * 127 * 64]);
    }
}
