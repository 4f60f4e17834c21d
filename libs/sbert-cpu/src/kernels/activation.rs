#![allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "fitted coefficients are kept in full"
)]

use crate::simd::{Simd, V};

/// The activation functions of the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivationFunction {
    /// No activation.
    None,
    /// x Φ(x) within 2e-4: a step of the quantization that follows is some .02.
    Gelu,
    /// x Φ(x) within 3e-7.
    GeluExact,
    /// GELU approximated with the hyperbolic tangent.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

impl ActivationFunction {
    /// Applies the function to vectors in place.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(self, s: S, x: &mut [V]) {
        macro_rules! each {
            ($function:expr) => {
                for x in x {
                    let value = s.load(x);
                    s.store(x, $function(s, value));
                }
            };
        }
        match self {
            Self::None => {}
            Self::Gelu => each!(gelu),
            Self::GeluExact => each!(gelu_exact),
            Self::GeluTanh => each!(gelu_tanh),
            Self::Relu => each!(|s: S, x| s.max(x, s.splat(0.0))),
        }
    }
}

/// Evaluates the polynomial with these coefficients, the constant first, at `x`.
///
/// A loop rather than a fold: a closure is a separate function without the CPU features, so its callees
/// would not be inlined.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, coefficients: [f32; N], x: S::F) -> S::F {
    let mut sum = s.splat(coefficients[N - 1]);
    for power in (0..N - 1).rev() {
        sum = s.fma(sum, x, s.splat(coefficients[power]));
    }
    sum
}

/// Φ(x) - .5 by an odd polynomial, near-minimax for the error of x Φ(x) on |x| <= 4.
#[inline(always)]
fn gelu<S: Simd>(s: S, x: S::F) -> S::F {
    const P: [f32; 7] = [
        3.978_702_594e-1,
        -6.455_440_215e-2,
        8.763_686_481e-3,
        -8.121_865_791e-4,
        4.776_379_891e-5,
        -1.588_822_954e-6,
        2.258_813_122e-8,
    ];
    let z = s.max(s.min(x, s.splat(4.0)), s.splat(-4.0));
    let u = s.mul(z, z);
    let p = polynomial(s, P, u);
    s.mul(x, s.fma(z, p, s.splat(0.5)))
}

/// By Abramowitz and Stegun's 7.1.26 for the error function, whose error is 1.5e-7.
#[inline(always)]
fn gelu_exact<S: Simd>(s: S, x: S::F) -> S::F {
    const P: [f32; 5] =
        [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let zero = s.splat(0.0);
    let magnitude = s.max(x, s.sub(zero, x));
    let z = s.mul(magnitude, s.splat(std::f32::consts::FRAC_1_SQRT_2));
    let t = s.div(s.splat(1.0), s.fma(z, s.splat(0.327_591_1), s.splat(1.0)));
    let p = polynomial(s, P, t);
    // The tail 1 - Φ(|x|); x Φ(x) = max(x, 0) - |x| tail, for either sign.
    let tail = s.mul(s.mul(s.mul(p, t), exp(s, s.sub(zero, s.mul(z, z)))), s.splat(0.5));
    s.sub(s.max(x, zero), s.mul(magnitude, tail))
}

#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::F) -> S::F {
    // x / (1 + e^-2t) with t = sqrt(2/π) (x + .044715 x³), written so that e never overflows.
    let zero = s.splat(0.0);
    let cubic = s.fma(s.mul(x, x), s.splat(0.044_715), s.splat(1.0));
    let t = s.mul(s.mul(x, cubic), s.splat(1.595_769_1));
    let magnitude = s.max(t, s.sub(zero, t));
    let e = exp(s, s.sub(zero, magnitude));
    let tail = s.div(e, s.add(e, s.splat(1.0)));
    s.sub(s.max(x, zero), s.mul(s.max(x, s.sub(zero, x)), tail))
}

/// e^x for x <= 0, within 2e-7 of the value down to -87.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    const P: [f32; 6] = [
        1.000_000_07,
        6.931_469_67e-1,
        2.402_211_97e-1,
        5.550_713_28e-2,
        9.675_541_32e-3,
        1.327_647_01e-3,
    ];
    let t = s.mul(s.max(x, s.splat(-87.0)), s.splat(std::f32::consts::LOG2_E));
    let n = s.round(t);
    let f = s.sub(t, n);
    s.ldexp(polynomial(s, P, f), n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{LANES, Portable};

    /// The error function to 1e-12, by its series.
    fn erf(x: f64) -> f64 {
        let mut term = x;
        let mut sum = x;
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        if x.abs() > 4.0 { x.signum() } else { sum * std::f64::consts::FRAC_2_SQRT_PI }
    }

    fn worst(apply: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        (-4000..=4000)
            .map(|i| f64::from(i) / 500.0)
            .map(|x| (f64::from(apply(x as f32)) - exact(x)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn activations_are_as_accurate_as_documented() {
        let one = |f: fn(Portable, [f32; LANES]) -> [f32; LANES]| {
            move |x: f32| f(Portable, [x; LANES])[0]
        };
        let exact = |x: f64| 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2));
        let tanh = |x: f64| {
            0.5 * x * (1.0 + (0.797_884_560_802_865_4 * (x + 0.044_715 * x.powi(3))).tanh())
        };
        assert!(worst(one(gelu::<Portable>), exact) < 3e-4);
        assert!(worst(one(gelu_exact::<Portable>), exact) < 1e-6);
        assert!(worst(one(gelu_tanh::<Portable>), tanh) < 2e-6);
    }
}
