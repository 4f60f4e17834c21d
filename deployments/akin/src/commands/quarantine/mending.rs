//! Quarantined rows as a feed: the original values, then the reasons.

use akin_ports::{FeedRow, RefusedRow};
use akin_usecases::{REFUSAL_COLUMNS, RowToCorrect};

/// Returns the line with the names of the columns.
pub(crate) fn header() -> anyhow::Result<Vec<u8>> {
    written(|to| to.write_record(FeedRow::COLUMNS.iter().chain(&REFUSAL_COLUMNS)))
}

/// Returns a line for each row.
pub(crate) fn lines(rows: &[RowToCorrect]) -> anyhow::Result<Vec<u8>> {
    let nothing = FeedRow::default();
    written(|to| {
        rows.iter().try_for_each(|RowToCorrect { feed, line, row, refused, .. }| {
            let row = row.as_deref();
            let refused: Vec<_> = refused.iter().map(|refused| told(refused, row)).collect();
            let beside = [&**feed, &line.to_string(), &refused.join("; ")];
            to.write_record(row.unwrap_or(&nothing).texts().into_iter().chain(beside))
        })
    })
}

fn written(
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
fn told(RefusedRow { field, value, reason, .. }: &RefusedRow, row: Option<&FeedRow>) -> String {
    let stood = row.and_then(|row| row.named_texts().find(|(column, _)| column == field));
    let beginning = value.trim_end_matches('…');
    let is_shown = value.is_empty() || stood.is_some_and(|(_, text)| text.contains(beginning));
    let field = if field.is_empty() { "row" } else { field };
    if is_shown { format!("{field}: {reason}") } else { format!("{field}: {reason}: {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(field: &str, value: &str) -> RefusedRow {
        let (field, value, reason) = (field.to_owned(), value.to_owned(), "bad".to_owned());
        RefusedRow { line: 1, field, value, reason, row: None }
    }

    #[test]
    fn a_refused_value_is_repeated_if_the_row_does_not_show_it() {
        let row = FeedRow { ratings: " eleven ".into(), ..FeedRow::default() };
        let told = |field, value, row| told(&refused(field, value), row);
        assert_eq!(told("ratings", "eleven", Some(&row)), "ratings: bad");
        assert_eq!(told("brand", "Caf\u{fffd}", Some(&row)), "brand: bad: Caf\u{fffd}");
        assert_eq!(told("name", "", Some(&row)), "name: bad");
        assert_eq!(told("", "x,y", None), "row: bad: x,y");
    }
}
