//! Models and indexes: whether they load and answer, and whether they belong together.

use super::Check;
use akin_composition::{EmbedderName, EngineName, EngineSettings};
use akin_entities::Fingerprint;
use akin_ports::{ErrorKind, PortError};
use akin_usecases::{IndexStatus, ensure_same_analysis};
use std::time::Instant;

/// Loads each model once, and embeds a query.
pub(super) async fn check_models(engine: &EngineSettings, checks: &mut Vec<Check>) {
    let mut checked: Vec<EmbedderName> = Vec::new();
    for EngineName { embedder, .. } in &engine.catalogue.engines {
        if checked.contains(embedder) {
            continue;
        }
        checked.push(*embedder);
        let name = format!("model, {embedder}");
        checks.push(match load(engine, *embedder).await {
            Ok((fingerprint, detail)) => Check::ok(name, format!("{fingerprint}; {detail}")),
            Err(error) => Check::failed(name, error),
        });
    }
}

async fn load(
    engine: &EngineSettings,
    name: EmbedderName,
) -> anyhow::Result<(Fingerprint, String)> {
    let embedder = engine.open_embedder(name).await?;
    let began = Instant::now();
    let embedding = embedder.embed_one("something to sit on").await?;
    let (length, time) = (embedding.as_slice().len(), began.elapsed().as_millis());
    let fingerprint = embedder.fingerprint().clone();
    if length != fingerprint.dimension {
        let what = format!("{length} coordinates instead of {}", fingerprint.dimension);
        return Err(PortError::new("embedder", ErrorKind::Corrupt, what).into());
    }
    Ok((fingerprint, format!("a query took {time} ms")))
}

/// Compares each index with its model, its analysis and the store.
pub(super) async fn check_indexes(engine: &EngineSettings, checks: &mut Vec<Check>) {
    for name in &engine.catalogue.engines {
        let check = format!("index, {}", name.index);
        checks.push(match look(engine, *name).await {
            Ok(found) => found.named(check),
            Err(error) => Check::failed(check, error),
        });
    }
}

async fn look(engine: &EngineSettings, name: EngineName) -> anyhow::Result<Check> {
    let catalogue = &engine.catalogue;
    let opened = catalogue.builder().existing().store().index(name.index).open().await?;
    let index = opened.index(name.index)?;
    let status = IndexStatus::of(&*index).await?;
    ensure_same_analysis(&*index, catalogue.language).await?;
    if let (Some(held), Ok(embedder)) =
        (&status.fingerprint, engine.open_embedder(name.embedder).await)
    {
        akin_ports::ensure_same_model("index", held, embedder.fingerprint())?;
    }
    let products = opened.store()?.counts().await?.products;
    let detail = format!("{} of {products} products can be found", status.indexed);
    Ok(if status.indexed == products {
        Check::ok("", detail)
    } else {
        let what = "run `akin ingest` or `akin worker`, which add what is missing";
        Check::warning("", format!("{detail}: {what}"))
    })
}

impl Check {
    fn named(self, name: String) -> Self {
        Self { name, ..self }
    }
}
