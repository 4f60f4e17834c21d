//! The intrinsics of AVX2.
#![allow(unsafe_code, reason = "intrinsics require it")]

use super::{LANES, Simd, V, round_bf16, signs, widen_bf16};
use instruction_set::InstructionSet;
use std::arch::asm;
#[allow(clippy::wildcard_imports, reason = "hundreds of intrinsics")]
use std::arch::x86_64::*;

/// AVX2 and FMA. Products of 8 bits are summed in 16 bits first, eight at a time, which activations
/// of 7 bits and weights that packing keeps within [`MAX_WEIGHT_SUM`](super::MAX_WEIGHT_SUM) never
/// overflow.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

// SAFETY, of every block below: a value of the type exists only after `new` has detected the features;
// all loads and stores go through references to arrays of the right size, unaligned.
impl Simd for Avx2 {
    type F = [__m256; 2];
    type I = [__m256i; 2];
    type Int8Group = [[u8; 4]; 4];
    type Int8Weights = [[i8; 64]; 4];
    type Int8Loaded<'a> = &'a [[i8; 64]; 4];
    type Bf16Weights = [Self::F; 2];
    const HALVES: usize = 1;
    const INT8_ROWS: usize = 4;
    const BF16_ROWS: usize = 4;
    const F32_ROWS: usize = 6;
    const ATTENTION_ROWS: usize = 2;
    const QMAX: f32 = 127.0;
    #[inline(always)]
    fn new() -> Option<Self> {
        InstructionSet::Avx2.is_available().then_some(Self(()))
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        unsafe { [_mm256_set1_ps(x); 2] }
    }
    #[inline(always)]
    fn load(self, x: &V) -> Self::F {
        unsafe { [_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(x[8..].as_ptr())] }
    }
    #[inline(always)]
    fn store(self, x: &mut V, v: Self::F) {
        unsafe {
            _mm256_storeu_ps(x.as_mut_ptr(), v[0]);
            _mm256_storeu_ps(x[8..].as_mut_ptr(), v[1]);
        }
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        unsafe { [_mm256_round_ps::<8>(a[0]), _mm256_round_ps::<8>(a[1])] }
    }
    #[inline(always)]
    fn ldexp(self, p: Self::F, n: Self::F) -> Self::F {
        // The exponent of 2^n is n + 127.
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let low = _mm256_add_epi32(_mm256_cvtps_epi32(n[0]), bias);
            let high = _mm256_add_epi32(_mm256_cvtps_epi32(n[1]), bias);
            [
                _mm256_mul_ps(p[0], _mm256_castsi256_ps(_mm256_slli_epi32::<23>(low))),
                _mm256_mul_ps(p[1], _mm256_castsi256_ps(_mm256_slli_epi32::<23>(high))),
            ]
        }
    }
    #[inline(always)]
    fn widen(self, a: Self::I) -> Self::F {
        unsafe { [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])] }
    }
    #[inline(always)]
    fn to_u8(self, a: Self::F, out: &mut [u8; LANES]) {
        unsafe {
            // packs work within halves: 0-3 8-11 | 4-7 12-15, put right by the permute
            let w = _mm256_packs_epi32(_mm256_cvtps_epi32(a[0]), _mm256_cvtps_epi32(a[1]));
            let w = _mm256_permute4x64_epi64::<0b11_01_10_00>(w);
            let b = _mm_packus_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256::<1>(w));
            _mm_storeu_si128(out.as_mut_ptr().cast(), b);
        }
    }
    #[inline(always)]
    fn load_half(self, x: &[u16; LANES]) -> Self::F {
        unsafe {
            [
                _mm256_cvtph_ps(_mm_loadu_si128(x.as_ptr().cast())),
                _mm256_cvtph_ps(_mm_loadu_si128(x[8..].as_ptr().cast())),
            ]
        }
    }
    #[inline(always)]
    fn load_bf16(self, w: &[u16; 2 * LANES]) -> [Self::F; 2] {
        // A pair of bfloat16 is an i32: the first input in its low half, the second in its high.
        unsafe {
            let low = _mm256_loadu_si256(w.as_ptr().cast());
            let high = _mm256_loadu_si256(w[16..].as_ptr().cast());
            let second = _mm256_set1_epi32(-0x1_0000);
            [
                [
                    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(low)),
                    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(high)),
                ],
                [
                    _mm256_castsi256_ps(_mm256_and_si256(low, second)),
                    _mm256_castsi256_ps(_mm256_and_si256(high, second)),
                ],
            ]
        }
    }
    #[inline(always)]
    fn dot_bf16(self, acc: Self::F, a: [u16; 2], w: [Self::F; 2]) -> Self::F {
        let acc = self.fma(self.splat(widen_bf16(a[0])), w[0], acc);
        self.fma(self.splat(widen_bf16(a[1])), w[1], acc)
    }
    #[inline(always)]
    fn to_bf16(self, a: Self::F) -> [u16; LANES] {
        self.lanes(a).map(round_bf16)
    }
    #[inline(always)]
    fn mix(self, v: Self::F) -> Self::F {
        const BY_4: V = signs(4);
        const BY_2: V = signs(2);
        const BY_1: V = signs(1);
        unsafe {
            let v = [_mm256_add_ps(v[0], v[1]), _mm256_sub_ps(v[0], v[1])];
            let swapped =
                [_mm256_permute2f128_ps::<1>(v[0], v[0]), _mm256_permute2f128_ps::<1>(v[1], v[1])];
            let v = self.fma(v, self.load(&BY_4), swapped);
            let swapped = [_mm256_permute_ps::<0x4e>(v[0]), _mm256_permute_ps::<0x4e>(v[1])];
            let v = self.fma(v, self.load(&BY_2), swapped);
            let swapped = [_mm256_permute_ps::<0xb1>(v[0]), _mm256_permute_ps::<0xb1>(v[1])];
            self.fma(v, self.load(&BY_1), swapped)
        }
    }
    #[inline(always)]
    fn lanes(self, v: Self::F) -> V {
        let mut x = [0.0; LANES];
        self.store(&mut x, v);
        x
    }
    #[inline(always)]
    fn transpose(self, v: [Self::F; 16]) -> [Self::F; 16] {
        let mut out = v;
        for half in 0..2 {
            // Of 8 columns, the upper 8 rows and the lower.
            let (mut upper, mut lower) = ([v[0][half]; 8], [v[0][half]; 8]);
            for row in 0..8 {
                upper[row] = v[row][half];
                lower[row] = v[8 + row][half];
            }
            let (upper, lower) = unsafe { (transpose_8(upper), transpose_8(lower)) };
            for column in 0..8 {
                out[8 * half + column] = [upper[column], lower[column]];
            }
        }
        out
    }
    #[inline(always)]
    fn zero(self) -> Self::I {
        unsafe { [_mm256_setzero_si256(); 2] }
    }
    #[inline(always)]
    fn load_w(self, w: &[[i8; 64]; 4]) -> &[[i8; 64]; 4] {
        w
    }
    #[inline(always)]
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "it is hidden there, not followed")]
    fn dot(self, acc: Self::I, a: &[[u8; 4]; 4], w: &[[i8; 64]; 4]) -> Self::I {
        let mut w: *const [[i8; 64]; 4] = w;
        unsafe {
            // Nothing is executed here, but the compiler no longer knows that each row multiplies the
            // same weights. It would load all of them once, and its 16 registers would not hold the
            // sums as well; as operands in memory they take none.
            asm!("/* {0} */", inout(reg) w, options(nomem, nostack, preserves_flags));
            let (w, one) = (&*w, _mm256_set1_epi16(1));
            let mut sums = acc;
            for half in 0..2 {
                let sum = _mm256_add_epi16(
                    _mm256_add_epi16(product(a, w, 0, half), product(a, w, 1, half)),
                    _mm256_add_epi16(product(a, w, 2, half), product(a, w, 3, half)),
                );
                sums[half] = _mm256_add_epi32(acc[half], _mm256_madd_epi16(sum, one));
            }
            sums
        }
    }
}

/// Sums of two products in 16 bits each, of one part and eight columns.
///
/// # Safety
///
/// The CPU must support AVX2.
#[inline(always)]
unsafe fn product(a: &[[u8; 4]; 4], w: &[[i8; 64]; 4], part: usize, half: usize) -> __m256i {
    unsafe {
        let a = _mm256_set1_epi32(i32::from_ne_bytes(a[part]));
        _mm256_maddubs_epi16(a, _mm256_loadu_si256(w[part][32 * half..].as_ptr().cast()))
    }
}

/// Transposes eight rows.
///
/// # Safety
///
/// The CPU must support AVX.
#[inline(always)]
unsafe fn transpose_8(v: [__m256; 8]) -> [__m256; 8] {
    unsafe {
        let mut pairs = v;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]);
        }
        // fours[4 b + c] holds, for rows 4 b .. 4 b + 4, column c of each half
        let mut fours = pairs;
        for b in 0..2 {
            let (low, high) =
                ((pairs[4 * b], pairs[4 * b + 2]), (pairs[4 * b + 1], pairs[4 * b + 3]));
            fours[4 * b] = _mm256_shuffle_ps::<0x44>(low.0, low.1);
            fours[4 * b + 1] = _mm256_shuffle_ps::<0xee>(low.0, low.1);
            fours[4 * b + 2] = _mm256_shuffle_ps::<0x44>(high.0, high.1);
            fours[4 * b + 3] = _mm256_shuffle_ps::<0xee>(high.0, high.1);
        }
        let mut columns = fours;
        for c in 0..4 {
            columns[c] = _mm256_permute2f128_ps::<0x20>(fours[c], fours[4 + c]);
            columns[4 + c] = _mm256_permute2f128_ps::<0x31>(fours[c], fours[4 + c]);
        }
        columns
    }
}
