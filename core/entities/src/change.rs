use crate::ProductId;

/// A moment: microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Orders the states of one product: the greater is the newer.
///
/// A state's version is the moment at which the run that wrote it began, or shortly after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

/// A product's state that waits to be embedded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// Which product changed.
    pub id: ProductId,
    /// Which state it changed to.
    pub version: Version,
}

impl Version {
    /// Returns the version of the states written by a run that began at `began`.
    pub const fn from_timestamp(began: Timestamp) -> Self {
        Self(began.0)
    }

    /// Returns the moment that the version stands for.
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0)
    }
}
