use crate::{SYSTEM, lock};
use akin_entities::ProductId;
use akin_ports::{ErrorKind, Failures, PortError, PortResult};
use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// The faults of the doubles that share it; none at first.
///
/// Every call takes two steps: one before its effect, and one after it, where only the answer can be
/// lost. A test that breaks step after step interrupts a use case everywhere. A step yields to other
/// tasks, as a call to a real service does, and a future can be dropped there.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<FaultState>>);

#[derive(Debug, Default)]
struct FaultState {
    steps: u64,
    broken: Option<(u64, ErrorKind)>,
    refused: HashSet<ProductId>,
}

impl Faults {
    /// Fails after `steps` more steps with errors of `kind`, until [`Faults::clear`].
    pub fn break_after(&self, steps: u64, kind: ErrorKind) {
        let mut state = lock(&self.0);
        state.broken = Some((state.steps + steps, kind));
    }

    /// Ends all faults.
    pub fn clear(&self) {
        let mut state = lock(&self.0);
        state.broken = None;
        state.refused.clear();
    }

    /// Refuses the product `id`.
    pub fn refuse(&self, id: ProductId) {
        lock(&self.0).refused.insert(id);
    }

    /// Returns the number of steps taken.
    pub fn steps(&self) -> u64 {
        lock(&self.0).steps
    }

    /// Takes a step, which fails if it is broken.
    pub(crate) async fn step(&self) -> PortResult<()> {
        yield_once().await;
        let mut state = lock(&self.0);
        if let Some((from, kind)) = state.broken
            && state.steps >= from
        {
            return Err(PortError::new(SYSTEM, kind, "it was told to fail"));
        }
        state.steps += 1;
        Ok(())
    }

    /// Makes one call to a double, which fails before its effect or after it if a step is broken.
    pub(crate) async fn call<S, T>(
        &self,
        state: &Mutex<S>,
        work: impl FnOnce(&mut S) -> T,
    ) -> PortResult<T> {
        self.step().await?;
        let answer = work(&mut lock(state));
        self.step().await?;
        Ok(answer)
    }

    /// Returns whether `id` is refused, and adds it to `failures` if so.
    pub(crate) fn refuses(&self, id: &ProductId, failures: &mut Failures) -> bool {
        let refused = lock(&self.0).refused.contains(id);
        if refused {
            let what = "it was told to refuse this product";
            failures.insert(id.clone(), PortError::new(SYSTEM, ErrorKind::Refused, what));
        }
        refused
    }
}

/// Yields to other tasks once.
async fn yield_once() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
