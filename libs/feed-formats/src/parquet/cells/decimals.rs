//! Decimals, which Parquet stores as integers or as the bytes of one.

use crate::invalid::invalid;
use crate::record::Value;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::schema::types::ColumnDescPtr;

/// Returns the number of decimals of a column of decimals.
pub(super) fn decimals(descriptor: &ColumnDescPtr) -> Option<u32> {
    let scale = match descriptor.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => decimal.scale,
        _ if descriptor.converted_type() == ConvertedType::DECIMAL => descriptor.type_scale(),
        _ => return None,
    };
    u32::try_from(scale).ok()
}

/// Writes `number` with its last `scale` digits behind a point. Zeros at the end are dropped down to
/// two decimals, since `1.500` may be read as 1500.
pub(super) fn decimal(number: i128, scale: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let scale = scale as usize;
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let needed = fraction.trim_end_matches('0').len().max(2).min(scale);
    let fraction = &fraction[..needed];
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Reads a decimal from the bytes of an integer, the most significant first.
pub(super) fn big_decimal(bytes: &[u8], scale: u32) -> Value {
    if bytes.len() > size_of::<i128>() || scale > 64 {
        return invalid(&[], "the decimal is too large".to_owned());
    }
    let is_negative = bytes.first().is_some_and(|&byte| byte > 0x7f);
    let sign = if is_negative { -1 } else { 0 };
    let number = bytes.iter().fold(sign, |number: i128, &byte| (number << 8) | i128::from(byte));
    Value::Number(decimal(number, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_written_with_all_its_digits() {
        assert_eq!(decimal(61_750, 2), "617.50");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(decimal(12_500_000, 6), "12.50");
        assert_eq!(decimal(12_345, 4), "1.2345");
        assert_eq!(big_decimal(&[0xf1, 0x36], 2), Value::Number("-37.86".to_owned()));
        assert_eq!(big_decimal(&[0x00, 0xf1, 0x36], 2), Value::Number("617.50".to_owned()));
        assert_eq!(big_decimal(&[], 1), Value::Number("0.0".to_owned()));
        assert!(matches!(big_decimal(&[1; 17], 2), Value::Invalid(_)));
    }
}
