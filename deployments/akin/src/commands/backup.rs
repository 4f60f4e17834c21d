mod staging;

use crate::output::Format;
use crate::{exit, output};
use akin_composition::{BackupPlace, CatalogueSettings};
use akin_ports::CatalogueCopy;
use akin_usecases::BackUpCatalogue;
use serde::Serialize;
pub(crate) use staging::Staging;
use std::process::ExitCode;
use std::time::Instant;

/// Back up the embedded store to a folder or to S3, while it is in use.
///
/// The backup holds the state of one moment: products, embeddings, queue, quarantine and runs. Searches and
/// ingestions go on meanwhile. It is checked before it counts, and one that was interrupted is none.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin backup /backups/2026-12-01\n  akin backup s3://shop-backups/akin/2026-12-01\n\nThe place gets `akin.db`, and `akin.db.sha256` for `sha256sum --check`; a place that holds a backup is not overwritten. A backup to S3 is made in the data folder first, which needs the space. `akin restore` is the way back. Models and settings are no part of it."
)]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    place: BackupPlace,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// The JSON document of a backup and of a restoration.
#[derive(Debug, Serialize)]
pub(crate) struct CopyReport {
    place: String,
    products: u64,
    indexed: u64,
    bytes: u64,
    sha256: String,
    seconds: f64,
}

pub(crate) async fn run(arguments: BackupArguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let BackupArguments { place, format, catalogue } = arguments;
    let opened = place.open(&catalogue).await?;
    let name = opened.storage.name().to_owned();
    let use_case = BackUpCatalogue { archive: opened.archive, storage: opened.storage };
    // In a folder, the copy is made where it will stay.
    let folder = opened.folder.as_ref().unwrap_or(&opened.data);
    let copy = if opened.data.is_dir() {
        let staging = Staging::create(folder, "backup.partial")?;
        use_case.run(staging.path()).await?
    } else {
        // It reports that there is no catalogue, and creates no folder.
        use_case.run(folder).await?
    };
    CopyReport::new(&name, &copy, began).print(format, "backed up to");
    Ok(exit::DONE)
}

impl CopyReport {
    /// Describes a copy that was begun at `began`.
    pub(crate) fn new(place: &str, copy: &CatalogueCopy, began: Instant) -> Self {
        Self {
            place: place.to_owned(),
            products: copy.products,
            indexed: copy.indexed,
            bytes: copy.bytes,
            sha256: copy.checksum.to_string(),
            seconds: akin_views::seconds(began.elapsed()),
        }
    }

    /// Prints the document, or a line with what was done.
    pub(crate) fn print(&self, format: Format, done: &str) {
        if format.json {
            return output::json(self);
        }
        let Self { place, products, indexed, seconds, .. } = self;
        let size = self.bytes.div_ceil(1 << 20);
        output::line(&format!(
            "{products} products, {indexed} of them searchable, were {done} {place}: {size} MiB in {seconds:.1} s"
        ));
    }
}
