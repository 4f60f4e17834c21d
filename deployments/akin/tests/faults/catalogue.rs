//! What a shop sells, how it changes, and the feeds that say so.

use fastrand::Rng;
use std::collections::BTreeMap;

/// How many products the shop knows; it does not sell all of them at any time.
const KNOWN: usize = 240;

const LOOKS: [&str; 5] = ["Steady", "Folding", "Wooden", "Quiet", "Bright red"];
const THINGS: [&str; 8] = [
    "phone tripod",
    "desk lamp",
    "coffee grinder",
    "garden hose",
    "hiking boot",
    "chess board",
    "tent for two",
    "water bottle",
];
const TALES: [&str; 4] =
    ["", "Made to last for years.", "Fits into any bag.", "Comes with a cloth to clean it."];

const HEADER: &str = "product_id,name,description,attributes,actual_price\n";

/// The feeds' names, the one that counts last.
pub(crate) const FEEDS: [&str; 2] = ["main.csv", "extra.csv"];

/// All products that the shop knows; a product's place is its id.
#[derive(Debug)]
pub(crate) struct Catalogue(Vec<Offer>);

#[derive(Clone, Debug)]
struct Offer {
    look: usize,
    tale: usize,
    cents: u32,
    is_sold: bool,
    told: Told,
}

/// How often the feeds name a product. What they say last counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Once,
    TwiceInOneFeed,
    InBothFeeds,
}

impl Catalogue {
    pub(crate) fn new(random: &mut Rng) -> Self {
        let offer = |_| Offer {
            look: random.usize(..LOOKS.len()),
            tale: random.usize(..TALES.len()),
            cents: random.u32(1..100_000),
            is_sold: random.u8(..4) > 0,
            told: Told::Once,
        };
        Self((0..KNOWN).map(offer).collect())
    }

    /// Lets a few products change, go, or come back. Many are then what they were once before.
    pub(crate) fn change(&mut self, random: &mut Rng) {
        for _ in 0..random.u8(6..18) {
            let offer = &mut self.0[random.usize(..KNOWN)];
            match random.u8(..10) {
                0..=3 => offer.look = random.usize(..LOOKS.len()),
                4 => offer.tale = random.usize(..TALES.len()),
                5..=6 => offer.cents = random.u32(1..100_000),
                7..=8 => offer.is_sold = !offer.is_sold,
                _ => {
                    let all = [Told::Once, Told::TwiceInOneFeed, Told::InBothFeeds];
                    offer.told = all[random.usize(..all.len())];
                }
            }
        }
    }

    /// The texts of [`FEEDS`], which together name all that is sold.
    pub(crate) fn feeds(&self) -> [String; 2] {
        let mut feeds = FEEDS.map(|_| HEADER.to_owned());
        for (id, offer) in self.sold() {
            if offer.told != Told::Once {
                feeds[0] += &offer.older().row(id);
            }
        }
        for (id, offer) in self.sold() {
            feeds[usize::from(offer.told == Told::InBothFeeds)] += &offer.row(id);
        }
        feeds
    }

    /// Name, description and price of what is sold, by id: what must be found, whoever read the feeds.
    pub(crate) fn expected(&self) -> BTreeMap<String, [String; 3]> {
        let texts = |(id, offer): (usize, &Offer)| {
            (name_of(id), [offer.name(id), TALES[offer.tale].to_owned(), offer.price() + " USD"])
        };
        self.sold().map(texts).collect()
    }

    /// A word for each product, sold or not, that no other has.
    pub(crate) fn words() -> Vec<String> {
        (0..KNOWN).map(word).collect()
    }

    fn sold(&self) -> impl Iterator<Item = (usize, &Offer)> {
        self.0.iter().enumerate().filter(|(_, offer)| offer.is_sold)
    }
}

impl Offer {
    /// What it might have been before.
    fn older(&self) -> Self {
        Self { look: (self.look + 1) % LOOKS.len(), cents: self.cents + 1, ..self.clone() }
    }

    fn name(&self, id: usize) -> String {
        format!("{} {} number {id}", LOOKS[self.look], THINGS[id % THINGS.len()])
    }

    fn price(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }

    fn row(&self, id: usize) -> String {
        let (name, tale, price) = (self.name(id), TALES[self.tale], self.price());
        format!("{},{name},{tale},{},{price}\n", name_of(id), word(id))
    }
}

fn name_of(id: usize) -> String {
    format!("P-{id}")
}

/// Without a vowel there is nothing that analysis would take from a word.
fn word(id: usize) -> String {
    let digit = |digit: char| {
        char::from(b"bdfghjkmnp"[digit.to_digit(10).expect("a number's digit") as usize])
    };
    let digits: String = id.to_string().chars().map(digit).collect();
    format!("q{digits}z")
}
