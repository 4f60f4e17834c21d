//! The settings of an ingestion: how feeds are read, and when a run changes nothing.

use akin_entities::{Currency, ExchangeRate};
use akin_ports::ProductStore;
use akin_usecases::{ColumnMap, ExplainFeed, IngestCatalogue, Limits, Percentage, Pricing};
use clap::Args;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The settings of an ingestion, whatever its feeds.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct IngestSettings {
    /// Map columns to fields, such as `cost=actual_price,size=attributes`, or a file with one pair
    /// per line. `id=` ignores a column.
    #[arg(long, env = "AKIN_FEED_MAP", value_name = "MAP", value_parser = column_map)]
    map: Option<ColumnMap>,

    /// Read the feeds by this profile of a platform, such as shopify or woocommerce; `none` reads columns by
    /// akin's own names. Told from the columns by default.
    #[arg(long, env = "AKIN_PROFILE", value_name = "NAME", value_parser = profile)]
    profile: Option<String>,

    /// Convert the prices of a currency at a fixed rate, such as `INR=HKD:0.094`; one rate per
    /// currency. The converted price and the rate are stored.
    #[arg(long = "rate", env = "AKIN_RATES", value_name = "RATE", value_delimiter = ',')]
    rates: Vec<ExchangeRate>,

    /// The feeds list the whole catalogue: remove the products that are in none of them.
    #[arg(long, env = "AKIN_COMPLETE")]
    pub complete: bool,

    /// Abort if more than this share of the rows would be quarantined.
    #[arg(long, env = "AKIN_MAX_REFUSED", default_value = "20%", value_name = "PERCENT", value_parser = percentage)]
    max_refused: Percentage,

    /// Abort if complete feeds would remove more than this share of the products.
    #[arg(long, env = "AKIN_MAX_REMOVED", default_value = "20%", value_name = "PERCENT", value_parser = percentage)]
    max_removed: Percentage,

    /// How long to wait for another ingestion of the same store; 0 fails at once.
    #[arg(long, env = "AKIN_WAIT", default_value = "10m", value_name = "TIME", value_parser = patience)]
    pub wait: Duration,

    /// The currency of prices without a symbol or code.
    #[arg(long, env = "AKIN_CURRENCY", default_value = "USD", value_name = "CODE", value_parser = Currency::new)]
    currency: Currency,
}

impl IngestSettings {
    /// Returns the use case that reads feeds into `store`.
    pub fn ingest(&self, store: Arc<dyn ProductStore>) -> IngestCatalogue {
        IngestCatalogue {
            store,
            pricing: self.pricing(),
            columns: self.columns(),
            is_complete: self.complete,
            limits: Limits { refused: self.max_refused, removed: self.max_removed },
        }
    }

    /// Returns the use case that says how a feed is understood.
    pub fn explain(&self) -> ExplainFeed {
        ExplainFeed { pricing: self.pricing(), columns: self.columns() }
    }

    fn pricing(&self) -> Pricing {
        Pricing { unsigned: self.currency, rates: self.rates.clone() }
    }

    fn columns(&self) -> ColumnMap {
        let map = self.map.clone().unwrap_or_default();
        // Its name was checked when the settings were read.
        let profile = self.profile.as_deref().map(|name| map.clone().with_profile(name));
        profile.and_then(Result::ok).unwrap_or(map)
    }

    /// Returns a problem for each rate whose currency another rate converts too.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        let rates = self.rates.iter().enumerate();
        let rivals = rates.filter(|(position, rate)| {
            self.rates[..*position].iter().any(|other| other.from() == rate.from())
        });
        rivals.map(|(_, rate)| format!("--rate {rate}: another rate converts that currency too"))
    }
}

/// Checks the name of a profile.
fn profile(name: &str) -> Result<String, String> {
    let known = ColumnMap::default().with_profile(name);
    known.map(|_| name.to_owned()).map_err(|error| error.to_string())
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

/// Parses a percentage. A bare fraction is refused: `0.1` could mean 10%.
fn percentage(text: &str) -> Result<Percentage, String> {
    let is_fraction = text.trim().parse().is_ok_and(|number: f64| number > 0.0 && number < 1.0);
    let example = "expected a percentage from 0% to 100%, such as 20%";
    if is_fraction { Err(example.to_owned()) } else { text.parse().map_err(|_| example.to_owned()) }
}

/// Parses a time up to a year, which may be 0.
fn patience(text: &str) -> Result<Duration, String> {
    time(text).ok_or_else(|| "expected a time up to a year, such as 0, 90s, 30m or 1h".to_owned())
}

/// Parses a time up to a year: `90s`, `30m`, `1h` or `1d`. A bare number is in seconds.
pub fn time(text: &str) -> Option<Duration> {
    let unit = text.trim_end().chars().last();
    let (number, unit) = match unit {
        Some('s') => (text.trim_end().trim_end_matches('s'), 1.0),
        Some('m') => (text.trim_end().trim_end_matches('m'), 60.0),
        Some('h') => (text.trim_end().trim_end_matches('h'), 3_600.0),
        Some('d') => (text.trim_end().trim_end_matches('d'), 86_400.0),
        _ => (text, 1.0),
    };
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= Duration::from_hours(8_760))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_fraction_is_not_a_percentage() {
        for (text, percent) in [("20%", 20.0), ("20", 20.0), ("0.1%", 0.1), ("0", 0.0)] {
            assert_eq!(percentage(text), Ok(Percentage::percent(percent)), "{text}");
        }
        for text in ["0.1", ".5", "101%", "half", ""] {
            assert!(percentage(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_time_may_be_zero_and_is_at_most_a_year() {
        assert_eq!(patience("0"), Ok(Duration::ZERO));
        assert_eq!(patience("0.5s"), Ok(Duration::from_millis(500)));
        assert!(patience("-1").is_err() && patience("400d").is_err());
    }
}
