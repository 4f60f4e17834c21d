mod cells;
mod codec;
mod contents;
mod footer;
mod page_header;
mod pages;
mod thrift;

use crate::error::Error;
use crate::invalid::malformed;
use crate::limits;
use crate::names::{NameFilter, NameTable};
use crate::reader::{LineResult, Parser};
use crate::record::Layout;
use crate::unpack::{TooLarge, UnpackLimits, Unpacked};
use crate::values::ValueBuffer;
use cells::{Cells, read_cells};
use footer::read_metadata;
use pages::{Account, Gate, Pages};
use parquet::basic::Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::ColumnDescPtr;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

/// The bytes that a row counts beside its values, so that empty rows are not endless.
const ROW: u64 = 8;

/// Reads the rows of a Parquet file, one row group after the other.
pub(crate) struct ParquetParser {
    file: Arc<File>,
    metadata: ParquetMetaData,
    header: Arc<[String]>,
    /// The columns to read, with their positions.
    selected: Vec<(usize, ColumnDescPtr)>,
    next_group: usize,
    /// The values of the current group's selected columns, and the number of rows they have left.
    columns: Vec<Box<dyn Cells>>,
    rows_left: usize,
    rows_returned: u64,
    /// The account of the pages, and that of the values.
    account: Arc<Account>,
    values: Unpacked,
}

/// The reason why no further row can be read.
enum Failure {
    Damaged(String),
    TooLarge(TooLarge),
}

impl ParquetParser {
    pub(crate) fn new(
        file: File,
        filter: &NameFilter,
        limits: UnpackLimits,
    ) -> Result<Self, Error> {
        let length = file.metadata().map_err(|cause| Error::Read { at: 0, cause })?.len();
        if length == 0 {
            return Err(Error::Empty);
        }
        let metadata = guarded(|| read_metadata(&file, length))
            .map_err(|failure| failure.error(String::new()))?;
        let descriptors = metadata.file_metadata().schema_descr().columns().to_vec();
        let header: Vec<_> = descriptors.iter().map(name).collect();
        let selects =
            |position: usize| !header[position].is_empty() && filter.selects(&header[position]);
        let selected = descriptors
            .into_iter()
            .enumerate()
            .filter(|(position, _)| selects(*position))
            .collect();
        let unpacked = Mutex::new(Unpacked::new(limits));
        let held = AtomicUsize::new(0);
        Ok(Self {
            file: Arc::new(file),
            metadata,
            selected,
            header: header.into(),
            next_group: 0,
            columns: Vec::new(),
            rows_left: 0,
            rows_returned: 0,
            account: Arc::new(Account { file_length: length, unpacked, held }),
            values: Unpacked::new(limits),
        })
    }

    /// Opens the next row group; returns `false` after the last.
    fn open_group(&mut self) -> Result<bool, Error> {
        if self.next_group == self.metadata.num_row_groups() {
            return Ok(false);
        }
        self.columns.clear();
        let group = self.metadata.row_group(self.next_group);
        for (position, descriptor) in &self.selected {
            let opened = guarded(|| {
                let gate = Arc::new(Gate::default());
                let (chunk, account) = (group.column(*position), self.account.clone());
                let pages = Pages::new(self.file.clone(), chunk, account, gate.clone())?;
                read_cells(descriptor, pages, gate)
            });
            let cells = opened.map_err(|failure| self.error(&name(descriptor), failure))?;
            self.columns.push(cells);
        }
        self.rows_left = usize::try_from(group.num_rows()).map_err(|_| {
            self.error("", Failure::Damaged("a row group has a negative length".to_owned()))
        })?;
        self.next_group += 1;
        Ok(true)
    }

    /// Reads the next row of the current group.
    fn read_row(&mut self, values: &mut ValueBuffer) -> Result<LineResult, Error> {
        let start = values.size();
        for index in 0..self.selected.len() {
            let (position, column) = (self.selected[index].0, &mut self.columns[index]);
            // A row that is too long is read to its end, but not kept.
            let place = (values.size() - start <= limits::RECORD).then_some(position);
            let read = guarded(|| column.next(place, values));
            let failure = match read {
                Ok(true) => continue,
                Ok(false) => {
                    let reason = "the column has fewer values than its group has rows";
                    Failure::Damaged(reason.to_owned())
                }
                Err(failure) => failure,
            };
            return Err(self.error(&name(&self.selected[index].1), failure));
        }
        let size = values.size() - start;
        self.values
            .add(size as u64 + ROW, self.account.file_length)
            .map_err(|too_large| self.error("", Failure::TooLarge(too_large)))?;
        self.rows_left -= 1;
        self.rows_returned += 1;
        if size > limits::RECORD {
            let reason = format!("the row is longer than {} MiB", limits::RECORD >> 20);
            return Ok(Err(malformed(self.rows_returned, &[], reason)));
        }
        Ok(Ok(self.rows_returned))
    }

    fn error(&self, column: &str, failure: Failure) -> Error {
        let column =
            if column.is_empty() { String::new() } else { format!(" in column {column:?}") };
        failure.error(format!(" from row {}{column} on", self.rows_returned + 1))
    }
}

impl Failure {
    fn error(self, position: String) -> Error {
        match self {
            Self::Damaged(reason) => Error::Parquet { position, reason },
            Self::TooLarge(TooLarge(limit)) => Error::TooLarge { position, limit },
        }
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
        while self.rows_left == 0 {
            if !self.open_group()? {
                return Ok(None);
            }
        }
        self.read_row(values).map(Some)
    }

    /// Estimates the bytes by the share of rows: columns are read side by side.
    fn bytes_read(&self) -> u64 {
        let rows = self.metadata.file_metadata().num_rows();
        let share = u128::from(self.account.file_length) * u128::from(self.rows_returned);
        let rows = u128::try_from(rows).unwrap_or_default().max(1);
        u64::try_from(share / rows).unwrap_or(u64::MAX).min(self.account.file_length)
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
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(failure),
        Err(_) => Err(Failure::Damaged("it is damaged; fetch the file again".to_owned())),
    }
}

fn failure(error: ParquetError) -> Failure {
    Failure::Damaged(match error {
        ParquetError::General(message) | ParquetError::EOF(message) => {
            format!("{message}; was the file written completely?")
        }
        ParquetError::NYI(message) => message,
        ParquetError::External(error) => match error.downcast_ref::<TooLarge>() {
            Some(too_large) => return Failure::TooLarge(*too_large),
            None => error.to_string(),
        },
        other => other.to_string(),
    })
}
