use crate::ProductId;

/// Orders two states of one product: the greater is the newer. Microseconds since 1970, UTC.
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
