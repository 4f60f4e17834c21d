mod letters;
mod messages;
mod outcomes;

use crate::database::Database;
use akin_entities::Change;
use akin_ports::{
    ChangeQueue, DeadLetter, Delivery, Failures, PortResult, QueueCounts, RELEASE_DELAY, Receipt,
};
use async_trait::async_trait;
use letters::{ListLetters, Redrive};
use messages::{Count, Receive, Send};
use outcomes::{Fail, Held, Settle};
use std::sync::Arc;
use std::time::Duration;

/// A [`ChangeQueue`] in a table of a [`crate::PostgresEngine`]. Its clock is the server's.
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
        self.settle(receipts, outcomes::EXTEND, self.lease).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.settle(receipts, outcomes::FORGET, Duration::ZERO).await
    }

    async fn release(&self, receipts: &[Receipt]) -> PortResult<()> {
        self.settle(receipts, outcomes::RELEASE, RELEASE_DELAY).await
    }

    async fn fail(&self, failed: &[(Receipt, String)]) -> PortResult<()> {
        let good = failed.iter().filter_map(|(receipt, why)| Some((Held::of(receipt)?, &**why)));
        let failed: Vec<_> = good.collect();
        if failed.is_empty() {
            return Ok(());
        }
        self.database.call(&Fail { failed: &failed }).await
    }

    async fn counts(&self) -> PortResult<QueueCounts> {
        self.database.call(&Count).await
    }

    async fn dead_letters(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<DeadLetter>> {
        self.database.call(&ListLetters { after, limit }).await
    }

    async fn redrive(&self, limit: usize) -> PortResult<u64> {
        self.database.call(&Redrive { limit }).await
    }
}

impl PostgresQueue {
    async fn settle(
        &self,
        receipts: &[Receipt],
        sql: &'static str,
        pause: Duration,
    ) -> PortResult<()> {
        let held: Vec<_> = receipts.iter().filter_map(Held::of).collect();
        if held.is_empty() {
            return Ok(());
        }
        self.database.call(&Settle { held: &held, sql, pause }).await
    }
}
