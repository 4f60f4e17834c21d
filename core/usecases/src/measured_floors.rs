//! Measures the floors of a model: how similar texts are that have nothing in common.

use akin_ports::{Embedder, PortError, PortResult};
use akin_ranking::Floors;

/// Queries and products of different things. No query asks for any of the products.
const QUERIES: [&str; 16] = [
    "wooden chess set",
    "gloves for winter cycling",
    "something to keep my coffee warm",
    "tripod",
    "waterproof hiking boots",
    "a present for a baby",
    "noise cancelling headphones",
    "garden hose",
    "running shoes",
    "printer ink",
    "yoga mat that does not slip",
    "dog food",
    "reading glasses",
    "paint for a bathroom",
    "guitar strings",
    "lipstick",
];
const PRODUCTS: [&str; 16] = [
    "Stainless steel kitchen sink. Single bowl, brushed, with a strainer.",
    "4K television, 55 inches",
    "Cordless hedge trimmer. 18 V battery, 50 cm blade.",
    "Cotton bed sheets, king size",
    "Mountain bike tire 29 inch",
    "Electric toothbrush heads. Pack of four, soft bristles.",
    "Office chair with lumbar support",
    "Aquarium filter. For tanks of up to 100 liters.",
    "Car windshield wiper blades",
    "LED ceiling light, 24 W, warm white",
    "Chocolate chip cookies. 500 g in a tin.",
    "USB-C charging cable, 2 m",
    "Camping tent for four people. Two rooms, easy to pitch.",
    "Leather wallet for men",
    "Blood pressure monitor",
    "Roller blind, blackout, 120 x 180 cm",
];

/// Returns the floors of the embedder's model.
pub(crate) async fn measured_floors(embedder: &dyn Embedder) -> PortResult<Floors> {
    let embed = async |texts: &[&str]| {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        Ok::<_, PortError>(embedder.embed(&texts).await?.embeddings)
    };
    let (queries, products) = (embed(&QUERIES).await?, embed(&PRODUCTS).await?);
    let pairs = queries.iter().flat_map(|query| products.iter().map(move |other| (query, other)));
    let cosines: Vec<f32> = pairs.map(|(query, other)| query.similarity(other).get()).collect();
    Ok(from_background(&cosines))
}

#[expect(clippy::cast_precision_loss, reason = "there are a few hundred pairs")]
fn from_background(cosines: &[f32]) -> Floors {
    let count = cosines.len().max(1) as f32;
    let mean = cosines.iter().sum::<f32>() / count;
    let variance = cosines.iter().map(|cosine| (cosine - mean).powi(2)).sum::<f32>() / count;
    Floors::from_background(mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floors_follow_from_mean_and_deviation() {
        let (measured, expected) =
            (from_background(&[0.1, 0.3]), Floors::from_background(0.2, 0.1));
        assert!((measured.name - expected.name).abs() < 1e-6);
        assert!((measured.unknown - expected.unknown).abs() < 1e-6);
        assert!(from_background(&[]).name.abs() < f32::EPSILON);
    }
}
