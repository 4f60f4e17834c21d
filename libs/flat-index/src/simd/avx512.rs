//! Products of 8-bit rows, and costs of rows of bits, in AVX-512.

use super::{AHEAD, CostTable, ROWS_PER_BLOCK, avx2, blocks, prefetch};
use std::arch::x86_64::{
    __m512i, _mm256_add_epi16, _mm512_add_epi8, _mm512_add_epi16, _mm512_add_epi32,
    _mm512_and_si512, _mm512_castsi512_si256, _mm512_cmple_epu16_mask, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_loadu_si512, _mm512_maskz_loadu_epi8,
    _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_set1_epi16, _mm512_setzero_si512,
    _mm512_shuffle_epi8, _mm512_srli_epi16, _mm512_xor_si512,
};

/// Bytes of a vector.
const BYTES: usize = 64;

/// [`super::Kernels::dots`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn dots(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    // One factor has to be without sign: x + 128, which is x with its highest bit the other way.
    // That adds 128 times the query's sum to each product.
    let up = _mm512_set1_epi8(i8::MIN);
    let offset = 128 * query.iter().map(|&y| i32::from(y)).sum::<i32>();
    let (query_parts, query_rest) = query.as_chunks::<{ 2 * BYTES }>();
    for (place, (&row, out)) in rows.iter().zip(out).enumerate() {
        if let Some(&next) = rows.get(place + AHEAD) {
            let begin = next as usize * query.len();
            prefetch(codes.get(begin..begin + query.len()).unwrap_or_default());
        }
        let code = &codes[row as usize * query.len()..][..query.len()];
        let (parts, rest) = code.as_chunks::<{ 2 * BYTES }>();
        // Two sums, for a processor waits for the one that it has just added to.
        let mut sums = [_mm512_setzero_si512(); 2];
        let mut add = |place: usize, code: &[i8], query: &[i8]| {
            let code = _mm512_xor_si512(load(code), up);
            sums[place] = _mm512_dpbusd_epi32(sums[place], code, load(query));
        };
        for (code, query) in parts.iter().zip(query_parts) {
            add(0, &code[..BYTES], &query[..BYTES]);
            add(1, &code[BYTES..], &query[BYTES..]);
        }
        for (code, query) in rest.chunks(BYTES).zip(query_rest.chunks(BYTES)) {
            add(0, code, query);
        }
        *out = _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1])) - offset;
    }
}

/// Up to 64 bytes, and zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(part: &[i8]) -> __m512i {
    let mask = u64::MAX >> (BYTES - part.len().clamp(1, BYTES));
    // SAFETY: only bytes of the slice are loaded, unless it is empty, which no chunk is.
    unsafe { _mm512_maskz_loadu_epi8(mask, part.as_ptr()) }
}

/// Bytes that are looked up until their sums are widened: four of at most 60 still fit 8 bits.
const STRETCH: usize = 4 * BYTES;

/// [`super::Kernels::distances`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn distances(codes: &[u8], tables: &[CostTable], out: &mut [u16]) {
    let tables = tables.as_flattened();
    for (block, out) in blocks(codes, tables.as_chunks().0).zip(out.chunks_mut(ROWS_PER_BLOCK)) {
        let mut sums = [WideSums { even: _mm512_setzero_si512(), odd: _mm512_setzero_si512() }; 2];
        let ((stretches, rest), (tables, last)) =
            (block.as_chunks::<STRETCH>(), tables.as_chunks::<STRETCH>());
        for (stretch, tables) in stretches.iter().zip(tables) {
            look_up(stretch, tables, &mut sums);
        }
        look_up(rest, last, &mut sums);
        avx2::write([sums[0].halved(), sums[1].halved()], out);
    }
}

/// The distances of sixteen rows so far: those with even numbers, and those with odd ones. Each quarter of a
/// vector has other dimensions of the same rows.
#[derive(Clone, Copy)]
struct WideSums {
    even: __m512i,
    odd: __m512i,
}

/// Adds what the bits of up to [`STRETCH`] bytes cost the rows in their low and in their high halves.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn look_up(codes: &[u8], tables: &[u8], sums: &mut [WideSums; 2]) {
    let four_bits = _mm512_set1_epi8(15);
    let [mut low, mut high] = [_mm512_setzero_si512(); 2];
    let tables = tables.as_chunks::<BYTES>().0;
    for (codes, table) in codes.as_chunks::<BYTES>().0.iter().zip(tables) {
        let (codes, table) = (load_all(codes), load_all(table));
        let bits = _mm512_and_si512(codes, four_bits);
        low = _mm512_add_epi8(low, _mm512_shuffle_epi8(table, bits));
        let bits = _mm512_and_si512(_mm512_srli_epi16::<4>(codes), four_bits);
        high = _mm512_add_epi8(high, _mm512_shuffle_epi8(table, bits));
    }
    for (bytes, sums) in [low, high].into_iter().zip(sums) {
        let even = _mm512_and_si512(bytes, _mm512_set1_epi16(0xff));
        sums.even = _mm512_add_epi16(sums.even, even);
        sums.odd = _mm512_add_epi16(sums.odd, _mm512_srli_epi16::<8>(bytes));
    }
}

impl WideSums {
    /// The same in vectors of half the width.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn halved(self) -> avx2::Sums {
        let halved = |sums| {
            _mm256_add_epi16(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums))
        };
        avx2::Sums { even: halved(self.even), odd: halved(self.odd) }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_all(part: &[u8; BYTES]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are loaded, and need not be aligned.
    unsafe { _mm512_loadu_si512(part.as_ptr().cast()) }
}

/// [`super::Kernels::within`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn within(distances: &[u16; 64], most: u16) -> u64 {
    let most = _mm512_set1_epi16(most.cast_signed());
    let bits = |part: &[u16]| {
        // SAFETY: half of the array has the 64 bytes that are loaded, and need not be aligned.
        let part = unsafe { _mm512_loadu_si512(part.as_ptr().cast()) };
        u64::from(_mm512_cmple_epu16_mask(part, most))
    };
    bits(&distances[..32]) | bits(&distances[32..]) << 32
}
