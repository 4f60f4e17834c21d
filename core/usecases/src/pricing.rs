use akin_entities::{Currency, ExchangeRate, Price};

/// How the prices of a feed are read.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The currency of a price without sign or code.
    pub unsigned: Currency,
    /// What a price is converted by, if it is in that currency.
    pub rates: Vec<ExchangeRate>,
}

impl Pricing {
    /// Prices are kept as they are told; those without sign or code are of the currency `unsigned`.
    pub fn unconverted(unsigned: Currency) -> Self {
        Self { unsigned, rates: Vec::new() }
    }

    /// The price that `text` tells; in another currency if there is a rate for its own, which is
    /// answered too. An error says why it is none.
    pub(crate) fn read(&self, text: &str) -> Result<(Price, Option<ExchangeRate>), String> {
        let price = Price::parse(text, self.unsigned).map_err(|error| error.to_string())?;
        let rate = self.rates.iter().find(|rate| rate.from() == price.currency());
        let Some(rate) = rate else { return Ok((price, None)) };
        let converted = rate.convert(price);
        let converted = converted.ok_or_else(|| format!("too large to be converted by {rate}"))?;
        Ok((converted, Some(*rate)))
    }
}
