use akin_entities::{Timestamp, Version};

/// The identity of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexIdentity {
    /// The name of its technology, as in settings. A store knows one index of each name.
    pub name: String,
    /// A text that no other index has.
    pub key: String,
}

/// An index that a store owes its changes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredIndex {
    /// Its identity.
    pub identity: IndexIdentity,
    /// The time at which it was registered.
    pub since: Timestamp,
}

/// An index that is to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIndex {
    /// Its identity.
    pub identity: IndexIdentity,
    /// What it holds.
    pub content: IndexContent,
}

/// What an index holds when it is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexContent {
    /// Everything that the store holds, except for the changes in the outbox: the run with this
    /// version has copied it.
    Complete(Version),
    /// This many products, which may be outdated.
    Products(u64),
}

/// What is known of the products of a store at which indexes are registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreHistory {
    /// No index was ever registered, so every product still waits, in the outbox or in a queue.
    New,
    /// No index was ever registered, but products were written by an akin that registered none, or
    /// copied.
    Unregistered {
        /// The number of products that are not in the outbox.
        settled: u64,
    },
    /// Indexes were registered.
    Registered,
}

/// What is added to the outbox for indexes that are registered. The greater debt includes the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IndexDebt {
    /// Nothing: it lacks nothing but what is in the outbox, or in a queue already.
    Nothing,
    /// Every product.
    Products,
    /// Every product, and every removed one: the index may still hold it.
    ProductsAndRemovals,
}

impl IndexContent {
    /// Returns what is owed to an index with this content by a store with this `history`.
    ///
    /// The first indexes of a store that an earlier akin wrote lack nothing if they hold as many
    /// products as are not waiting.
    pub const fn debt(self, history: StoreHistory) -> IndexDebt {
        match (self, history) {
            (Self::Complete(_), _) | (_, StoreHistory::New) => IndexDebt::Nothing,
            (Self::Products(held), StoreHistory::Unregistered { settled }) if held >= settled => {
                IndexDebt::Nothing
            }
            (Self::Products(0), _) => IndexDebt::Products,
            (Self::Products(_), _) => IndexDebt::ProductsAndRemovals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_owed_what_it_may_lack() {
        let old = StoreHistory::Unregistered { settled: 3 };
        for (content, history, debt) in [
            (IndexContent::Products(0), StoreHistory::New, IndexDebt::Nothing),
            (IndexContent::Products(3), old, IndexDebt::Nothing),
            (IndexContent::Products(2), old, IndexDebt::ProductsAndRemovals),
            (IndexContent::Products(0), old, IndexDebt::Products),
            (IndexContent::Products(0), StoreHistory::Registered, IndexDebt::Products),
            (IndexContent::Products(9), StoreHistory::Registered, IndexDebt::ProductsAndRemovals),
            (IndexContent::Complete(Version(1)), StoreHistory::Registered, IndexDebt::Nothing),
        ] {
            assert_eq!(content.debt(history), debt, "{content:?}, {history:?}");
        }
    }
}
