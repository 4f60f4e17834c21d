use crate::output::Format;
use crate::{exit, output};
use akin_composition::CatalogueSettings;
use akin_ports::{DeadLetter, QueueCounts};
use akin_views::QueueView;
use comfy_table::Cell;
use serde::Serialize;
use std::process::ExitCode;

/// Say what waits in the queue; list dead letters, or try them again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin queue\n  akin queue dead --json\n  akin queue redrive --limit 10\n\nA message that five tries could not do is a dead letter, with the reason of the last one. What is\nredriven has all its tries again."
)]
pub(crate) struct Arguments {
    /// What to do.
    #[arg(value_enum, default_value_t = Action::Counts, value_name = "ACTION")]
    action: Action,

    /// How many dead letters to list (1000 unless told) or to redrive (all unless told), the oldest
    /// first.
    #[arg(long, env = "AKIN_QUEUE_LIMIT", value_name = "N")]
    limit: Option<usize>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Action {
    /// Say how many messages wait, are taken and are dead.
    Counts,
    /// List the dead letters, each with its reason.
    Dead,
    /// Make dead letters messages again.
    Redrive,
}

#[derive(Debug, Serialize)]
struct Letter {
    product_id: String,
    modified_date: String,
    tries: u32,
    reason: String,
    given_up: String,
}

#[derive(Debug, Serialize)]
struct Redriven {
    redriven: u64,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { action, limit, format, catalogue } = arguments;
    let queue = catalogue.builder().queue().open().await?.queue()?;
    match action {
        Action::Counts => print_counts(queue.counts().await?, format),
        Action::Dead => list(&queue.dead_letters(None, limit.unwrap_or(1_000)).await?, format),
        Action::Redrive => {
            let redriven = queue.redrive(limit.unwrap_or(usize::MAX)).await?;
            if format.json {
                output::json(&Redriven { redriven });
            } else {
                output::line(&format!("{redriven} dead letters are to be tried again"));
            }
        }
    }
    Ok(exit::DONE)
}

fn print_counts(counts: QueueCounts, format: Format) {
    if format.json {
        return output::json(&QueueView::from(counts));
    }
    let mut table = output::table(&[]);
    let QueueCounts { waiting, in_flight, dead } = counts;
    for (name, count) in [("waiting", waiting), ("taken by workers", in_flight), ("dead", dead)] {
        table.add_row([Cell::new(name), output::number(&count.to_string())]);
    }
    output::print(table);
}

fn list(letters: &[DeadLetter], format: Format) {
    let letters: Vec<_> = letters.iter().map(Letter::from).collect();
    if format.json {
        return output::json(&letters);
    }
    if letters.is_empty() {
        return output::note("there are no dead letters");
    }
    let mut table = output::table(&["product", "modified", "tries", "given up", "reason"]);
    for Letter { product_id, modified_date, tries, reason, given_up } in &letters {
        let [product, reason] = [product_id, reason].map(|text| output::text(text));
        let tries = output::number(&tries.to_string());
        table.add_row([product, Cell::new(modified_date), tries, Cell::new(given_up), reason]);
    }
    output::print(table);
}

impl From<&DeadLetter> for Letter {
    fn from(letter: &DeadLetter) -> Self {
        Self {
            product_id: letter.change.id.to_string(),
            modified_date: akin_views::format_timestamp(letter.change.version.timestamp()),
            tries: letter.tries,
            reason: letter.reason.clone(),
            given_up: akin_views::format_timestamp(letter.at),
        }
    }
}
