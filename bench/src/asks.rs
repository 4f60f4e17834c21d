//! What a search costs besides its ranking: counting all that fits, facets, other orders, browsing. Each
//! is measured beside the same search that only ranks its candidates.

use crate::Bench;
use crate::harness::{Contest, Latency};
use crate::report::{Table, Wanted, figure};
use crate::search::searches;
use crate::settings::Subject;
use crate::workload::Workload;
use akin_entities::{FacetField, Language, Query, SearchMode};
use akin_local::LocalEngine;
use akin_usecases::{CurrentRelevance, Paging, Scope, SearchRequest, Sort, Suggest};
use anyhow::{Context, Result};
use std::sync::Arc;

/// The size that has goals.
const PROMISED: usize = 200_000;

/// The most that counting all that fits may add, facets included, in milliseconds.
const COUNTING: f64 = 1.0;

/// A way to ask.
#[derive(Clone, Debug)]
struct Ask {
    name: &'static str,
    subject: Subject,
    mode: SearchMode,
    scope: Scope,
    sort: Sort,
    /// True if all fields are counted.
    facets: bool,
    /// True if the query is blank.
    browses: bool,
    page: usize,
}

/// A search that only ranks its candidates, with which the others are compared.
const RANKING: Ask = Ask {
    name: "hybrid, candidates only",
    subject: Subject::Facets,
    mode: SearchMode::Hybrid,
    scope: Scope::Candidates,
    sort: Sort::Relevance,
    facets: false,
    browses: false,
    page: 1,
};

const FACETS: Ask =
    Ask { name: "hybrid, counted, all facets", scope: Scope::Fitting, facets: true, ..RANKING };

const BROWSE: Ask = Ask {
    name: "browse",
    subject: Subject::Browse,
    browses: true,
    scope: Scope::Fitting,
    ..RANKING
};

/// The ways to ask. The first two make the goal.
const ASKS: [Ask; 9] = [
    RANKING,
    FACETS,
    Ask { name: "hybrid, counted", facets: false, ..FACETS },
    Ask { name: "lexical, counted, all facets", mode: SearchMode::Lexical, ..FACETS },
    Ask {
        name: "hybrid, by price",
        subject: Subject::Sorted,
        sort: Sort::PriceAscending,
        facets: false,
        ..FACETS
    },
    Ask {
        name: "lexical, by price, page 40",
        subject: Subject::Sorted,
        mode: SearchMode::Lexical,
        sort: Sort::PriceAscending,
        page: 40,
        facets: false,
        ..FACETS
    },
    BROWSE,
    Ask { name: "browse, all facets", facets: true, ..BROWSE },
    Ask { name: "browse, by price, page 400", sort: Sort::PriceAscending, page: 400, ..BROWSE },
];

/// The most that a suggestion may take, in milliseconds.
const SUGGESTING: f64 = 5.0;

/// Measures suggestions for the beginnings of queries: their first word, and the first letters of the next.
pub(crate) fn suggest(bench: &mut Bench, workload: &Workload, engine: &LocalEngine) -> Result<()> {
    if !bench.settings.wants(Subject::Suggest) {
        return Ok(());
    }
    let size = workload.catalogue.len();
    let suggest = Suggest::new(
        Arc::new(engine.index()),
        Arc::new(engine.store()),
        Language::English,
        CurrentRelevance::default(),
    );
    let mut contest = Contest::default();
    for (name, letters) in [("3 letters", 3), ("a word", 6), ("a word and 3 letters", 10)] {
        let beginnings: Vec<String> =
            workload.queries.iter().map(|query| query.chars().take(letters).collect()).collect();
        let (suggest, bench) = (&suggest, &*bench);
        contest.enter(name, move |query| {
            bench.block_on(suggest.run(&beginnings[query], Suggest::DEFAULT_LIMIT))?;
            Ok(())
        });
    }
    let latencies = contest.latencies(bench.settings.rounds(), workload.queries.len())?;
    drop(contest);
    let title = format!("Suggestions: {size} products, ms");
    let mut table = Table::new(title, &["typed", "median", "p99"]);
    for (name, latency) in latencies {
        if size == PROMISED {
            let what = format!("suggestions for {name}, {size} products: median, ms");
            bench.report.goal(what, Wanted::AtMost(SUGGESTING), latency.median);
        }
        table.row([name, figure(latency.median), figure(latency.p99)]);
    }
    bench.add(table)
}

/// Measures the wanted ways to ask the catalogue of `workload`, which `engine` holds.
pub(crate) fn run(bench: &mut Bench, workload: &Workload, engine: &LocalEngine) -> Result<()> {
    let wanted = |ask: &&Ask| bench.settings.wants(ask.subject);
    let asks: Vec<&Ask> = ASKS.iter().filter(wanted).collect();
    if asks.is_empty() {
        return Ok(());
    }
    let size = workload.catalogue.len();
    let search = searches(bench, workload, engine)?;
    let mut contest = Contest::default();
    for ask in &asks {
        let requests = requests(workload, ask)?;
        let (search, bench) = (&search, &*bench);
        contest.enter(ask.name, move |query| {
            bench.block_on(search.run(&requests[query]))?;
            Ok(())
        });
    }
    let latencies = contest.latencies(bench.settings.rounds(), workload.queries.len())?;
    drop(contest);
    add_goal(bench, size, &latencies);
    let title = format!("Asks, besides the embedder: {size} products, ms");
    let mut table = Table::new(title, &["ask", "median", "p99"]);
    for (name, latency) in latencies {
        table.row([name, figure(latency.median), figure(latency.p99)]);
    }
    bench.add(table)
}

fn add_goal(bench: &mut Bench, size: usize, latencies: &[(String, Latency)]) {
    let of = |ask: &Ask| latencies.iter().find(|(name, _)| name == ask.name);
    if let (PROMISED, Some(ranking), Some(facets)) = (size, of(&RANKING), of(&FACETS)) {
        let more = facets.1.median - ranking.1.median;
        let what =
            format!("counting all that fits and all facets, {size} products: median ms more");
        bench.report.goal(what, Wanted::AtMost(COUNTING), more);
    }
}

fn requests(workload: &Workload, ask: &Ask) -> Result<Vec<SearchRequest>> {
    let request = |query: &String| {
        let query = if ask.browses { None } else { Some(Query::new(query)?) };
        Ok(SearchRequest {
            query,
            mode: ask.mode,
            scope: ask.scope,
            sort: ask.sort.clone(),
            facets: if ask.facets { FacetField::FIXED.to_vec() } else { Vec::new() },
            paging: Paging { page: ask.page, size: 24 },
            ..SearchRequest::browse()
        })
    };
    workload.queries.iter().map(request).collect::<Result<_>>().context("a query")
}
