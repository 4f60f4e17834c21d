use std::time::Duration;

/// Returns a duration in seconds, rounded to microseconds.
pub fn seconds(duration: Duration) -> f64 {
    microseconds(duration) / 1e6
}

/// Returns a duration in milliseconds, rounded to microseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    microseconds(duration) / 1e3
}

fn microseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_with_as_many_digits_as_microseconds_have() {
        let duration = Duration::new(1, 562_717_001);
        assert_eq!(seconds(duration).to_string(), "1.562717");
        assert_eq!(milliseconds(duration).to_string(), "1562.717");
        for micros in 0..20_000 {
            let duration = Duration::from_micros(micros * 1_013);
            assert!(seconds(duration).to_string().len() <= "20.259999".len(), "{duration:?}");
            assert!(milliseconds(duration).to_string().len() <= "20259.999".len(), "{duration:?}");
        }
    }
}
