//! Products of 8-bit rows and distances between rows of bits, in AVX-512.

use super::{AHEAD, distances_plain, distances_popcnt, prefetch};
use std::arch::x86_64::{
    __m512i, _mm_storeu_si128, _mm512_add_epi32, _mm512_add_epi64, _mm512_cmple_epu16_mask,
    _mm512_cvtepi64_epi16, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_maskz_loadu_epi8,
    _mm512_maskz_loadu_epi64, _mm512_popcnt_epi64, _mm512_reduce_add_epi32, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};

/// Bytes of a vector.
const BYTES: usize = 64;
/// Words of a vector.
const WORDS: usize = 8;
/// Rows whose bits are counted at a time: one for each word of a vector.
const ROWS: usize = WORDS;

/// Whether [`dots`] may be called.
pub(super) fn multiplies() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// Whether [`distances`] may be called.
pub(super) fn counts_bits() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("popcnt")
}

/// Whether [`within`] may be called.
pub(super) fn compares() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

/// [`super::dots`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn dots(codes: &[i8], query: &[i8], rows: &[u32], out: &mut [i32]) {
    // One factor has to be without sign: x + 128, which is x with its highest bit the other way.
    // That adds 128 times the query's sum to each product.
    let up = _mm512_set1_epi8(i8::MIN);
    let offset = 128 * query.iter().map(|&y| i32::from(y)).sum::<i32>();
    let (query_parts, query_rest) = query.as_chunks::<{ 2 * BYTES }>();
    for (place, (&row, out)) in rows.iter().zip(out).enumerate() {
        if let Some(&next) = rows.get(place + AHEAD) {
            prefetch(codes, next as usize * query.len(), query.len());
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

/// [`super::distances`], where embeddings have a usual dimension.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub(super) fn distances(codes: &[u64], query: &[u64], out: &mut [u16]) {
    match query.len() {
        6 => distances_of::<6>(codes, query, out),
        12 => distances_of::<12>(codes, query, out),
        16 => distances_of::<16>(codes, query, out),
        _ => distances_popcnt(codes, query, out),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn distances_of<const WIDTH: usize>(codes: &[u64], query: &[u64], out: &mut [u16]) {
    let Ok(query) = <&[u64; WIDTH]>::try_from(query) else { return };
    let (codes, _) = codes.as_chunks::<WIDTH>();
    let ((codes, last), (eights, rest)) = (codes.as_chunks::<ROWS>(), out.as_chunks_mut::<ROWS>());
    for (codes, out) in codes.iter().zip(eights) {
        let mut counts = [_mm512_setzero_si512(); ROWS];
        for (code, count) in codes.iter().zip(&mut counts) {
            for (code, query) in code.chunks(WORDS).zip(query.chunks(WORDS)) {
                let differ = _mm512_xor_si512(load_words(code), load_words(query));
                *count = _mm512_add_epi64(*count, _mm512_popcnt_epi64(differ));
            }
        }
        store(sums(&counts), out);
    }
    distances_plain(last.as_flattened(), query, rest);
}

/// Up to eight words, and zeros.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_words(part: &[u64]) -> __m512i {
    let mask = u8::MAX >> (WORDS - part.len().clamp(1, WORDS));
    // SAFETY: only words of the slice are loaded, unless it is empty, which no chunk is.
    unsafe { _mm512_maskz_loadu_epi64(mask, part.as_ptr().cast()) }
}

/// The sum of each vector's lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn sums(v: &[__m512i; ROWS]) -> __m512i {
    // Two lanes, then four, then eight become one.
    let pairs = |a, b| _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let quarters = |a, b| {
        let (even, odd) = (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xdd>(a, b));
        _mm512_add_epi64(even, odd)
    };
    let low = quarters(pairs(v[0], v[1]), pairs(v[2], v[3]));
    let high = quarters(pairs(v[4], v[5]), pairs(v[6], v[7]));
    quarters(low, high)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(sums: __m512i, out: &mut [u16; ROWS]) {
    // SAFETY: the array has the 16 bytes that are stored, and need not be aligned.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtepi64_epi16(sums)) }
}

/// [`super::within`].
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
