use super::*;
use std::sync::Mutex;

/// Answers each request by a function of its number and its entries, and keeps the requests.
struct Script<F> {
    answer: F,
    requests: Mutex<Vec<Vec<u32>>>,
}

#[async_trait]
impl<F> BatchRequest for Script<F>
where
    F: Fn(usize, &[u32]) -> Result<Vec<BatchResultErrorEntry>, Failure> + Sync + Send,
{
    type Entry = u32;

    async fn send(&self, entries: &[u32]) -> Result<Vec<BatchResultErrorEntry>, Failure> {
        let mut requests = self.requests.lock().unwrap();
        requests.push(entries.to_vec());
        (self.answer)(requests.len(), entries)
    }
}

fn script<F>(answer: F) -> Script<F>
where
    F: Fn(usize, &[u32]) -> Result<Vec<BatchResultErrorEntry>, Failure> + Sync + Send,
{
    Script { answer, requests: Mutex::default() }
}

fn failed(at: usize, code: &str, sender_fault: bool) -> BatchResultErrorEntry {
    let entry = BatchResultErrorEntry::builder().id(at.to_string()).code(code);
    entry.sender_fault(sender_fault).build().unwrap()
}

fn entries<E: Copy>(rejected: &[Rejected<E>]) -> Vec<E> {
    rejected.iter().map(|rejected| rejected.entry).collect()
}

#[test]
fn batches_have_at_most_ten_entries_and_256_kib() {
    let sizes = |entries: Vec<usize>| {
        let batches = into_batches(entries, |size| *size);
        batches.into_iter().map(|batch| batch.len()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(vec![]), [0; 0]);
    assert_eq!(sizes(vec![1; 25]), [10, 10, 5]);
    assert_eq!(sizes(vec![100 * 1024; 5]), [2, 2, 1]);
    assert_eq!(sizes(vec![MAX_BYTES, 1, MAX_BYTES * 2, 1]), [1, 1, 1, 1]);
}

#[tokio::test]
async fn entries_that_failed_on_the_server_s_account_are_sent_again() {
    let script = script(|request, _| {
        Ok(match request {
            1 => vec![failed(1, "InternalError", false), failed(2, "Malformed", true)],
            2 => vec![failed(0, "RequestThrottled", true)],
            _ => vec![],
        })
    });
    let rejected = send_all(&script, vec![7, 8, 9], 4).await.unwrap();
    assert_eq!(entries(&rejected), [9]);
    assert_eq!(rejected[0].failure.kind, FailureKind::Refused);
    assert_eq!(*script.requests.lock().unwrap(), [vec![7, 8, 9], vec![8], vec![8]]);
}

#[tokio::test]
async fn entries_that_keep_failing_are_rejected_as_unavailable() {
    let script = script(|_, _| Ok(vec![failed(0, "InternalError", false)]));
    let rejected = send_all(&script, vec![7], 3).await.unwrap();
    assert_eq!(entries(&rejected), [7]);
    assert_eq!(rejected[0].failure.kind, FailureKind::Unavailable);
    assert_eq!(script.requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn the_entry_for_which_a_whole_request_is_refused_is_found() {
    let script = script(|_, entries| {
        let refused = Failure::new(FailureKind::Refused, "invalid");
        if entries.contains(&5) { Err(refused) } else { Ok(vec![]) }
    });
    let rejected = send_all(&script, (0..10).collect(), 1).await.unwrap();
    assert_eq!(entries(&rejected), [5]);
}

#[tokio::test]
async fn an_outage_is_an_error_but_the_other_requests_are_sent() {
    let script = script(|request, _| {
        let outage = Failure::new(FailureKind::Unavailable, "away");
        if request == 1 { Err(outage) } else { Ok(vec![]) }
    });
    let error = send_all(&script, (0..30).collect(), 1).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Unavailable);
    assert_eq!(script.requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn an_answer_about_an_unknown_entry_is_corrupt() {
    for id in [7, usize::MAX] {
        let script = script(move |_, _| Ok(vec![failed(id, "InternalError", false)]));
        let error = send_all(&script, vec![1], 1).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Corrupt);
    }
}
