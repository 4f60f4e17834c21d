use crate::ProductId;

/// A point in time: microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The version of a product's state: the greater one is newer.
///
/// It is the time at which the run that wrote the state began, or shortly after it.
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
    /// Returns the version of the states written by a run that began at `began`.
    pub const fn from_timestamp(began: Timestamp) -> Self {
        Self(began.0)
    }

    /// Returns the time that the version stands for.
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0)
    }
}
