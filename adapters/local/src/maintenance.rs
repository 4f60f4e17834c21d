//! Work on the search files that no search waits for.

use crate::derived_index::{DerivedIndex, millis};
use akin_ports::PortResult;
use flat_index::Base;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// How often searches look for a base that another process has built.
const BASE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// After a base could not be built, such as on a full disk, none is tried for so long.
const BUILD_RETRY_INTERVAL: Duration = Duration::from_mins(1);

/// Marks the index as busy until it is dropped. A panic counts as a base that could not be built.
struct BusyGuard<'a>(&'a DerivedIndex);

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.note_failed_build();
        }
        self.0.is_busy.store(false, Ordering::Release);
    }
}

impl DerivedIndex {
    /// Moves to the base of another process in the background, if there is a new one. Otherwise the
    /// changes that it holds would stay in memory, and its predecessor on the disk.
    pub(crate) fn look_for_another_base(self: &Arc<Self>) {
        let now = self.now();
        let last = self.base_checked.load(Ordering::Relaxed);
        if now.saturating_sub(last) < millis(BASE_CHECK_INTERVAL) {
            return;
        }
        self.base_checked.store(now, Ordering::Relaxed);
        if self.files.was_replaced() {
            self.maintain_in_background();
        } else {
            self.maintain_if_due();
        }
    }

    /// Maintains the base in the background if it is due, unless one could not be built a moment ago.
    pub(crate) fn maintain_if_due(self: &Arc<Self>) {
        if self.needs_maintenance() && !self.has_just_failed() {
            self.maintain_in_background();
        }
    }

    /// Applies writes and maintains the base on a new thread, unless one is already running.
    pub(crate) fn maintain_in_background(self: &Arc<Self>) {
        self.in_background(Self::maintain);
    }

    /// Runs `work` on a new thread, unless one is already running; again if there is more to do
    /// when it ends, since nobody could start another one meanwhile.
    fn in_background(self: &Arc<Self>, work: fn(&Self) -> PortResult<()>) {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let index = Arc::clone(self);
        let spawned = thread::Builder::new().name("search files".to_owned()).spawn(move || {
            loop {
                let busy = BusyGuard(&index);
                if let Err(error) = work(&index) {
                    tracing::warn!(?error, "the search files could not be updated");
                    return;
                }
                drop(busy);
                if !index.needs_maintenance() || index.is_busy.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread could be started to update the search files");
            self.note_failed_build();
            self.is_busy.store(false, Ordering::Release);
        }
    }

    /// Applies all writes, verifies a new base, and moves to a newer one if there is one on disk or
    /// if too many changes are held in memory.
    fn maintain(&self) -> PortResult<()> {
        self.advance()?;
        self.verify()?;
        if self.files.was_replaced() || self.holds_many_changes() {
            self.rebuild(self.max_changes as u64)?;
            self.verify()?;
        }
        Ok(())
    }

    /// Builds a base, and notes if that fails.
    pub(crate) fn build(&self, reusable: Option<u64>) -> PortResult<Option<Base>> {
        self.files.build(reusable).inspect_err(|_| self.note_failed_build())
    }

    /// Notes that a base could not be built.
    pub(crate) fn note_failed_build(&self) {
        self.build_failed.store(self.now().max(1), Ordering::Relaxed);
    }

    /// Returns whether a base could not be built a moment ago.
    pub(crate) fn has_just_failed(&self) -> bool {
        let failed = self.build_failed.load(Ordering::Relaxed);
        failed > 0 && self.now().saturating_sub(failed) < millis(BUILD_RETRY_INTERVAL)
    }

    /// Returns whether the base is due to be verified or built.
    pub(crate) fn needs_maintenance(&self) -> bool {
        self.unverified_base().is_some() || self.holds_many_changes()
    }

    /// Returns whether so many changes are held in memory that a new base is due.
    fn holds_many_changes(&self) -> bool {
        let snapshot = self.snapshot.load_full();
        snapshot.is_some_and(|snapshot| snapshot.changed() > self.max_held(&snapshot))
    }

    /// Moves to a base that lacks at most `max_missing` writes: another process's, or a new one.
    pub(crate) fn rebuild(&self, max_missing: u64) -> PortResult<()> {
        let base = match self.files.open_if_fresh(max_missing)? {
            None => self.build(Some(max_missing))?,
            fresh => fresh,
        };
        self.replace_base(base)
    }

    /// Returns the base if it was too large to be verified when it was opened.
    fn unverified_base(&self) -> Option<Base> {
        let snapshot = self.snapshot.load_full()?;
        snapshot.base().filter(|base| !base.is_verified()).cloned()
    }

    /// Verifies the base unless it was; rebuilds it if it is damaged.
    fn verify(&self) -> PortResult<()> {
        let Some(Err(error)) = self.unverified_base().map(|base| base.verify()) else {
            return Ok(());
        };
        tracing::warn!(%error, "the search files are rebuilt");
        self.replace_base(self.build(None)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalOptions;
    use crate::pool::Database;
    use std::time::Instant;

    fn wait_until(what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(30), "{what}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_panic_in_the_background_does_not_stop_later_work() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("akin.db");
        let database = Database::open(file, LocalOptions::default()).expect("a database");
        let index = DerivedIndex::new(Arc::new(database), folder.path().join("index"), 10);
        let index = Arc::new(index);
        index.in_background(|_| panic!("as a defect would"));
        wait_until("it is still busy", || !index.is_busy.load(Ordering::Acquire));
        index.maintain_in_background();
        wait_until("no snapshot was made", || index.snapshot.load().is_some());
    }
}
