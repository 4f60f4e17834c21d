//! Keyword search: akin's flat postings and tantivy. Any word may match; the best 200 are returned.

use crate::Bench;
use crate::exact::mean_recall;
use crate::harness::{Contest, Latency};
use crate::report::{Table, Wanted, figure, times};
use crate::workload::Workload;
use akin_entities::AnalyzedText;
use anyhow::Result;
use flat_index::{DocumentFilter, FoundDocument, Request};
use std::cell::RefCell;
use std::time::Instant;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, Term};

/// The number of products that a keyword search returns.
const DEPTH: usize = 200;

/// The number of best products that must be among them.
const FIRST: usize = 10;

/// The memory of tantivy's writer, in bytes.
const WRITER_MEMORY: usize = 400 << 20;

/// The size that has goals.
const PROMISED: usize = 200_000;

/// Measures keyword search in the catalogue of `workload`.
pub(crate) fn run(bench: &mut Bench, workload: &Workload) -> Result<()> {
    let size = workload.catalogue.len();
    let began = Instant::now();
    let peer = Tantivy::build(&workload.texts)?;
    let built = figure(began.elapsed().as_secs_f64());
    let rows = measure(bench, workload, &peer)?;
    let title = format!("Words: {size} products, best {DEPTH} (tantivy built in {built} s)");
    let header = ["index", "median, ms", "p99, ms", "holds L's first 10", "akin"];
    let mut table = Table::new(title, &header);
    let akin = rows[0].1;
    for (name, latency, recall) in rows {
        let [median, p99] = [latency.median, latency.p99].map(figure);
        table.row([name, median, p99, format!("{recall:.4}"), times(latency.median / akin.median)]);
    }
    if size == PROMISED {
        let what = format!("words, {size} products");
        bench.report.goal(format!("{what}: median, ms"), Wanted::AtMost(0.3), akin.median);
        bench.report.goal(format!("{what}: p99, ms"), Wanted::AtMost(3.0), akin.p99);
    }
    bench.add(table)
}

/// Returns the latency and mean recall of each index, akin's first.
fn measure(
    bench: &Bench,
    workload: &Workload,
    peer: &Tantivy,
) -> Result<Vec<(String, Latency, f64)>> {
    let terms = |query: usize| workload.terms[query].iter().map(String::as_str).collect::<Vec<_>>();
    let queries = workload.terms.len();
    let filter = DocumentFilter::default();
    // Keys are converted to positions after the measurement.
    let akins: RefCell<Vec<Vec<FoundDocument<'_>>>> = RefCell::new(vec![Vec::new(); queries]);
    let peers: RefCell<Vec<Vec<usize>>> = RefCell::new(vec![Vec::new(); queries]);
    let mut contest = Contest::default();
    contest.enter("akin flat", |query| {
        let (terms, filter) = (&*terms(query), &filter);
        let request = Request { terms, vector: None, filter, depth: DEPTH, threshold: None };
        let found = workload.flat.search(&request)?;
        akins.borrow_mut()[query] = found;
        Ok(())
    });
    contest.enter("tantivy", |query| {
        peers.borrow_mut()[query] = peer.best(&workload.terms[query])?;
        Ok(())
    });
    let latencies = contest.latencies(bench.settings.rounds(), queries)?;
    drop(contest);
    let wanted = (0..queries).map(|query| workload.words.best(&terms(query), None, FIRST));
    let wanted: Vec<_> = wanted.collect();
    let found = [workload.positions(&akins.into_inner())?, peers.into_inner()];
    let recalls = found.map(|found| mean_recall(&found, &wanted, FIRST));
    let rows = latencies.into_iter().zip(recalls);
    Ok(rows.map(|((name, latency), recall)| (name, latency, recall)).collect())
}

/// Builds an index in memory: one field of analyzed terms, one segment for each core.
struct Tantivy {
    searcher: Searcher,
    text: Field,
}

impl Tantivy {
    fn build(texts: &[AnalyzedText]) -> Result<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs);
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let position = schema.add_u64_field("position", FAST | STORED);
        let index = Index::create_in_ram(schema.build());
        let mut writer: IndexWriter =
            index.writer_with_num_threads(crate::cores(), WRITER_MEMORY)?;
        for (number, stream) in texts.iter().enumerate() {
            let mut document = TantivyDocument::default();
            document.add_text(text, stream.as_stream());
            document.add_u64(position, number as u64);
            writer.add_document(document)?;
        }
        writer.commit()?;
        Ok(Self { searcher: index.reader()?.searcher(), text })
    }

    fn best(&self, terms: &[String]) -> Result<Vec<usize>> {
        let clause = |term: &String| {
            let term = Term::from_field_text(self.text, term);
            let query: Box<dyn Query> =
                Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            (Occur::Should, query)
        };
        let query = BooleanQuery::new(terms.iter().map(clause).collect());
        let best = TopDocs::with_limit(DEPTH).order_by_score();
        let mut positions = Vec::with_capacity(DEPTH);
        for (_, address) in self.searcher.search(&query, &best)? {
            let segment = self.searcher.segment_reader(address.segment_ord);
            let column = segment.fast_fields().u64("position")?;
            positions.extend(column.first(address.doc_id).map(|position| position as usize));
        }
        Ok(positions)
    }
}
