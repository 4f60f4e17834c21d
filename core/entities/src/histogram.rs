/// The number of intervals that a histogram has at most.
const MAX_INTERVALS: f64 = 12.0;

/// Returns the bounds of a histogram's intervals from `least` to `greatest`, in ascending order:
/// multiples of 1, 2 or 5 times a power of ten, at most 13 of them. An interval contains its lower
/// bound, and the last one its upper bound as well. The bounds depend on nothing else, so that every
/// engine counts in the same intervals.
pub fn histogram_bounds(least: f64, greatest: f64) -> Vec<f64> {
    let span = greatest - least;
    if !span.is_finite() || span <= 0.0 {
        return vec![least, greatest];
    }
    let exponent = (span / MAX_INTERVALS).log10().floor();
    let power = 10_f64.powf(exponent.abs());
    // Dividing by a power of ten gives the nearest to 0.3, which multiplying by 0.1 does not.
    let scale = |number: f64| if exponent < 0.0 { number / power } else { number * power };
    let place = |factor: f64, number: f64| (number / scale(factor)).floor();
    let fits = |factor: &f64| place(*factor, greatest) - place(*factor, least) < MAX_INTERVALS;
    let factors = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    let Some(factor) = factors.into_iter().find(fits) else { return vec![least, greatest] };
    let first = place(factor, least);
    let mut bounds = vec![scale(first * factor)];
    let mut number = 1.0;
    while number <= MAX_INTERVALS && bounds.last().is_some_and(|last| *last <= greatest) {
        bounds.push(scale((first + number) * factor));
        number += 1.0;
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bounds_are_round_numbers() {
        let even: Vec<_> = (2..=13).map(|half| 2.0 * f64::from(half)).collect();
        assert_eq!(histogram_bounds(5.0, 25.0), even);
        assert_eq!(histogram_bounds(0.0, 999.0).last(), Some(&1_000.0));
        assert_eq!(histogram_bounds(3.8, 4.25)[..4], [3.75, 3.8, 3.85, 3.9]);
        assert_eq!(histogram_bounds(3.0, 3.0), [3.0, 3.0]);
    }

    proptest! {
        #[test]
        fn every_number_lies_between_two_bounds(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            let (least, greatest) = (a.min(b), a.max(b));
            let bounds = histogram_bounds(least, greatest);
            prop_assert!((2..=13).contains(&bounds.len()), "{bounds:?}");
            prop_assert!(bounds.is_sorted());
            prop_assert!(bounds[0] <= least && greatest <= bounds[bounds.len() - 1], "{bounds:?}");
        }
    }
}
