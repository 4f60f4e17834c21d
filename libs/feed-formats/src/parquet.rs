mod cells;

use crate::error::Error;
use crate::names::{NameFilter, NameTable};
use crate::reader::{LineResult, Parser};
use crate::record::{Layout, Value};
use crate::values::ValueBuffer;
use cells::read_cells;
use parquet::basic::Type;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::types::ColumnDescPtr;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::vec;

/// The number of rows that are taken from each column at a time.
const ROWS: usize = 64;

/// Reads the rows of a Parquet file, one row group after the other.
pub(crate) struct ParquetParser {
    file: SerializedFileReader<File>,
    length: u64,
    header: Arc<[String]>,
    /// The columns to read, with their positions.
    selected: Vec<(usize, ColumnDescPtr)>,
    next_group: usize,
    /// The readers of the current group's selected columns, and the number of rows they have left.
    columns: Vec<ColumnReader>,
    rows_left: usize,
    /// Rows that have been read from all columns, one value of each.
    ready: vec::IntoIter<Vec<Value>>,
    rows_returned: u64,
}

impl ParquetParser {
    pub(crate) fn new(file: File, filter: &NameFilter) -> Result<Self, Error> {
        let length = file.metadata().map_err(|cause| Error::Read { at: 0, cause })?.len();
        if length == 0 {
            return Err(Error::Empty);
        }
        let file = guarded(|| SerializedFileReader::new(file))
            .map_err(|reason| Error::Parquet { position: String::new(), reason })?;
        let descriptors = file.metadata().file_metadata().schema_descr().columns().to_vec();
        let header: Vec<_> = descriptors.iter().map(name).collect();
        let selects =
            |position: usize| !header[position].is_empty() && filter.selects(&header[position]);
        let selected = descriptors
            .into_iter()
            .enumerate()
            .filter(|(position, _)| selects(*position))
            .collect();
        Ok(Self {
            file,
            length,
            selected,
            header: header.into(),
            next_group: 0,
            columns: Vec::new(),
            rows_left: 0,
            ready: Vec::new().into_iter(),
            rows_returned: 0,
        })
    }

    /// Opens the next row group; returns `false` after the last.
    fn open_group(&mut self) -> Result<bool, Error> {
        if self.next_group == self.file.num_row_groups() {
            return Ok(false);
        }
        let opened = guarded(|| {
            let group = self.file.get_row_group(self.next_group)?;
            let columns =
                self.selected.iter().map(|(position, _)| group.get_column_reader(*position));
            Ok((columns.collect::<Result<Vec<_>, _>>()?, group.metadata().num_rows()))
        });
        let (columns, rows) = opened.map_err(|reason| self.error("", reason))?;
        self.rows_left = usize::try_from(rows)
            .map_err(|_| self.error("", "a row group has a negative length".to_owned()))?;
        self.columns = columns;
        self.next_group += 1;
        Ok(true)
    }

    /// Reads rows from all columns of the current group.
    fn read_rows(&mut self) -> Result<(), Error> {
        let count = self.rows_left.min(ROWS);
        let mut rows: Vec<_> =
            (0..count).map(|_| Vec::with_capacity(self.selected.len())).collect();
        for index in 0..self.selected.len() {
            let (_, descriptor) = &self.selected[index];
            let column = &mut self.columns[index];
            let cells = guarded(|| read_cells(column, descriptor, count))
                .map_err(|reason| self.error(&name(descriptor), reason))?;
            if cells.len() != count {
                let reason = "the column has fewer values than its group has rows".to_owned();
                return Err(self.error(&name(descriptor), reason));
            }
            for (row, cell) in rows.iter_mut().zip(cells) {
                row.push(cell);
            }
        }
        self.rows_left -= count;
        self.ready = rows.into_iter();
        Ok(())
    }

    fn error(&self, column: &str, reason: String) -> Error {
        let column =
            if column.is_empty() { String::new() } else { format!(" in column {column:?}") };
        let position = format!(" from row {}{column} on", self.rows_returned + 1);
        Error::Parquet { position, reason }
    }
}

impl Parser for ParquetParser {
    fn layout(&self) -> Layout {
        Layout::Columns { line: None }
    }

    fn header(&self) -> Option<&Arc<[String]>> {
        Some(&self.header)
    }

    fn next(
        &mut self,
        _: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error> {
        loop {
            if let Some(row) = self.ready.next() {
                for ((position, _), value) in self.selected.iter().zip(row) {
                    values.push(*position, value);
                }
                self.rows_returned += 1;
                return Ok(Some(Ok(self.rows_returned)));
            }
            if self.rows_left > 0 {
                self.read_rows()?;
            } else if !self.open_group()? {
                return Ok(None);
            }
        }
    }

    /// Estimates the bytes by the share of rows: columns are read side by side.
    fn bytes_read(&self) -> u64 {
        let rows = self.file.metadata().file_metadata().num_rows();
        let share = u128::from(self.length) * u128::from(self.rows_returned);
        let rows = u128::try_from(rows).unwrap_or_default().max(1);
        u64::try_from(share / rows).unwrap_or(self.length).min(self.length)
    }
}

/// Returns the name of a column: a list's own name, a dotted path in a structure. It is empty for a
/// column that has no texts: times as INT96, and lists of lists.
fn name(column: &ColumnDescPtr) -> String {
    let path = column.path().parts();
    match column.max_rep_level() {
        _ if column.physical_type() == Type::INT96 => String::new(),
        0 => path.join("."),
        1 => path.first().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// Calls the parser, which panics on some damaged files.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| message(&error)),
        Err(_) => Err("it is damaged; fetch the file again".to_owned()),
    }
}

fn message(error: &ParquetError) -> String {
    match error {
        ParquetError::NYI(message)
        | ParquetError::General(message)
        | ParquetError::EOF(message) => {
            format!("{message}; was the file written completely?")
        }
        other => other.to_string(),
    }
}
