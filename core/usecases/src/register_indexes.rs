use crate::EmbedTarget;
use crate::renew_analysis::adopt_analysis;
use akin_ports::{
    ErrorKind, IndexContent, IndexIdentity, NewIndex, PortError, PortResult, ProductIndex,
    ProductStore, RegisteredIndex,
};
use std::sync::Arc;

/// Registers the indexes that a process embeds for, so that the store owes them its changes.
///
/// It comes before everything that takes from the outbox or a queue. What is taken is done for good, so
/// a process that embeds for fewer indexes than are registered is refused.
#[derive(Clone, Debug)]
pub struct RegisterIndexes {
    /// The store with the outbox.
    pub store: Arc<dyn ProductStore>,
    /// The embedders and indexes of the process.
    pub targets: Vec<EmbedTarget>,
}

/// The source of the error of a process whose indexes are not those that the store owes its changes to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexRefusal {
    /// It does not embed for these indexes.
    #[error("every change is owed to the index {} too", .0.join(", "))]
    Unserved(Vec<String>),
    /// Its index of this name is another one.
    #[error("changes are owed to another index {0} than this one")]
    Replaced(String),
}

impl RegisterIndexes {
    /// Registers the indexes that are new to the store. An empty index takes the place of another one
    /// of its name; one that holds products is refused there. An index without products takes the
    /// analysis of its target.
    pub async fn run(&self) -> PortResult<()> {
        let registered = self.store.indexes().await?;
        let indexes = indexes(&self.targets).await?;
        let unserved = registered.iter().map(|index| &index.identity.name);
        let is_unserved = |name: &&String| indexes.iter().all(|(own, _)| own.name != **name);
        let unserved: Vec<_> = unserved.filter(is_unserved).cloned().collect();
        if !unserved.is_empty() {
            return Err(refused(IndexRefusal::Unserved(unserved)));
        }
        for target in &self.targets {
            for index in &target.indexes {
                adopt_analysis(&**index, target.language).await?;
            }
        }
        register(&*self.store, &registered, indexes).await
    }
}

/// Registers those of `indexes` that are not among the `registered` ones.
pub(crate) async fn register(
    store: &dyn ProductStore,
    registered: &[RegisteredIndex],
    indexes: Vec<(IndexIdentity, Arc<dyn ProductIndex>)>,
) -> PortResult<()> {
    let mut new = Vec::new();
    for (identity, index) in indexes {
        let known = registered.iter().find(|known| known.identity.name == identity.name);
        if known.is_some_and(|known| known.identity == identity) {
            continue;
        }
        let products = index.count().await?;
        if known.is_some() && products > 0 {
            return Err(refused(IndexRefusal::Replaced(identity.name)));
        }
        new.push(NewIndex { identity, content: IndexContent::Products(products) });
    }
    if new.is_empty() { Ok(()) } else { store.register_indexes(&new).await }
}

/// Refuses what was taken from `store` to be embedded for fewer indexes than are registered. An index
/// that is registered after this is owed what was taken once more.
pub(crate) async fn check_indexes(
    store: &dyn ProductStore,
    targets: &[EmbedTarget],
) -> PortResult<()> {
    let registered = store.indexes().await?;
    if registered.is_empty() {
        return Ok(());
    }
    let own = indexes(targets).await?;
    let mut unserved = Vec::new();
    for RegisteredIndex { identity, .. } in registered {
        match own.iter().find(|(own, _)| own.name == identity.name) {
            Some((own, _)) if *own == identity => {}
            Some(_) => return Err(refused(IndexRefusal::Replaced(identity.name))),
            None => unserved.push(identity.name),
        }
    }
    if unserved.is_empty() { Ok(()) } else { Err(refused(IndexRefusal::Unserved(unserved))) }
}

/// Returns the indexes of `targets`, each once.
async fn indexes(
    targets: &[EmbedTarget],
) -> PortResult<Vec<(IndexIdentity, Arc<dyn ProductIndex>)>> {
    let mut indexes: Vec<(IndexIdentity, Arc<dyn ProductIndex>)> = Vec::new();
    for index in targets.iter().flat_map(|target| &target.indexes) {
        let identity = index.identity().await?;
        if indexes.iter().all(|(known, _)| *known != identity) {
            indexes.push((identity, Arc::clone(index)));
        }
    }
    Ok(indexes)
}

pub(crate) fn refused(refusal: IndexRefusal) -> PortError {
    PortError::new("store", ErrorKind::Misconfigured, refusal)
}
