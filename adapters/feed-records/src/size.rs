/// The units of sizes, and their powers of two.
const UNITS: [(&str, u32); 5] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("", 0)];

/// Parses a number of bytes: `1000`, `64GiB`.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let parse = || {
        let text = text.trim();
        let units = UNITS.iter();
        let (number, power) = units.copied().find_map(|(unit, power)| {
            let number = text.strip_suffix(unit)?;
            Some((number.trim_end(), power))
        })?;
        number.parse::<u64>().ok()?.checked_mul(1 << power).filter(|&bytes| bytes > 0)
    };
    parse().ok_or_else(|| "expected a number of bytes, or one with KiB, MiB, GiB or TiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_of_bytes_or_of_larger_units() {
        for (text, bytes) in [("1", 1), ("64GiB", 64 << 30), ("2 MiB", 2 << 20), ("3KiB", 3072)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "GiB", "-1", "1.5GiB", "64GB", "99999999TiB"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
