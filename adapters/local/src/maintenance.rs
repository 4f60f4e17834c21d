//! Work on the search files that no search waits for.

use crate::derived_index::DerivedIndex;
use akin_ports::PortResult;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Marks the index as busy until it is dropped, also by a panic.
struct BusyGuard<'a>(&'a AtomicBool);

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl DerivedIndex {
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
        thread::spawn(move || {
            loop {
                let busy = BusyGuard(&index.is_busy);
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

    fn needs_maintenance(&self) -> bool {
        self.is_unverified.load(Ordering::Acquire) || self.holds_many_changes()
    }

    /// Returns whether so many changes are held in memory that a new base is due.
    pub(crate) fn holds_many_changes(&self) -> bool {
        let snapshot = self.snapshot.load_full();
        snapshot.is_some_and(|snapshot| snapshot.changed() > self.max_held(&snapshot))
    }

    /// Moves to a base that lacks at most `max_missing` writes: another process's, or a new one.
    pub(crate) fn rebuild(&self, max_missing: u64) -> PortResult<()> {
        let base = self.files.build_unless_fresh(max_missing)?;
        self.replace_base(base)
    }

    /// Verifies a base that was too large to be verified when it was opened; rebuilds it if it is
    /// damaged.
    fn verify(&self) -> PortResult<()> {
        if !self.is_unverified.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let snapshot = self.snapshot.load_full();
        let base = snapshot.as_ref().and_then(|snapshot| snapshot.base());
        let Some(Err(error)) = base.map(flat_index::Base::verify) else { return Ok(()) };
        tracing::warn!(%error, "the search files are rebuilt");
        self.replace_base(self.files.build(None)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalOptions;
    use crate::pool::Database;
    use std::time::{Duration, Instant};

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
