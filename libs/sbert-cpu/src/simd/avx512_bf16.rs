//! The AVX-512 intrinsics for products of bfloat16.
#![allow(unsafe_code, reason = "intrinsics require it")]

use super::{Avx512, LANES, Simd, V};
#[allow(clippy::wildcard_imports, reason = "hundreds of intrinsics")]
use std::arch::x86_64::*;

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
    type Int8Group = [[u8; 4]; 2];
    type Int8Weights = [[i8; 64]; 2];
    type Int8Loaded<'a> = [__m512i; 2];
    type Bf16Weights = __m512i;
    const HALVES: usize = 2;
    const INT8_ROWS: usize = 12;
    const BF16_ROWS: usize = 12;
    const F32_ROWS: usize = 12;
    const ATTENTION_ROWS: usize = 12;
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
        mix(v: __m512) -> __m512;
        lanes(v: __m512) -> V;
        transpose(v: [__m512; LANES]) -> [__m512; LANES];
        zero() -> __m512i;
        load_w(w: &[[i8; 64]; 2]) -> [__m512i; 2];
        dot(acc: __m512i, a: &[[u8; 4]; 2], w: [__m512i; 2]) -> __m512i;
        sum(v: __m512) -> f32;
        min_of(v: __m512) -> f32;
        max_of(v: __m512) -> f32;
    }
    #[inline(always)]
    fn load_bf16(self, w: &[u16; 2 * LANES]) -> __m512i {
        // SAFETY: `new` has detected AVX-512; the reference is to 64 bytes.
        unsafe { _mm512_loadu_si512(w.as_ptr().cast()) }
    }
    #[inline(always)]
    fn dot_bf16(self, acc: __m512, a: [u16; 2], w: __m512i) -> __m512 {
        let a = i32::from(a[0]) | i32::from(a[1]) << 16;
        // SAFETY: `new` has detected avx512bf16; the types are views of the same 512 bits.
        unsafe {
            let a = std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(a));
            let w = std::mem::transmute::<__m512i, __m512bh>(w);
            _mm512_dpbf16_ps(acc, a, w)
        }
    }
    #[inline(always)]
    fn to_bf16(self, a: __m512) -> [u16; LANES] {
        // SAFETY: `new` has detected avx512bf16; the types are views of the same 256 bits.
        unsafe { std::mem::transmute::<__m256bh, [u16; LANES]>(_mm512_cvtneps_pbh(a)) }
    }
}
