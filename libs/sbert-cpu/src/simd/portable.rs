use super::{LANES, Simd, V, round_bf16, widen_bf16, widen_half};

/// Plain Rust, for any CPU.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Simd for Portable {
    type F = V;
    type I = [i32; LANES];
    type Int8Group = [[u8; 4]; 2];
    type Int8Weights = [[i8; 64]; 2];
    type Int8Loaded<'a> = [[i32; LANES]; 2];
    type Bf16Weights = [V; 2];
    const HALVES: usize = 2;
    const INT8_ROWS: usize = 2;
    const BF16_ROWS: usize = 2;
    const F32_ROWS: usize = 2;
    const ATTENTION_ROWS: usize = 2;
    const QMAX: f32 = 255.0;
    #[inline(always)]
    fn new() -> Option<Self> {
        Some(Self)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> V {
        [x; LANES]
    }
    #[inline(always)]
    fn load(self, x: &V) -> V {
        *x
    }
    #[inline(always)]
    fn store(self, x: &mut V, v: V) {
        *x = v;
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        std::array::from_fn(|i| a[i] / b[i])
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn fma(self, a: V, b: V, c: V) -> V {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn round(self, a: V) -> V {
        const BIG: f32 = 12_582_912.0; // 1.5 * 2^23
        std::array::from_fn(|i| (a[i] + BIG) - BIG)
    }
    #[inline(always)]
    fn ldexp(self, p: V, n: V) -> V {
        std::array::from_fn(|i| {
            p[i] * f32::from_bits((((n[i] + 12_582_912.0).to_bits() as i32 + 127) << 23) as u32)
        })
    }
    #[inline(always)]
    fn widen(self, a: [i32; LANES]) -> V {
        a.map(|v| v as f32)
    }
    #[inline(always)]
    fn to_u8(self, a: V, out: &mut [u8; LANES]) {
        *out = a.map(|v| (v + 12_582_912.0).to_bits() as u8);
    }
    #[inline(always)]
    fn load_half(self, x: &[u16; LANES]) -> V {
        x.map(widen_half)
    }
    #[inline(always)]
    fn load_bf16(self, w: &[u16; 2 * LANES]) -> [V; 2] {
        std::array::from_fn(|input| std::array::from_fn(|i| widen_bf16(w[2 * i + input])))
    }
    #[inline(always)]
    fn dot_bf16(self, acc: V, a: [u16; 2], w: [V; 2]) -> V {
        let acc = self.fma(self.splat(widen_bf16(a[0])), w[0], acc);
        self.fma(self.splat(widen_bf16(a[1])), w[1], acc)
    }
    #[inline(always)]
    fn to_bf16(self, a: V) -> [u16; LANES] {
        a.map(round_bf16)
    }
    #[inline(always)]
    fn mix(self, mut v: V) -> V {
        for distance in [8, 4, 2, 1] {
            v = std::array::from_fn(|lane| {
                let other = v[lane ^ distance];
                if lane & distance == 0 { other + v[lane] } else { other - v[lane] }
            });
        }
        v
    }
    #[inline(always)]
    fn lanes(self, v: V) -> V {
        v
    }
    #[inline(always)]
    fn transpose(self, v: [V; LANES]) -> [V; LANES] {
        std::array::from_fn(|i| std::array::from_fn(|j| v[j][i]))
    }
    #[inline(always)]
    fn zero(self) -> [i32; LANES] {
        [0; LANES]
    }
    #[inline(always)]
    fn load_w(self, w: &[[i8; 64]; 2]) -> [[i32; LANES]; 2] {
        bytemuck::cast(*w)
    }
    #[inline(always)]
    fn dot(self, acc: [i32; LANES], a: &[[u8; 4]; 2], w: [[i32; LANES]; 2]) -> [i32; LANES] {
        std::array::from_fn(|i| {
            let products = |part: usize| {
                let w = w[part][i].to_ne_bytes().map(|w| w as i8 as i32);
                let a = a[part];
                (a[0] as i32 * w[0] + a[1] as i32 * w[1])
                    + (a[2] as i32 * w[2] + a[3] as i32 * w[3])
            };
            acc[i] + products(0) + products(1)
        })
    }
}
