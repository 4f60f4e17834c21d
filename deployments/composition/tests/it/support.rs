use akin_composition::EngineSettings;
use akin_entities::{Product, ProductId, Version};
use akin_usecases::EmbedChanges;
use clap::Parser;
use std::path::Path;

#[derive(Parser)]
#[command(args_override_self = true)]
struct Command {
    #[command(flatten)]
    settings: EngineSettings,
}

/// Parses settings, with the embedded store and a tiny model in `folder`.
pub(crate) fn settings(folder: &Path, arguments: &[&str]) -> EngineSettings {
    let (data, model) = (folder.join("data"), folder.join("model"));
    sbert_fixtures::copy(&sbert_fixtures::folder(MODEL), &model);
    let folders = ["akin", "--data", data.to_str().unwrap(), "--model", model.to_str().unwrap()];
    Command::parse_from([&folders, arguments].concat()).settings
}

/// The name of a model in `sbert-fixtures`.
const MODEL: &str = "minilm-l6";

/// Embeds a product of this name.
pub(crate) async fn embed_product(settings: &EngineSettings, name: &str) {
    let opened = settings.builder().engines().open().await.unwrap();
    let store = opened.store().unwrap();
    store.apply(&[product(name)], Version(1)).await.unwrap();
    let embed = EmbedChanges { store, targets: opened.targets() };
    assert_eq!(embed.run(&|_| ()).await.unwrap().embedded, 1);
    opened.optimize().await.unwrap();
}

fn product(name: &str) -> Product {
    Product::new(ProductId::new("P-1").unwrap(), name)
}
