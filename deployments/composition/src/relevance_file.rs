//! Reads a file of relevance rules, and names everything that is wrong with it at once.

use akin_entities::{Filter, KeywordField, ProductId};
use akin_usecases::{
    AttributeBoosts, CurationRule, FilterBoost, Occasion, Pin, Relevance, RelevanceRules,
    SynonymRule, Synonyms,
};
use serde_json::{Map, Value};

/// The version of the format.
const VERSION: u64 = 1;

/// The maximum number of synonym rules, and of curation rules.
const MAX_RULES: usize = 10_000;

/// The maximum length of a word or phrase, in characters.
const MAX_TEXT: usize = 100;

/// The maximum number of hidden products and of boosts of a rule.
const MAX_HIDES: usize = 1_000;
const MAX_BOOSTS: usize = 100;

/// The boosts of every search.
const ATTRIBUTE_BOOSTS: [&str; 4] = ["rating", "discount", "availability", "newness"];

/// The maximum number of problems that are named.
const MAX_PROBLEMS: usize = 50;

/// Parses the text of a file. On failure returns every problem, each with its place in the file.
pub(crate) fn parse(text: &str) -> Result<RelevanceRules, Vec<String>> {
    // The byte order mark that some editors write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: Value = serde_json::from_str(text).map_err(|error| vec![format!("{error}")])?;
    let mut reader = Reader::default();
    let rules = reader.rules(&root);
    let count = reader.problems.len();
    if count == 0 {
        return Ok(rules);
    }
    reader.problems.truncate(MAX_PROBLEMS);
    if count > MAX_PROBLEMS {
        reader.problems.push(format!("and {} more", count - MAX_PROBLEMS));
    }
    Err(reader.problems)
}

/// Reads values, and collects what is wrong with them.
#[derive(Debug, Default)]
struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn problem(&mut self, place: &str, what: impl std::fmt::Display) {
        self.problems.push(format!("{place}: {what}"));
    }

    fn rules(&mut self, root: &Value) -> RelevanceRules {
        let mut rules = RelevanceRules::default();
        let Some(root) = self.object(root, "file", &["version", "synonyms", "curation", "boosts"])
        else {
            return rules;
        };
        if root.get("version").and_then(Value::as_u64) != Some(VERSION) {
            self.problem("version", format!("must be {VERSION}, the version of this format"));
        }
        for (place, value) in self.list(root.get("synonyms"), "synonyms", MAX_RULES) {
            rules.synonyms.extend(self.synonyms(value, &place));
        }
        for (place, value) in self.list(root.get("curation"), "curation", MAX_RULES) {
            rules.curation.extend(self.curation(value, &place));
        }
        if let Some(boosts) = root.get("boosts")
            && let Some(boosts) = self.object(boosts, "boosts", &ATTRIBUTE_BOOSTS)
        {
            let [rating, discount, availability, newness] = ATTRIBUTE_BOOSTS.map(|name| {
                self.number(boosts.get(name), &format!("boosts.{name}"), 0.0..=10.0, 0.0)
            });
            rules.boosts = AttributeBoosts { rating, discount, availability, newness };
        }
        rules
    }

    /// Reads a group of synonyms, or what finds what.
    fn synonyms(&mut self, value: &Value, place: &str) -> Vec<SynonymRule> {
        if value.is_array() {
            let texts = self.texts(Some(value), place, Synonyms::MAX_ALTERNATIVES + 1);
            if texts.len() < 2 {
                self.problem(place, "must list at least two words or phrases");
            }
            return SynonymRule::mutual(&texts);
        }
        let Some(rule) = self.object(value, place, &["from", "to"]) else { return Vec::new() };
        let mut side = |name: &str| {
            let place = format!("{place}.{name}");
            let texts = self.texts(rule.get(name), &place, Synonyms::MAX_ALTERNATIVES);
            if texts.is_empty() {
                self.problem(&place, "must list at least one word or phrase");
            }
            texts
        };
        vec![SynonymRule { from: side("from"), to: side("to") }]
    }

    fn curation(&mut self, value: &Value, place: &str) -> Option<CurationRule> {
        let names = ["query", "words", "always", "pin", "hide", "boost"];
        let rule = self.object(value, place, &names)?;
        let occasion = self.occasion(rule, place);
        let mut pins = Vec::new();
        let pinned = self.list(rule.get("pin"), &format!("{place}.pin"), Relevance::MAX_PINS);
        for (number, (place, value)) in (1..).zip(pinned) {
            pins.extend(self.pin(value, &place, number));
        }
        let hides = self.ids(rule.get("hide"), &format!("{place}.hide"));
        self.contradictions(&pins, &hides, place);
        let mut boosts = Vec::new();
        for (place, value) in self.list(rule.get("boost"), &format!("{place}.boost"), MAX_BOOSTS) {
            boosts.extend(self.boost(value, &place));
        }
        if pins.is_empty() && hides.is_empty() && boosts.is_empty() && self.problems.is_empty() {
            self.problem(place, "does nothing: name products to pin or hide, or a boost");
        }
        Some(CurationRule { occasion: occasion?, pins, hides, boosts })
    }

    /// Names the products that a rule both pins and hides, or pins twice, and the positions it gives twice.
    fn contradictions(&mut self, pins: &[Pin], hides: &[ProductId], place: &str) {
        for (number, pin) in pins.iter().enumerate() {
            let (id, position) = (&pin.id, pin.position);
            if hides.contains(id) {
                self.problem(place, format!("both pins and hides the product {:?}", id.as_str()));
            }
            let before = &pins[..number];
            if before.iter().any(|other| other.id == *id) {
                self.problem(place, format!("pins the product {:?} twice", id.as_str()));
            } else if before.iter().any(|other| other.position == position) {
                self.problem(place, format!("pins two products at position {position}"));
            }
        }
    }

    fn occasion(&mut self, rule: &Map<String, Value>, place: &str) -> Option<Occasion> {
        let given: Vec<_> = ["query", "words", "always"]
            .into_iter()
            .filter(|name| rule.contains_key(*name))
            .collect();
        let [name] = given[..] else {
            self.problem(place, "must have one of query, words and always: true");
            return None;
        };
        if name == "always" {
            if rule[name] != Value::Bool(true) {
                self.problem(&format!("{place}.always"), "must be true");
            }
            return Some(Occasion::Always);
        }
        let text = self.text(&rule[name], &format!("{place}.{name}"))?;
        Some(if name == "query" { Occasion::Query(text) } else { Occasion::Words(text) })
    }

    /// Reads a product id, or an object with an id and a position.
    fn pin(&mut self, value: &Value, place: &str, number: usize) -> Option<Pin> {
        if value.is_string() {
            return Some(Pin { id: self.id(value, place)?, position: number });
        }
        let pin = self.object(value, place, &["id", "position"])?;
        let id = self.id(pin.get("id").unwrap_or(&Value::Null), &format!("{place}.id"));
        let position = pin.get("position").and_then(Value::as_u64);
        let position = position.and_then(|position| usize::try_from(position).ok());
        let position = position.filter(|position| (1..=Relevance::MAX_POSITION).contains(position));
        if position.is_none() {
            let most = Relevance::MAX_POSITION;
            self.problem(
                &format!("{place}.position"),
                format!("must be a whole number from 1 to {most}"),
            );
        }
        Some(Pin { id: id?, position: position? })
    }

    fn boost(&mut self, value: &Value, place: &str) -> Option<FilterBoost> {
        let names = ["main_category", "sub_category", "brand", "ids", "factor"];
        let boost = self.object(value, place, &names)?;
        let mut filter = Filter::default();
        for field in KeywordField::ALL {
            let place = format!("{place}.{}", field.name());
            filter =
                filter.with_any_of(field, self.texts(boost.get(field.name()), &place, MAX_BOOSTS));
        }
        filter = filter.with_ids(self.ids(boost.get("ids"), &format!("{place}.ids")));
        if filter.is_empty() {
            self.problem(place, "must name a main_category, sub_category, brand or ids");
        }
        let place = format!("{place}.factor");
        if !boost.contains_key("factor") {
            self.problem(&place, "is missing: above 1, products come earlier, below 1 later");
        }
        let factor = self.number(boost.get("factor"), &place, 0.01..=100.0, 1.0);
        Some(FilterBoost { filter, factor })
    }

    /// Returns an object whose names are among `names`.
    fn object<'v>(
        &mut self,
        value: &'v Value,
        place: &str,
        names: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let Some(object) = value.as_object() else {
            self.problem(place, format!("must be an object with {}", names.join(", ")));
            return None;
        };
        for name in object.keys().filter(|name| !names.contains(&name.as_str())) {
            let known = names.join(", ");
            self.problem(place, format!("has no field {name:?}; the fields are {known}"));
        }
        Some(object)
    }

    /// Returns the values of a list, if there is one, each with its place.
    fn list<'v>(
        &mut self,
        value: Option<&'v Value>,
        place: &str,
        most: usize,
    ) -> Vec<(String, &'v Value)> {
        let Some(value) = value else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.problem(place, "must be a list");
            return Vec::new();
        };
        if list.len() > most {
            self.problem(place, format!("has {} entries, but may have {most}", list.len()));
        }
        let values = list.iter().take(most).enumerate();
        values.map(|(number, value)| (format!("{place}[{number}]"), value)).collect()
    }

    fn texts(&mut self, value: Option<&Value>, place: &str, most: usize) -> Vec<String> {
        let values = self.list(value, place, most);
        values.into_iter().filter_map(|(place, value)| self.text(value, &place)).collect()
    }

    fn text(&mut self, value: &Value, place: &str) -> Option<String> {
        let text = value.as_str().unwrap_or_default().trim();
        let is_word = text.chars().any(char::is_alphanumeric);
        if !is_word || text.chars().nth(MAX_TEXT).is_some() {
            let what =
                format!("must be a text with letters or digits, of up to {MAX_TEXT} characters");
            self.problem(place, what);
            return None;
        }
        Some(text.to_owned())
    }

    fn ids(&mut self, value: Option<&Value>, place: &str) -> Vec<ProductId> {
        let values = self.list(value, place, MAX_HIDES);
        values.into_iter().filter_map(|(place, value)| self.id(value, &place)).collect()
    }

    fn id(&mut self, value: &Value, place: &str) -> Option<ProductId> {
        let Some(text) = value.as_str() else {
            self.problem(place, "must be a product id, as a text");
            return None;
        };
        match ProductId::new(text) {
            Ok(id) => Some(id),
            Err(error) => {
                self.problem(place, format!("{text:?} is no product id: {error}"));
                None
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a factor needs no more than f32")]
    fn number(
        &mut self,
        value: Option<&Value>,
        place: &str,
        range: std::ops::RangeInclusive<f64>,
        default: f32,
    ) -> f32 {
        let Some(value) = value else { return default };
        if let Some(number) = value.as_f64().filter(|number| range.contains(number)) {
            return number as f32;
        }
        let (least, most) = (range.start(), range.end());
        self.problem(place, format!("must be a number from {least} to {most}"));
        default
    }
}

#[cfg(test)]
mod tests;
