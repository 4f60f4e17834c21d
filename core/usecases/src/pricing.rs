use akin_entities::{Currency, ExchangeRate, Price};

/// The interpretation of a feed's prices: their currency, and rates of conversion.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The currency of a price without a symbol or code.
    pub unsigned: Currency,
    /// Fixed exchange rates; a price in the source currency of one is converted.
    pub rates: Vec<ExchangeRate>,
}

impl Pricing {
    /// Reads prices without converting them; those without a symbol or code are in `unsigned`.
    pub fn unconverted(unsigned: Currency) -> Self {
        Self { unsigned, rates: Vec::new() }
    }

    /// Returns the currency of a row's prices by its code, sign or name; a blank text means the default. An
    /// error is the reason why the text is not a currency.
    pub(crate) fn currency(&self, text: &str) -> Result<Currency, String> {
        if text.is_empty() {
            return Ok(self.unsigned);
        }
        let reason = || "not the ISO 4217 code of a currency, nor a sign that one has".to_owned();
        Currency::named(text, self.unsigned).ok_or_else(reason)
    }

    /// Parses a price, in `currency` if it names none, and converts it if there is a rate for its
    /// currency. Returns the rate as well. An error is the reason why the text is not a price.
    pub(crate) fn read(
        &self,
        text: &str,
        currency: Currency,
    ) -> Result<(Price, Option<ExchangeRate>), String> {
        let price = Price::parse(text, currency).map_err(|error| error.to_string())?;
        let rate = self.rates.iter().find(|rate| rate.from() == price.currency());
        let Some(rate) = rate else { return Ok((price, None)) };
        let converted = rate.convert(price);
        let converted = converted.ok_or_else(|| format!("too large to be converted by {rate}"))?;
        Ok((converted, Some(*rate)))
    }
}
