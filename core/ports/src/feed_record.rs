use std::ops::Range;
use std::sync::Arc;

/// Consecutive records of a feed, as its format gives them. The core reads them as rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeedBatch {
    /// The way in which the feed names its values.
    pub layout: FeedLayout,
    /// The names to which the positions in `values` refer: the whole header, the same allocation in
    /// each batch, if the feed has one; else the names that occur in this batch.
    pub names: Arc<[String]>,
    /// The texts to which the ranges of [`FeedRecordValue::Text`] and `Number` refer.
    pub text: String,
    /// The values of all records that are not empty, in the order of the feed, each with the position
    /// of its name in `names`.
    pub values: Vec<(usize, FeedRecordValue)>,
    /// The records in the order of the feed. Only the first batch of a feed with a header may have
    /// none.
    pub records: Vec<Result<FeedRecord, UnreadableRecord>>,
}

/// The way in which a feed names the values of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedLayout {
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FeedRecord {
    /// The line on which the record begins, counted from 1.
    pub line: u64,
    /// The range of its values in [`FeedBatch::values`].
    pub values: Range<usize>,
}

/// A value of a record. The texts of a batch share one buffer, so that a value needs no allocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FeedRecordValue {
    /// The range in [`FeedBatch::text`] of a text as described for [`FeedValue::Text`].
    Text(Range<usize>),
    /// The range in [`FeedBatch::text`] of a number as described for [`FeedValue::Number`].
    Number(Range<usize>),
    /// Any other value.
    Other(FeedValue),
}

/// A value on its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FeedValue {
    /// A text or boolean, as written, without NUL.
    Text(String),
    /// A number that the feed has as a number: ASCII digits, with a point before decimals, and a minus
    /// sign.
    Number(String),
    /// A list.
    List(Box<FeedList>),
    /// An object with named members.
    Object(Box<FeedObject>),
    /// A value that cannot be read.
    Unreadable(Box<UnreadableValue>),
}

/// A list of values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeedList {
    /// The list as the feed writes it.
    pub text: String,
    /// Its items in order; a blank one is an empty text.
    pub items: Vec<FeedValue>,
}

/// An object with named members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeedObject {
    /// The object as the feed writes it.
    pub text: String,
    /// Its members in order; a blank one is an empty text.
    pub members: Vec<(String, FeedValue)>,
}

/// A value that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnreadableValue {
    /// The offending part, shortened.
    pub beginning: String,
    /// The part of the value that is text.
    pub text: String,
    /// The reason, and the remedy.
    pub reason: String,
}

/// A record of which nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnreadableRecord {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its beginning, shortened.
    pub beginning: String,
    /// The reason, and the remedy.
    pub reason: String,
}

impl FeedBatch {
    /// Creates a batch without records.
    pub fn new(layout: FeedLayout, names: Arc<[String]>) -> Self {
        Self { layout, names, text: String::new(), values: Vec::new(), records: Vec::new() }
    }

    /// Adds a record of values, each with the position of its name.
    pub fn push_record(&mut self, line: u64, values: impl IntoIterator<Item = (usize, FeedValue)>) {
        let first = self.values.len();
        for (name, value) in values {
            let value = match value {
                FeedValue::Text(text) => {
                    let start = self.text.len();
                    self.text.push_str(&text);
                    FeedRecordValue::Text(start..self.text.len())
                }
                value => FeedRecordValue::Other(value),
            };
            self.values.push((name, value));
        }
        self.records.push(Ok(FeedRecord { line, values: first..self.values.len() }));
    }
}
