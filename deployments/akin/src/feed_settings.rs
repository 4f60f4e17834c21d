//! The feeds of a command, and how they are read.

use akin_composition::BadSettings;
use akin_entities::{Currency, ExchangeRate};
use akin_files::FeedFile;
use akin_ports::FeedSource;
use akin_usecases::{ColumnMap, Pricing};
use std::path::Path;
use std::sync::Arc;

/// The feeds of a command.
#[derive(Debug, clap::Args)]
pub(crate) struct FeedSettings {
    #[command(flatten)]
    files: akin_files::Settings,

    /// Map columns to fields, such as `cost=actual_price,size=attributes`, or a file with one pair
    /// per line. `id=` ignores a column.
    #[arg(long, env = "AKIN_FEED_MAP", value_name = "MAP", value_parser = column_map)]
    map: Option<ColumnMap>,

    /// Convert the prices of a currency at a fixed rate, such as `INR=HKD:0.094`; one rate per
    /// currency. The converted price and the rate are stored.
    #[arg(long = "rate", env = "AKIN_RATES", value_name = "RATE", value_delimiter = ',')]
    rates: Vec<ExchangeRate>,
}

impl FeedSettings {
    /// Refuses standard input where feeds are read more than once.
    pub(crate) fn refuse_standard_input(&self, setting: &str) -> Result<(), BadSettings> {
        let is_read_once = self.files.has_standard_input();
        let problem =
            format!("{setting} cannot read standard input again: name files instead of `-`");
        BadSettings::refuse(if is_read_once { vec![problem] } else { Vec::new() })
    }

    /// Returns how prices are read; those without a symbol or code are in `unsigned`.
    pub(crate) fn pricing(&self, unsigned: Currency) -> Pricing {
        Pricing { unsigned, rates: self.rates.clone() }
    }

    /// Returns how columns are read.
    pub(crate) fn columns(&self) -> ColumnMap {
        self.map.clone().unwrap_or_default()
    }

    /// Returns the names of the feeds as they are set, whether or not they exist.
    pub(crate) fn names(&self) -> Vec<String> {
        self.files.feeds.iter().map(|feed| feed.display().to_string()).collect()
    }

    /// Returns the named feeds. All paths without a feed are refused at once.
    pub(crate) fn sources(&self) -> Result<Vec<Arc<dyn FeedSource>>, BadSettings> {
        let (files, mut problems) = match self.files.sources() {
            Ok(files) => (files, Vec::new()),
            Err(problems) => (Vec::new(), problems),
        };
        problems.extend(self.rival_rates());
        BadSettings::refuse(problems)?;
        let source = |file: FeedFile| -> Arc<dyn FeedSource> { Arc::new(file) };
        Ok(files.into_iter().map(source).collect())
    }

    /// Returns a problem for each rate whose currency another rate converts too.
    fn rival_rates(&self) -> impl Iterator<Item = String> {
        let rates = self.rates.iter().enumerate();
        let rivals = rates.filter(|(position, rate)| {
            self.rates[..*position].iter().any(|other| other.from() == rate.from())
        });
        rivals.map(|(_, rate)| format!("--rate {rate}: another rate converts that currency too"))
    }
}

/// Parses a map, or reads the file that holds it.
fn column_map(text: &str) -> Result<ColumnMap, String> {
    if text.trim().is_empty() {
        return Err("expected pairs such as cost=actual_price, or the name of a file".to_owned());
    }
    let path = Path::new(text);
    if !path.is_file() && text.contains('=') {
        return text.parse().map_err(|error| format!("{error}"));
    }
    let refused = |error: &dyn std::fmt::Display| format!("{text}: {error}");
    let lines = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    ColumnMap::from_lines(&lines).map_err(|error| refused(&error))
}
