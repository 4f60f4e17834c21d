use crate::simd::{LANES, Simd, V};

/// Returns how many numbers are mixed with each other in a row of `vectors` vectors.
#[inline(always)]
pub(crate) fn mixed(vectors: usize) -> usize {
    LANES << vectors.trailing_zeros().clamp(1, 3)
}

/// Writes the Hadamard transform of `x`, over the 128 numbers of 8 vectors each (of 4 or 2 vectors
/// if their number is not a multiple of 8). It is its own inverse up to a factor of [`mixed`].
/// Returns the minimum and maximum.
///
/// A few coordinates of a token are many times as large as the others and would leave them little of an
/// 8-bit range; mixing spreads them out. The weights are mixed likewise, so that the products do not
/// change.
#[inline(always)]
pub(crate) fn mix<S: Simd>(s: S, x: &[V], out: &mut [V]) -> (f32, f32) {
    match mixed(x.len()) {
        128 => blocks::<S, 8>(s, x, out),
        64 => blocks::<S, 4>(s, x, out),
        _ => blocks::<S, 2>(s, x, out),
    }
}

#[inline(always)]
fn blocks<S: Simd, const N: usize>(s: S, x: &[V], out: &mut [V]) -> (f32, f32) {
    let (mut low, mut high) = (s.splat(f32::INFINITY), s.splat(f32::NEG_INFINITY));
    for (x, out) in x.as_chunks::<N>().0.iter().zip(out.as_chunks_mut::<N>().0) {
        let mut block = [s.splat(0.0); N];
        for at in 0..N {
            block[at] = s.mix(s.load(&x[at]));
        }
        let mut distance = 1;
        while distance < N {
            for at in 0..N {
                if at & distance == 0 {
                    let (a, b) = (block[at], block[at + distance]);
                    block[at] = s.add(a, b);
                    block[at + distance] = s.sub(a, b);
                }
            }
            distance *= 2;
        }
        for at in 0..N {
            low = s.min(low, block[at]);
            high = s.max(high, block[at]);
            s.store(&mut out[at], block[at]);
        }
    }
    (s.min_of(low), s.max_of(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    #[test]
    fn mixing_twice_multiplies_by_the_number_mixed() {
        for vectors in [2, 4, 6, 24] {
            let x: Vec<V> = (0..vectors)
                .map(|v| std::array::from_fn(|lane| (v * LANES + lane) as f32))
                .collect();
            let (mut once, mut twice) = (x.clone(), x.clone());
            let (low, high) = mix(Portable, &x, &mut once);
            mix(Portable, &once, &mut twice);
            let times = mixed(vectors) as f32;
            assert_eq!(twice, x.iter().map(|x| x.map(|x| x * times)).collect::<Vec<_>>());
            let all = once.as_flattened().iter().copied();
            assert_eq!((low, high), (all.clone().fold(0.0, f32::min), all.fold(0.0, f32::max)));
        }
    }
}
