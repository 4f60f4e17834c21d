//! Products of 8-bit rows, and costs of rows of bits, in AVX2.

use super::{AHEAD, CostTable, ROWS_PER_BLOCK, WIDTH, blocks, prefetch};
use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi16, _mm_add_epi32, _mm_cvtsi128_si32, _mm_shuffle_epi32,
    _mm_storeu_si128, _mm_unpackhi_epi16, _mm_unpacklo_epi16, _mm256_abs_epi8, _mm256_add_epi8,
    _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_sign_epi8, _mm256_srli_epi16,
};

/// [`super::Kernels::dots`].
#[target_feature(enable = "avx2")]
pub(super) fn dots(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    let (query_parts, _) = query.as_chunks::<WIDTH>();
    let ones = _mm256_set1_epi16(1);
    for (place, (&row, out)) in rows.iter().zip(out).enumerate() {
        if let Some(&next) = rows.get(place + AHEAD) {
            let begin = next as usize * query.len();
            prefetch(codes.get(begin..begin + query.len()).unwrap_or_default());
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

/// Bytes that are looked up until their sums are widened: four of at most 60 still fit 8 bits.
const STRETCH: usize = 4 * WIDTH;

/// [`super::Kernels::distances`].
#[target_feature(enable = "avx2")]
pub(super) fn distances(codes: &[u8], tables: &[CostTable], out: &mut [u16]) {
    let tables = tables.as_flattened();
    for (block, out) in blocks(codes, tables.as_chunks().0).zip(out.chunks_mut(ROWS_PER_BLOCK)) {
        let mut sums = [Sums { even: _mm256_setzero_si256(), odd: _mm256_setzero_si256() }; 2];
        let ((stretches, rest), (tables, last)) =
            (block.as_chunks::<STRETCH>(), tables.as_chunks::<STRETCH>());
        for (stretch, tables) in stretches.iter().zip(tables) {
            look_up(stretch, tables, &mut sums);
        }
        look_up(rest, last, &mut sums);
        write(sums, out);
    }
}

/// The distances of sixteen rows so far: those with even numbers, and those with odd ones. The upper half of
/// a vector has other dimensions of the same rows.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) even: __m256i,
    pub(super) odd: __m256i,
}

/// Writes what the rows of a block cost, as many as there are, in their order.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn write(sums: [Sums; 2], out: &mut [u16]) {
    let mut distances = [0; ROWS_PER_BLOCK];
    for (sums, sixteen) in sums.into_iter().zip(distances.chunks_mut(ROWS_PER_BLOCK / 2)) {
        sums.write(sixteen);
    }
    out.copy_from_slice(&distances[..out.len()]);
}

/// Adds what the bits of up to [`STRETCH`] bytes cost the rows in their low and in their high halves.
#[inline]
#[target_feature(enable = "avx2")]
fn look_up(codes: &[u8], tables: &[u8], sums: &mut [Sums; 2]) {
    let four_bits = _mm256_set1_epi8(15);
    let [mut low, mut high] = [_mm256_setzero_si256(); 2];
    let tables = tables.as_chunks::<WIDTH>().0;
    for (codes, table) in codes.as_chunks::<WIDTH>().0.iter().zip(tables) {
        let (codes, table) = (load(codes), load(table));
        let bits = _mm256_and_si256(codes, four_bits);
        low = _mm256_add_epi8(low, _mm256_shuffle_epi8(table, bits));
        let bits = _mm256_and_si256(_mm256_srli_epi16::<4>(codes), four_bits);
        high = _mm256_add_epi8(high, _mm256_shuffle_epi8(table, bits));
    }
    for (bytes, sums) in [low, high].into_iter().zip(sums) {
        let even = _mm256_and_si256(bytes, _mm256_set1_epi16(0xff));
        sums.even = _mm256_add_epi16(sums.even, even);
        sums.odd = _mm256_add_epi16(sums.odd, _mm256_srli_epi16::<8>(bytes));
    }
}

impl Sums {
    /// Writes the sums of the sixteen rows in their order.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn write(self, out: &mut [u16]) {
        let halves =
            |sums| _mm_add_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        let (even, odd) = (halves(self.even), halves(self.odd));
        let eights = [_mm_unpacklo_epi16(even, odd), _mm_unpackhi_epi16(even, odd)];
        for (eight, out) in eights.into_iter().zip(out.as_chunks_mut().0) {
            store(eight, out);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(eight: __m128i, out: &mut [u16; 8]) {
    // SAFETY: the array has the 16 bytes that are stored, and need not be aligned.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), eight) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<T>(part: &[T; WIDTH]) -> __m256i
where
    T: bytemuck::Pod,
{
    // SAFETY: the array has the 32 bytes that are loaded, or more, and need not be aligned.
    unsafe { _mm256_loadu_si256(part.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn add_up(sum: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
}
