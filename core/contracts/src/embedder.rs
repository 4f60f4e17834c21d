//! The contract of [`Embedder`].

use crate::Subject;
use crate::sample::unusual_texts;
use akin_entities::{Embedding, Fingerprint};
use akin_ports::Embedder;

type Model = Subject<dyn Embedder>;

/// A test of each rule, against the embedder that `$fresh().await` returns as a [`Subject`]; the
/// attributes go to each test.
#[macro_export]
macro_rules! embedder_contract {
    ($fresh:path $(, $attribute:meta)*) => {
        $crate::rules!(
            embedder, ($fresh().await), [$($attribute),*],
            every_text_has_an_embedding_of_the_models_dimension,
            an_empty_batch_has_no_embeddings,
            an_empty_text_has_an_embedding_too,
            embeddings_are_returned_in_the_order_of_the_texts,
            a_text_has_the_same_embedding_alone_and_in_a_batch,
            equal_texts_have_equal_embeddings,
            a_text_beyond_the_limit_is_truncated_and_counted,
            text_beyond_the_limit_has_no_effect,
            unusual_texts_can_be_embedded,
            texts_of_similar_meaning_are_nearer_than_others,
            the_fingerprint_survives_being_written_and_read,
            concurrent_callers_get_their_own_embeddings,
        );
    };
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn assert_alike(a: &Embedding, b: &Embedding) {
    let cosine = a.similarity(b).get();
    assert!(cosine > 0.9999, "their cosine is {cosine}");
}

/// The dimension is that of the fingerprint, and the length is 1.
pub async fn every_text_has_an_embedding_of_the_models_dimension(model: &Model) {
    let embedded = model.embed(&texts(&["tripod", "a lamp that stands"])).await.unwrap();
    assert_eq!((embedded.embeddings.len(), embedded.truncated), (2, 0));
    for embedding in &embedded.embeddings {
        assert_eq!(embedding.as_slice().len(), model.fingerprint().dimension);
        assert_alike(embedding, embedding);
    }
}

/// It is not an error.
pub async fn an_empty_batch_has_no_embeddings(model: &Model) {
    let embedded = model.embed(&[]).await.unwrap();
    assert_eq!((embedded.embeddings.len(), embedded.truncated), (0, 0));
}

/// It is the same each time, in any batch.
pub async fn an_empty_text_has_an_embedding_too(model: &Model) {
    let alone = model.embed(&texts(&[""])).await.unwrap();
    let others = model.embed(&texts(&["tripod", "", " \n", ""])).await.unwrap();
    assert_eq!((alone.truncated, others.truncated, others.embeddings.len()), (0, 0, 4));
    assert_alike(&alone.embeddings[0], &others.embeddings[1]);
    assert_alike(&alone.embeddings[0], &others.embeddings[3]);
}

/// This holds for any number and length of texts.
pub async fn embeddings_are_returned_in_the_order_of_the_texts(model: &Model) {
    let word = |number: usize| ["tripod", "lamp", "cup", "camera", "shoe"][number % 5];
    let long = |number: usize| {
        let filler = "and some more ".repeat(number % 7);
        format!("{} number {number} {filler}", word(number))
    };
    let batch: Vec<_> = (0..150).map(long).collect();
    let embedded = model.embed(&batch).await.unwrap().embeddings;
    for number in (0..batch.len()).step_by(13) {
        let alone = model.embed(&batch[number..=number]).await.unwrap().embeddings;
        assert_alike(&alone[0], &embedded[number]);
    }
}

/// The other texts of a batch have no influence.
pub async fn a_text_has_the_same_embedding_alone_and_in_a_batch(model: &Model) {
    let long = "a tripod for phones and cameras ".repeat(40);
    let batch = texts(&["tripod", &long, "", "Größe 電話 \u{1f600}", "a b c d e f g"]);
    let together = model.embed(&batch).await.unwrap().embeddings;
    for (text, together) in batch.iter().zip(&together) {
        let alone = model.embed_one(text).await.unwrap();
        assert_alike(&alone, together);
    }
}

/// This holds within a batch and between calls.
pub async fn equal_texts_have_equal_embeddings(model: &Model) {
    let batch = texts(&["tripod", "lamp", "tripod"]);
    let first = model.embed(&batch).await.unwrap().embeddings;
    let second = model.embed(&batch).await.unwrap().embeddings;
    assert_alike(&first[0], &first[2]);
    assert_alike(&first[0], &second[0]);
    assert!(first[0].similarity(&first[1]).get() < 0.9999, "a lamp is no tripod");
}

/// Only truncated texts are counted.
pub async fn a_text_beyond_the_limit_is_truncated_and_counted(model: &Model) {
    assert!(model.token_limit() > 4);
    let long = "tripod ".repeat(2 * model.token_limit());
    let longer = "lamp ".repeat(10 * model.token_limit());
    let batch = texts(&["short", &long, "", &longer, "short too"]);
    let embedded = model.embed(&batch).await.unwrap();
    assert_eq!((embedded.embeddings.len(), embedded.truncated), (5, 2));
}

/// The model reads no further.
pub async fn text_beyond_the_limit_has_no_effect(model: &Model) {
    let begin = "tripod ".repeat(model.token_limit());
    let batch = [format!("{begin} lamp lamp lamp"), format!("{begin} cup and camera")];
    let embedded = model.embed(&batch).await.unwrap();
    assert_eq!(embedded.truncated, 2);
    assert_alike(&embedded.embeddings[0], &embedded.embeddings[1]);
}

/// Quotes, NUL, characters of four bytes, 100 kB.
pub async fn unusual_texts_can_be_embedded(model: &Model) {
    let mut batch = unusual_texts();
    batch.extend(texts(&["\u{0}", "\u{fffd}", "\u{e000}", "'", "\u{301}", "\u{200b}"]));
    batch.push("x".repeat(100_000));
    let embedded = model.embed(&batch).await.unwrap();
    assert_eq!(embedded.embeddings.len(), batch.len());
}

/// This is the minimum that a model must distinguish.
pub async fn texts_of_similar_meaning_are_nearer_than_others(model: &Model) {
    let batch = texts(&["tripod for a phone", "phone tripod", "chocolate cake with cherries"]);
    let embedded = model.embed(&batch).await.unwrap().embeddings;
    let like = embedded[0].similarity(&embedded[1]).get();
    let unlike = embedded[0].similarity(&embedded[2]).get();
    assert!(like > unlike + 0.1, "{like} is not above {unlike}");
}

/// An index stores it as text.
pub async fn the_fingerprint_survives_being_written_and_read(model: &Model) {
    let fingerprint = model.fingerprint();
    assert_eq!(model.embed_one("tripod").await.unwrap().as_slice().len(), fingerprint.dimension);
    assert_eq!(Fingerprint::parse(&fingerprint.to_string()).as_ref(), Some(fingerprint));
    assert!(fingerprint.is_compatible_with(fingerprint));
}

/// Eight tasks embed different batches.
pub async fn concurrent_callers_get_their_own_embeddings(model: &Model) {
    let batch = |task: usize| -> Vec<String> {
        (0..6).map(|number| format!("product {} of shelf {}", number * 7, task * 13)).collect()
    };
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let model = model.share();
            tokio::spawn(async move {
                let mut last = None;
                for _ in 0..3 {
                    last = Some(model.embed(&batch(task)).await.unwrap().embeddings);
                }
                last.unwrap()
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let together = task.await.unwrap();
        let alone = model.embed(&batch(number)).await.unwrap().embeddings;
        for (together, alone) in together.iter().zip(&alone) {
            assert_alike(together, alone);
        }
    }
}
