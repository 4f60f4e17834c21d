//! A report as one HTML file: tables, plots and the worst queries with their hits. It opens offline.

mod drawing;
mod plots;

use super::comparison::ComparedRuns;
use super::gate::Verdict;
use super::lab::{Lab, Run, SHOWN, SetMeasure};
use super::tables::{counted, missed};
use akin_evaluation::{EvaluationComparison, MeanEstimate, Measure};
use akin_usecases::{EvaluateSearch, EvaluatedAnswer, EvaluatedHit, JudgedQuery};
use plots::{Axis, Curve, Interval, Pair, curves, intervals, pairs};
use std::collections::HashMap;

/// How many missed products of a query are listed.
const MISSED: usize = 10;

/// Returns the report of an evaluation that ended at `when`, with the `worst` queries and their hits.
pub(super) fn report(
    lab: &Lab,
    comparisons: &[ComparedRuns],
    verdicts: &[Verdict],
    worst: usize,
    when: &str,
) -> String {
    let sections = [
        heading(lab, when),
        minimums(verdicts),
        means(lab),
        sets(lab),
        differences(lab, comparisons),
        worst_to_best(lab),
        worst_queries(lab, worst),
        all_queries(lab),
    ];
    let style = include_str!("report/style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Search quality</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n\
         </body>\n</html>\n",
        sections.join("\n")
    )
}

fn concat(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

/// Replaces the characters that HTML reserves.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn heading(lab: &Lab, when: &str) -> String {
    let engines: Vec<_> = lab
        .by_engine()
        .filter_map(|runs| runs.first())
        .map(|run| format!("<b>{}</b> ({})", escape(&run.engine.to_string()), escape(&run.model)))
        .collect();
    let judged = EvaluateSearch::judged(&lab.queries).len();
    let missing = match lab.missing.len() {
        0 => String::new(),
        missing => format!(", {missing} of them not in this catalogue"),
    };
    format!(
        "<h1>Search quality</h1>\n<p class=\"dim\">{} queries, {judged} judged products{missing}; engines: {}; \
         {}</p>",
        lab.queries.len(),
        engines.join(", "),
        escape(when)
    )
}

fn minimums(verdicts: &[Verdict]) -> String {
    if verdicts.is_empty() {
        return String::new();
    }
    let line = |verdict: &Verdict| {
        let (class, word) = if verdict.passes() { ("pass", "pass") } else { ("fail", "fail") };
        format!("<div><span class=\"{class}\">{word}</span> {}</div>", escape(&verdict.to_string()))
    };
    let lines = concat(verdicts.iter().map(line));
    format!("<h2>Minimums</h2>\n<div class=\"card\">{lines}</div>")
}

/// Plots a mean for each run.
fn plot(lab: &Lab, title: &str, mean: impl Fn(&Run) -> Option<MeanEstimate>) -> String {
    let rows = lab.runs.iter().filter_map(|run| {
        let estimate = mean(run)?;
        let note = format!("[{:.3}, {:.3}]", estimate.low, estimate.high);
        Some(Interval { label: run.name().to_owned(), color: run.mode as usize, estimate, note })
    });
    let rows: Vec<_> = rows.collect();
    let svg = intervals(title, &rows, Axis::SHARE);
    format!("<div class=\"card\"><h3>{}</h3>{svg}</div>", escape(title))
}

fn means(lab: &Lab) -> String {
    let plots = SHOWN
        .map(|measure| plot(lab, &measure.name(lab.depth), |run| run.report.mean(measure)))
        .concat();
    let over = lab.runs.first().map(|run| counted(&run.report, lab.depth)).unwrap_or_default();
    format!(
        "<h2>Ranking</h2>\n<p class=\"dim\">Of all candidates, whether they fit or not: means with their 95% intervals, \
         over {}.</p>\n\
         <div class=\"cards\">{plots}</div>",
        escape(&over)
    )
}

fn sets(lab: &Lab) -> String {
    let plots =
        SetMeasure::ALL.map(|measure| plot(lab, &measure.name(lab.depth), |run| run.set(measure)));
    format!(
        "<h2>Result set</h2>\n<p class=\"dim\">Of what fits, which is what shoppers are shown. Precision and recall are \
         over all judged pairs of a query and a product.</p>\n<div class=\"cards\">{}</div>",
        plots.concat()
    )
}

fn differences(lab: &Lab, comparisons: &[ComparedRuns]) -> String {
    if comparisons.is_empty() {
        return String::new();
    }
    let cards = concat(comparisons.iter().map(|runs| difference(lab, runs)));
    format!(
        "<h2>Differences</h2>\n<p class=\"dim\">Paired by query, with 95% bootstrap intervals and the p-value of a \
         randomization test. An interval that contains 0 is no evidence of a difference. Points above the diagonal \
         are queries that the second run answers better.</p>\n<div class=\"cards\">{cards}</div>"
    )
}

/// Plots a comparison: all measures if it was asked for, else the nDCG.
fn difference(lab: &Lab, runs: &ComparedRuns) -> String {
    let measures = if runs.is_asked { runs.differences.len() } else { 1 };
    let rows = runs.differences.iter().take(measures).map(|one| interval(one, lab));
    let rows: Vec<_> = rows.collect();
    let heading = format!("{} − {}", runs.to, runs.from);
    let svg = intervals(&heading, &rows, Axis::around_zero(&rows));
    let queries = runs.queries.iter().map(|query| Pair {
        words: lab.words(&query.name),
        before: query.before,
        after: query.after,
    });
    let title = format!("{} of each query", Measure::Ndcg.name(lab.depth));
    let points = pairs(&title, [&runs.from, &runs.to], &queries.collect::<Vec<_>>());
    let (heading, title) = (escape(&heading), escape(&title));
    format!("<div class=\"card\"><h3>{heading}</h3>{svg}<p class=\"dim\">{title}</p>{points}</div>")
}

fn interval(comparison: &EvaluationComparison, lab: &Lab) -> Interval {
    let estimate = comparison.difference.mean;
    let color = match estimate {
        estimate if estimate.low > 0.0 => 2,
        estimate if estimate.high < 0.0 => 1,
        _ => 0,
    };
    let note = format!("p = {:.4}", comparison.difference.p_value);
    Interval { label: comparison.measure.name(lab.depth), color, estimate, note }
}

fn worst_to_best(lab: &Lab) -> String {
    let curve = |run: &Run| {
        let values = run.evaluation().by_query(Measure::Ndcg);
        let values = values.filter_map(|(name, value)| Some((value?, lab.words(name).to_owned())));
        Curve { label: run.name().to_owned(), color: run.mode as usize, values: values.collect() }
    };
    // More engines would be drawn in the same colors.
    let runs = lab.by_engine().next().unwrap_or_default();
    let drawn = runs.iter().map(curve).collect::<Vec<_>>();
    let legend = concat(runs.iter().map(|run| {
        let (color, name) = (run.mode as usize, escape(run.name()));
        format!("<span class=\"key b{color}\"></span>{name}")
    }));
    let title = format!("{} by query", Measure::Ndcg.name(lab.depth));
    format!(
        "<h2>{}</h2>\n<div class=\"card\"><p class=\"dim\">{legend}</p>{}</div>",
        escape(&title),
        curves(&title, &drawn)
    )
}

fn worst_queries(lab: &Lab, limit: usize) -> String {
    let worst = lab.worst(limit);
    let (Some(run), false) = (lab.runs.first(), worst.is_empty()) else { return String::new() };
    let open = std::iter::once(" open").chain(std::iter::repeat(""));
    let queries =
        concat(worst.into_iter().zip(open).map(|(one, open)| worst_query(lab, one, open)));
    format!("<h2>Worst queries of {}</h2>\n{queries}", escape(run.name()))
}

fn worst_query(
    lab: &Lab,
    (ndcg, query, answer): (f64, &JudgedQuery, &EvaluatedAnswer),
    open: &str,
) -> String {
    let rows = concat(answer.hits.iter().zip(1..).map(|(hit, place)| hit_row(place, hit)));
    format!(
        "<details{open}><summary><b>{}</b> <span class=\"dim\">{}: {} {ndcg:.3}, {} found</span></summary><div><table>\
         <tr><th class=\"n\"></th><th>grade</th><th>product</th><th class=\"n\">score</th>\
         <th class=\"n\">similarity</th></tr>{rows}</table>{}</div></details>\n",
        escape(query.query.as_str()),
        escape(&query.name),
        Measure::Ndcg.name(lab.depth),
        answer.total,
        missed_products(lab, answer)
    )
}

fn missed_products(lab: &Lab, answer: &EvaluatedAnswer) -> String {
    if answer.missed.is_empty() {
        return String::new();
    }
    let lines = answer.missed.iter().take(MISSED).map(|product| missed(lab, product));
    let more = answer.missed.len().checked_sub(MISSED).filter(|more| *more > 0);
    let lines = lines.chain(more.map(|more| format!("and {more} more")));
    let lines = concat(lines.map(|line| format!("<li>{}</li>", escape(&line))));
    format!("<p class=\"dim\">Relevant products that are missed:</p><ul>{lines}</ul>")
}

fn hit_row(place: u32, hit: &EvaluatedHit) -> String {
    let grade = hit.grade.map_or_else(
        || "<span class=\"grade dim\">–</span>".to_owned(),
        |grade| format!("<span class=\"grade g{0}\">{0}</span>", grade.get()),
    );
    let similarity = hit.similarity.map_or_else(String::new, |is| format!("{:.3}", is.get()));
    format!(
        "<tr><td class=\"n dim\">{place}</td><td>{grade}</td><td>{} <span class=\"dim\">{}</span></td>\
         <td class=\"n\">{:.3}</td><td class=\"n\">{similarity}</td></tr>",
        escape(&hit.name),
        escape(hit.id.as_str()),
        hit.score
    )
}

fn all_queries(lab: &Lab) -> String {
    let values: Vec<HashMap<_, _>> =
        lab.runs.iter().map(|run| run.evaluation().by_query(Measure::Ndcg).collect()).collect();
    let heading = |run: &Run| format!("<th class=\"n\">{}</th>", escape(run.name()));
    let headings = concat(lab.runs.iter().map(heading));
    let row = |query: &JudgedQuery| {
        let cells = values
            .iter()
            .zip(&lab.runs)
            .map(|(values, run)| cell(values.get(query.name.as_str()).copied().flatten(), run));
        let cells = concat(cells);
        let (name, words) = (escape(&query.name), escape(query.query.as_str()));
        format!("<tr><td class=\"dim\">{name}</td><td>{words}</td>{cells}</tr>")
    };
    let rows = concat(lab.queries.iter().map(row));
    format!(
        "<h2>All queries</h2>\n<div class=\"card\"><table><tr><th></th><th>query</th>{headings}</tr>{rows}</table></div>"
    )
}

/// A value above a meter; a query with nothing to find has none.
fn cell(value: Option<f64>, run: &Run) -> String {
    let Some(value) = value else { return "<td class=\"n dim\">–</td>".to_owned() };
    let color = run.mode as usize;
    let width = 100.0 * value;
    format!(
        "<td class=\"n bar\">{value:.3}<span class=\"meter\"><span class=\"b{color}\" style=\"width:{width:.0}%\">\
         </span></span></td>"
    )
}
