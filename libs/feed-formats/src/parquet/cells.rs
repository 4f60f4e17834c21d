use crate::invalid::{invalid, text_fault};
use crate::limits;
use crate::record::{Members, Nested, Value};
use parquet::basic::{ConvertedType, LogicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescPtr;

/// Reads the values of the next `count` rows in a column; fewer if it ends before.
pub(super) fn read_cells(
    column: &mut ColumnReader,
    descriptor: &ColumnDescPtr,
    count: usize,
) -> Result<Vec<Value>> {
    let scale = decimals(descriptor);
    let is_unsigned = is_unsigned(descriptor);
    let whole =
        |number: i64| scale.map_or_else(|| number.to_string(), |s| decimal(number.into(), s));
    let bytes = |bytes: &[u8]| match scale {
        Some(scale) => big_decimal(bytes, scale),
        None => text(bytes),
    };
    match column {
        ColumnReader::BoolColumnReader(column) => {
            cells(column, descriptor, count, |value| Value::Text(value.to_string()))
        }
        ColumnReader::Int32ColumnReader(column) => cells(column, descriptor, count, |&value| {
            let value =
                if is_unsigned { value.cast_unsigned().to_string() } else { whole(value.into()) };
            Value::Text(value)
        }),
        ColumnReader::Int64ColumnReader(column) => cells(column, descriptor, count, |&value| {
            let value = if is_unsigned { value.cast_unsigned().to_string() } else { whole(value) };
            Value::Text(value)
        }),
        ColumnReader::FloatColumnReader(column) => {
            cells(column, descriptor, count, |value| number(value.is_finite(), value.to_string()))
        }
        ColumnReader::DoubleColumnReader(column) => {
            cells(column, descriptor, count, |value| number(value.is_finite(), value.to_string()))
        }
        ColumnReader::ByteArrayColumnReader(column) => {
            cells(column, descriptor, count, |value| bytes(value.data()))
        }
        ColumnReader::FixedLenByteArrayColumnReader(column) => {
            cells(column, descriptor, count, |value| bytes(value.data()))
        }
        ColumnReader::Int96ColumnReader(_) => Err(ParquetError::NYI("an INT96 column".to_owned())),
    }
}

fn cells<T: DataType>(
    column: &mut ColumnReaderImpl<T>,
    descriptor: &ColumnDescPtr,
    count: usize,
    convert: impl Fn(&T::T) -> Value,
) -> Result<Vec<Value>> {
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (records, _, levels) =
        column.read_records(count, Some(&mut defined), Some(&mut repeated), &mut values)?;
    let mut values = values.iter();
    let mut cells: Vec<Value> = Vec::with_capacity(records);
    for level in 0..levels {
        // Levels are left out where all are the same.
        let is_present =
            defined.get(level).is_none_or(|&level| level == descriptor.max_def_level());
        let value = if is_present { values.next().map(&convert) } else { None };
        let is_continued = repeated.get(level).is_some_and(|&level| level > 0);
        match (cells.last_mut(), value) {
            (Some(cell), Some(value)) if is_continued => append(cell, value),
            (Some(_), None) if is_continued => {}
            (_, value) => cells.push(value.unwrap_or_else(|| Value::Text(String::new()))),
        }
    }
    Ok(cells)
}

/// Appends a further item to a list. Items beyond the maximum length of a value are dropped.
fn append(cell: &mut Value, item: Value) {
    match (&mut *cell, item) {
        (Value::Invalid(_), _) => {}
        (cell, invalid @ Value::Invalid(_)) => *cell = invalid,
        (_, Value::Text(item)) if item.is_empty() => {}
        (Value::Text(first), item @ Value::Text(_)) if first.is_empty() => *cell = item,
        (Value::Text(first), item) => {
            let first = std::mem::take(first);
            let text = first.clone();
            let mut nested = Nested { text, members: Members::List(vec![Value::Text(first)]) };
            push(&mut nested, item);
            *cell = Value::Nested(Box::new(nested));
        }
        (Value::Nested(nested), item) => push(nested, item),
    }
}

fn push(list: &mut Nested, item: Value) {
    if let (Members::List(items), Value::Text(text)) = (&mut list.members, &item)
        && list.text.len() + text.len() <= limits::VALUE
    {
        list.text.push_str(", ");
        list.text.push_str(text);
        items.push(item);
    }
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= limits::VALUE && !text.contains('\0') => {
            Value::Text(text.to_owned())
        }
        _ => invalid(&bytes[..bytes.len().min(1_024)], text_fault(bytes)),
    }
}

fn number(is_finite: bool, text: String) -> Value {
    if is_finite {
        Value::Text(text)
    } else {
        invalid(text.as_bytes(), "not a finite number".to_owned())
    }
}

/// Returns the number of decimals of a column of decimals.
fn decimals(descriptor: &ColumnDescPtr) -> Option<u32> {
    let scale = match descriptor.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => decimal.scale,
        _ if descriptor.converted_type() == ConvertedType::DECIMAL => descriptor.type_scale(),
        _ => return None,
    };
    u32::try_from(scale).ok()
}

fn is_unsigned(descriptor: &ColumnDescPtr) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    matches!(descriptor.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64)
}

/// Writes `number` with its last `scale` digits behind a point. Zeros at the end are dropped down to
/// two decimals, since `1.500` may be read as 1500.
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

/// Reads a decimal from the bytes of an integer, the most significant first.
fn big_decimal(bytes: &[u8], scale: u32) -> Value {
    if bytes.len() > size_of::<i128>() || scale > 64 {
        return invalid(&[], "the decimal is too large".to_owned());
    }
    let is_negative = bytes.first().is_some_and(|&byte| byte > 0x7f);
    let sign = if is_negative { -1 } else { 0 };
    let number = bytes.iter().fold(sign, |number: i128, &byte| (number << 8) | i128::from(byte));
    Value::Text(decimal(number, scale))
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
        assert_eq!(big_decimal(&[0xf1, 0x36], 2), Value::Text("-37.86".to_owned()));
        assert_eq!(big_decimal(&[0x00, 0xf1, 0x36], 2), Value::Text("617.50".to_owned()));
        assert_eq!(big_decimal(&[], 1), Value::Text("0.0".to_owned()));
        assert!(matches!(big_decimal(&[1; 17], 2), Value::Invalid(_)));
    }
}
