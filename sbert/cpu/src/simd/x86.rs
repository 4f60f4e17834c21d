//! The intrinsics of x86-64.
#![allow(unsafe_code, reason = "intrinsics cannot be called without")]

use super::{LANES, Simd, V, round_bf16, widen_bf16};
#[allow(clippy::wildcard_imports, reason = "intrinsics come in hundreds")]
use std::arch::x86_64::*;

/// AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

// SAFETY, for every block below: a value of the type exists only after `new` has seen the features;
// all loads and stores go through references to arrays of the right size, unaligned.
impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type Bf16Weights = [__m512; 2];
    const MR: usize = 12;
    const QMAX: f32 = 255.0;
    #[inline(always)]
    fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
            && Avx2::new().is_some())
        .then_some(Self(()))
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
    fn load_w(self, w: &[i8; 64]) -> __m512i {
        unsafe { _mm512_loadu_si512(w.as_ptr().cast()) }
    }
    #[inline(always)]
    fn dot(self, acc: __m512i, a: [u8; 4], w: __m512i) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(acc, _mm512_set1_epi32(i32::from_ne_bytes(a)), w) }
    }
}

/// AVX2 and FMA. The 16-bit sums of `vpmaddubsw` hold 7-bit activations without saturation.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Simd for Avx2 {
    type F = [__m256; 2];
    type I = [__m256i; 2];
    type Bf16Weights = [Self::F; 2];
    const MR: usize = 2;
    const QMAX: f32 = 127.0;
    #[inline(always)]
    fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c"))
        .then_some(Self(()))
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
        unsafe {
            let f = |p, n| {
                let e = _mm256_slli_epi32::<23>(_mm256_add_epi32(
                    _mm256_cvtps_epi32(n),
                    _mm256_set1_epi32(127),
                ));
                _mm256_mul_ps(p, _mm256_castsi256_ps(e))
            };
            [f(p[0], n[0]), f(p[1], n[1])]
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
            let w = [
                _mm256_loadu_si256(w.as_ptr().cast()),
                _mm256_loadu_si256(w[16..].as_ptr().cast()),
            ];
            let high = _mm256_set1_epi32(-0x1_0000);
            [
                w.map(|w| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(w))),
                w.map(|w| _mm256_castsi256_ps(_mm256_and_si256(w, high))),
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
    fn lanes(self, v: Self::F) -> V {
        let mut x = [0.0; LANES];
        self.store(&mut x, v);
        x
    }
    #[inline(always)]
    fn transpose(self, v: [Self::F; 16]) -> [Self::F; 16] {
        let x = v.map(|v| self.lanes(v));
        std::array::from_fn(|i| self.load(&std::array::from_fn(|j| x[j][i])))
    }
    #[inline(always)]
    fn zero(self) -> Self::I {
        unsafe { [_mm256_setzero_si256(); 2] }
    }
    #[inline(always)]
    fn load_w(self, w: &[i8; 64]) -> Self::I {
        unsafe {
            [_mm256_loadu_si256(w.as_ptr().cast()), _mm256_loadu_si256(w[32..].as_ptr().cast())]
        }
    }
    #[inline(always)]
    fn dot(self, acc: Self::I, a: [u8; 4], w: Self::I) -> Self::I {
        unsafe {
            let a = _mm256_set1_epi32(i32::from_ne_bytes(a));
            let one = _mm256_set1_epi16(1);
            let f =
                |acc, w| _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(a, w), one));
            [f(acc[0], w[0]), f(acc[1], w[1])]
        }
    }
}
/// [`Avx512`], and products of bfloat16 in hardware.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Bf16(Avx512);

macro_rules! as_avx512 {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($arg: $kind),*) -> $out {
                self.0.$name($($arg),*)
            }
        )*
    };
}

impl Simd for Avx512Bf16 {
    type F = __m512;
    type I = __m512i;
    type Bf16Weights = __m512i;
    const MR: usize = 12;
    const QMAX: f32 = 255.0;
    #[inline(always)]
    fn new() -> Option<Self> {
        Avx512::new().filter(|_| is_x86_feature_detected!("avx512bf16")).map(Self)
    }
    as_avx512! {
        splat(x: f32) -> __m512;
        load(x: &V) -> __m512;
        store(x: &mut V, v: __m512) -> ();
        add(a: __m512, b: __m512) -> __m512;
        sub(a: __m512, b: __m512) -> __m512;
        mul(a: __m512, b: __m512) -> __m512;
        div(a: __m512, b: __m512) -> __m512;
        min(a: __m512, b: __m512) -> __m512;
        max(a: __m512, b: __m512) -> __m512;
        fma(a: __m512, b: __m512, c: __m512) -> __m512;
        round(a: __m512) -> __m512;
        ldexp(p: __m512, n: __m512) -> __m512;
        widen(a: __m512i) -> __m512;
        to_u8(a: __m512, out: &mut [u8; LANES]) -> ();
        load_half(x: &[u16; LANES]) -> __m512;
        lanes(v: __m512) -> V;
        transpose(v: [__m512; LANES]) -> [__m512; LANES];
        zero() -> __m512i;
        load_w(w: &[i8; 64]) -> __m512i;
        dot(acc: __m512i, a: [u8; 4], w: __m512i) -> __m512i;
        sum(v: __m512) -> f32;
        min_of(v: __m512) -> f32;
        max_of(v: __m512) -> f32;
    }
    #[inline(always)]
    fn load_bf16(self, w: &[u16; 2 * LANES]) -> __m512i {
        // SAFETY: `new` has seen AVX-512; the reference is to 64 bytes.
        unsafe { _mm512_loadu_si512(w.as_ptr().cast()) }
    }
    #[inline(always)]
    fn dot_bf16(self, acc: __m512, a: [u16; 2], w: __m512i) -> __m512 {
        let a = i32::from(a[0]) | i32::from(a[1]) << 16;
        // SAFETY: `new` has seen avx512bf16; the types are views of the same 512 bits.
        unsafe {
            let a = std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(a));
            let w = std::mem::transmute::<__m512i, __m512bh>(w);
            _mm512_dpbf16_ps(acc, a, w)
        }
    }
    #[inline(always)]
    fn to_bf16(self, a: __m512) -> [u16; LANES] {
        // SAFETY: `new` has seen avx512bf16; the types are views of the same 256 bits.
        unsafe { std::mem::transmute::<__m256bh, [u16; LANES]>(_mm512_cvtneps_pbh(a)) }
    }
}
