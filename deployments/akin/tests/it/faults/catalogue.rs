//! The products of a shop, their random changes, and the feeds that list them.

use fastrand::Rng;
use std::collections::BTreeMap;

/// The number of products, not all of which are listed at any time.
const PRODUCTS: usize = 240;

const ADJECTIVES: [&str; 5] = ["Steady", "Folding", "Wooden", "Quiet", "Bright red"];
const NOUNS: [&str; 8] = [
    "phone tripod",
    "desk lamp",
    "coffee grinder",
    "garden hose",
    "hiking boot",
    "chess board",
    "tent for two",
    "water bottle",
];
const DESCRIPTIONS: [&str; 4] =
    ["", "Made to last for years.", "Fits into any bag.", "Comes with a cloth to clean it."];

/// The rest of each description, so long that workers spend most of their time on embedding.
const FILLER: &str = "Our workshop has made things for the house and the garden and for long journeys since \
    the days of our grandparents and every piece is looked at by somebody who knows how it will be used \
    before it is wrapped and sent on its way to you with a card that says who made it and where";

const HEADER: &str = "product_id,name,description,attributes,actual_price\n";

/// The names of the feeds. Where both list a product, the last one counts.
pub(crate) const FEEDS: [&str; 2] = ["main.csv", "extra.csv"];

/// All products of the shop. The position of a product is its id.
#[derive(Debug)]
pub(crate) struct Catalogue(Vec<Offer>);

#[derive(Clone, Debug)]
struct Offer {
    adjective: usize,
    description: usize,
    cents: u32,
    is_listed: bool,
    rows: Rows,
}

/// The rows of a product in the feeds. The last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    One,
    TwoInOneFeed,
    OneInEachFeed,
}

impl Catalogue {
    pub(crate) fn new(random: &mut Rng) -> Self {
        let offer = |_| Offer {
            adjective: random.usize(..ADJECTIVES.len()),
            description: random.usize(..DESCRIPTIONS.len()),
            cents: random.u32(1..100_000),
            is_listed: random.u8(..4) > 0,
            rows: Rows::One,
        };
        Self((0..PRODUCTS).map(offer).collect())
    }

    /// Changes, removes or restores a few products, and sometimes most of them. Many return to an
    /// earlier state.
    pub(crate) fn change(&mut self, random: &mut Rng) {
        let times = if random.u8(..4) == 0 { PRODUCTS / 2 } else { 10 };
        self.change_times(random, times);
    }

    /// Changes most of the products.
    pub(crate) fn change_most(&mut self, random: &mut Rng) {
        self.change_times(random, 2 * PRODUCTS);
    }

    fn change_times(&mut self, random: &mut Rng, times: usize) {
        for _ in 0..times {
            let offer = &mut self.0[random.usize(..PRODUCTS)];
            match random.u8(..10) {
                0..=3 => offer.adjective = random.usize(..ADJECTIVES.len()),
                4..=5 => offer.description = random.usize(..DESCRIPTIONS.len()),
                6..=7 => offer.cents = random.u32(1..100_000),
                8 => offer.is_listed = !offer.is_listed,
                _ => {
                    let all = [Rows::One, Rows::TwoInOneFeed, Rows::OneInEachFeed];
                    offer.rows = all[random.usize(..all.len())];
                }
            }
        }
    }

    /// Returns the contents of [`FEEDS`], which together list the whole catalogue.
    pub(crate) fn feeds(&self) -> [String; 2] {
        let mut feeds = FEEDS.map(|_| HEADER.to_owned());
        for (id, offer) in self.listed() {
            if offer.rows != Rows::One {
                feeds[0] += &offer.outdated().row(id);
            }
        }
        for (id, offer) in self.listed() {
            feeds[usize::from(offer.rows == Rows::OneInEachFeed)] += &offer.row(id);
        }
        feeds
    }

    /// Returns name, description and price of every listed product, by id.
    pub(crate) fn expected(&self) -> BTreeMap<String, [String; 3]> {
        let texts = |(id, offer): (usize, &Offer)| {
            (product_id(id), [offer.name(id), offer.description(), offer.price() + " USD"])
        };
        self.listed().map(texts).collect()
    }

    /// Returns a word for each product, listed or not, that no other product has.
    pub(crate) fn words() -> Vec<String> {
        (0..PRODUCTS).map(word).collect()
    }

    fn listed(&self) -> impl Iterator<Item = (usize, &Offer)> {
        self.0.iter().enumerate().filter(|(_, offer)| offer.is_listed)
    }
}

impl Offer {
    /// Returns a different version of it, for a row that does not count.
    fn outdated(&self) -> Self {
        Self {
            adjective: (self.adjective + 1) % ADJECTIVES.len(),
            cents: self.cents + 1,
            ..self.clone()
        }
    }

    fn name(&self, id: usize) -> String {
        format!("{} {} number {id}", ADJECTIVES[self.adjective], NOUNS[id % NOUNS.len()])
    }

    fn description(&self) -> String {
        format!("{} {FILLER}", DESCRIPTIONS[self.description]).trim().to_owned()
    }

    fn price(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }

    fn row(&self, id: usize) -> String {
        let (name, description, price) = (self.name(id), self.description(), self.price());
        format!("{},{name},{description},{},{price}\n", product_id(id), word(id))
    }
}

fn product_id(id: usize) -> String {
    format!("P-{id}")
}

/// Returns a word without vowels, which stemming leaves unchanged.
fn word(id: usize) -> String {
    let letter = |digit: char| {
        char::from(b"bdfghjkmnp"[digit.to_digit(10).expect("a number's digit") as usize])
    };
    let letters: String = id.to_string().chars().map(letter).collect();
    format!("q{letters}z")
}
