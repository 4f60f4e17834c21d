//! The records of [`feed_formats`] as those of the port.

use akin_ports::{
    FeedBatch, FeedLayout, FeedList, FeedObject, FeedRecord, FeedRecordValue, FeedValue,
    UnreadableRecord, UnreadableValue,
};
use feed_formats::{Batch, Layout, MalformedRecord, Members, Nested, Record, RecordValue, Value};

pub(crate) fn feed_batch(batch: Batch) -> FeedBatch {
    let Batch { layout, names, text, values, records, .. } = batch;
    let records = records.into_iter().map(|record| match record {
        Ok(Record { line, values }) => Ok(FeedRecord { line, values }),
        Err(malformed) => Err(unreadable_record(malformed)),
    });
    let values = values.into_iter().map(|(name, value)| (name, feed_record_value(value)));
    FeedBatch {
        layout: feed_layout(layout),
        names,
        text,
        values: values.collect(),
        records: records.collect(),
    }
}

fn feed_layout(layout: Layout) -> FeedLayout {
    match layout {
        Layout::Columns { line } => FeedLayout::Columns { line },
        Layout::Keys => FeedLayout::Keys,
        Layout::Elements => FeedLayout::Elements,
    }
}

fn feed_record_value(value: RecordValue) -> FeedRecordValue {
    match value {
        RecordValue::Text(range) => FeedRecordValue::Text(range),
        RecordValue::Number(range) => FeedRecordValue::Number(range),
        RecordValue::Other(value) => FeedRecordValue::Other(feed_value(value)),
    }
}

fn feed_value(value: Value) -> FeedValue {
    match value {
        Value::Text(text) => FeedValue::Text(text),
        Value::Number(number) => FeedValue::Number(number),
        Value::Invalid(invalid) => {
            let feed_formats::InvalidValue { beginning, text, reason } = *invalid;
            FeedValue::Unreadable(Box::new(UnreadableValue { beginning, text, reason }))
        }
        Value::Nested(nested) => {
            let Nested { text, members } = *nested;
            match members {
                Members::List(items) => {
                    let items = items.into_iter().map(feed_value).collect();
                    FeedValue::List(Box::new(FeedList { text, items }))
                }
                Members::Object(members) => {
                    let members =
                        members.into_iter().map(|(name, value)| (name, feed_value(value)));
                    let members = members.collect();
                    FeedValue::Object(Box::new(FeedObject { text, members }))
                }
            }
        }
    }
}

fn unreadable_record(malformed: MalformedRecord) -> UnreadableRecord {
    let MalformedRecord { line, beginning, reason } = malformed;
    UnreadableRecord { line, beginning, reason }
}
