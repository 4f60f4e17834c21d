//! Quarantined rows as a feed: the original values, then the reasons.

use akin_ports::{FeedRow, RefusedRow};
use akin_usecases::{REFUSAL_COLUMNS, RowToCorrect};

/// Returns the header.
pub(crate) fn header() -> anyhow::Result<Vec<u8>> {
    csv_text(|writer| writer.write_record(FeedRow::COLUMNS.iter().chain(&REFUSAL_COLUMNS)))
}

/// Returns one line per row.
pub(crate) fn lines(rows: &[RowToCorrect]) -> anyhow::Result<Vec<u8>> {
    let empty_row = FeedRow::default();
    csv_text(|writer| {
        rows.iter().try_for_each(|RowToCorrect { feed, line, row, refused, .. }| {
            let row = row.as_deref();
            let refused: Vec<_> = refused.iter().map(|refused| describe(refused, row)).collect();
            let extra = [&**feed, &line.to_string(), &refused.join("; ")];
            writer.write_record(row.unwrap_or(&empty_row).texts().into_iter().chain(extra))
        })
    })
}

fn csv_text(
    write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut text);
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    Ok(text)
}

/// Describes a refused field, with its value unless the row shows it.
fn describe(RefusedRow { field, value, reason, .. }: &RefusedRow, row: Option<&FeedRow>) -> String {
    let original = row.and_then(|row| row.named_texts().find(|(column, _)| column == field));
    let beginning = value.trim_end_matches('…');
    let is_shown = value.is_empty() || original.is_some_and(|(_, text)| text.contains(beginning));
    let field = if field.is_empty() { "row" } else { field };
    if is_shown { format!("{field}: {reason}") } else { format!("{field}: {reason}: {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(field: &str, value: &str) -> RefusedRow {
        let (field, value, reason) = (field.to_owned(), value.to_owned(), "bad".to_owned());
        RefusedRow { line: 1, is_kept: false, field, value, reason, row: None }
    }

    #[test]
    fn a_refused_value_is_repeated_if_the_row_does_not_show_it() {
        let row = FeedRow { ratings: " eleven ".into(), ..FeedRow::default() };
        let describe = |field, value, row| describe(&refused(field, value), row);
        assert_eq!(describe("ratings", "eleven", Some(&row)), "ratings: bad");
        assert_eq!(describe("brand", "Caf\u{fffd}", Some(&row)), "brand: bad: Caf\u{fffd}");
        assert_eq!(describe("name", "", Some(&row)), "name: bad");
        assert_eq!(describe("", "x,y", None), "row: bad: x,y");
    }
}
