//! The loops that scans spend their time in: plain Rust, and AVX2 where the processor has it.
#![allow(unsafe_code, reason = "intrinsics take pointers, and run only where they are proven to")]
#![allow(
    clippy::inline_always,
    reason = "plain loops take the processor's features from the function that they are inlined into"
)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_add_epi32, _mm_cvtsi128_si32, _mm_prefetch, _mm_shuffle_epi32,
    _mm256_abs_epi8, _mm256_add_epi32, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16,
    _mm256_setzero_si256, _mm256_sign_epi8,
};

/// Coordinates of an 8-bit row are padded with zeros to a multiple of so many.
pub(crate) const WIDTH: usize = 32;

/// How many rows ahead memory is asked for: rows that were picked lie anywhere.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 8;

/// The dot product of `query` with each of `rows` of `codes`, which has `query.len()` coordinates
/// a row. Coordinates are -127 to 127.
pub(crate) fn dots(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { dots_avx2(codes, query, rows, out) };
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
#[target_feature(enable = "avx2")]
fn dots_avx2(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    let (query_parts, _) = query.as_chunks::<WIDTH>();
    let ones = _mm256_set1_epi16(1);
    for (place, (&row, out)) in rows.iter().zip(out).enumerate() {
        if let Some(&next) = rows.get(place + AHEAD) {
            prefetch(codes, next as usize * query.len(), query.len());
        }
        let code = &codes[row as usize * query.len()..][..query.len()];
        let mut sum = _mm256_setzero_si256();
        for (x, y) in code.as_chunks::<WIDTH>().0.iter().zip(query_parts) {
            let (x, y) = (load(x), load(y));
            // x times y is |y| times x with the sign of y; two products fit 16 bits, for neither
            // factor is below -127.
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(y), _mm256_sign_epi8(x, y));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
        }
        *out = add_up(sum);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn load(part: &[i8; WIDTH]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are loaded, and need not be aligned.
    unsafe { _mm256_loadu_si256(part.as_ptr().cast()) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_up(sum: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
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
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor counts bits.
        return unsafe { distances_popcnt(codes, query, out) };
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
            prop_assert_eq!(fast, plain);
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
            prop_assert_eq!(fast.into_iter().map(usize::from).collect::<Vec<_>>(), plain.collect::<Vec<_>>());
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
