use crate::{exit, output};
use akin_entities::Timestamp;
use akin_ports::RefusedRow;
use akin_usecases::{
    CatalogueSummary, DryRun, EmbedSummary, IngestError, RepeatedRow, RetainedProducts, RunSummary,
};
use akin_views::CountsView;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

/// The outcome of a run, or of a dry run.
#[derive(Debug)]
pub(crate) struct Outcome {
    summary: RunSummary,
    extent: Extent,
    seconds: f64,
    /// The maximum length of an embedded text.
    token_limit: Option<usize>,
}

/// The extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// Nothing was changed.
    DryRun,
    /// The products are stored and wait to be embedded.
    Stored,
    /// The products are stored and embedded.
    Embedded,
}

/// The JSON document of a run.
#[derive(Debug, Serialize)]
pub(crate) struct IngestReport {
    #[serde(flatten)]
    counts: CountsView,
    seconds: f64,
    /// True if nothing was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// The JSON document of a run of a schedule, on one line.
#[derive(Debug, Serialize)]
pub(crate) struct RunReport {
    pub(crate) ended: String,
    pub(crate) outcome: &'static str,
    pub(crate) reason: Option<String>,
    /// The results, if the run was completed.
    #[serde(flatten)]
    pub(crate) report: Option<IngestReport>,
}

impl Outcome {
    pub(crate) fn dry_run(dry_run: DryRun, took: Duration) -> Self {
        let DryRun { summary, embedded, updated_fields, .. } = dry_run;
        let embedding = EmbedSummary { embedded, updated_fields, ..EmbedSummary::default() };
        Self::new(summary, embedding, Extent::DryRun, took)
    }

    /// The failures are changes that the queue did not accept.
    pub(crate) fn stored(summary: RunSummary, took: Duration) -> Self {
        Self::new(summary.catalogue, summary.embedding, Extent::Stored, took)
    }

    pub(crate) fn embedded(
        catalogue: CatalogueSummary,
        embedding: EmbedSummary,
        took: Duration,
    ) -> Self {
        Self::new(catalogue, embedding, Extent::Embedded, took)
    }

    fn new(
        catalogue: CatalogueSummary,
        embedding: EmbedSummary,
        extent: Extent,
        took: Duration,
    ) -> Self {
        let summary = RunSummary { catalogue, embedding };
        Self { summary, extent, seconds: akin_views::seconds(took), token_limit: None }
    }

    /// Returns the results for the run log.
    pub(crate) fn summary(&self) -> &RunSummary {
        &self.summary
    }

    /// Adds the maximum length of an embedded text, for messages.
    pub(crate) fn with_token_limit(self, limit: Option<usize>) -> Self {
        Self { token_limit: limit, ..self }
    }

    /// Prints the outcome and returns the exit code.
    pub(crate) fn tell(self, json: bool) -> ExitCode {
        if json {
            output::json(&self.report());
        } else if self.summary.catalogue.rows.read > 0 || self.summary.catalogue.unread.is_empty() {
            self.print();
        }
        self.remarks();
        let RunSummary { catalogue, embedding } = self.summary;
        let failed = !embedding.failures.is_empty();
        let unread: Vec<_> = catalogue.unread.into_iter().map(anyhow::Error::from).collect();
        unread.iter().for_each(output::failure);
        match unread.first() {
            Some(error) => exit::of(error),
            None if failed => exit::partly(),
            None => exit::DONE,
        }
    }

    /// Prints the outcome of a run that ended at `when`, on one line.
    pub(crate) fn log(self, when: Timestamp, json: bool) {
        if json {
            output::json_line(&RunReport {
                ended: akin_views::format_rfc3339(when),
                outcome: self.summary.outcome().parts().0,
                reason: self.summary.outcome().parts().1.map(str::to_owned),
                report: Some(self.report()),
            });
        } else {
            let when = akin_views::format_timestamp(when);
            output::line(&format!("{when} UTC {}", self.lines().join("; ")));
        }
        if let Some(retained) = self.summary.catalogue.retained {
            output::note(&explained(retained));
        }
        self.summary.failures().for_each(|failure| output::note(&failure));
        for error in self.summary.catalogue.unread {
            output::failure(&error.into());
        }
    }

    fn print(&self) {
        for line in self.lines() {
            output::line(&line);
        }
    }

    fn lines(&self) -> [String; 2] {
        let RunSummary { catalogue: CatalogueSummary { rows, removed, .. }, embedding } =
            &self.summary;
        let read = plural(rows.read, "row", "rows");
        let unusual = |count: u64, what| match count {
            0 => String::new(),
            count => format!(" {count} {what},"),
        };
        let newer = unusual(rows.held_newer, "held in a newer version");
        let repeated = unusual(rows.repeated, "repeated");
        let left_out = match rows.blanked {
            0 => String::new(),
            count => format!(", {} left out", plural(count, "value", "values")),
        };
        let counts = format!(
            "{} new, {} changed, {} unchanged,{newer}{repeated} {removed} removed, {} quarantined{left_out}",
            rows.inserted, rows.changed, rows.unchanged, rows.quarantined
        );
        let embedded = format!(
            "{} embedded, {} updated without embedding",
            plural(embedding.embedded, "product", "products"),
            embedding.updated_fields,
        );
        let kept = format!("{read} read in {:.1} s: {counts}", self.seconds);
        match self.extent {
            Extent::DryRun => {
                [format!("nothing was changed; a run would do this: {read}, {counts}"), embedded]
            }
            Extent::Stored => [
                kept,
                "nothing embedded yet: run `akin worker`, or `akin ingest` without --no-embed"
                    .to_owned(),
            ],
            Extent::Embedded => [kept, embedded],
        }
    }

    /// Prints warnings and failures.
    fn remarks(&self) {
        let RunSummary { catalogue, embedding } = &self.summary;
        if embedding.truncated > 0 {
            let texts = plural(embedding.truncated, "text was", "texts were");
            let limit = self.token_limit.map(|limit| format!(" at {limit} tokens"));
            output::note(&format!("{texts} truncated{}", limit.unwrap_or_default()));
        }
        catalogue.refused.iter().for_each(|(feed, row)| note_refused(feed, row));
        if catalogue.rows.quarantined + catalogue.rows.blanked > catalogue.refused.len() as u64 {
            output::note("`akin quarantine` lists the rest");
        }
        catalogue.unread_columns.iter().for_each(|(feed, names)| note_unread(feed, names));
        catalogue.repeats.iter().for_each(|(feed, row)| note_repeated(feed, row));
        if catalogue.rows.repeated > catalogue.repeats.len() as u64 {
            let repeated = plural(catalogue.rows.repeated, "row repeats", "rows repeat");
            output::note(&format!("{repeated} products in all"));
        }
        if let Some(retained) = catalogue.retained {
            output::note(&explained(retained));
        }
        self.summary.failures().for_each(|failure| output::note(&failure));
    }

    fn report(&self) -> IngestReport {
        IngestReport {
            counts: self.summary.counts().into(),
            seconds: self.seconds,
            dry_run: self.extent == Extent::DryRun,
        }
    }
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

/// Prints the first rows for which a run was refused.
pub(crate) fn tell_refused(error: &anyhow::Error) {
    let refused = error.downcast_ref::<IngestError>();
    if let Some(IngestError::TooManyRefused { refused, first, .. }) = refused {
        for (feed, row) in first {
            note_refused(feed, row);
        }
        let rest = refused - first.len() as u64;
        if rest > 0 {
            output::note(&format!("and {} more", plural(rest, "row", "rows")));
        }
    }
}

/// Prints a quarantined row, or a value that was left out, and the reason.
pub(crate) fn note_refused(feed: &str, refused: &RefusedRow) {
    let RefusedRow { line, is_kept, field, value, reason, .. } = refused;
    let field = if field.is_empty() { "row" } else { field };
    let left_out = if *is_kept { "left out: " } else { "" };
    output::note(&format!("{feed}, line {line}, {field} {value:?}: {left_out}{reason}"));
}

/// Prints the columns of a feed that are not read.
fn note_unread(feed: &str, names: &[String]) {
    const SHOWN: usize = 10;
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let columns = plural(names.len() as u64, "column is", "columns are");
    output::note(&format!(
        "{feed}: {columns} not read: {}{more}; --map COLUMN=FIELD or COLUMN=attributes.NAME reads one",
        shown.join(", ")
    ));
}

/// Prints a row that repeats a product, and where the product is named first.
fn note_repeated(feed: &str, RepeatedRow { id, line, first_line, first_feed }: &RepeatedRow) {
    let of = first_feed.as_ref().map(|first| format!(" of {first}")).unwrap_or_default();
    output::note(&format!(
        "{feed}, line {line}: the product {:?} is in line {first_line}{of} too; its last row counts",
        id.as_str()
    ));
}

pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
