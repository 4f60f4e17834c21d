//! Products of 8-bit rows in AVX2.

use super::{AHEAD, WIDTH, prefetch};
use std::arch::x86_64::{
    __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_shuffle_epi32, _mm256_abs_epi8,
    _mm256_add_epi32, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_setzero_si256,
    _mm256_sign_epi8,
};

/// [`super::dots`].
#[target_feature(enable = "avx2")]
pub(super) fn dots(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
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

#[target_feature(enable = "avx2")]
fn load(part: &[i8; WIDTH]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are loaded, and need not be aligned.
    unsafe { _mm256_loadu_si256(part.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn add_up(sum: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
}
