//! Prints tables for people and JSON for scripts.
//!
//! Everything that a command prints passes through here, where text from feeds and servers is made
//! safe for terminals.

mod table;

use akin_composition::printable;
use akin_ports::{AnalysisMismatch, ModelMismatch, RunOvertaken};
use akin_usecases::{BackupError, Hit, IndexRefusal, UnembeddedChanges};
use serde::Serialize;
use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process;
pub(crate) use table::{Cell, Table, one_line};

/// The format of the output.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct Format {
    /// Print one JSON document.
    #[arg(long, env = "AKIN_JSON")]
    pub(crate) json: bool,
}

/// Prints a JSON document.
pub(crate) fn json(document: &impl Serialize) {
    match serde_json::to_string_pretty(document) {
        Ok(text) => line(&text),
        Err(error) => unwritten(&error.into()),
    }
}

/// Prints a JSON document on one line, for a program that prints several.
pub(crate) fn json_line(document: &impl Serialize) {
    match serde_json::to_string(document) {
        Ok(text) => line(&text),
        Err(error) => unwritten(&error.into()),
    }
}

/// Prints a line to standard output.
pub(crate) fn line(text: &str) {
    raw(format!("{}\n", printable(text)).as_bytes());
}

/// Writes data to standard output: as it is to a pipe or file, and safe to print to a terminal.
pub(crate) fn data(bytes: &[u8]) {
    if io::stdout().is_terminal() {
        raw(printable(&String::from_utf8_lossy(bytes)).as_bytes());
    } else {
        raw(bytes);
    }
}

/// Writes `bytes` of akin's own to standard output.
pub(crate) fn raw(bytes: &[u8]) {
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_all(bytes).and_then(|()| output.flush()) {
        unwritten(&error);
    }
}

/// Prints a message to standard error.
pub(crate) fn note(text: &str) {
    // A closed standard error leaves nowhere to report this.
    drop(writeln!(io::stderr(), "{}", printable(text)));
}

/// Prints a failure with its causes.
pub(crate) fn failure(error: &anyhow::Error) {
    note(&format!("akin: {}", with_remedy(error)));
}

/// Describes a failure with its causes, and what to do.
pub(crate) fn with_remedy(error: &anyhow::Error) -> String {
    format!("{error:#}{}", remedy(error))
}

/// Prints a failure of one of several runs, with the time.
pub(crate) fn failure_at(when: &str, error: &anyhow::Error) {
    note(&format!("akin: {when} UTC: {error:#}{}", remedy(error)));
}

/// Returns what to do about an error of the core, which knows neither settings nor commands.
fn remedy(error: &anyhow::Error) -> String {
    let overtaken = error.chain().find_map(|cause| cause.downcast_ref::<RunOvertaken>());
    if let Some(since) = overtaken.and_then(|overtaken| overtaken.since) {
        let since = akin_views::format_timestamp(since);
        return format!(" at {since} UTC: run this one again when that one has ended");
    }
    if let Some(refusal) = error.chain().find_map(|cause| cause.downcast_ref()) {
        return match refusal {
            IndexRefusal::Unserved(names) => format!(
                ": name every engine in --engine (AKIN_ENGINES), or give an index up with `akin \
                 indexes forget {}`",
                names.first().map_or("NAME", |name| name)
            ),
            IndexRefusal::Replaced(name) => format!(
                ": check the settings of {name}, or run `akin indexes forget {name}`, after which \
                 everything is owed to this one"
            ),
        };
    }
    if let Some(unembedded) = error.chain().find_map(|cause| cause.downcast_ref()) {
        return match unembedded {
            UnembeddedChanges::Waiting(_) => {
                ": run `akin ingest` or `akin worker --once`, then copy; a product that fails each time must \
                 be corrected in its feed first, or removed by `akin ingest --complete`"
            }
            UnembeddedChanges::Dead(_) => {
                ": run `akin queue redrive` and `akin worker --once`, then copy; a product that can never be \
                 embedded (`akin queue dead` says why) must be corrected in its feed first, or removed by \
                 `akin ingest --complete`"
            }
        }
        .into();
    }
    if let Some(mismatch) = error.chain().find_map(|cause| cause.downcast_ref()) {
        let AnalysisMismatch { index, .. } = mismatch;
        return format!(
            ": run `akin migrate --engine {index}` with the language of these settings, which analyzes the \
             texts anew, or set --language (AKIN_LANGUAGE) to that of the index"
        );
    }
    if let Some(refused) = error.chain().find_map(|cause| cause.downcast_ref()) {
        return of_backup(refused).into();
    }
    if error.chain().any(<dyn Error>::is::<ModelMismatch>) {
        return ": set AKIN_MODEL to the model that made the index, or ingest into an index of its own"
            .into();
    }
    String::new()
}

/// Returns what to do if there is no backup, or nothing was restored.
fn of_backup(refused: &BackupError) -> &'static str {
    match refused {
        BackupError::Port(_) => "",
        BackupError::NoCatalogue => ": --data (AKIN_DATA) selects the folder of the catalogue",
        BackupError::HoldsBackup(_) => ": name a new place, such as one with the date",
        BackupError::NoBackup(_) => {
            ": check the name of the place; what an interrupted `akin backup` has left is no backup"
        }
        BackupError::HoldsCatalogue => {
            ": say --replace to replace it, or choose another folder with --data (AKIN_DATA)"
        }
    }
}

/// Ends the process because its output cannot be written; silently if the reader has closed the pipe
/// (`akin .. | head`).
fn unwritten(error: &io::Error) -> ! {
    if error.kind() == ErrorKind::BrokenPipe {
        process::exit(141); // 128 + SIGPIPE, as in shells.
    }
    note(&format!("akin: the output cannot be written: {error}"));
    process::exit(1)
}

/// Prints search results.
pub(crate) fn hits(hits: &[Hit]) {
    let mut table = Table::new(&["", "score", "similarity", "price", "stars", "product", "id"]);
    for (place, hit) in hits.iter().enumerate() {
        let product = &hit.record.product;
        let similarity = hit.similarity.map_or_else(String::new, |is| format!("{:.3}", is.get()));
        let score = hit.score.map_or_else(String::new, |score| format!("{score:.3}"));
        let stars = product.rating.map_or_else(String::new, |is| format!("{:.1}", is.stars()));
        let price = product.price().map_or_else(String::new, |price| price.to_string());
        table.add_line([
            Cell::text(&(place + 1).to_string()),
            Cell::text(&score),
            Cell::text(&similarity),
            Cell::text(&price),
            Cell::text(&stars),
            Cell::text(&product.name),
            Cell::text(product.id.as_str()).dim(),
        ]);
    }
    table.arrange_hits();
    print(table);
}

/// Prints `table`.
pub(crate) fn print(table: Table) {
    // Not by `line`: cells are safe already, and on a terminal headings have styles.
    table.into_lines().for_each(|row| raw(format!("{}\n", row.trim_end()).as_bytes()));
}
