//! The tables for a terminal.

use super::comparison::ComparedRuns;
use super::lab::{Lab, Run, SHOWN, SetMeasure};
use crate::output::{self, Cell, Table};
use akin_evaluation::{Evaluation, EvaluationComparison, EvaluationReport, MeanEstimate, Measure};
use akin_usecases::{EvaluatedAnswer, JudgedQuery, MissedProduct};
use std::collections::HashMap;
use std::num::NonZeroUsize;

/// How many of the queries that changed most are listed.
const CHANGED: usize = 5;

/// How many missed products of a query are listed.
const MISSED: usize = 3;

/// Prints the measures of every run, and its comparisons.
pub(super) fn print(lab: &Lab, comparisons: &[ComparedRuns]) {
    let means = |measure| move |run: &Run| run.report.mean(measure);
    let columns = SHOWN.map(|measure| (measure.name(lab.depth), means(measure)));
    print_figures(lab, &columns);
    if let Some(run) = lab.runs.first() {
        let over = counted(&run.report, lab.depth);
        output::line(&format!("means with their 95% intervals, over {over}"));
    }
    output::line("");
    let means = |measure| move |run: &Run| run.set(measure);
    print_figures(lab, &SetMeasure::ALL.map(|measure| (measure.name(lab.depth), means(measure))));
    output::line(
        "of what fits: precision and recall over all judged pairs of a query and a product; the others are \
         measures of all candidates",
    );
    output::line("");
    for comparison in comparisons {
        print_comparison(lab, comparison);
    }
}

/// Prints a column of means for each name; the largest is bold.
fn print_figures<F: Fn(&Run) -> Option<MeanEstimate>>(lab: &Lab, columns: &[(String, F)]) {
    let headings = ["mode"].into_iter().chain(columns.iter().map(|(name, _)| name.as_str()));
    let mut table = Table::new(&headings.collect::<Vec<_>>());
    for run in &lab.runs {
        let mut row = vec![Cell::text(run.name())];
        row.extend(columns.iter().map(|(_, mean)| {
            let others = lab.runs.iter().filter_map(mean);
            figure(mean(run), others)
        }));
        table.add_row(row);
    }
    output::print(table);
}

/// A mean above its interval; bold if no other is larger.
fn figure(estimate: Option<MeanEstimate>, mut others: impl Iterator<Item = MeanEstimate>) -> Cell {
    let Some(MeanEstimate { mean, low, high, .. }) = estimate else {
        return Cell::number("-");
    };
    let cell = Cell::number(&format!("{mean:.3}\n[{low:.3}, {high:.3}]"));
    if others.all(|other| other.mean <= mean) { cell.bold() } else { cell }
}

/// Over how many queries each measure is a mean: a query with nothing to find has none.
pub(super) fn counted(report: &EvaluationReport, depth: NonZeroUsize) -> String {
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    for measure in SHOWN {
        let queries = report.mean(measure).map_or(0, |is| is.queries);
        match groups.last_mut().filter(|(count, _)| *count == queries) {
            Some((_, names)) => names.push(measure.name(depth)),
            None => groups.push((queries, vec![measure.name(depth)])),
        }
    }
    let all = report.queries;
    if groups.iter().all(|(queries, _)| *queries == all) {
        return format!("{all} queries");
    }
    let groups = groups.iter().map(|(queries, names)| format!("{queries} ({})", names.join(", ")));
    let groups = groups.collect::<Vec<_>>().join(" and ");
    format!("{groups} of {all} queries: the others have nothing to find")
}

fn print_comparison(lab: &Lab, runs: &ComparedRuns) {
    let measures = if runs.is_asked { runs.differences.len() } else { 1 };
    for comparison in runs.differences.iter().take(measures) {
        output::line(&difference(comparison, lab.depth));
    }
    let changed = if runs.is_asked { CHANGED } else { 0 };
    for query in runs.most_changed(changed) {
        let (change, before, after) = (query.change(), query.before, query.after);
        let (name, words) = (&query.name, lab.words(&query.name));
        output::line(&format!("  {name} {words:?}: {change:+.3}, from {before:.3} to {after:.3}"));
    }
}

/// Describes a difference: `hybrid - semantic: +0.047 nDCG@10 [+0.002, +0.089], p = 0.0410`.
fn difference(comparison: &EvaluationComparison, depth: NonZeroUsize) -> String {
    let EvaluationComparison { from, to, measure, difference } = comparison;
    let MeanEstimate { mean, low, high, .. } = difference.mean;
    let (name, p) = (measure.name(depth), difference.p_value);
    format!("{to} - {from}: {mean:+.3} {name} [{low:+.3}, {high:+.3}], p = {p:.4}")
}

/// Prints the nDCG of each query in every run, worst first.
pub(super) fn print_by_query(lab: &Lab) {
    let names: Vec<_> = lab.runs.iter().map(Run::name).collect();
    let heading = format!("{} by query", Measure::Ndcg.name(lab.depth));
    let mut table = Table::new(&["query", &heading].into_iter().chain(names).collect::<Vec<_>>());
    let values = |evaluation: &Evaluation| -> HashMap<String, Option<f64>> {
        let values = evaluation.by_query(Measure::Ndcg);
        values.map(|(query, value)| (query.to_owned(), value)).collect()
    };
    let by_query: Vec<_> = lab.runs.iter().map(|run| values(run.evaluation())).collect();
    let figures = |query: &JudgedQuery| -> Vec<Option<f64>> {
        by_query.iter().map(|figures| *figures.get(&query.name)?).collect()
    };
    let mut rows: Vec<_> = lab.queries.iter().map(|query| (figures(query), query)).collect();
    let first = |figures: &[Option<f64>]| figures.first().copied().flatten().unwrap_or(f64::MAX);
    rows.sort_by(|(a, _), (b, _)| first(a).total_cmp(&first(b)));
    for (figures, query) in rows {
        let mut row = vec![Cell::text(&query.name), Cell::text(query.query.as_str())];
        let text = |figure: Option<f64>| figure.map_or_else(|| "-".into(), |is| format!("{is:.3}"));
        row.extend(figures.into_iter().map(|figure| Cell::number(&text(figure))));
        table.add_row(row);
    }
    output::print(table);
}

/// Prints the queries that the first run answers worst, with their hits and what is missed.
pub(super) fn print_worst(lab: &Lab, limit: usize) {
    for (ndcg, query, answer) in lab.worst(limit) {
        let (name, words, total) = (&query.name, query.query.as_str(), answer.total);
        let measure = Measure::Ndcg.name(lab.depth);
        output::line(&format!("{name} {words:?}: {measure} {ndcg:.3}, {total} found"));
        print_hits(answer);
        for product in answer.missed.iter().take(MISSED) {
            output::line(&format!("   {}", missed(lab, product)));
        }
        if let Some(more) = answer.missed.len().checked_sub(MISSED).filter(|more| *more > 0) {
            output::line(&format!("   and {more} more relevant products"));
        }
        output::line("");
    }
}

fn print_hits(answer: &EvaluatedAnswer) {
    let mut table = Table::new(&["", "grade", "score", "similarity", "product", "id"]);
    for (place, hit) in answer.hits.iter().enumerate() {
        let grade = hit.grade.map_or_else(|| "-".to_owned(), |grade| grade.get().to_string());
        let similarity = hit.similarity.map_or_else(String::new, |is| format!("{:.3}", is.get()));
        table.add_row([
            Cell::number(&(place + 1).to_string()),
            Cell::number(&grade),
            Cell::number(&format!("{:.3}", hit.score)),
            Cell::number(&similarity),
            Cell::text(&hit.name),
            Cell::text(hit.id.as_str()),
        ]);
    }
    output::print(table);
}

/// Describes a missed product: `rank 34, does not fit, grade 3: Steel flask (FL-2)`.
pub(super) fn missed(lab: &Lab, product: &MissedProduct) -> String {
    let rank = product.rank.map_or_else(|| "no rank".to_owned(), |rank| format!("rank {rank}"));
    let fits = if product.fits { "" } else { ", does not fit" };
    let name = lab.names.get(&product.id).map_or("not in this catalogue", String::as_str);
    format!("{rank}{fits}, grade {}: {name} ({})", product.grade.get(), product.id.as_str())
}
