use crate::error::SYSTEM;
use crate::pool::Database;
use crate::store::row_limit;
use crate::{letters, messages};
use akin_entities::Change;
use akin_ports::{
    ChangeQueue, DeadLetterCursor, DeadLetterPage, DeadLetters, Delivery, Failures, PortResult,
    QueueCounts, RELEASE_DELAY, Receipt,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A [`ChangeQueue`] with its [`DeadLetters`] in the folder of a [`crate::LocalEngine`]. Its clock is
/// the machine's.
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
            self.database.write(move |t| messages::send(t, &changes, now())).await?;
        }
        Ok(Failures::new())
    }

    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>> {
        let limit = row_limit(limit);
        // If nothing is visible, no write lock is taken.
        if limit == 0 || !self.database.read(|c| messages::is_any_visible(c, now())).await? {
            return Ok(Vec::new());
        }
        let lease = micros(self.lease);
        self.database.write(move |t| messages::receive(t, limit, now(), lease)).await
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()> {
        let lease = micros(self.lease);
        self.update(receipts, move |t, leases| messages::extend(t, leases, now() + lease)).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.update(receipts, messages::delete).await
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        let delay = micros(RELEASE_DELAY);
        self.update(receipts, move |t, leases| messages::release(t, leases, now() + delay)).await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        let failed: Vec<_> = failed
            .iter()
            .filter_map(|(receipt, reason)| Some((lease_of(receipt)?, reason.clone())))
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        self.database.write(move |t| messages::fail(t, &failed, now())).await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        self.database.read(|c| messages::counts(c, now())).await
    }
}

#[async_trait]
impl DeadLetters for LocalQueue {
    async fn list(
        &self,
        after: Option<&DeadLetterCursor>,
        limit: usize,
    ) -> PortResult<DeadLetterPage> {
        let after = after.map_or(Ok(0), |cursor| cursor.number(SYSTEM))?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let list = move |c: &rusqlite::Connection| letters::list(c, after, row_limit(limit));
        Ok(DeadLetterPage::numbered(self.database.read(list).await?, limit))
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        self.database.write(move |t| letters::redrive(t, row_limit(limit), now())).await
    }
}

impl LocalQueue {
    /// Applies `work` to the messages whose leases `receipts` may prove.
    async fn update(
        &self,
        receipts: &[Receipt],
        work: impl Fn(&rusqlite::Connection, &[messages::Lease]) -> rusqlite::Result<()>
        + Send
        + 'static,
    ) -> PortResult<()> {
        let leases: Vec<_> = receipts.iter().filter_map(lease_of).collect();
        if leases.is_empty() {
            return Ok(());
        }
        self.database.write(move |t| work(t, &leases)).await
    }
}

/// Returns the lease that a receipt names, if it can be that of a row.
fn lease_of(receipt: &Receipt) -> Option<messages::Lease> {
    let (sequence, takes) = receipt.numbers()?;
    Some(messages::Lease { sequence: sequence.try_into().ok()?, takes: takes.try_into().ok()? })
}

/// Returns `time` in microseconds.
pub(crate) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}

/// Returns the time in microseconds since 1970.
pub(crate) fn now() -> i64 {
    micros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}
