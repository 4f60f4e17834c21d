//! The limits that bound memory.

/// The maximum length of a record, in bytes of the input.
pub const RECORD: usize = 8 << 20;
/// The maximum length of a value, in bytes.
pub const VALUE: usize = 1 << 20;
/// The maximum number of fields in a CSV record.
pub const FIELDS: usize = 4_096;
/// The maximum length of a CSV header, in bytes.
pub const HEADER: usize = 64 << 10;
/// The maximum number of records in a batch.
pub const BATCH_RECORDS: usize = 1_000;
/// The maximum length of a batch, in bytes of the input and in bytes of its values; its last record
/// may exceed it.
pub const BATCH_BYTES: usize = 2 << 20;
/// The maximum depth of elements in an XML document.
pub const XML_DEPTH: usize = 256;
/// The maximum length of an XML element's name, in bytes.
pub const XML_NAME: usize = 1_024;
/// The maximum depth of lists and objects in a JSON value.
pub const JSON_DEPTH: usize = 8;

/// The default of [`UnpackLimits::max_ratio`](crate::UnpackLimits::max_ratio).
pub const UNPACKED_RATIO: u64 = 1_000;
/// The default of [`UnpackLimits::max_bytes`](crate::UnpackLimits::max_bytes).
pub const UNPACKED_BYTES: u64 = 64 << 30;
/// The number of bytes that may come of any compressed input, however small it is.
pub const FREELY_UNPACKED: u64 = 64 << 20;

/// The maximum length of a Parquet file's footer, in bytes.
pub const PARQUET_FOOTER: u64 = 32 << 20;
/// The maximum number of elements in a Parquet schema, and its maximum depth.
pub const PARQUET_ELEMENTS: usize = 4 * FIELDS;
/// The maximum depth of a Parquet schema.
pub const PARQUET_DEPTH: usize = 32;
/// The maximum number of column chunks in a Parquet file: its columns times its row groups.
pub const PARQUET_CHUNKS: usize = 256 << 10;
/// The maximum length of a page's header in a Parquet file, in bytes.
pub const PARQUET_HEADER: u64 = 8 << 20;
/// The maximum length of a page in a Parquet file after decompression, in bytes.
pub const PARQUET_PAGE: usize = 256 << 20;
/// The maximum number of bytes that the current pages of all columns of a Parquet file take.
pub const PARQUET_PAGES: usize = 512 << 20;
/// The maximum number of items of a list in a Parquet file.
pub const PARQUET_ITEMS: usize = 1 << 20;
