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
pub const JSON_DEPTH: usize = 2;
