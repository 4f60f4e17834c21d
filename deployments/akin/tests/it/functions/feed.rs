//! The feed of the scenarios.

use crate::support::sample;
use csv::StringRecord;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A feed whose rows are changed.
#[derive(Debug)]
pub(crate) struct Feed {
    header: StringRecord,
    pub(crate) rows: Vec<StringRecord>,
}

impl Feed {
    /// Reads the sample catalogue, or the feed that `AKIN_E2E_FEED` names.
    pub(crate) fn read() -> Self {
        let path = std::env::var_os("AKIN_E2E_FEED")
            .map_or_else(|| sample("catalogue.csv"), PathBuf::from);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).expect("a feed");
        let header = reader.headers().expect("a header").clone();
        let rows = reader.records().map(|row| row.expect("a row"));
        let mut feed = Self { header, rows: rows.collect() };
        feed.keep_good_rows();
        feed
    }

    /// Keeps the first row of each product, and none that is quarantined.
    fn keep_good_rows(&mut self) {
        let [name, price, ratings] =
            ["name", "actual_price", "ratings"].map(|name| self.column(name));
        let (width, mut ids) = (self.header.len(), BTreeSet::new());
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| {
            row.len() == width
                && !row[name].trim().is_empty()
                && (row[price].is_empty()
                    || row[price].contains(|character: char| character.is_ascii_digit()))
                && row[ratings].parse().unwrap_or(0.0) <= 5.0
                && self.product_id(row).is_some_and(|id| ids.insert(id.to_owned()))
        });
        self.rows = rows;
    }

    /// Returns the id of a row's product: in a column of its own, or the ASIN in its link.
    fn product_id<'a>(&self, row: &'a StringRecord) -> Option<&'a str> {
        let position = |name| self.header.iter().position(|column| column == name);
        if let Some(column) = position("product_id") {
            return row.get(column).filter(|id| !id.trim().is_empty());
        }
        row.get(position("link")?)?.split_once("/dp/")?.1.get(..10)
    }

    pub(crate) fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.header).expect("a header");
        self.rows.iter().for_each(|row| writer.write_record(row).expect("a row"));
        String::from_utf8(writer.into_inner().expect("a feed")).expect("UTF-8")
    }

    fn column(&self, name: &str) -> usize {
        self.header.iter().position(|column| column == name).expect("a column")
    }

    pub(crate) fn id(&self, row: usize) -> String {
        self.product_id(&self.rows[row]).expect("an id").to_owned()
    }

    pub(crate) fn name(&self, row: usize) -> String {
        self.rows[row][self.column("name")].to_owned()
    }

    pub(crate) fn set(&mut self, row: usize, column: &str, value: &str) {
        let column = self.column(column);
        let values = self.rows[row].iter().enumerate();
        self.rows[row] =
            values.map(|(at, known)| if at == column { value } else { known }).collect();
    }
}
