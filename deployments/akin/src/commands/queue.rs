use crate::output::{Cell, Format, Table};
use crate::{exit, output};
use akin_composition::CatalogueSettings;
use akin_ports::{DeadLetter, DeadLetters, PortResult, QueueCounts};
use akin_views::QueueView;
use serde::Serialize;
use std::process::ExitCode;

/// Count the messages in the queue; list its dead letters, or try them again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin queue\n  akin queue dead --json\n  akin queue redrive --limit 10\n\nA message that failed five times becomes a dead letter, with the reason of the last failure. A redriven message has five attempts again."
)]
pub(crate) struct QueueArguments {
    /// The action.
    #[arg(value_enum, default_value_t = Action::Counts, value_name = "ACTION")]
    action: Action,

    /// The maximum number of dead letters to list [default: 1000] or to redrive [default: all], the oldest first.
    #[arg(long, env = "AKIN_QUEUE_LIMIT", value_name = "N")]
    limit: Option<usize>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Action {
    /// Count the messages that wait, are in flight or are dead.
    Counts,
    /// List the dead letters with their reasons.
    Dead,
    /// Return dead letters to the queue.
    Redrive,
}

#[derive(Debug, Serialize)]
struct Letter {
    product_id: String,
    modified_date: String,
    attempts: u32,
    reason: Option<String>,
    given_up: Option<String>,
}

#[derive(Debug, Serialize)]
struct Redriven {
    redriven: u64,
}

/// The number of dead letters that are listed by default.
const LISTED: usize = 1_000;

pub(crate) async fn run(arguments: QueueArguments) -> anyhow::Result<ExitCode> {
    let QueueArguments { action, limit, format, catalogue } = arguments;
    let opened = catalogue.builder().existing().queue().open().await?;
    match action {
        Action::Counts => print_counts(opened.queue()?.counts().await?, format),
        Action::Dead => {
            let dead_letters = opened.dead_letters()?;
            let letters = first_letters(&*dead_letters, limit.unwrap_or(LISTED)).await?;
            print_letters(&letters, format);
        }
        Action::Redrive => {
            let redriven = opened.dead_letters()?.redrive(limit.unwrap_or(usize::MAX)).await?;
            if format.json {
                output::json(&Redriven { redriven });
            } else {
                output::line(&format!("{redriven} dead letters returned to the queue"));
            }
        }
    }
    Ok(exit::DONE)
}

fn print_counts(counts: QueueCounts, format: Format) {
    if format.json {
        return output::json(&QueueView::from(counts));
    }
    let mut table = Table::new(&[]);
    let QueueCounts { waiting, in_flight, dead } = counts;
    for (name, count) in [("waiting", waiting), ("in flight", in_flight), ("dead", dead)] {
        table.add_row([Cell::text(name), Cell::number(&count.to_string())]);
    }
    output::print(table);
}

/// Lists dead letters page by page, until there are `limit` or no more.
async fn first_letters(
    dead_letters: &dyn DeadLetters,
    limit: usize,
) -> PortResult<Vec<DeadLetter>> {
    let mut letters = Vec::new();
    let mut after = None;
    while letters.len() < limit {
        let page = dead_letters.list(after.as_ref(), limit - letters.len()).await?;
        letters.extend(page.letters);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(letters)
}

fn print_letters(letters: &[DeadLetter], format: Format) {
    if format.json {
        let letters: Vec<_> = letters.iter().map(Letter::from).collect();
        return output::json(&letters);
    }
    if letters.is_empty() {
        return output::note("there are no dead letters");
    }
    let mut table =
        Table::new(&["product", "modified (UTC)", "attempts", "given up (UTC)", "reason"]);
    for letter in letters {
        let modified = akin_views::format_timestamp(letter.change.version.timestamp());
        let given_up = letter.died.map(akin_views::format_timestamp);
        table.add_row([
            Cell::text(letter.change.id.as_str()),
            Cell::text(&modified),
            Cell::number(&letter.attempts.to_string()),
            Cell::text(given_up.as_deref().unwrap_or_default()),
            Cell::text(letter.reason.as_deref().unwrap_or_default()),
        ]);
    }
    output::print(table);
}

impl From<&DeadLetter> for Letter {
    fn from(letter: &DeadLetter) -> Self {
        Self {
            product_id: letter.change.id.to_string(),
            modified_date: akin_views::format_rfc3339(letter.change.version.timestamp()),
            attempts: letter.attempts,
            reason: letter.reason.clone(),
            given_up: letter.died.map(akin_views::format_rfc3339),
        }
    }
}
