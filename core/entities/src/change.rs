use crate::ProductId;

/// A point in time: microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The version of a product's state: the greater one is newer.
///
/// The store gives a version to each run that begins: about the time at which it began, and greater
/// than all versions before it, whatever the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

/// A change of a product that is waiting to be embedded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// The product that changed.
    pub id: ProductId,
    /// The version of its new state.
    pub version: Version,
}

impl Version {
    /// The number of versions that a run may use, its own included: one for each batch.
    pub const PER_RUN: i64 = 1 << 16;

    /// Returns the last version that a run with this version may use. The next run's is greater.
    #[must_use]
    pub const fn last_of_run(self) -> Self {
        Self(self.0.saturating_add(Self::PER_RUN - 1))
    }

    /// Returns the version of a run that begins at `now` in a store whose newest version is `newest`.
    #[must_use]
    pub const fn of_next_run(now: Timestamp, newest: Self) -> Self {
        let next = newest.0.saturating_add(1);
        Self(if now.0 > next { now.0 } else { next })
    }

    /// Returns the time that the version stands for.
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_run_is_the_time_unless_a_newer_one_was_given_out() {
        let next = |now, newest| Version::of_next_run(Timestamp(now), Version(newest));
        assert_eq!(next(100, 7), Version(100));
        assert_eq!(next(100, 100), Version(101));
        assert_eq!(next(100, 5_000), Version(5_001));
        assert_eq!(next(100, i64::MAX), Version(i64::MAX));
        assert!(next(0, Version(7).last_of_run().0) > Version(7).last_of_run());
        assert_eq!(Version(i64::MAX).last_of_run(), Version(i64::MAX));
    }
}
