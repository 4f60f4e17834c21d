//! The intrinsics of AVX-512.
#![allow(unsafe_code, reason = "intrinsics require it")]

use super::{LANES, Simd, V, round_bf16, signs, widen_bf16};
use instruction_set::InstructionSet;
#[allow(clippy::wildcard_imports, reason = "hundreds of intrinsics")]
use std::arch::x86_64::*;

/// AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

// SAFETY, of every block below: a value of the type exists only after `new` has detected the features;
// all loads and stores go through references to arrays of the right size, unaligned.
impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type Int8Group = [[u8; 4]; 2];
    type Int8Weights = [[i8; 64]; 2];
    type Int8Loaded<'a> = [__m512i; 2];
    type Bf16Weights = [__m512; 2];
    const HALVES: usize = 2;
    const INT8_ROWS: usize = 12;
    const BF16_ROWS: usize = 12;
    const F32_ROWS: usize = 12;
    const ATTENTION_ROWS: usize = 12;
    const QMAX: f32 = 255.0;
    #[inline(always)]
    fn new() -> Option<Self> {
        InstructionSet::Avx512.is_available().then_some(Self(()))
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn load(self, x: &V) -> __m512 {
        unsafe { _mm512_loadu_ps(x.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, x: &mut V, v: __m512) {
        unsafe { _mm512_storeu_ps(x.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<8>(a) }
    }
    #[inline(always)]
    fn ldexp(self, p: __m512, n: __m512) -> __m512 {
        unsafe { _mm512_scalef_ps(p, n) }
    }
    #[inline(always)]
    fn widen(self, a: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn to_u8(self, a: __m512, out: &mut [u8; LANES]) {
        unsafe {
            _mm_storeu_si128(
                out.as_mut_ptr().cast(),
                _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(a)),
            );
        }
    }
    #[inline(always)]
    fn load_half(self, x: &[u16; LANES]) -> __m512 {
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn load_bf16(self, w: &[u16; 2 * LANES]) -> [Self::F; 2] {
        // A pair of bfloat16 is an i32: the first input in its low half, the second in its high.
        unsafe {
            let w = _mm512_loadu_si512(w.as_ptr().cast());
            let high = _mm512_and_si512(w, _mm512_set1_epi32(-0x1_0000));
            [_mm512_castsi512_ps(_mm512_slli_epi32::<16>(w)), _mm512_castsi512_ps(high)]
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
    fn mix(self, v: __m512) -> __m512 {
        const BY_8: V = signs(8);
        const BY_4: V = signs(4);
        const BY_2: V = signs(2);
        const BY_1: V = signs(1);
        unsafe {
            let v = self.fma(v, self.load(&BY_8), _mm512_shuffle_f32x4::<0x4e>(v, v));
            let v = self.fma(v, self.load(&BY_4), _mm512_shuffle_f32x4::<0xb1>(v, v));
            let v = self.fma(v, self.load(&BY_2), _mm512_permute_ps::<0x4e>(v));
            self.fma(v, self.load(&BY_1), _mm512_permute_ps::<0xb1>(v))
        }
    }
    #[inline(always)]
    fn lanes(self, v: __m512) -> V {
        let mut x = [0.0; LANES];
        self.store(&mut x, v);
        x
    }
    #[inline(always)]
    fn sum(self, v: __m512) -> f32 {
        unsafe { _mm512_reduce_add_ps(v) }
    }
    #[inline(always)]
    fn min_of(self, v: __m512) -> f32 {
        unsafe { _mm512_reduce_min_ps(v) }
    }
    #[inline(always)]
    fn max_of(self, v: __m512) -> f32 {
        unsafe { _mm512_reduce_max_ps(v) }
    }
    #[inline(always)]
    fn transpose(self, v: [__m512; 16]) -> [__m512; 16] {
        unsafe {
            let d = |x| _mm512_castps_pd(x);
            let s = |x| _mm512_castpd_ps(x);
            let mut t = v;
            for i in 0..8 {
                t[2 * i] = _mm512_unpacklo_ps(v[2 * i], v[2 * i + 1]);
                t[2 * i + 1] = _mm512_unpackhi_ps(v[2 * i], v[2 * i + 1]);
            }
            // u[4 b + c] holds, for rows 4 b .. 4 b + 4, column c of each quarter
            let mut u = t;
            for b in 0..4 {
                u[4 * b] = s(_mm512_unpacklo_pd(d(t[4 * b]), d(t[4 * b + 2])));
                u[4 * b + 1] = s(_mm512_unpackhi_pd(d(t[4 * b]), d(t[4 * b + 2])));
                u[4 * b + 2] = s(_mm512_unpacklo_pd(d(t[4 * b + 1]), d(t[4 * b + 3])));
                u[4 * b + 3] = s(_mm512_unpackhi_pd(d(t[4 * b + 1]), d(t[4 * b + 3])));
            }
            let mut r = u;
            for c in 0..4 {
                let ab_even = _mm512_shuffle_f32x4::<0x88>(u[c], u[4 + c]);
                let ab_odd = _mm512_shuffle_f32x4::<0xdd>(u[c], u[4 + c]);
                let cd_even = _mm512_shuffle_f32x4::<0x88>(u[8 + c], u[12 + c]);
                let cd_odd = _mm512_shuffle_f32x4::<0xdd>(u[8 + c], u[12 + c]);
                r[c] = _mm512_shuffle_f32x4::<0x88>(ab_even, cd_even);
                r[8 + c] = _mm512_shuffle_f32x4::<0xdd>(ab_even, cd_even);
                r[4 + c] = _mm512_shuffle_f32x4::<0x88>(ab_odd, cd_odd);
                r[12 + c] = _mm512_shuffle_f32x4::<0xdd>(ab_odd, cd_odd);
            }
            r
        }
    }
    #[inline(always)]
    fn zero(self) -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    fn load_w(self, w: &[[i8; 64]; 2]) -> [__m512i; 2] {
        unsafe {
            [_mm512_loadu_si512(w[0].as_ptr().cast()), _mm512_loadu_si512(w[1].as_ptr().cast())]
        }
    }
    #[inline(always)]
    fn dot(self, acc: __m512i, a: &[[u8; 4]; 2], w: [__m512i; 2]) -> __m512i {
        let (a, b) = (i32::from_ne_bytes(a[0]), i32::from_ne_bytes(a[1]));
        unsafe {
            let acc = _mm512_dpbusd_epi32(acc, _mm512_set1_epi32(a), w[0]);
            _mm512_dpbusd_epi32(acc, _mm512_set1_epi32(b), w[1])
        }
    }
}
