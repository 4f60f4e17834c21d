use crate::fields::PATH_SEPARATOR;
use crate::record::FIELD_LIMIT;
use crate::refusal::text_fault;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescPtr;

/// A text, blank where the file has none; or bytes that are none, and why.
pub(crate) type Cell = std::result::Result<String, (Vec<u8>, String)>;

/// The texts of the next `count` rows in a column, fewer if it ends before.
pub(crate) fn read_cells(
    column: &mut ColumnReader,
    about: &ColumnDescPtr,
    count: usize,
) -> Result<Vec<Cell>> {
    let scale = decimals(about);
    let is_unsigned = is_unsigned(about);
    let whole =
        |number: i64| scale.map_or_else(|| number.to_string(), |s| decimal(number.into(), s));
    let bytes = |bytes: &[u8]| match scale {
        Some(scale) => big_decimal(bytes, scale),
        None => text(bytes),
    };
    match column {
        ColumnReader::BoolColumnReader(column) => {
            cells(column, about, count, |value| Ok(value.to_string()))
        }
        ColumnReader::Int32ColumnReader(column) => cells(column, about, count, |&value| {
            Ok(if is_unsigned { value.cast_unsigned().to_string() } else { whole(value.into()) })
        }),
        ColumnReader::Int64ColumnReader(column) => cells(column, about, count, |&value| {
            Ok(if is_unsigned { value.cast_unsigned().to_string() } else { whole(value) })
        }),
        ColumnReader::FloatColumnReader(column) => {
            cells(column, about, count, |value| number(value.is_finite(), value.to_string()))
        }
        ColumnReader::DoubleColumnReader(column) => {
            cells(column, about, count, |value| number(value.is_finite(), value.to_string()))
        }
        ColumnReader::ByteArrayColumnReader(column) => {
            cells(column, about, count, |value| bytes(value.data()))
        }
        ColumnReader::FixedLenByteArrayColumnReader(column) => {
            cells(column, about, count, |value| bytes(value.data()))
        }
        ColumnReader::Int96ColumnReader(_) => Err(ParquetError::NYI("an INT96 column".to_owned())),
    }
}

fn cells<T: DataType>(
    column: &mut ColumnReaderImpl<T>,
    about: &ColumnDescPtr,
    count: usize,
    convert: impl Fn(&T::T) -> Cell,
) -> Result<Vec<Cell>> {
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (records, _, levels) =
        column.read_records(count, Some(&mut defined), Some(&mut repeated), &mut values)?;
    let mut values = values.iter();
    let mut cells: Vec<Cell> = Vec::with_capacity(records);
    for level in 0..levels {
        // Levels are left out where all are the same.
        let is_there = defined.get(level).is_none_or(|&level| level == about.max_def_level());
        let value = if is_there { values.next().map(&convert) } else { None };
        let goes_on = repeated.get(level).is_some_and(|&level| level > 0);
        match (cells.last_mut(), value) {
            (Some(cell), Some(value)) if goes_on => join(cell, value),
            (Some(_), None) if goes_on => {}
            (_, value) => cells.push(value.unwrap_or_else(|| Ok(String::new()))),
        }
    }
    Ok(cells)
}

/// Adds a further value of a list.
fn join(cell: &mut Cell, value: Cell) {
    match (cell, value) {
        (Ok(text), Ok(more)) if text.len() <= FIELD_LIMIT => {
            if !text.is_empty() && !more.is_empty() {
                text.push_str(PATH_SEPARATOR);
            }
            text.push_str(&more);
        }
        (cell @ Ok(_), Err(fault)) => *cell = Err(fault),
        _ => {}
    }
}

fn text(bytes: &[u8]) -> Cell {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= FIELD_LIMIT && !text.contains('\0') => Ok(text.to_owned()),
        _ => Err((bytes[..bytes.len().min(1_024)].to_vec(), text_fault(bytes))),
    }
}

fn number(is_finite: bool, text: String) -> Cell {
    if is_finite { Ok(text) } else { Err((text.into_bytes(), "no finite number".to_owned())) }
}

/// How many decimals the whole numbers of a column have, if they are decimals.
fn decimals(about: &ColumnDescPtr) -> Option<u32> {
    let scale = match about.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => decimal.scale,
        _ if about.converted_type() == ConvertedType::DECIMAL => about.type_scale(),
        _ => return None,
    };
    u32::try_from(scale).ok()
}

fn is_unsigned(about: &ColumnDescPtr) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    matches!(about.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64)
}

/// `number` with its last `scale` digits behind a point; of zeros at the end no more than make two
/// decimals, because a price with three reads in two ways.
fn decimal(number: i128, scale: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let scale = scale as usize;
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let needed = fraction.trim_end_matches('0').len().max(2).min(scale);
    let fraction = &fraction[..needed];
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// A decimal in the bytes of a whole number, the highest first.
fn big_decimal(bytes: &[u8], scale: u32) -> Cell {
    if bytes.len() > size_of::<i128>() || scale > 64 {
        return Err((Vec::new(), "the decimal is too large".to_owned()));
    }
    let is_negative = bytes.first().is_some_and(|&byte| byte > 0x7f);
    let sign = if is_negative { -1 } else { 0 };
    let number = bytes.iter().fold(sign, |number: i128, &byte| (number << 8) | i128::from(byte));
    Ok(decimal(number, scale))
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
        assert_eq!(big_decimal(&[0xf1, 0x36], 2), Ok("-37.86".to_owned()));
        assert_eq!(big_decimal(&[0x00, 0xf1, 0x36], 2), Ok("617.50".to_owned()));
        assert_eq!(big_decimal(&[], 1), Ok("0.0".to_owned()));
        assert!(big_decimal(&[1; 17], 2).is_err());
    }
}
