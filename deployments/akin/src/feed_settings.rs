//! Which feeds are read, and how.

use akin_composition::BadSettings;
use akin_entities::{Currency, ExchangeRate};
use akin_feeds::{BadColumnMap, ColumnMap, FeedFile, Format, Options};
use akin_ports::FeedSource;
use akin_usecases::Pricing;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The feeds of a command.
#[derive(Debug, clap::Args)]
pub(crate) struct FeedSettings {
    /// The feeds: CSV, JSON Lines, Google Merchant XML or Parquet files, plain or compressed by
    /// gzip or zstd; patterns of them in quotes; `-` for standard input.
    #[arg(required = true, value_name = "FEED")]
    feeds: Vec<PathBuf>,

    /// How the feeds are written: csv (or tsv), jsonl, xml, parquet. Their content tells if this
    /// is left out.
    #[arg(long = "format", env = "AKIN_FEED_FORMAT", value_name = "FORMAT")]
    feed_format: Option<Format>,

    /// What columns give which fields, as `cost=actual_price,size=attributes`, or a file with one
    /// such pair a line. `id=` leaves a column out.
    #[arg(long, env = "AKIN_FEED_MAP", value_name = "MAP", value_parser = column_map)]
    map: Option<ColumnMap>,

    /// Convert prices of a currency at a fixed rate before they are kept, as `INR=HKD:0.094`; may
    /// be given for several currencies. What is kept is the price that results, and the rate.
    #[arg(long = "rate", env = "AKIN_RATES", value_name = "RATE", value_delimiter = ',')]
    rates: Vec<ExchangeRate>,
}

impl FeedSettings {
    /// Refuses the standard input for what reads feeds more than once.
    pub(crate) fn refuse_standard_input(&self, setting: &str) -> Result<(), BadSettings> {
        let is_read_once = self.feeds.iter().any(|path| path.as_os_str() == "-");
        let problem =
            format!("{setting} cannot read the standard input again: name files, not `-`");
        BadSettings::refuse(if is_read_once { vec![problem] } else { Vec::new() })
    }

    /// How their prices are read; those without sign or code are of the currency `unsigned`.
    pub(crate) fn pricing(&self, unsigned: Currency) -> Pricing {
        Pricing { unsigned, rates: self.rates.clone() }
    }

    /// The feeds that are named. Paths that lead to nothing are refused all at once, before
    /// anything is begun.
    pub(crate) fn sources(&self) -> Result<Vec<Arc<dyn FeedSource>>, BadSettings> {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in &self.feeds {
            match akin_feeds::files(path) {
                Ok(found) => files.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems.extend(self.rival_rates());
        BadSettings::refuse(problems)?;
        let map = self.map.clone().unwrap_or_default();
        let options = Options { format: self.feed_format, map };
        let source =
            |file| -> Arc<dyn FeedSource> { Arc::new(FeedFile::new(file, options.clone())) };
        Ok(files.into_iter().map(source).collect())
    }

    /// What is wrong with rates of which another converts the same currency.
    fn rival_rates(&self) -> impl Iterator<Item = String> {
        let rates = self.rates.iter().enumerate();
        let rivals = rates.filter(|(place, rate)| {
            self.rates[..*place].iter().any(|other| other.from() == rate.from())
        });
        rivals.map(|(_, rate)| format!("--rate {rate}: another rate converts that currency too"))
    }
}

fn column_map(text: &str) -> Result<ColumnMap, BadColumnMap> {
    let path = Path::new(text);
    if path.is_file() || !text.contains('=') { ColumnMap::read(path) } else { text.parse() }
}
