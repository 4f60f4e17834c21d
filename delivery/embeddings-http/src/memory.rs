use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The memory that requests and their answers may take, however many clients send at once and however
/// slowly they read.
///
/// A request is charged for its body, its texts and its answer until the last byte of the answer was
/// handed to the system.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// One permit for each [`UNIT`].
    free: Arc<Semaphore>,
    units: u32,
}

/// The memory that a request takes. It is returned when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    held: OwnedSemaphorePermit,
    memory: Memory,
}

/// The bytes of a permit.
const UNIT: usize = 1024;

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = units(bytes).min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Charges a request; `None` if others take too much.
    pub(crate) fn charge(&self, bytes: usize) -> Option<Charge> {
        let units = units(bytes).min(self.units);
        let held = Arc::clone(&self.free).try_acquire_many_owned(units).ok()?;
        Some(Charge { held, memory: self.clone() })
    }

    /// Returns the bytes that are charged.
    pub(crate) fn used(&self) -> usize {
        (self.units as usize).saturating_sub(self.free.available_permits()) * UNIT
    }
}

impl Charge {
    /// Charges more; returns false if others take too much. A request that needs more than there is
    /// takes all of it.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let held = u32::try_from(self.held.num_permits()).unwrap_or(u32::MAX);
        let units = units(bytes).min(self.memory.units.saturating_sub(held));
        match Arc::clone(&self.memory.free).try_acquire_many_owned(units) {
            Ok(more) => self.held.merge(more),
            Err(_) => return false,
        }
        true
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_charged_is_returned() {
        let memory = Memory::new(10 * UNIT);
        let mut first = memory.charge(3 * UNIT).unwrap();
        assert!(first.grow(4 * UNIT - 1));
        assert_eq!(memory.used(), 7 * UNIT);
        assert!(memory.charge(3 * UNIT + 1).is_none());
        assert!(!first.grow(usize::MAX) || memory.used() == 10 * UNIT);
        drop(first);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn a_request_that_needs_more_than_all_takes_all() {
        let memory = Memory::new(10 * UNIT);
        let mut all = memory.charge(8 * UNIT).unwrap();
        assert!(all.grow(100 * UNIT));
        assert!(memory.charge(1).is_none());
        drop(all);
        assert!(memory.charge(usize::MAX).is_some());
    }
}
