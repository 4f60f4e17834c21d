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

/// What is told of each product beside its tale: so long that embedding takes most of a worker's time.
const LORE: &str = "Our workshop has made things for the house and the garden and for long journeys since \
    the days of our grandparents and every piece is looked at by somebody who knows how it will be used \
    before it is wrapped and sent on its way to you with a card that says who made it and where";

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

    /// Lets a few products change, go, or come back, and now and then most of them. Many are then what
    /// they were once before.
    pub(crate) fn change(&mut self, random: &mut Rng) {
        let times = if random.u8(..4) == 0 { KNOWN / 2 } else { 10 };
        self.change_times(random, times);
    }

    /// Lets most of the products change.
    pub(crate) fn change_most(&mut self, random: &mut Rng) {
        self.change_times(random, 2 * KNOWN);
    }

    fn change_times(&mut self, random: &mut Rng, times: usize) {
        for _ in 0..times {
            let offer = &mut self.0[random.usize(..KNOWN)];
            match random.u8(..10) {
                0..=3 => offer.look = random.usize(..LOOKS.len()),
                4..=5 => offer.tale = random.usize(..TALES.len()),
                6..=7 => offer.cents = random.u32(1..100_000),
                8 => offer.is_sold = !offer.is_sold,
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
            (name_of(id), [offer.name(id), offer.description(), offer.price() + " USD"])
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

    fn description(&self) -> String {
        format!("{} {LORE}", TALES[self.tale]).trim().to_owned()
    }

    fn price(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }

    fn row(&self, id: usize) -> String {
        let (name, description, price) = (self.name(id), self.description(), self.price());
        format!("{},{name},{description},{},{price}\n", name_of(id), word(id))
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
