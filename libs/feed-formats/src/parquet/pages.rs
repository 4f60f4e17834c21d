mod decoded;

use super::codec::{Codec, reserve};
use super::page_header::{PageContent, PageHeader, read_header};
use super::thrift::Damage;
use crate::limits;
use crate::unpack::Unpacked;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescPtr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The number of bytes in which a page's header is expected.
const HEADER: u64 = 4 << 10;

/// The bytes that the columns of a file take, and how many have been unpacked.
pub(super) struct Account {
    pub(super) file_length: u64,
    pub(super) unpacked: Mutex<Unpacked>,
    /// The bytes of the current pages of all columns.
    pub(super) held: AtomicUsize,
}

/// The connection of a column's pages and the reader of its values: the reader asks for no more than
/// one page at a time, and learns how much of it may be read at a time.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) is_open: AtomicBool,
    pub(super) is_at_end: AtomicBool,
    /// The number of levels in the current page.
    pub(super) levels: AtomicUsize,
    /// The number of rows to read at a time.
    pub(super) rows: AtomicUsize,
}

/// The pages of a column chunk. Nothing is allocated by what the file claims alone.
pub(super) struct Pages {
    file: Arc<File>,
    position: u64,
    end: u64,
    codec: Codec,
    column: ColumnDescPtr,
    account: Arc<Account>,
    gate: Arc<Gate>,
    /// The header of the page at the position.
    header: Option<PageHeader>,
    /// The bytes of the dictionary, and those of the current page.
    held: (usize, usize),
}

impl Pages {
    pub(super) fn new(
        file: Arc<File>,
        chunk: &ColumnChunkMetaData,
        account: Arc<Account>,
        gate: Arc<Gate>,
    ) -> Result<Self> {
        let position = match chunk.dictionary_page_offset() {
            Some(dictionary) if dictionary > 0 => dictionary.min(chunk.data_page_offset()),
            _ => chunk.data_page_offset(),
        };
        let bounds = u64::try_from(position).ok().zip(u64::try_from(chunk.compressed_size()).ok());
        let bounds = bounds.and_then(|(start, length)| Some((start, start.checked_add(length)?)));
        let Some((position, end)) = bounds.filter(|(_, end)| *end <= account.file_length) else {
            return Err(refused("the column is not within the file".to_owned()));
        };
        Ok(Self {
            file,
            position,
            end,
            codec: Codec::new(chunk.compression())?,
            column: chunk.column_descr_ptr(),
            account,
            gate,
            header: None,
            held: (0, 0),
        })
    }

    /// Reads the header at the position unless it has been read; `None` at the end.
    fn header(&mut self) -> Result<Option<&PageHeader>> {
        while self.header.is_none() && self.position < self.end {
            let (header, length) = self.read_header()?;
            self.position += length as u64;
            if header.packed as u64 > self.end - self.position {
                return Err(refused("a page is longer than its column".to_owned()));
            }
            if matches!(header.content, PageContent::Other) {
                self.position += header.packed as u64;
            } else {
                self.header = Some(header);
            }
        }
        Ok(self.header.as_ref())
    }

    fn read_header(&self) -> Result<(PageHeader, usize)> {
        let left = self.end - self.position;
        let mut length = HEADER;
        loop {
            let bytes = self.read_bytes(length.min(left))?;
            match read_header(&bytes) {
                Ok(read) => return Ok(read),
                Err(Damage::CutOff) if length < left.min(limits::PARQUET_HEADER) => length *= 16,
                Err(_) => return Err(refused("the header of a page is damaged".to_owned())),
            }
        }
    }

    /// Reads bytes at the position.
    fn read_bytes(&self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = reserve(usize::try_from(length)?)?;
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.position))?;
        if (file.take(length).read_to_end(&mut bytes)? as u64) < length {
            return Err(ParquetError::EOF("the file is cut off".to_owned()));
        }
        Ok(bytes)
    }

    /// Reads the page of this header, unless it claims too much.
    fn read_page(&mut self, header: &PageHeader) -> Result<Page> {
        let PageHeader { packed, unpacked, ref content } = *header;
        let (prefix, codec) = match content {
            PageContent::DataV2(header) => {
                let prefix = header.definition_length as usize + header.repetition_length as usize;
                (prefix, if header.is_compressed { self.codec } else { Codec::Uncompressed })
            }
            _ => (0, self.codec),
        };
        let unpacked = if codec == Codec::Uncompressed { packed } else { unpacked };
        self.check_size(codec, packed, prefix, unpacked)?;
        let is_dictionary = matches!(content, PageContent::Dictionary { .. });
        self.hold(is_dictionary, packed + unpacked)?;
        let bytes = self.read_bytes(packed as u64)?;
        let bytes = match codec {
            Codec::Uncompressed => bytes,
            _ => codec.unpack(&bytes, prefix, unpacked)?,
        };
        self.position += packed as u64;
        match content {
            PageContent::Dictionary { values, encoding } => {
                self.dictionary(bytes, *values, *encoding)
            }
            PageContent::Data(header) => self.data_page(bytes, header),
            PageContent::DataV2(header) => self.data_page_v2(bytes, header),
            PageContent::Other => Err(refused("a page is of no known kind".to_owned())),
        }
    }

    /// Checks the size of a page by what its bytes in the file can become, and by the limits.
    fn check_size(
        &self,
        codec: Codec,
        packed: usize,
        prefix: usize,
        unpacked: usize,
    ) -> Result<()> {
        let most = codec.max_unpacked(packed.saturating_sub(prefix)).saturating_add(prefix);
        if unpacked > most {
            return Err(refused(format!(
                "a page claims {unpacked} bytes, but its {packed} bytes in the file cannot give them"
            )));
        }
        // Frames of LZ4 do not tell their size.
        let most = if codec == Codec::Lz4 { most.min(packed * 255) } else { unpacked };
        if most > limits::PARQUET_PAGE {
            return Err(too_large());
        }
        let mut account = self.account.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        account
            .add(unpacked as u64, self.account.file_length)
            .map_err(|too_large| ParquetError::External(Box::new(too_large)))
    }

    /// Replaces the bytes that the dictionary or the current page takes.
    fn hold(&mut self, is_dictionary: bool, bytes: usize) -> Result<()> {
        let held = if is_dictionary { &mut self.held.0 } else { &mut self.held.1 };
        self.account.held.fetch_sub(std::mem::take(held), Ordering::Relaxed);
        *held = bytes;
        let total = self.account.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if total > limits::PARQUET_PAGES { Err(too_large()) } else { Ok(()) }
    }
}

fn refused(reason: String) -> ParquetError {
    ParquetError::General(reason)
}

fn too_large() -> ParquetError {
    let mebibytes = |bytes| bytes >> 20;
    ParquetError::NYI(format!(
        "its pages are too large (at most {} MiB each, {} MiB of all columns): write smaller pages",
        mebibytes(limits::PARQUET_PAGE),
        mebibytes(limits::PARQUET_PAGES)
    ))
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(header) = self.header()? else {
            self.gate.is_at_end.store(true, Ordering::Relaxed);
            return Ok(None);
        };
        let is_dictionary = matches!(header.content, PageContent::Dictionary { .. });
        if !is_dictionary && !self.gate.is_open.swap(false, Ordering::Relaxed) {
            return Ok(None);
        }
        match self.header.take() {
            Some(header) => self.read_page(&header).map(Some),
            None => Ok(None),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let Some(header) = self.header()? else { return Ok(None) };
        let (rows, levels) = match &header.content {
            PageContent::DataV2(header) => {
                (Some(header.rows as usize), Some(header.values as usize))
            }
            PageContent::Data(header) => (None, Some(header.values as usize)),
            _ => (None, None),
        };
        let is_dict = matches!(header.content, PageContent::Dictionary { .. });
        Ok(Some(PageMetadata { num_rows: rows, num_levels: levels, is_dict }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        Err(ParquetError::NYI("pages are not skipped".to_owned()))
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.account.held.fetch_sub(self.held.0 + self.held.1, Ordering::Relaxed);
    }
}
