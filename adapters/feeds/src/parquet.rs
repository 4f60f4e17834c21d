use crate::columns::Columns;
use crate::error::FeedError;
use crate::fields::{Column, Draft};
use crate::map::ColumnMap;
use crate::parquet_cell::{Cell, read_cells};
use crate::read_ahead::Rows;
use akin_ports::FeedItem;
use parquet::basic::Type;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::types::ColumnDescPtr;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec;

/// How many rows are taken from each column at a time.
const BATCH: usize = 64;

/// The rows of a Parquet file, a group of rows after the other.
pub(crate) struct ParquetRows {
    name: String,
    file: SerializedFileReader<File>,
    length: u64,
    /// The columns that are read, and what they give; the best of a field first.
    given: Vec<(usize, ColumnDescPtr, Column)>,
    /// The next group of rows.
    group: usize,
    /// What is open of the present group, and how many of its rows are left.
    open: Vec<ColumnReader>,
    left: usize,
    /// Rows that were read from all columns, and how many went before the next of them.
    ready: vec::IntoIter<Draft>,
    row: u64,
}

impl ParquetRows {
    pub(crate) fn new(name: String, file: File, map: &ColumnMap) -> Result<Self, FeedError> {
        let length = file.metadata().map(|about| about.len());
        let length = length.map_err(|cause| FeedError::read(&name, 0, cause))?;
        if length == 0 {
            return Err(FeedError::Nothing(name));
        }
        let failed =
            |reason| FeedError::Parquet { name: name.clone(), place: String::new(), reason };
        let file = guarded(|| SerializedFileReader::new(file)).map_err(failed)?;
        let columns = file.metadata().file_metadata().schema_descr().columns().to_vec();
        let header: Vec<_> = columns.iter().map(name_of).collect();
        let given = Columns::read(&header, map).map_err(|fault| FeedError::Header {
            name: name.clone(),
            line: 0,
            fault,
        })?;
        let given = given.given().iter();
        let given = given.map(|(at, column)| (*at, columns[*at].clone(), column.clone())).collect();
        let (open, ready) = (Vec::new(), Vec::new().into_iter());
        Ok(Self { name, file, length, given, group: 0, open, left: 0, ready, row: 0 })
    }

    /// Opens the next group of rows; `false`: there is none.
    fn open_group(&mut self) -> Result<bool, FeedError> {
        if self.group == self.file.num_row_groups() {
            return Ok(false);
        }
        let (file, given, group) = (&self.file, &self.given, self.group);
        let opened = guarded(|| {
            let group = file.get_row_group(group)?;
            let columns = given.iter().map(|(at, ..)| group.get_column_reader(*at));
            Ok((columns.collect::<Result<Vec<_>, _>>()?, group.metadata().num_rows()))
        });
        let (open, rows) = opened.map_err(|reason| self.failed("", reason))?;
        self.left =
            usize::try_from(rows).map_err(|_| self.failed("", "a negative count".to_owned()))?;
        self.open = open;
        self.group += 1;
        Ok(true)
    }

    /// Takes rows from every column of the present group.
    fn read_on(&mut self) -> Result<(), FeedError> {
        let count = self.left.min(BATCH);
        let mut drafts: Vec<_> = (1..=count as u64).map(|at| Draft::new(self.row + at)).collect();
        for at in 0..self.given.len() {
            let (_, described, column) = &self.given[at];
            let open = &mut self.open[at];
            let cells = guarded(|| read_cells(open, described, count))
                .map_err(|reason| self.failed(&name_of(described), reason))?;
            if cells.len() != count {
                let reason = "the column has fewer values than the group has rows".to_owned();
                return Err(self.failed(&name_of(described), reason));
            }
            for (draft, cell) in drafts.iter_mut().zip(cells) {
                put(draft, column, cell);
            }
        }
        self.left -= count;
        self.ready = drafts.into_iter();
        Ok(())
    }

    fn failed(&self, column: &str, reason: String) -> FeedError {
        let column =
            if column.is_empty() { String::new() } else { format!(" in column {column:?}") };
        let place = format!(" from row {}{column} on", self.row + 1);
        FeedError::Parquet { name: self.name.clone(), place, reason }
    }
}

impl Rows for ParquetRows {
    fn next(&mut self) -> Result<Option<FeedItem>, FeedError> {
        loop {
            if let Some(draft) = self.ready.next() {
                self.row += 1;
                return Ok(Some(draft.finish()));
            }
            if self.left > 0 {
                self.read_on()?;
            } else if !self.open_group()? {
                return Ok(None);
            }
        }
    }

    /// As much of the file as of its rows: columns are read side by side.
    fn passed(&self) -> u64 {
        let rows = self.file.metadata().file_metadata().num_rows();
        let share = u128::from(self.length) * u128::from(self.row);
        let rows = u128::try_from(rows).unwrap_or_default().max(1);
        u64::try_from(share / rows).unwrap_or(self.length).min(self.length)
    }
}

/// Takes a value into its row.
fn put(draft: &mut Draft, column: &Column, cell: Cell) {
    match cell {
        Ok(text) => {
            draft.put(column, &text);
        }
        Err((value, reason)) => draft.refuse(column, &value, reason),
    }
}

/// What a column is called: a list by its own name, a part of a structure by its path.
fn name_of(column: &ColumnDescPtr) -> String {
    let path = column.path().parts();
    match column.max_rep_level() {
        _ if column.physical_type() == Type::INT96 => String::new(),
        0 => path.join("."),
        1 => path.first().cloned().unwrap_or_default(),
        // A list of lists gives no text.
        _ => String::new(),
    }
}

/// Does `work` with a file that may be damaged in a way that the parser has not thought of.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| told(&error)),
        Err(_) => Err("it is damaged; fetch the file again".to_owned()),
    }
}

fn told(error: &ParquetError) -> String {
    match error {
        ParquetError::NYI(what) | ParquetError::General(what) | ParquetError::EOF(what) => {
            format!("{what}; was the file written completely?")
        }
        other => other.to_string(),
    }
}
