//! Grows a catalogue of any size out of real products, the same each time.
//!
//! Real products are used unchanged. Each further product has three real parents, mostly of one main
//! category. Its embedding lies between theirs, nearest to the first, with a little noise added, so
//! that it stays where embeddings of products are. Its name and description combine words and
//! sentences of two parents with other sentences, a few common and most rare (Zipf's law). A unique
//! model number makes the vocabulary grow with the catalogue, as in a real shop.

use crate::DIMENSION;
use crate::corpus::Corpus;
use crate::random::Random;
use akin_entities::{Price, Product, ProductId};
use anyhow::Result;
use std::collections::HashMap;
use std::path::Path;

/// The length of the noise added to a unit vector.
const NOISE: f64 = 0.1;

/// The columns of a feed.
const COLUMNS: [&str; 12] = [
    "product_id",
    "name",
    "main_category",
    "sub_category",
    "image",
    "link",
    "ratings",
    "discount_price",
    "actual_price",
    "description",
    "brand",
    "attributes",
];

/// A catalogue to search.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// The products.
    pub(crate) products: Vec<Product>,
    /// The unit vector of each product.
    pub(crate) vectors: Vec<f32>,
}

/// The material that further products are made from.
struct Stock<'a> {
    corpus: &'a Corpus,
    departments: HashMap<&'a str, Vec<usize>>,
    sentences: Vec<&'a str>,
}

impl Catalogue {
    /// Creates a catalogue of `size` products.
    pub(crate) fn grow(corpus: &Corpus, size: usize) -> Result<Self> {
        let real = size.min(corpus.products.len());
        let mut products = corpus.products[..real].to_vec();
        let mut vectors = corpus.vectors[..real * DIMENSION].to_vec();
        let stock = Stock::of(corpus);
        let mut random = Random::new(size as u64);
        for number in real..size {
            let first = random.below(corpus.products.len());
            let [second, third] = [0, 1].map(|_| stock.other_parent(first, &mut random));
            products.push(stock.product(number, first, second, &mut random)?);
            let parents = [first, second, third].map(|parent| corpus.vector(parent));
            vectors.extend(between(parents, &mut random));
        }
        Ok(Self { products, vectors })
    }

    /// Writes the catalogue as a feed.
    pub(crate) fn write_feed(&self, file: &Path) -> Result<()> {
        let mut feed = csv::Writer::from_path(file)?;
        feed.write_record(COLUMNS)?;
        for product in &self.products {
            let price = |price: Option<Price>| price.map(|price| price.to_string());
            let rating = product.rating.map(|rating| rating.stars().to_string());
            feed.write_record([
                product.id.as_str(),
                &product.name,
                &product.main_category,
                &product.sub_category,
                &product.image_url,
                &product.link,
                &rating.unwrap_or_default(),
                &price(product.discount_price).unwrap_or_default(),
                &price(product.actual_price).unwrap_or_default(),
                &product.description,
                &product.brand,
                &product.attributes,
            ])?;
        }
        Ok(feed.flush()?)
    }

    /// Returns the number of products.
    pub(crate) fn len(&self) -> usize {
        self.products.len()
    }

    /// Returns the embedding of the product at `position`.
    pub(crate) fn vector(&self, position: usize) -> &[f32] {
        &self.vectors[position * DIMENSION..][..DIMENSION]
    }
}

impl<'a> Stock<'a> {
    fn of(corpus: &'a Corpus) -> Self {
        let mut departments: HashMap<_, Vec<_>> = HashMap::new();
        for (position, product) in corpus.products.iter().enumerate() {
            departments.entry(&*product.main_category).or_default().push(position);
        }
        let sentences = corpus.products.iter().flat_map(|product| sentences(&product.description));
        Self { corpus, departments, sentences: sentences.collect() }
    }

    /// Returns another parent besides `first`, mostly of the same main category.
    fn other_parent(&self, first: usize, random: &mut Random) -> usize {
        let department = &*self.corpus.products[first].main_category;
        match self.departments.get(department) {
            Some(positions) if random.below(10) < 7 => positions[random.below(positions.len())],
            _ => random.below(self.corpus.products.len()),
        }
    }

    fn product(
        &self,
        number: usize,
        first: usize,
        second: usize,
        random: &mut Random,
    ) -> Result<Product> {
        let (a, b) = (&self.corpus.products[first], &self.corpus.products[second]);
        let letter = |random: &mut Random| char::from(b'A' + random.below(26) as u8);
        let model = format!("{}{}-{}", letter(random), letter(random), random.below(100_000));
        let (head, tail) = (words(&a.name), words(&b.name));
        let name = [&head[..head.len().div_ceil(2)], &[&*model], &tail[tail.len() / 2..]].concat();
        let factor = 0.5 + random.unit();
        let scaled = |price: Price| {
            Price::from_minor((price.minor() as f64 * factor) as u64, price.currency())
        };
        Ok(Product {
            id: ProductId::new(format!("N{number:07}"))?,
            name: name.join(" "),
            description: self.description(a, b, random),
            discount_price: a.discount_price.map(scaled),
            actual_price: a.actual_price.map(scaled),
            rating: b.rating,
            ..a.clone()
        })
    }

    fn description(&self, a: &Product, b: &Product, random: &mut Random) -> String {
        let mut chosen = Vec::new();
        for parent in [a, a, b] {
            let own: Vec<_> = sentences(&parent.description).collect();
            if !own.is_empty() {
                chosen.push(own[random.below(own.len())]);
            }
        }
        if !self.sentences.is_empty() {
            chosen.push(self.sentences[random.zipf(self.sentences.len())]);
        }
        chosen.dedup();
        chosen.join(" ")
    }
}

/// Returns a direction between those of the parents, nearest to that of the first.
fn between([a, b, c]: [&[f32]; 3], random: &mut Random) -> Vec<f32> {
    let first = 0.4 + 0.6 * random.unit();
    let second = (1.0 - first) * random.unit();
    let third = 1.0 - first - second;
    let noise = NOISE / (DIMENSION as f64).sqrt();
    let mixed = a.iter().zip(b).zip(c).map(|((&a, &b), &c)| {
        let mean = first * f64::from(a) + second * f64::from(b) + third * f64::from(c);
        (mean + noise * random.normal()) as f32
    });
    let raw: Vec<f32> = mixed.collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ").map(str::trim).filter(|sentence| !sentence.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates enough real products for two main categories, each with a vector along its own axis.
    fn corpus() -> Corpus {
        let product = |number: usize| Product {
            main_category: format!("department {}", number % 2),
            brand: "Lumo".to_owned(),
            description: format!("It shines, {number} times. It is warm."),
            actual_price: Some(Price::from_minor(1_000, akin_entities::Currency::USD)),
            ..Product::new(
                ProductId::new(format!("R{number}")).unwrap(),
                format!("lamp number {number}"),
            )
        };
        let mut vectors = vec![0.0; 10 * DIMENSION];
        (0..10).for_each(|number| vectors[number * DIMENSION + number] = 1.0);
        Corpus { products: (0..10).map(product).collect(), vectors }
    }

    #[test]
    fn a_catalogue_grows_the_same_each_time() {
        let corpus = corpus();
        let [one, other] = [0, 1].map(|_| Catalogue::grow(&corpus, 50).unwrap());
        assert_eq!((&one.products, &one.vectors), (&other.products, &other.vectors));
        assert_eq!(one.products[..10], corpus.products);
    }

    #[test]
    fn a_grown_product_lies_between_its_parents_and_has_a_unique_id() {
        let grown = Catalogue::grow(&corpus(), 200).unwrap();
        let ids: std::collections::HashSet<_> = grown.products.iter().map(|one| &one.id).collect();
        assert_eq!(ids.len(), 200);
        for position in 0..grown.len() {
            let vector = grown.vector(position);
            let length: f32 = vector.iter().map(|x| x * x).sum();
            let greatest = vector.iter().copied().fold(0.0, f32::max);
            assert!(
                (length - 1.0).abs() < 1e-4 && greatest > 0.5,
                "{position}: {length} {greatest}"
            );
        }
    }
}
