use super::request::{Request, TextPlace};
use std::collections::VecDeque;
use std::sync::Arc;

/// The texts that wait, by request. The requests take turns.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    requests: VecDeque<WaitingRequest>,
    texts: usize,
    tokens: usize,
}

/// The texts of a request that wait.
#[derive(Debug)]
struct WaitingRequest {
    request: Arc<Request>,
    /// The longest is last, and taken first.
    texts: Vec<WaitingText>,
}

/// A text that waits.
#[derive(Debug)]
pub(crate) struct WaitingText {
    /// The index of the text in its request.
    pub(crate) index: usize,
    /// The text.
    pub(crate) text: String,
    /// The number of its tokens.
    pub(crate) tokens: usize,
}

/// Texts to embed together, shortest first, and where the result of each belongs.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) texts: Vec<String>,
    pub(crate) places: Vec<TextPlace>,
}

impl Waiting {
    pub(crate) fn texts(&self) -> usize {
        self.texts
    }

    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    /// Adds the texts of a request behind those of all others.
    pub(crate) fn push(&mut self, request: Arc<Request>, mut texts: Vec<WaitingText>) {
        texts.sort_by_key(|text| text.tokens);
        self.texts += texts.len();
        self.tokens += texts.iter().map(|text| text.tokens).sum::<usize>();
        self.requests.push_back(WaitingRequest { request, texts });
    }

    /// Removes the texts of a request that wait.
    pub(crate) fn remove(&mut self, request: &Arc<Request>) {
        let place = self.requests.iter().position(|waiting| Arc::ptr_eq(&waiting.request, request));
        let Some(removed) = place.and_then(|place| self.requests.remove(place)) else { return };
        self.texts -= removed.texts.len();
        self.tokens -= removed.texts.iter().map(|text| text.tokens).sum::<usize>();
    }

    /// Takes texts of up to `budget` tokens, at least one text: one of each request in turn. `None` if
    /// nothing waits.
    pub(crate) fn take(&mut self, budget: usize) -> Option<Batch> {
        let mut taken = Vec::new();
        let mut tokens = 0;
        while let Some(text) = self.requests.front().and_then(|request| request.texts.last()) {
            if !taken.is_empty() && tokens + text.tokens > budget {
                break;
            }
            let Some(mut turn) = self.requests.pop_front() else { break };
            if let Some(text) = turn.texts.pop() {
                tokens += text.tokens;
                taken.push((text, Arc::clone(&turn.request)));
            }
            if !turn.texts.is_empty() {
                self.requests.push_back(turn);
            }
        }
        self.texts -= taken.len();
        self.tokens -= tokens;
        taken.sort_by_key(|(text, _)| text.tokens);
        let place = |(text, request): (WaitingText, _)| {
            (text.text, TextPlace { request, index: text.index })
        };
        let (texts, places): (Vec<_>, _) = taken.into_iter().map(place).unzip();
        (!texts.is_empty()).then_some(Batch { texts, places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(lengths: &[usize]) -> Vec<WaitingText> {
        let text = |(index, &tokens)| WaitingText { index, text: format!("{tokens}"), tokens };
        lengths.iter().enumerate().map(text).collect()
    }

    fn waiting(requests: &[&[usize]]) -> Waiting {
        let mut waiting = Waiting::default();
        for lengths in requests {
            waiting.push(Request::new(lengths.len()).0, texts(lengths));
        }
        waiting
    }

    #[test]
    fn requests_take_turns_and_texts_of_a_batch_are_sorted_by_length() {
        let mut waiting = waiting(&[&[9, 7, 8, 6], &[3], &[5, 4]]);
        assert_eq!((waiting.texts(), waiting.tokens()), (7, 42));
        assert_eq!(waiting.take(20).unwrap().texts, ["3", "5", "9"]);
        assert_eq!(waiting.take(20).unwrap().texts, ["4", "7", "8"]);
        assert_eq!(waiting.take(20).unwrap().texts, ["6"]);
        assert!(waiting.take(20).is_none());
        assert_eq!((waiting.texts(), waiting.tokens()), (0, 0));
    }

    #[test]
    fn a_text_beyond_the_budget_is_a_batch_of_its_own() {
        let mut waiting = waiting(&[&[100, 1], &[1]]);
        assert_eq!(waiting.take(10).unwrap().texts, ["100"]);
        assert_eq!(waiting.take(10).unwrap().texts, ["1", "1"]);
    }

    #[test]
    fn a_request_that_is_removed_leaves_nothing_behind() {
        let mut waiting = waiting(&[&[4, 4]]);
        let (request, _results) = Request::new(2);
        waiting.push(Arc::clone(&request), texts(&[5, 6]));
        waiting.remove(&request);
        assert_eq!((waiting.texts(), waiting.tokens()), (2, 8));
        waiting.remove(&request);
        assert_eq!(waiting.take(100).unwrap().texts, ["4", "4"]);
    }

    proptest! {
        #[test]
        fn every_text_is_taken_once_and_no_batch_exceeds_the_budget(
            requests in proptest::collection::vec(
                proptest::collection::vec(1_usize..40, 1..12), 0..12),
            budget in 1_usize..64,
        ) {
            let lists: Vec<&[usize]> = requests.iter().map(|list| &**list).collect();
            let mut waiting = waiting(&lists);
            let mut taken: Vec<usize> = Vec::new();
            while let Some(batch) = waiting.take(budget) {
                let lengths: Vec<usize> = batch.texts.iter().map(|text| text.parse().unwrap()).collect();
                prop_assert!(lengths.is_sorted());
                prop_assert!(lengths.len() == 1 || lengths.iter().sum::<usize>() <= budget);
                taken.extend(lengths);
            }
            let mut all: Vec<usize> = requests.into_iter().flatten().collect();
            all.sort_unstable();
            taken.sort_unstable();
            prop_assert_eq!(taken, all);
            prop_assert_eq!((waiting.texts(), waiting.tokens()), (0, 0));
        }
    }
}
