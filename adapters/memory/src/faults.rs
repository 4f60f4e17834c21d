use crate::{SYSTEM, lock};
use akin_entities::ProductId;
use akin_ports::{ErrorKind, Failures, PortError, PortResult};
use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// What the doubles that share it do wrong: nothing, until told.
///
/// Every call takes two steps: one before its effect, and one after it, where only the answer can
/// be lost. So a test that breaks step after step has interrupted a use case everywhere. A step
/// lets other tasks run, as the outside world does; a future that is dropped there goes no further.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    steps: u64,
    broken: Option<(u64, ErrorKind)>,
    refused: HashSet<ProductId>,
}

impl Faults {
    /// Takes `steps` more steps, then fails as `kind` says until [`Faults::mend`].
    pub fn break_after(&self, steps: u64, kind: ErrorKind) {
        let mut state = lock(&self.0);
        state.broken = Some((state.steps + steps, kind));
    }

    /// Works again, and takes every product.
    pub fn mend(&self) {
        let mut state = lock(&self.0);
        state.broken = None;
        state.refused.clear();
    }

    /// Refuses the product `id`, and no other.
    pub fn refuse(&self, id: ProductId) {
        lock(&self.0).refused.insert(id);
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        lock(&self.0).steps
    }

    /// A step; an error if it is broken.
    pub(crate) async fn step(&self) -> PortResult<()> {
        give_way().await;
        let mut state = lock(&self.0);
        if let Some((from, kind)) = state.broken
            && state.steps >= from
        {
            return Err(PortError::new(SYSTEM, kind, "it was told to fail"));
        }
        state.steps += 1;
        Ok(())
    }

    /// One call to a double: it fails before its effect, or after it.
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

    /// Whether `id` is refused; enters it into `failures` if so.
    pub(crate) fn refuses(&self, id: &ProductId, failures: &mut Failures) -> bool {
        let refused = lock(&self.0).refused.contains(id);
        if refused {
            let what = "it was told to refuse this product";
            failures.insert(id.clone(), PortError::new(SYSTEM, ErrorKind::Refused, what));
        }
        refused
    }
}

/// Lets other tasks run once.
async fn give_way() {
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
