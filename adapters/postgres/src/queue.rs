mod letters;
mod messages;
mod outcomes;

use crate::database::Database;
use crate::error::SYSTEM;
use akin_entities::Change;
use akin_ports::{
    ChangeQueue, DeadLetterCursor, DeadLetterPage, DeadLetters, Delivery, Failures, PortResult,
    QueueCounts, RELEASE_DELAY, Receipt,
};
use async_trait::async_trait;
use letters::{ListLetters, Redrive};
use messages::{Count, Receive, Send};
use outcomes::{Fail, Lease, Update};
use std::sync::Arc;
use std::time::Duration;

/// A [`ChangeQueue`] with its [`DeadLetters`] in a table of a [`crate::PostgresEngine`]. Its clock is
/// the server's.
#[derive(Clone, Debug)]
pub struct PostgresQueue {
    pub(crate) database: Arc<Database>,
    pub(crate) lease: Duration,
}

#[async_trait]
impl ChangeQueue for PostgresQueue {
    async fn send(&self, changes: &[Change]) -> PortResult<Failures> {
        if !changes.is_empty() {
            self.database.call(&Send { changes }).await?;
        }
        Ok(Failures::new())
    }

    async fn receive(&self, limit: usize) -> PortResult<Vec<Delivery>> {
        self.database.call(&Receive { limit, lease: self.lease }).await
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    async fn extend(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.update(receipts, outcomes::EXTEND, self.lease).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.update(receipts, outcomes::DELETE, Duration::ZERO).await
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.update(receipts, outcomes::RELEASE, RELEASE_DELAY).await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        let failed: Vec<_> = failed
            .iter()
            .filter_map(|(receipt, reason)| Some((Lease::parse(receipt)?, &**reason)))
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        self.database.call(&Fail { failed: &failed }).await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        self.database.call(&Count).await
    }
}

#[async_trait]
impl DeadLetters for PostgresQueue {
    async fn list(
        &self,
        after: Option<&DeadLetterCursor>,
        limit: usize,
    ) -> PortResult<DeadLetterPage> {
        let after = after.map(|cursor| cursor.number(SYSTEM)).transpose()?;
        let letters = self.database.call(&ListLetters { after, limit }).await?;
        Ok(DeadLetterPage::numbered(letters, limit))
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        self.database.call(&Redrive { limit }).await
    }
}

impl PostgresQueue {
    /// Applies `sql` to the messages whose leases `receipts` may prove.
    async fn update(
        &self,
        receipts: &[Receipt],
        sql: &'static str,
        delay: Duration,
    ) -> PortResult<()> {
        let leases: Vec<_> = receipts.iter().filter_map(Lease::parse).collect();
        if leases.is_empty() {
            return Ok(());
        }
        self.database.call(&Update { leases: &leases, sql, delay }).await
    }
}
