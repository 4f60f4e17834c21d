use entities::Fingerprint;
use ports::{ErrorKind, PortError, PortResult, ProductIndex};

/// Refuses to compare embeddings by `asked` with those of an index that another model made:
/// cosines between vectors of two models mean nothing.
pub(crate) async fn refuse_another_model(
    index: &dyn ProductIndex,
    asked: &Fingerprint,
) -> PortResult<()> {
    match index.fingerprint().await? {
        Some(held) if !held.is_compatible_with(asked) => Err(PortError::new(
            "index",
            ErrorKind::Misconfigured,
            format!(
                "it holds embeddings of {held}, but texts are embedded by {asked}: set \
                 AKIN_MODEL to the model that made the index, or ingest into another folder \
                 (AKIN_DATA)"
            ),
        )),
        _ => Ok(()),
    }
}
