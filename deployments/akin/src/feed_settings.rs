//! Which feeds are read, and how.

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
        let is_read_once = self.files.has_standard_input();
        let problem =
            format!("{setting} cannot read the standard input again: name files, not `-`");
        BadSettings::refuse(if is_read_once { vec![problem] } else { Vec::new() })
    }

    /// How their prices are read; those without sign or code are of the currency `unsigned`.
    pub(crate) fn pricing(&self, unsigned: Currency) -> Pricing {
        Pricing { unsigned, rates: self.rates.clone() }
    }

    /// Returns how their columns are read.
    pub(crate) fn columns(&self) -> ColumnMap {
        self.map.clone().unwrap_or_default()
    }

    /// Returns the feeds that are named. All paths that lead to none are refused at once.
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

    /// What is wrong with rates of which another converts the same currency.
    fn rival_rates(&self) -> impl Iterator<Item = String> {
        let rates = self.rates.iter().enumerate();
        let rivals = rates.filter(|(place, rate)| {
            self.rates[..*place].iter().any(|other| other.from() == rate.from())
        });
        rivals.map(|(_, rate)| format!("--rate {rate}: another rate converts that currency too"))
    }
}

/// Parses a map, or reads the file that holds it.
fn column_map(text: &str) -> Result<ColumnMap, String> {
    let path = Path::new(text);
    if !path.is_file() && text.contains('=') {
        return text.parse().map_err(|error| format!("{error}"));
    }
    let refused = |error: &dyn std::fmt::Display| format!("{text}: {error}");
    let lines = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    ColumnMap::from_lines(&lines).map_err(|error| refused(&error))
}
