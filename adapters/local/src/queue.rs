use crate::pool::Database;
use crate::store::row_limit;
use crate::{letters, messages};
use akin_entities::Change;
use akin_ports::{
    ChangeQueue, DeadLetter, Delivery, Failures, PortResult, QueueCounts, RELEASE_DELAY, Receipt,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A [`ChangeQueue`] in the folder of a [`crate::LocalEngine`]. Its clock is the machine's.
#[derive(Clone, Debug)]
pub struct LocalQueue {
    pub(crate) database: Arc<Database>,
    pub(crate) lease: Duration,
}

#[async_trait]
impl ChangeQueue for LocalQueue {
    async fn send(&self, changes: &[Change]) -> PortResult<Failures> {
        if !changes.is_empty() {
            let changes = changes.to_vec();
            self.database.write(move |t| messages::enter(t, &changes, now())).await?;
        }
        Ok(Failures::new())
    }

    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>> {
        let limit = row_limit(limit);
        // Who finds nothing never asks for the right to write.
        if limit == 0 || !self.database.read(|c| messages::is_any_in_sight(c, now())).await? {
            return Ok(Vec::new());
        }
        let lease = micros(self.lease);
        self.database.write(move |t| messages::take(t, limit, now(), lease)).await
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()> {
        let lease = micros(self.lease);
        self.settle(receipts, move |t, held| messages::extend(t, held, now() + lease)).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.settle(receipts, messages::forget).await
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        let pause = micros(RELEASE_DELAY);
        self.settle(receipts, move |t, held| messages::release(t, held, now() + pause)).await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        let failed: Vec<_> = failed
            .iter()
            .filter_map(|(receipt, reason)| Some((numbers(receipt)?, reason.clone())))
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        self.database.write(move |t| messages::fail(t, &failed, now())).await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        self.database.read(|c| messages::counts(c, now())).await
    }

    async fn dead_letters(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<DeadLetter>> {
        let after = after.map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX));
        self.database.read(move |c| letters::list(c, after, row_limit(limit))).await
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        self.database.write(move |t| letters::redrive(t, row_limit(limit), now())).await
    }
}

impl LocalQueue {
    /// Does `work` for each message that one of `receipts` may be good for.
    async fn settle(
        &self,
        receipts: &[Receipt],
        work: impl Fn(&rusqlite::Connection, &[messages::Held]) -> rusqlite::Result<()> + Send + 'static,
    ) -> PortResult<()> {
        let held: Vec<_> = receipts.iter().filter_map(numbers).collect();
        if held.is_empty() {
            return Ok(());
        }
        self.database.write(move |t| work(t, &held)).await
    }
}

/// The numbers of a receipt, if they can be those of a row.
fn numbers(receipt: &Receipt) -> Option<messages::Held> {
    let (sequence, takes) = receipt.numbers()?;
    Some(messages::Held { sequence: sequence.try_into().ok()?, takes: takes.try_into().ok()? })
}

/// So many microseconds.
pub(crate) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}

/// Microseconds since 1970.
fn now() -> i64 {
    micros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}
