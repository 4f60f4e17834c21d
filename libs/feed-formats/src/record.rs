use std::ops::Range;
use std::sync::Arc;

/// Consecutive records of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The way in which the input names its values.
    pub layout: Layout,
    /// The names to which the positions in `values` refer: the whole header, the same allocation in
    /// each batch, if the format has one; else the names that occur in this batch.
    pub names: Arc<[String]>,
    /// The texts to which the ranges of [`RecordValue::Text`] and `Number` refer.
    pub text: String,
    /// The values of all records that are not empty, in the order of the input, each with the position
    /// of its name in `names`.
    pub values: Vec<(usize, RecordValue)>,
    /// The records in the order of the input. Only the first batch of an input with a header may
    /// have none.
    pub records: Vec<RecordResult>,
    /// The number of bytes of the decoded input up to the end of this batch.
    pub bytes_read: u64,
}

/// A record, or why it is malformed.
pub type RecordResult = Result<Record, MalformedRecord>;

/// The way in which an input names the values of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A header names the columns of all records.
    Columns {
        /// The line of the header, counted from 1, if it stands on one.
        line: Option<u64>,
    },
    /// Each record names its values, as the keys of a JSON object.
    Keys,
    /// Each record is made of elements, as in XML, which may be repeated.
    Elements,
}

/// A record of named values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The line on which the record begins, counted from 1; in Parquet, the number of the row.
    pub line: u64,
    /// The range of its values in [`Batch::values`].
    pub values: Range<usize>,
}

/// A value of a record. The texts of a batch share one buffer, so that a value needs no allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordValue {
    /// The range in [`Batch::text`] of a text as described for [`Value::Text`].
    Text(Range<usize>),
    /// The range in [`Batch::text`] of a number as described for [`Value::Number`].
    Number(Range<usize>),
    /// Any other value.
    Other(Value),
}

/// A value on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text or boolean, as written: at most [`limits::VALUE`](crate::limits::VALUE) bytes of UTF-8
    /// without NUL.
    Text(String),
    /// A number of a format that tells numbers from texts: ASCII digits, with a point before decimals,
    /// and a minus sign.
    Number(String),
    /// A list or an object.
    Nested(Box<Nested>),
    /// A value that is not a text.
    Invalid(Box<InvalidValue>),
}

/// A list or an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested {
    /// The value as the input writes it; for a Parquet list, its items joined by commas.
    pub text: String,
    /// Its content, up to [`limits::JSON_DEPTH`](crate::limits::JSON_DEPTH) levels. Deeper
    /// values are [`Value::Invalid`].
    pub members: Members,
}

/// The contents of a nested value. Blank members are empty texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// The items of a list.
    List(Vec<Value>),
    /// The members of an object, in the order of the input.
    Object(Vec<(String, Value)>),
}

/// A value that is not a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// The beginning of the offending part, in readable form.
    pub beginning: String,
    /// The value, with replacement characters where it is not UTF-8; empty if it is too long.
    pub text: String,
    /// The reason, and the remedy.
    pub reason: String,
}

/// A record of which nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedRecord {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its beginning, in readable form.
    pub beginning: String,
    /// The reason, and the remedy.
    pub reason: String,
}

impl Batch {
    /// Returns the values of one of its records, each with its name.
    pub fn named_values(&self, record: &Record) -> impl Iterator<Item = (&str, &RecordValue)> {
        let values = &self.values[record.values.clone()];
        values.iter().map(|(name, value)| (&*self.names[*name], value))
    }
}

impl Value {
    /// Returns the number of bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Number(text) => text.len(),
            Self::Nested(nested) => {
                let members = match &nested.members {
                    Members::List(items) => items.iter().map(Self::size).sum(),
                    Members::Object(members) => {
                        members.iter().map(|(name, value)| name.len() + value.size()).sum::<usize>()
                    }
                };
                nested.text.len() + members
            }
            Self::Invalid(invalid) => {
                invalid.beginning.len() + invalid.text.len() + invalid.reason.len()
            }
        }
    }
}

impl MalformedRecord {
    /// Returns the number of bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        self.beginning.len() + self.reason.len()
    }
}
