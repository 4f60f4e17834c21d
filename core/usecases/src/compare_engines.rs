use crate::{SearchAnswer, SearchError, SearchProducts, SearchRequest};
use akin_entities::ProductId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Sends one request to two engines, and reports where their answers differ.
#[derive(Clone, Debug)]
pub struct CompareEngines {
    /// The baseline, and the engine that is compared with it.
    pub engines: [SearchProducts; 2],
}

/// Two answers to one request.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedAnswers {
    /// The answers, in the order of the engines.
    pub answers: [SearchAnswer; 2],
    /// The time that each took, from request to answer.
    pub took: [Duration; 2],
    /// The share of the longer page that both hold; 1 if they hold the same products.
    pub overlap: f32,
    /// Every product of either page, in the order of the first and then of the second.
    pub ranks: Vec<RankChange>,
}

/// The ranks of a product in two answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankChange {
    /// The product.
    pub id: ProductId,
    /// Its rank on each page, counted from 1; `None` if it is not on the page.
    pub ranks: [Option<usize>; 2],
}

impl CompareEngines {
    /// Asks the engines one after the other, so that neither slows the other down.
    pub async fn run(&self, request: &SearchRequest) -> Result<ComparedAnswers, SearchError> {
        let [first, second] = &self.engines;
        let (first, first_took) = timed(first, request).await?;
        let (second, second_took) = timed(second, request).await?;
        let ranks = rank_changes(&first, &second);
        let shared = ranks.iter().filter(|one| one.ranks.iter().all(Option::is_some)).count();
        let longer = first.hits.len().max(second.hits.len());
        Ok(ComparedAnswers {
            overlap: share(shared, longer),
            answers: [first, second],
            took: [first_took, second_took],
            ranks,
        })
    }
}

async fn timed(
    engine: &SearchProducts,
    request: &SearchRequest,
) -> Result<(SearchAnswer, Duration), SearchError> {
    let began = Instant::now();
    let answer = engine.run(request).await?;
    Ok((answer, began.elapsed()))
}

fn rank_changes(first: &SearchAnswer, second: &SearchAnswer) -> Vec<RankChange> {
    let ids = |answer: &SearchAnswer| -> Vec<ProductId> {
        answer.hits.iter().map(|hit| hit.record.product.id.clone()).collect()
    };
    let (first, second) = (ids(first), ids(second));
    let places =
        |ids: &[ProductId]| -> HashMap<ProductId, usize> { ids.iter().cloned().zip(1..).collect() };
    let (in_first, in_second) = (places(&first), places(&second));
    let only_second = second.into_iter().filter(|id| !in_first.contains_key(id));
    let all = first.into_iter().chain(only_second);
    let change = |id: ProductId| RankChange {
        ranks: [in_first.get(&id).copied(), in_second.get(&id).copied()],
        id,
    };
    all.map(change).collect()
}

/// Two empty pages hold the same products.
#[expect(clippy::cast_precision_loss, reason = "a page has far fewer than 2^24 products")]
fn share(shared: usize, longer: usize) -> f32 {
    if longer == 0 { 1.0 } else { shared as f32 / longer as f32 }
}
