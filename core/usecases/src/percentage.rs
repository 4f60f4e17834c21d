use std::fmt;
use std::str::FromStr;

/// A percentage from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percentage(f64);

/// The error of a text that is not a percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a share of 0 to 100 percent, such as 20%: {0:?}")]
pub struct InvalidPercentage(String);

impl Percentage {
    /// Returns a percentage, clamped to 0 to 100.
    pub const fn percent(percent: f64) -> Self {
        Self(percent.clamp(0.0, 100.0))
    }

    /// Returns whether `part` is more than this percentage of `whole`.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        part as f64 * 100.0 > self.0 * whole as f64
    }
}

impl FromStr for Percentage {
    type Err = InvalidPercentage;

    /// Reads `20%` or `20`.
    fn from_str(text: &str) -> Result<Self, InvalidPercentage> {
        let number = text.trim().trim_end_matches('%').trim_end();
        match number.parse() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self(percent)),
            _ => Err(InvalidPercentage(text.to_owned())),
        }
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_is_written() {
        for (text, percent) in [("20%", 20.0), (" 0.5 %", 0.5), ("100", 100.0), ("0", 0.0)] {
            let share: Percentage = text.parse().unwrap();
            assert_eq!(share, Percentage::percent(percent));
            assert_eq!(share.to_string().parse(), Ok(share));
        }
        for text in ["", "%", "-1", "101%", "NaN", "a fifth", "20%%x"] {
            assert!(text.parse::<Percentage>().is_err(), "{text:?} should be refused");
        }
    }

    #[test]
    fn a_share_is_exceeded_by_more_than_itself() {
        let fifth = Percentage::percent(20.0);
        assert!(!fifth.is_exceeded(1, 5));
        assert!(fifth.is_exceeded(2, 9));
        assert!(!fifth.is_exceeded(0, 0));
        assert!(Percentage::percent(0.0).is_exceeded(1, 1_000_000));
        assert!(!Percentage::percent(100.0).is_exceeded(5, 5));
    }
}
