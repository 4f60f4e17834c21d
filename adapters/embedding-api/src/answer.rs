//! Reads and checks answers.

use crate::ApiFormat;
use crate::error::corrupt;
use akin_entities::Embedding;
use akin_ports::PortResult;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// A vector as a list of numbers, or as base64 of little-endian 32-bit floats.
#[derive(Debug, Default)]
struct Vector(Vec<f32>);

#[derive(Debug, Deserialize)]
struct OpenAiAnswer {
    data: Vec<OpenAiItem>,
}

#[derive(Debug, Deserialize)]
struct OpenAiItem {
    index: usize,
    embedding: Vector,
}

/// Reads the embeddings of `count` texts, in the order of the texts. `dimension` is `None` if it is not
/// known yet.
pub(crate) fn embeddings(
    format: ApiFormat,
    body: &[u8],
    count: usize,
    dimension: Option<usize>,
) -> PortResult<Vec<Embedding>> {
    let unreadable =
        |error: serde_json::Error| corrupt(format!("an answer is unreadable: {error}"));
    let vectors = match format {
        ApiFormat::OpenAi => {
            let answer: OpenAiAnswer = serde_json::from_slice(body).map_err(unreadable)?;
            in_order(answer.data, count)?
        }
        ApiFormat::Tei => serde_json::from_slice(body).map_err(unreadable)?,
    };
    if vectors.len() != count {
        let given = vectors.len();
        return Err(corrupt(format!("{given} embeddings were given for {count} texts")));
    }
    vectors.into_iter().map(|vector| embedding(vector, dimension)).collect()
}

/// Sorts the items by their indices, each of which must occur once.
fn in_order(items: Vec<OpenAiItem>, count: usize) -> PortResult<Vec<Vector>> {
    let mut places: Vec<Option<Vector>> = Vec::new();
    places.resize_with(count, || None);
    for OpenAiItem { index, embedding } in items {
        let place = places.get_mut(index).filter(|place| place.is_none());
        let place = place.ok_or_else(|| {
            corrupt(format!("the index {index} is repeated, or beyond the {count} texts"))
        })?;
        *place = Some(embedding);
    }
    Ok(places.into_iter().flatten().collect())
}

/// Checks a vector, and scales it to length 1 unless it has that length.
fn embedding(Vector(vector): Vector, dimension: Option<usize>) -> PortResult<Embedding> {
    if let Some(dimension) = dimension.filter(|dimension| *dimension != vector.len()) {
        let given = vector.len();
        return Err(corrupt(format!("an embedding has {given} dimensions instead of {dimension}")));
    }
    Embedding::from_stored(vector).map_err(|error| corrupt(error.to_string()))
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VectorVisitor)
    }
}

struct VectorVisitor;

impl<'de> Visitor<'de> for VectorVisitor {
    type Value = Vector;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of numbers, or base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vector, E> {
        let bytes = STANDARD.decode(text).map_err(E::custom)?;
        let (floats, []) = bytes.as_chunks::<4>() else {
            return Err(E::custom("the base64 is not of whole floats"));
        };
        Ok(Vector(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vector, A::Error> {
        let mut vector = Vec::new();
        while let Some(coordinate) = list.next_element()? {
            vector.push(coordinate);
        }
        Ok(Vector(vector))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_ports::ErrorKind;

    fn read(format: ApiFormat, body: &str) -> Result<Vec<Vec<f32>>, String> {
        let read = embeddings(format, body.as_bytes(), 2, Some(2));
        let read = read.map(|list| list.iter().map(|it| it.as_slice().to_vec()).collect());
        read.map_err(|error| {
            assert_eq!(error.kind, ErrorKind::Corrupt);
            error.report()
        })
    }

    #[test]
    fn items_are_sorted_by_index_and_scaled_to_length_one() {
        let body = r#"{"data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": "AACAPwAAAAA="}]}"#;
        assert_eq!(read(ApiFormat::OpenAi, body), Ok(vec![vec![1.0, 0.0], vec![0.6, 0.8]]));
        assert_eq!(
            read(ApiFormat::Tei, "[[0, 2], [0.6, 0.8]]"),
            Ok(vec![vec![0.0, 1.0], vec![0.6, 0.8]])
        );
    }

    #[test]
    fn an_answer_that_cannot_be_true_is_refused() {
        for (format, body, part) in [
            (ApiFormat::Tei, "[[1, 0]]", "1 embeddings were given for 2 texts"),
            (ApiFormat::Tei, "[[1, 0], [1, 0], [1, 0]]", "3 embeddings"),
            (ApiFormat::Tei, "[[1, 0], [1, 0, 0]]", "3 dimensions instead of 2"),
            (ApiFormat::Tei, "[[1, 0], [0, 0]]", "no direction"),
            (ApiFormat::Tei, "[[1, 0], [1e39, 0]]", "no direction"),
            (ApiFormat::Tei, "[[1, 0], [null, 0]]", "unreadable"),
            (ApiFormat::Tei, "{}", "unreadable"),
            (ApiFormat::OpenAi, r#"{"data": []}"#, "0 embeddings"),
            (ApiFormat::OpenAi, r#"{"data": [{"index": 2, "embedding": [1]}]}"#, "index 2"),
            (ApiFormat::OpenAi, r#"{"data": [{"index": 0, "embedding": "AAA="}]}"#, "whole floats"),
            (ApiFormat::OpenAi, r#"{"data": [{"index": 0, "embedding": "?"}]}"#, "unreadable"),
            (
                ApiFormat::OpenAi,
                r#"{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}"#,
                "repeated",
            ),
        ] {
            let error = read(format, body).unwrap_err();
            assert!(error.contains(part), "{body}: {error}");
        }
    }
}
