use crate::{exit, output};
use akin_entities::ProductId;
use akin_ports::{Failures, PortError, RefusedRow, RunCounts, RunOutcome};
use akin_usecases::{CatalogueSummary, DryRun, EmbedSummary, RetainedProducts};
use akin_views::CountsView;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

/// The outcome of a run, or of a dry run.
#[derive(Debug)]
pub(crate) struct Outcome {
    catalogue: CatalogueSummary,
    embedding: EmbedSummary,
    manner: Manner,
    seconds: f64,
    /// The maximum length of an embedded text.
    token_limit: Option<usize>,
}

/// The extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// A dry run.
    Rehearsed,
    /// The products are stored and wait to be embedded.
    Kept,
    /// The products are stored and embedded.
    Embedded,
}

/// The JSON document of a run.
#[derive(Debug, Serialize)]
struct IngestReport {
    #[serde(flatten)]
    counts: CountsView,
    seconds: f64,
    /// Nothing of it was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl Outcome {
    pub(crate) fn rehearsed(rehearsal: DryRun, took: Duration) -> Self {
        let DryRun { summary, embedded, updated_fields, .. } = rehearsal;
        let embedding = EmbedSummary { embedded, updated_fields, ..EmbedSummary::default() };
        Self { catalogue: summary, embedding, ..Self::new(Manner::Rehearsed, took) }
    }

    /// The failures are of what could not be handed on.
    pub(crate) fn kept(catalogue: CatalogueSummary, failures: Failures, took: Duration) -> Self {
        let embedding = EmbedSummary { failures, ..EmbedSummary::default() };
        Self { catalogue, embedding, ..Self::new(Manner::Kept, took) }
    }

    pub(crate) fn embedded(
        catalogue: CatalogueSummary,
        embedding: EmbedSummary,
        took: Duration,
    ) -> Self {
        Self { catalogue, embedding, ..Self::new(Manner::Embedded, took) }
    }

    fn new(manner: Manner, took: Duration) -> Self {
        Self {
            catalogue: CatalogueSummary::default(),
            embedding: EmbedSummary::default(),
            manner,
            seconds: took.as_secs_f64(),
            token_limit: None,
        }
    }

    /// Adds the maximum length of an embedded text, for messages.
    pub(crate) fn with_token_limit(self, limit: Option<usize>) -> Self {
        Self { token_limit: limit, ..self }
    }

    /// Prints the outcome and returns the exit code.
    pub(crate) fn tell(self, json: bool) -> ExitCode {
        if json {
            output::json(&self.report());
        } else if self.catalogue.rows.read > 0 || self.catalogue.unread.is_empty() {
            self.print();
        }
        self.remarks();
        let failed = !self.embedding.failures.is_empty();
        let unread: Vec<_> = self.catalogue.unread.into_iter().map(anyhow::Error::from).collect();
        unread.iter().for_each(output::failure);
        match unread.first() {
            Some(error) => exit::of(error),
            None if failed => exit::partly(),
            None => exit::DONE,
        }
    }

    /// Prints the outcome on one line.
    pub(crate) fn log(self) {
        let when = akin_views::format_timestamp(akin_composition::now());
        output::line(&format!("{when} UTC {}", self.lines().join("; ")));
        if let Some(retained) = self.catalogue.retained {
            output::note(&explained(retained));
        }
        for error in self.catalogue.unread {
            output::failure(&error.into());
        }
        for (id, error) in &self.embedding.failures {
            output::note(&not_embedded(id, error));
        }
    }

    fn print(&self) {
        for line in self.lines() {
            output::line(&line);
        }
    }

    fn lines(&self) -> [String; 2] {
        let Self { catalogue: CatalogueSummary { rows, removed, .. }, embedding, .. } = self;
        let read = plural(rows.read, "row", "rows");
        let counts = format!(
            "{} new, {} changed, {} unchanged, {removed} removed, {} quarantined",
            rows.inserted, rows.changed, rows.unchanged, rows.quarantined
        );
        let embedded = format!(
            "{} embedded, {} updated without embedding",
            plural(embedding.embedded, "product", "products"),
            embedding.updated_fields,
        );
        let kept = format!("{read} read in {:.1} s: {counts}", self.seconds);
        match self.manner {
            Manner::Rehearsed => {
                [format!("nothing was changed; a run would do this: {read}, {counts}"), embedded]
            }
            Manner::Kept => [
                kept,
                "nothing embedded yet: run `akin worker`, or `akin ingest` without --no-embed"
                    .to_owned(),
            ],
            Manner::Embedded => [kept, embedded],
        }
    }

    /// Prints warnings and failures.
    fn remarks(&self) {
        let Self { catalogue, embedding, .. } = self;
        if embedding.truncated > 0 {
            let texts = plural(embedding.truncated, "text was", "texts were");
            let limit = self.token_limit.map(|limit| format!(" at {limit} tokens"));
            output::note(&format!("{texts} truncated{}", limit.unwrap_or_default()));
        }
        catalogue.refused.iter().for_each(|(feed, row)| note_refused(feed, row));
        if catalogue.rows.quarantined > catalogue.refused.len() as u64 {
            output::note("`akin quarantine` lists the rest");
        }
        if let Some(retained) = catalogue.retained {
            output::note(&explained(retained));
        }
        for (id, error) in &embedding.failures {
            output::note(&not_embedded(id, error));
        }
    }

    fn report(&self) -> IngestReport {
        IngestReport {
            counts: self.counts().into(),
            seconds: self.seconds,
            dry_run: self.manner == Manner::Rehearsed,
        }
    }

    /// What was done.
    pub(crate) fn counts(&self) -> RunCounts {
        let Self { catalogue: CatalogueSummary { rows, removed, .. }, embedding, .. } = self;
        RunCounts {
            read: rows.read,
            inserted: rows.inserted,
            changed: rows.changed,
            unchanged: rows.unchanged,
            removed: *removed,
            quarantined: rows.quarantined,
            embedded: embedding.embedded,
            updated_fields: embedding.updated_fields,
            failed: embedding.failures.len() as u64,
        }
    }

    /// Whether it was all, and else what was not done.
    pub(crate) fn ending(&self) -> RunOutcome {
        let unread = self.catalogue.unread.iter().map(|error| {
            let story: Vec<_> = anyhow::Chain::new(error).map(ToString::to_string).collect();
            story.join(": ")
        });
        let failures = &self.embedding.failures;
        let undone = failures.iter().map(|(id, error)| not_embedded(id, error));
        let first = unread.chain(undone).next();
        first.map_or(RunOutcome::Finished, |first| {
            let rest = self.catalogue.unread.len() + failures.len() - 1;
            let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
            RunOutcome::Partly(first + &more)
        })
    }
}

fn not_embedded(id: &ProductId, error: &PortError) -> String {
    format!("product {id} was not embedded: {}", error.report())
}

fn explained(RetainedProducts { products, rows }: RetainedProducts) -> String {
    let products =
        plural(products, "product that no feed names stays", "products that no feed names stay");
    let why = match rows {
        0 => "a feed was not read to its end".to_owned(),
        1 => "1 row does not say which product it is about".to_owned(),
        rows => format!("{rows} rows do not say which product they are about"),
    };
    format!("{products}, because {why}")
}

/// Prints a quarantined row and the reason.
pub(crate) fn note_refused(feed: &str, RefusedRow { line, field, value, reason, .. }: &RefusedRow) {
    let field = if field.is_empty() { "row" } else { field };
    output::note(&format!("{feed}, line {line}, {field} {value:?}: {reason}"));
}

pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
