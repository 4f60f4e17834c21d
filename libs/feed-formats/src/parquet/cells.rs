mod decimals;

use super::pages::{Gate, Pages};
use crate::invalid::{invalid, text_fault};
use crate::limits;
use crate::record::{Members, Nested, Value};
use crate::values::ValueBuffer;
use decimals::{big_decimal, decimal, decimals};
use parquet::basic::ConvertedType;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescPtr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The values of a column, row by row.
pub(super) trait Cells: Send {
    /// Moves on to the next row, and adds its value to `values` under the name's position `name`,
    /// unless that is `None`. Returns `false` if the column has no further row.
    fn next(&mut self, name: Option<usize>, values: &mut ValueBuffer) -> Result<bool>;
}

/// A value as it is added to a record.
enum Cell<'a> {
    /// A text without copying it.
    Text(&'a str),
    Number(String),
    Value(Value),
}

/// Creates the reader of a column's values.
pub(super) fn read_cells(
    descriptor: &ColumnDescPtr,
    pages: Pages,
    gate: Arc<Gate>,
) -> Result<Box<dyn Cells>> {
    use ColumnReader as Column;
    let (scale, is_unsigned) = (decimals(descriptor), is_unsigned(descriptor));
    let level = descriptor.max_def_level();
    Ok(match get_column_reader(descriptor.clone(), Box::new(pages)) {
        Column::BoolColumnReader(column) => {
            boxed(column, gate, level, |value| Cell::Value(Value::Text(value.to_string())))
        }
        Column::Int32ColumnReader(column) => boxed(column, gate, level, move |&value| {
            if is_unsigned { written(&value.cast_unsigned()) } else { whole(value.into(), scale) }
        }),
        Column::Int64ColumnReader(column) => boxed(column, gate, level, move |&value| {
            if is_unsigned { written(&value.cast_unsigned()) } else { whole(value, scale) }
        }),
        Column::FloatColumnReader(column) => {
            boxed(column, gate, level, |value| number(value.is_finite(), value.to_string()))
        }
        Column::DoubleColumnReader(column) => {
            boxed(column, gate, level, |value| number(value.is_finite(), value.to_string()))
        }
        Column::ByteArrayColumnReader(column) => {
            boxed(column, gate, level, move |value| bytes(value.data(), scale))
        }
        Column::FixedLenByteArrayColumnReader(column) => {
            boxed(column, gate, level, move |value| bytes(value.data(), scale))
        }
        Column::Int96ColumnReader(_) => {
            return Err(ParquetError::NYI("an INT96 column".to_owned()));
        }
    })
}

fn boxed<T: DataType>(
    column: ColumnReaderImpl<T>,
    gate: Arc<Gate>,
    max_level: i16,
    convert: impl Fn(&T::T) -> Cell<'_> + Send + 'static,
) -> Box<dyn Cells> {
    Box::new(TypedCells {
        column,
        gate,
        max_level,
        convert,
        unread_levels: 0,
        defined: Vec::new(),
        repeated: Vec::new(),
        values: Vec::new(),
        next_level: 0,
        next_value: 0,
        levels: 0,
        rows_read: 0,
        rows_begun: 0,
    })
}

/// Values that have been read, and the column behind them.
struct TypedCells<T: DataType, F> {
    column: ColumnReaderImpl<T>,
    gate: Arc<Gate>,
    /// The level of a value that is not null.
    max_level: i16,
    convert: F,
    /// The number of levels of the current page that have not been read.
    unread_levels: usize,
    defined: Vec<i16>,
    repeated: Vec<i16>,
    values: Vec<T::T>,
    next_level: usize,
    next_value: usize,
    /// The number of levels that have been read at once, of which those that are all the same are left
    /// out.
    levels: usize,
    /// The number of rows that have been read to their end, and of those that have been begun.
    rows_read: usize,
    rows_begun: usize,
}

impl<T: DataType, F: Fn(&T::T) -> Cell<'_>> TypedCells<T, F> {
    /// Reads further rows, of one page; returns `false` at the end of the column.
    fn fill(&mut self) -> Result<bool> {
        loop {
            // The first row of a page tells how many may be read.
            let rows = match self.unread_levels {
                0 => 1,
                _ => self.gate.rows.load(Ordering::Relaxed),
            };
            self.gate.is_open.store(self.unread_levels == 0, Ordering::Relaxed);
            self.defined.clear();
            self.repeated.clear();
            self.values.clear();
            (self.next_level, self.next_value) = (0, 0);
            let (defined, repeated) = (&mut self.defined, &mut self.repeated);
            let (rows, _, levels) =
                self.column.read_records(rows, Some(defined), Some(repeated), &mut self.values)?;
            if self.unread_levels == 0 {
                self.unread_levels = self.gate.levels.swap(0, Ordering::Relaxed);
            }
            self.unread_levels = self.unread_levels.saturating_sub(levels);
            self.levels = levels;
            self.rows_read += rows;
            if levels > 0 {
                return Ok(true);
            }
            if self.gate.is_at_end.load(Ordering::Relaxed) {
                return Ok(false);
            }
            self.unread_levels = 0;
        }
    }

    /// Returns the place of the next value, if it is not null.
    fn next_place(&mut self) -> Option<usize> {
        let level = self.next_level;
        self.next_level += 1;
        let is_present = self.defined.get(level).is_none_or(|&level| level == self.max_level);
        let place = self.next_value;
        self.next_value += usize::from(is_present);
        (is_present && place < self.values.len()).then_some(place)
    }

    /// Returns the value at a place, unless it is null or is not wanted.
    fn item(&self, place: Option<usize>, name: Option<usize>) -> Option<Value> {
        let value = &self.values[place?];
        name.map(|_| match (self.convert)(value) {
            Cell::Text(text) => Value::Text(text.to_owned()),
            Cell::Number(number) => Value::Number(number),
            Cell::Value(value) => value,
        })
    }

    /// Returns whether the row goes on with a further item of its list.
    fn goes_on(&mut self) -> Result<bool> {
        if self.next_level == self.levels && self.rows_read < self.rows_begun {
            // The row goes on in the next page, or has ended with this one.
            return Ok(self.fill()? && self.goes_on_here());
        }
        Ok(self.goes_on_here())
    }

    fn goes_on_here(&self) -> bool {
        self.next_level < self.levels
            && self.repeated.get(self.next_level).is_some_and(|&level| level > 0)
    }
}

impl<T: DataType, F: Fn(&T::T) -> Cell<'_> + Send> Cells for TypedCells<T, F> {
    fn next(&mut self, name: Option<usize>, values: &mut ValueBuffer) -> Result<bool> {
        if self.next_level == self.levels && !self.fill()? {
            return Ok(false);
        }
        self.rows_begun += 1;
        let place = self.next_place();
        if self.repeated.is_empty() {
            if let (Some(name), Some(place)) = (name, place) {
                match (self.convert)(&self.values[place]) {
                    Cell::Text(text) => values.push_text(name, text),
                    Cell::Number(number) => values.push_number(name, &number),
                    Cell::Value(value) => values.push(name, value),
                }
            }
            return Ok(true);
        }
        let mut list = self.item(place, name).unwrap_or_else(|| Value::Text(String::new()));
        while self.goes_on()? {
            let place = self.next_place();
            if let Some(item) = self.item(place, name) {
                append(&mut list, item);
            }
        }
        if let Some(name) = name {
            values.push(name, list);
        }
        Ok(true)
    }
}

/// Appends a further item to a list. Items beyond the maximum length of a value are dropped.
fn append(cell: &mut Value, item: Value) {
    match (&mut *cell, item) {
        (Value::Invalid(_), _) => {}
        (cell, invalid @ Value::Invalid(_)) => *cell = invalid,
        (_, Value::Text(item)) if item.is_empty() => {}
        (Value::Text(first), item) if first.is_empty() => *cell = item,
        (Value::Nested(nested), item) => push(nested, item),
        (first, item) => {
            let first = std::mem::replace(first, Value::Text(String::new()));
            let text = scalar(&first).to_owned();
            let mut nested = Nested { text, members: Members::List(vec![first]) };
            push(&mut nested, item);
            *cell = Value::Nested(Box::new(nested));
        }
    }
}

fn push(list: &mut Nested, item: Value) {
    if let Members::List(items) = &mut list.members
        && list.text.len() + scalar(&item).len() <= limits::VALUE
    {
        list.text.push_str(", ");
        list.text.push_str(scalar(&item));
        items.push(item);
    }
}

fn scalar(value: &Value) -> &str {
    match value {
        Value::Text(text) | Value::Number(text) => text,
        Value::Nested(_) | Value::Invalid(_) => "",
    }
}

fn bytes(bytes: &[u8], scale: Option<u32>) -> Cell<'_> {
    if let Some(scale) = scale {
        return Cell::Value(big_decimal(bytes, scale));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= limits::VALUE && !text.contains('\0') => Cell::Text(text),
        _ => Cell::Value(invalid(&bytes[..bytes.len().min(1_024)], text_fault(bytes))),
    }
}

fn whole(number: i64, scale: Option<u32>) -> Cell<'static> {
    match scale {
        Some(scale) => written(&decimal(number.into(), scale)),
        None => written(&number),
    }
}

fn written(value: &impl ToString) -> Cell<'static> {
    Cell::Number(value.to_string())
}

fn number(is_finite: bool, text: String) -> Cell<'static> {
    // Tables have NaN where there is no number.
    if is_finite { Cell::Number(text) } else { Cell::Text("") }
}

fn is_unsigned(descriptor: &ColumnDescPtr) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    matches!(descriptor.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64)
}
