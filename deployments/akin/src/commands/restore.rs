use crate::commands::backup::{CopyReport, Staging};
use crate::embedding::optimize;
use crate::output::Format;
use crate::{exit, output};
use akin_composition::{BackupPlace, CatalogueSettings, IndexName};
use akin_usecases::RestoreCatalogue;
use std::process::ExitCode;
use std::time::Instant;

/// Restore the embedded store from a backup.
///
/// The backup is checked before it takes the place of anything. Its tables are brought up to this version,
/// and the search files are built anew.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin restore /backups/2026-12-01\n  akin restore s3://shop-backups/akin/2026-12-01 --data /tmp/restored\n\nServers that are running go on with what was restored. If the catalogue that is there is damaged, stop them first. Ingest the current feeds afterwards: they bring what changed since the backup."
)]
pub(crate) struct RestoreArguments {
    #[command(flatten)]
    place: BackupPlace,

    /// Replace the catalogue that is there.
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

pub(crate) async fn run(arguments: RestoreArguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let RestoreArguments { place, replace, format, catalogue } = arguments;
    let opened = place.open(&catalogue).await?;
    let name = opened.storage.name().to_owned();
    let use_case = RestoreCatalogue { archive: opened.archive, storage: opened.storage, replace };
    let staging = Staging::create(&opened.data, "restore.partial")?;
    let copy = use_case.run(staging.path()).await?;
    let opened = catalogue.builder().existing().store().index(IndexName::Local).open().await?;
    optimize(&opened).await;
    let registered = opened.store()?.indexes().await?;
    let others = registered.iter().map(|index| &*index.identity.name);
    for index in others.filter(|name| *name != IndexName::Local.to_string()) {
        output::note(&format!(
            "{index} may hold what came after the backup: run `akin indexes forget {index}`, after which the \
             next ingestion fills it anew"
        ));
    }
    CopyReport::new(&name, &copy, began).print(format, "restored from");
    Ok(exit::DONE)
}
